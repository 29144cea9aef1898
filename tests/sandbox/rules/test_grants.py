"""Which statements let a service act."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.rules.grants import allow_service

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:f"
RULE = "arn:aws:events:eu-central-1:123456789012:rule/secretsmap-1"
STATEMENT: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "lambda:InvokeFunction",
    "Resource": ARN,
}


def allowed(*statements: dict[str, Any]) -> bool:
    return allow_service(
        [{**STATEMENT, **changed} for changed in statements],
        "events.amazonaws.com",
        "lambda:InvokeFunction",
        ARN,
        {"aws:SourceArn": RULE},
    )


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"Action": "lambda:*"},
        {"Action": ["lambda:GetFunction", "LAMBDA:invokefunction"]},
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}},
        {"Condition": {"ArnLike": {"AWS:SourceArn": RULE.replace("1", "*")}}},
        {"Condition": {"ArnEquals": {"aws:SourceArn": [RULE, "other"]}}},
    ],
)
def test_allows(changed: dict[str, Any]) -> None:
    assert allowed(changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"Action": "lambda:GetFunction"},
        {"Resource": f"{ARN}:live"},
        {"Principal": {"Service": "sns.amazonaws.com"}},
        {"Principal": {"AWS": "123456789012"}},
        {"Condition": {"ArnLike": {"AWS:SourceArn": f"{RULE}x"}}},
        {"Condition": {"StringEquals": {"AWS:SourceAccount": "123456789012"}}},
        {"Condition": {"StringEquals": {"aws:SourceArn": RULE.replace("1", "*")}}},
        {"Condition": {"Unheard": {"aws:SourceArn": RULE}}},
    ],
)
def test_does_not_allow(changed: dict[str, Any]) -> None:
    assert not allowed(changed)


def test_one_statement_is_enough_and_a_denial_wins() -> None:
    assert allowed({"Action": "lambda:GetFunction"}, {})
    assert not allowed({}, {"Effect": "Deny"})
    assert not allowed()
