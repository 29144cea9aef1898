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

from secrets_component.plan import PlannedSecret
from secrets_component.scope import Scope

FAILURES = ("RotationFailed", "TestRotationFailed", "RotationAbandoned")


def raise_on_failed_rotation(scope: Scope) -> pulumi.Output[str] | None:
    """Tell the map's topic of rotations that fail; give the topic's ARN, or None without alarms."""
    alarms = scope.plan.alarms
    rotating = [secret for secret in scope.plan.secrets.values() if secret.rotation]
    if alarms is None or not rotating:
        return None
    name, tags = f"{scope.name}-alarms", dict(scope.plan.tags) or None
    options = pulumi.ResourceOptions(parent=scope.parent)
    arns = pulumi.Output.all(*(scope.values.own["secret_arns", s.key] for s in rotating))
    rule = cloudwatch.EventRule(
        name,
        description=f"tells of failed rotations of {scope.name}"[:512],
        event_pattern=arns.apply(lambda known: _pattern(known, scope, rotating)),
        tags=tags,
        opts=options,
    )
    if alarms.topic is None:
        topic = sns.Topic(name, tags=tags, opts=options)
        policy = pulumi.Output.all(topic.arn, rule.arn).apply(lambda both: _may_publish(*both))
        allowed = [sns.TopicPolicy(name, arn=topic.arn, policy=policy, opts=options)]
        arn: pulumi.Output[str] = topic.arn
    else:
        allowed = []
        arn = pulumi.Output.from_input(scope.values.text(alarms.topic, rotating[0].key))
    opts = pulumi.ResourceOptions(parent=scope.parent, depends_on=allowed)
    cloudwatch.EventTarget(name, rule=rule.name, arn=arn, opts=opts)
    return arn


def _pattern(arns: list[str], scope: Scope, rotating: list[PlannedSecret]) -> str:
    """Write the rule's pattern, which holds 2,048 characters: the map's level by its prefix.

    What was adopted under a name outside the level is named whole.
    """
    level = f"{scope.plan.context}/{scope.plan.environment}/"
    home = arns[0].split(":secret:", maxsplit=1)[0]
    adopted = [a for a, s in zip(arns, rotating, strict=True) if not s.name.startswith(level)]
    return json.dumps(
        {
            "source": ["aws.secretsmanager"],
            "detail-type": ["AWS Service Event via CloudTrail"],
            "detail": {
                "eventSource": ["secretsmanager.amazonaws.com"],
                "eventName": list(FAILURES),
                "additionalEventData": {
                    "SecretId": [{"prefix": f"{home}:secret:{level}"}, *adopted]
                },
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
