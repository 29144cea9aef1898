"""Whether a secret has the map's resource policy."""

import json
from typing import Any

import pytest

from secrets_component.arns import Arn
from secrets_component.iam import documents
from secrets_component.status.resource_policies import is_policy_compared, policy_drift
from tests.unit.status.secrets import entry, held

ROLE = "arn:aws:iam::123456789012:role/reader"
GRANT = f"access: {{readers: ['{ROLE}']}}\n"
INLINE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "111122223333"},
            "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": True}},
        }
    ],
}


def inline(policy: dict[str, Any]) -> str:
    return f"secret_data: v, kms_key_id: alias/k, policy: {json.dumps(policy)}"


def test_policy_of_a_grant_is_compared_as_it_is_deployed() -> None:
    secret = entry("secret_data: v", GRANT)
    known = {principal: str(principal) for principal in secret.principals}
    text = documents.resource_policy(None, secret.grants, known, Arn.parse(held().arn).home)
    assert ROLE in text
    assert policy_drift(secret, held(), json.dumps(json.loads(text), indent=2)) is None
    other = text.replace(ROLE, f"{ROLE}-of-others")
    assert policy_drift(secret, held(), other) == "has another resource policy than the map says"


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"Principal": {"AWS": ["arn:aws:iam::111122223333:root"]}},
        {"Action": ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]},
        {"Resource": ["*"]},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    ],
)
def test_other_spelling_of_the_same_policy_is_no_drift(change: dict[str, Any]) -> None:
    actual = {**INLINE, "Id": "made-by-aws", "Statement": {**INLINE["Statement"][0], **change}}  # type: ignore[dict-item]
    assert policy_drift(entry(inline(INLINE)), held(), json.dumps(actual)) is None


@pytest.mark.parametrize(
    "change", [{"Effect": "Deny"}, {"Action": "secretsmanager:*"}, {"Principal": {"AWS": "*"}}]
)
def test_another_policy_is_drift(change: dict[str, Any]) -> None:
    actual = {**INLINE, "Statement": [{**INLINE["Statement"][0], **change}]}  # type: ignore[dict-item]
    drift = policy_drift(entry(inline(INLINE)), held(), json.dumps(actual))
    assert drift == "has another resource policy than the map says"


def test_policy_that_only_one_side_has_is_drift() -> None:
    text = json.dumps(INLINE)
    assert policy_drift(entry("secret_data: v"), held(), None) is None
    assert policy_drift(entry("secret_data: v"), held(), text) == (
        "has a resource policy, and the map gives it none"
    )
    assert policy_drift(entry(inline(INLINE)), held(), None) == (
        "has no resource policy, and the map gives it one"
    )


@pytest.mark.parametrize(
    ("fields", "top", "expected"),
    [
        ("secret_data: v", "", True),
        ("secret_data: v", GRANT, True),
        ("import: x/dev/a", "", False),
        (
            "secret_data: v",
            "stacks: {iam: o/iam/d}\naccess: {readers: ['${output.iam.role}']}\n",
            False,
        ),
    ],
)
def test_policy_is_compared_where_the_map_alone_says_what_it_is(
    fields: str, top: str, expected: bool
) -> None:
    assert is_policy_compared(entry(fields, top)) is expected
