"""CloudWatch: alarms on metrics."""

from __future__ import annotations

from functools import partial

from sandbox.providers.cloud import (
    Cloud,
    pairs,
    shown_tags,
    tags,
    untagged,
    update_tags,
    without_none,
)
from sandbox.providers.protocol import Created, Properties, ResourceType

_DIRECTLY = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluationPeriods": "EvaluationPeriods",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}
"""The inputs that CloudWatch has by another name only."""


def create_alarm(cloud: Cloud, inputs: Properties) -> Created:
    """Create an alarm; its id is its name."""
    _put_alarm(cloud, inputs, tags(inputs))
    return inputs["name"], read_alarm(cloud, inputs["name"], inputs)


def _put_alarm(
    cloud: Cloud, inputs: Properties, alarm_tags: list[dict[str, str]] | None = None
) -> None:
    given = {}
    for name, parameter in _DIRECTLY.items():
        given[parameter] = inputs.get(name)

    dimensions = []
    for name, value in (inputs.get("dimensions") or {}).items():
        dimensions.append({"Name": name, "Value": value})

    named = {"AlarmName": inputs["name"], "Dimensions": dimensions, "Tags": alarm_tags}
    cloud.call("cloudwatch", "put_metric_alarm", **without_none({**given, **named}))


def read_alarm(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe an alarm."""
    found = cloud.call("cloudwatch", "describe_alarms", AlarmNames=[identity])["MetricAlarms"]
    if not found:
        return None

    alarm = found[0]
    shown = {name: alarm.get(parameter) for name, parameter in _DIRECTLY.items()}
    dimensions = {one["Name"]: one["Value"] for one in alarm.get("Dimensions", ())}
    listed = cloud.call("cloudwatch", "list_tags_for_resource", ResourceARN=alarm["AlarmArn"])
    return {
        **without_none(shown),
        "arn": alarm["AlarmArn"],
        "name": identity,
        "dimensions": dimensions,
        **shown_tags(cloud, untagged(listed.get("Tags")), state),
    }


def update_alarm(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties | None:
    """Change an alarm. PutMetricAlarm ignores tags then: "To change the tags of an existing alarm,
    use TagResource or UntagResource"."""
    _put_alarm(cloud, news)
    call = partial(cloud.call, "cloudwatch")
    arn = olds["arn"]
    update_tags(
        olds,
        news,
        lambda gone: call("untag_resource", ResourceARN=arn, TagKeys=gone),
        lambda added: call("tag_resource", ResourceARN=arn, Tags=pairs(added)),
    )
    return read_alarm(cloud, identity, news)


def delete_alarm(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete an alarm."""
    cloud.call("cloudwatch", "delete_alarms", AlarmNames=[identity])


TYPES = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": ResourceType(
        create_alarm,
        read_alarm,
        update_alarm,
        delete_alarm,
    ),
}
