"""Alarms: notifications of failed rotations, for which CloudWatch has no metric.

One EventBridge rule per map sends the events of its rotating secrets to an SNS topic. A topic that
the map names must allow `events.amazonaws.com` to publish; if it is encrypted, its key must be
customer-managed and allow the same service to use it
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import pulumi
from pulumi_aws import cloudwatch, sns

from secrets_component.arns import Arn
from secrets_component.iam import documents
from secrets_component.planning.plan import CreateTopic, NamedTopic, PlannedSecret
from secrets_component.resources import events
from secrets_component.resources.scope import Scope
from secrets_component.secret_map.names import level_prefix

_FAILURES = ("RotationFailed", "TestRotationFailed", "RotationAbandoned")
_ALARMS = "alarms"
_MAX_TOPIC_NAME = 80
"""What the provider makes at most of the logical name (pulumi-aws, `resource_overrides.go`); AWS
allows 256 characters."""


def topic(scope: Scope) -> pulumi.Output[str] | None:
    """Return the ARN of the topic that the map names, or create one; None without alarms.

    It comes before the rotation functions that the map deploys: their dead letters go there too.
    """
    wanted = scope.plan.alarms
    rotating = _rotating(scope)
    if wanted is None or not rotating:
        return None

    if isinstance(wanted, NamedTopic):
        return pulumi.Output.from_input(scope.values.fill(wanted.template, rotating[0].key))

    created = sns.Topic(
        scope.map_part(_ALARMS, joint="-"),
        name=scope.name_if_needed(_ALARMS, _MAX_TOPIC_NAME),
        tags=dict(scope.plan.tags) or None,
        opts=pulumi.ResourceOptions(parent=scope.parent),
    )
    return created.arn


def raise_on_failed_rotation(scope: Scope, topic_arn: pulumi.Output[str] | None) -> None:
    """Create the rule that sends the events of failed rotations to the topic."""
    if topic_arn is None or scope.plan.alarms is None:
        return

    rotating = _rotating(scope)
    arns = [scope.values.own_outputs["secret_arns", secret.key] for secret in rotating]
    logical = scope.map_part(_ALARMS, joint="-")
    options = pulumi.ResourceOptions(parent=scope.parent)
    rule = cloudwatch.EventRule(
        logical,
        name=scope.name_if_needed(_ALARMS, events.MAX_RULE_NAME, other="."),
        description=f"reports failed rotations of {scope.name}"[: events.MAX_DESCRIPTION],
        event_pattern=pulumi.Output.all(*arns).apply(partial(_failures_of, scope, rotating)),
        tags=dict(scope.plan.tags) or None,
        opts=options,
    )
    needed = []
    if isinstance(scope.plan.alarms, CreateTopic):
        policy = pulumi.Output.all(topic_arn, rule.arn).apply(_may_publish)
        needed = [sns.TopicPolicy(logical, arn=topic_arn, policy=policy, opts=options)]

    cloudwatch.EventTarget(
        logical,
        rule=rule.name,
        arn=topic_arn,
        target_id=_ALARMS,  # the rule's only target
        opts=pulumi.ResourceOptions(parent=scope.parent, depends_on=needed),
    )


def _rotating(scope: Scope) -> list[PlannedSecret]:
    return [secret for secret in scope.plan.secrets.values() if secret.rotation]


def _failures_of(scope: Scope, rotating: Sequence[PlannedSecret], arns: Sequence[str]) -> str:
    """Return the rule's pattern, which is limited to 2,048 characters.

    One prefix matches the map's whole level. Adopted secrets with names outside it are listed.
    """
    level = level_prefix(scope.plan.context, scope.plan.environment, None)
    prefix = Arn.parse(arns[0]).home.secret_arn(level)
    secret_ids: list[str | Mapping[str, str]] = [{"prefix": prefix}]
    for secret, arn in zip(rotating, arns, strict=True):
        if not secret.name.startswith(level):
            secret_ids.append(arn)

    return events.service_event(_FAILURES, secret_ids)


def _may_publish(known: Sequence[str]) -> str:
    topic_arn, rule_arn = known
    statement = {
        "Sid": "RuleOfTheMapPublishes",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
    }
    return documents.document([statement])
