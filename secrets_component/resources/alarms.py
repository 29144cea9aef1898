"""Alarms: notifications of failed rotations, and of what else CloudTrail reports of the secrets.

EventBridge rules send the events to an SNS topic; where only many of them matter, a CloudWatch
alarm on the rule's own metric does. A topic that the map names must allow `events.amazonaws.com`
and `cloudwatch.amazonaws.com` to publish; if it is encrypted, its key must be customer-managed and
allow the same services to use it
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions,
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_aws import cloudwatch, sns

from secrets_component.iam import documents
from secrets_component.planning import detections
from secrets_component.planning.detections import Detection
from secrets_component.planning.plan import CreateTopic, NamedTopic, PlannedSecret
from secrets_component.resources import events
from secrets_component.resources.keys import KeysInUse
from secrets_component.resources.scope import Scope
from secrets_component.resources.watching import Watching

_ALARMS = "alarms"
_MAX_ALARM_NAME = 255
_MAX_TOPIC_NAME = 80
"""What the provider makes at most of the logical name (pulumi-aws, `resource_overrides.go`); AWS
allows 256 characters."""


def topic(scope: Scope) -> pulumi.Output[str] | None:
    """Return the ARN of the topic that the map names, or create one; None without alarms.

    It comes before the rotation functions that the map deploys: their dead letters go there too.
    """
    wanted = scope.plan.alarms
    reported = _reported(scope)
    if wanted is None or not reported:
        return None

    if isinstance(wanted, NamedTopic):
        return pulumi.Output.from_input(scope.values.fill(wanted.template, reported[0].key))

    created = sns.Topic(
        scope.map_part(_ALARMS, joint="-"),
        name=scope.name_if_needed(_ALARMS, _MAX_TOPIC_NAME),
        tags=dict(scope.plan.tags) or None,
        opts=pulumi.ResourceOptions(parent=scope.parent),
    )
    return created.arn


def _reported(scope: Scope) -> list[PlannedSecret]:
    """Return the secrets of which something is reported."""
    secrets = list(scope.plan.secrets.values())
    if scope.plan.watch.is_only_of_rotations:
        return [secret for secret in secrets if secret.rotation]

    return secrets


def watch(
    scope: Scope, topic_arn: pulumi.Output[str] | None, keys: Mapping[str, KeysInUse]
) -> None:
    """Create the rules that send events to the topic, and the alarms that count them.

    Args:
        scope: the map.
        topic_arn: the topic; None without alarms.
        keys: the keys of the secrets, by entry.
    """
    if topic_arn is None:
        return

    watching = Watching(scope, keys)
    rules: list[tuple[str, Detection, cloudwatch.EventRule]] = []
    alarms = []
    for detection in detections.chosen(scope.plan.watch.names):
        for number in range(watching.count(detection)):
            part = _part(detection, number)
            rule = _detecting_rule(scope, part, detection, watching.pattern(detection, number))
            rules.append((part, detection, rule))
            if detection.threshold is not None:
                alarms.append(_alarm(scope, part, detection, rule, topic_arn))

    needed = []
    if isinstance(scope.plan.alarms, CreateTopic):
        rule_arns = pulumi.Output.all(*(rule.arn for _, _, rule in rules))
        alarm_arns = pulumi.Output.all(*(alarm.arn for alarm in alarms))
        policy = pulumi.Output.all(topic_arn, rule_arns, alarm_arns).apply(_may_publish)
        logical = scope.map_part(_ALARMS, joint="-")
        options = pulumi.ResourceOptions(parent=scope.parent)
        needed = [sns.TopicPolicy(logical, arn=topic_arn, policy=policy, opts=options)]

    for part, detection, rule in rules:
        if detection.threshold is None:
            _target(scope, part, detection, rule, topic_arn, needed)


def _part(detection: Detection, number: int) -> str:
    """Return the last part of a rule's logical name; failed rotations had the first rule."""
    part = _ALARMS
    if detection.name != "rotation_failed":
        part = f"{_ALARMS}-{detection.name.replace('_', '-')}"

    if number:
        part = f"{part}-{number + 1}"

    return part


def _detecting_rule(
    scope: Scope, part: str, detection: Detection, pattern: pulumi.Output[str]
) -> cloudwatch.EventRule:
    state = detections.READ_EVENTS if detection.is_read else None
    return cloudwatch.EventRule(
        scope.map_part(part, joint="-"),
        name=scope.name_if_needed(part, events.MAX_RULE_NAME, other="."),
        description=f"{detection.title} ({scope.name})"[: events.MAX_DESCRIPTION],
        event_pattern=pattern,
        state=state,
        tags=dict(scope.plan.tags) or None,
        opts=pulumi.ResourceOptions(parent=scope.parent),
    )


def _target(
    scope: Scope,
    part: str,
    detection: Detection,
    rule: cloudwatch.EventRule,
    topic_arn: pulumi.Output[str],
    needed: Sequence[pulumi.Resource],
) -> None:
    sent = detections.message(detection, scope.name)
    cloudwatch.EventTarget(
        scope.map_part(part, joint="-"),
        rule=rule.name,
        arn=topic_arn,
        target_id=_ALARMS,  # the rule's only target
        input_transformer=cloudwatch.EventTargetInputTransformerArgs(
            input_paths=dict(sent.paths), input_template=sent.template
        ),
        opts=pulumi.ResourceOptions(parent=scope.parent, depends_on=list(needed)),
    )


def _alarm(
    scope: Scope,
    part: str,
    detection: Detection,
    rule: cloudwatch.EventRule,
    topic_arn: pulumi.Output[str],
) -> cloudwatch.MetricAlarm:
    """Create the alarm that counts the events of a rule, which needs no target for it.

    "If RuleName is specified, the number of events that matched with a specific rule"
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html).
    """
    advice = "; ".join(detection.advice)
    return cloudwatch.MetricAlarm(
        scope.map_part(part, joint="-"),
        name=scope.name_if_needed(part, _MAX_ALARM_NAME),
        alarm_description=f"{detection.title} (map {scope.name}). Next: {advice}"[:1024],
        namespace="AWS/Events",
        metric_name="MatchedEvents",
        dimensions={"RuleName": rule.name},
        statistic="Sum",
        period=60 * detections.THRESHOLD_MINUTES,
        evaluation_periods=1,
        threshold=detection.threshold,
        comparison_operator="GreaterThanOrEqualToThreshold",
        treat_missing_data="notBreaching",
        alarm_actions=[topic_arn],
        tags=dict(scope.plan.tags) or None,
        opts=pulumi.ResourceOptions(parent=scope.parent),
    )


def _may_publish(known: Sequence[Any]) -> str:
    """Return the policy of the topic, for the ARNs of the topic, the rules and the alarms."""
    topic_arn, rule_arns, alarm_arns = known
    services = {"events": ("RuleOfTheMapPublishes", rule_arns)}
    if alarm_arns:
        services["cloudwatch"] = ("AlarmOfTheMapPublishes", alarm_arns)

    statements = []
    for service, (sid, arns) in services.items():
        statements.append(
            {
                "Sid": sid,
                "Effect": "Allow",
                "Principal": {"Service": f"{service}.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": _one_or_all(arns)}},
            }
        )

    return documents.document(statements)


def _one_or_all(arns: Sequence[str]) -> str | list[str]:
    if len(arns) == 1:
        return arns[0]

    return list(arns)
