"""The pattern by which EventBridge selects what Secrets Manager reports."""

import json
from typing import Any

import pytest
from moto.events.models import EventPattern

from secrets_component.resources.events import new_value, service_event


def test_pattern_matches_service_events_and_not_api_calls() -> None:
    pattern = json.loads(service_event(["RotationSucceeded"], ["arn"]))
    assert pattern == {
        "source": ["aws.secretsmanager"],
        "detail-type": ["AWS Service Event via CloudTrail"],
        "detail": {
            "eventSource": ["secretsmanager.amazonaws.com"],
            "eventName": ["RotationSucceeded"],
            "additionalEventData": {"SecretId": ["arn"]},
        },
    }


def test_pattern_matches_any_of_several_names_and_secrets() -> None:
    detail = json.loads(service_event(("A", "B"), [{"prefix": "arn:x"}, "arn:y"]))["detail"]
    assert detail["eventName"] == ["A", "B"]
    assert detail["additionalEventData"] == {"SecretId": [{"prefix": "arn:x"}, "arn:y"]}


ARN = "arn:aws:secretsmanager:us-west-2:012345678901:secret:mySecret-a1b2c3"


def label_event(**changed: Any) -> dict[str, Any]:
    """Return the event of AWS's page, `event-detail-secret-label-updated-secretsmanager.html`."""
    event: dict[str, Any] = {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "Secret Label Updated",
        "source": "aws.secretsmanager",
        "account": "012345678901",
        "time": "2024-02-06T16:43:48Z",
        "region": "us-west-2",
        "resources": [ARN],
        "detail": {
            "name": "mySecret",
            "labelUpdated": "AWSCURRENT",
            "versionId": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111",
        },
    }
    event["detail"] |= changed.pop("detail", {})
    return event | changed


@pytest.mark.parametrize(
    ("event", "is_taken"),
    [
        (label_event(), True),
        (label_event(detail={"labelUpdated": "secretsmap"}), False),
        (label_event(resources=[f"{ARN}x"]), False),
        (label_event(**{"detail-type": "AWS Service Event via CloudTrail"}), False),
        (label_event(source="my.app"), False),
    ],
)
def test_new_value_of_the_one_secret_is_taken(event: dict[str, Any], is_taken: bool) -> None:
    assert EventPattern.load(new_value(ARN)).matches_event(event) is is_taken
