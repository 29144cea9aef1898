"""Secrets as resources: which statements are about which, and under which key policy."""

from __future__ import annotations

from typing import Any

import pytest

from secrets_component.audit.ground import members_of
from tests.unit.audit.accounts import (
    KEY,
    READ_ALL,
    THERE,
    allow,
    allowed,
    answers_of,
    audit_of,
    deny,
    key,
    policy,
    role,
    role_arn,
    root_of,
    secret,
    secret_arn,
    to,
)

A, B = secret("shop/dev/a"), secret("shop/dev/rds/b")
UNDER_KEY = [secret("shop/dev/a", key=KEY), secret("shop/dev/rds/b", key=KEY)]
THROUGH = {"StringEquals": {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"}}


def read_by(member: Any, secrets: Any, **more: Any) -> list[str]:
    found = audit_of(answers_of(member, secrets=secrets, **more))
    return allowed(found, member["Arn"]).get("read", [])


def test_mask_has_a_bit_for_each_secret() -> None:
    assert list(members_of(0b1010010)) == [1, 4, 6]
    assert list(members_of(0)) == []


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("*", ["a", "b"]),
        (secret_arn("shop/dev/a"), ["a"]),
        ("arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/dev/rds/*", ["b"]),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:*", []),
    ],
)
def test_resources_of_identity_policies_choose_the_secrets(
    resource: str, expected: list[str]
) -> None:
    assert read_by(role("app", allow(READ_ALL[0], resource=resource)), [A, B]) == expected


def test_tags_of_secret_and_caller_are_compared() -> None:
    same = {"StringEquals": {"secretsmanager:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    blue = [{"Key": "team", "Value": "blue"}]
    secrets = [secret("shop/dev/a", Tags=blue), B]
    statement = allow(READ_ALL[0], Condition=same)
    assert read_by(role("app", statement, Tags=blue), secrets) == ["a"]
    assert read_by(role("app", statement), secrets) == []


@pytest.mark.parametrize(
    ("key_policy", "expected"),
    [
        (to(root_of(), "kms:*"), ["a", "b"]),
        (to(root_of(), "kms:*", Condition=THROUGH), ["a", "b"]),
        (to(root_of(), "kms:PutKeyPolicy"), []),
        (to(role_arn("other"), "kms:*"), []),
        (
            to(
                root_of(),
                "kms:Decrypt",
                Condition={"StringLike": {"kms:EncryptionContext:SecretARN": "*:shop/dev/rds/*"}},
            ),
            ["b"],
        ),
    ],
)
def test_key_policy_decides_as_well(key_policy: Any, expected: list[str]) -> None:
    assert read_by(role("app", allow(*READ_ALL)), UNDER_KEY, keys=[key(key_policy)]) == expected


def test_grant_lets_its_grantee_use_the_key_for_one_secret() -> None:
    grant = {
        "GrantId": "g1",
        "GranteePrincipal": role_arn("app"),
        "Operations": ["Decrypt"],
        "Constraints": {"EncryptionContextSubset": {"SecretARN": secret_arn("shop/dev/a")}},
    }
    keys = [key(to(root_of(), "kms:PutKeyPolicy"), grants=[grant])]
    found = audit_of(answers_of(role("app", allow(READ_ALL[0])), secrets=UNDER_KEY, keys=keys))
    assert allowed(found, role_arn("app"))["read"] == ["a"]
    why = [row.outcome.why for row in found.rows() if row.caller == role_arn("app") and row.outcome.state == "allowed"]  # fmt: skip
    assert (
        "statement `grant g1` of the resource-based policy `made of the grants on key/1" in why[0]
    )


@pytest.mark.parametrize("key_id", ["alias/shop", "11111111-2222-3333-4444-555555555555"])
def test_key_that_cannot_even_be_described_counts_as_open(key_id: str) -> None:
    secrets = [secret("shop/dev/a", key=key_id)]
    unread = key(Policy=None, KeyId=key_id, Arn=key_id)
    assert read_by(role("app", allow(*READ_ALL)), secrets, keys=[unread]) == ["a"]
    assert read_by(role("app", allow(*READ_ALL)), secrets) == ["a"]


def test_key_that_cannot_be_read_counts_as_open() -> None:
    assert read_by(role("app", allow(*READ_ALL)), UNDER_KEY, keys=[key(Policy=None)]) == ["a", "b"]


def test_aws_managed_key_is_open_to_the_account_and_closed_to_others() -> None:
    shared = secret("shop/dev/a", to(root_of(THERE), READ_ALL[0]))
    found = audit_of(answers_of(role("app", allow(READ_ALL[0])), secrets=[shared]))
    assert allowed(found, role_arn("app"))["read"] == ["a"]
    assert allowed(found, root_of(THERE)) == {}


def test_every_policy_of_a_secret_counts() -> None:
    text = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}'
    two = {**A, "ResourcePolicies": [{"PolicyName": "aws-made", "ResourcePolicy": text}]}
    assert read_by(role("app", allow(*READ_ALL)), [two, B]) == ["b"]


def test_policies_of_the_organization_deny() -> None:
    guard = policy(deny("secretsmanager:*", resource="*:shop/dev/rds/*"))
    everything = policy(allow("*"))
    levels = [[{"Name": "All", "Content": everything}, {"Name": "Guard", "Content": guard}]]
    scps = {"Id": "o-1", "Levels": levels, "ResourcePolicies": []}
    member = role("app", allow(*READ_ALL))
    assert read_by(member, [A, B], organization=scps) == ["a"]
    rcp = policy({"Principal": "*", **deny("secretsmanager:*", resource="*:shop/dev/a-*")})
    rcps = {"Id": "o-1", "Levels": [], "ResourcePolicies": [{"Name": "R", "Content": rcp}]}
    assert read_by(member, [A, B], organization=rcps) == ["b"]


def test_time_limits_are_decided_by_when_aws_answered() -> None:
    over = {"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}
    assert read_by(role("app", allow(*READ_ALL, Condition=over)), [A, B]) == []
