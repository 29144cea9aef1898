"""MetricAlarm: created, changed, read back, deleted."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from sandbox.providers.alarms import create_alarm, delete_alarm, read_alarm, update_alarm
from sandbox.providers.cloud import Cloud


@pytest.fixture
def inputs() -> dict[str, Any]:
    tags = {"team": "payments"}
    return {
        "name": f"counts-{uuid.uuid4()}",
        "namespace": "AWS/Events",
        "metricName": "MatchedEvents",
        "dimensions": {"RuleName": "r"},
        "statistic": "Sum",
        "period": 300,
        "evaluationPeriods": 1,
        "threshold": 5,
        "comparisonOperator": "GreaterThanOrEqualToThreshold",
        "treatMissingData": "notBreaching",
        "alarmActions": ["arn:aws:sns:eu-central-1:123456789012:t"],
        "alarmDescription": "many",
        "tags": tags,
        "tagsAll": tags,
    }


def test_alarm_is_read_back_as_it_was_created(cloud: Cloud, inputs: dict[str, Any]) -> None:
    name, made = create_alarm(cloud, inputs)
    assert made is not None
    assert name == inputs["name"]
    assert {key: made[key] for key in inputs} == inputs
    assert made["arn"].endswith(f":alarm:{name}")
    delete_alarm(cloud, name, made)


def test_alarm_and_its_tags_change(cloud: Cloud, inputs: dict[str, Any]) -> None:
    name, made = create_alarm(cloud, inputs)
    tags = {"team": "orders", "stage": "dev"}
    news = {**inputs, "threshold": 20, "tags": tags, "tagsAll": tags}
    found = update_alarm(cloud, name, {**(made or {})}, news)
    assert found is not None
    assert (found["threshold"], found["tags"]) == (20, tags)
    delete_alarm(cloud, name, found)
    assert read_alarm(cloud, name, found) is None
