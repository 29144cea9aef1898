"""The pattern by which EventBridge selects what Secrets Manager reports."""

import json

from secrets_component.resources.events import service_event


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
