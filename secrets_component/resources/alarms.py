"""Alarms: word of a rotation that failed, which CloudWatch has no metric for.

Secrets Manager tells of it through CloudTrail only, as a service event, whose detail type is not
that of API calls (https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieve-ct-entries.html):
a trail must log the region's management events. One EventBridge rule per map takes the events of
its rotating secrets to an SNS topic. A topic of one's own must let `events.amazonaws.com` publish,
and one that is encrypted needs a customer-managed key that lets it use that key
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions).
"""

from __future__ import annotations

import json

import pulumi
from pulumi_aws import cloudwatch, sns

from secrets_component.arns import Arn
from secrets_component.planning.plan import CreateTopic, NamedTopic, PlannedSecret
from secrets_component.resources.scope import Scope

FAILURES = ("RotationFailed", "TestRotationFailed", "RotationAbandoned")


def topic(scope: Scope) -> pulumi.Output[str] | None:
    """Give the ARN of the topic that the map names, or create it; None without alarms.

    The functions that the map deploys take it for their dead letters, so it comes before them.
    """
    wanted = scope.plan.alarms
    rotating = _rotating(scope)
    if wanted is None or not rotating:
        return None
    if isinstance(wanted, NamedTopic):
        return pulumi.Output.from_input(scope.values.text(wanted.template, rotating[0].key))
    tags = dict(scope.plan.tags) or None
    return sns.Topic(_name(scope), tags=tags, opts=_under(scope)).arn


def raise_on_failed_rotation(scope: Scope, topic_arn: pulumi.Output[str] | None) -> None:
    """Tell the topic of rotations that fail."""
    rotating = _rotating(scope)
    if topic_arn is None or scope.plan.alarms is None:
        return
    arns = pulumi.Output.all(*(scope.values.own_outputs["secret_arns", s.key] for s in rotating))
    rule = cloudwatch.EventRule(
        _name(scope),
        description=f"tells of failed rotations of {scope.name}"[:512],
        event_pattern=arns.apply(lambda known: _pattern(known, scope, rotating)),
        tags=dict(scope.plan.tags) or None,
        opts=_under(scope),
    )
    allowed = []
    if isinstance(scope.plan.alarms, CreateTopic):
        policy = pulumi.Output.all(topic_arn, rule.arn).apply(lambda both: _may_publish(*both))
        allowed = [sns.TopicPolicy(_name(scope), arn=topic_arn, policy=policy, opts=_under(scope))]
    opts = pulumi.ResourceOptions(parent=scope.parent, depends_on=allowed)
    cloudwatch.EventTarget(_name(scope), rule=rule.name, arn=topic_arn, opts=opts)


def _rotating(scope: Scope) -> list[PlannedSecret]:
    return [secret for secret in scope.plan.secrets.values() if secret.rotation]


def _name(scope: Scope) -> str:
    return f"{scope.name}-alarms"  # a topic's name holds no dot


def _under(scope: Scope) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(parent=scope.parent)


def _pattern(arns: list[str], scope: Scope, rotating: list[PlannedSecret]) -> str:
    """Write the rule's pattern, which holds 2,048 characters: the map's level by its prefix.

    What was adopted under a name outside the level is named whole.
    """
    level = f"{scope.plan.context}/{scope.plan.environment}/"
    home = Arn.parse(arns[0]).home
    adopted = [a for a, s in zip(arns, rotating, strict=True) if not s.name.startswith(level)]
    return json.dumps(
        {
            "source": ["aws.secretsmanager"],
            "detail-type": ["AWS Service Event via CloudTrail"],
            "detail": {
                "eventSource": ["secretsmanager.amazonaws.com"],
                "eventName": list(FAILURES),
                "additionalEventData": {"SecretId": [{"prefix": home.secret_arn(level)}, *adopted]},
            },
        }
    )


def _may_publish(topic: str, rule: str) -> str:
    statement = {
        "Sid": "RuleOfTheMapPublishes",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
