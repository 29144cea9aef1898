"""Who cannot read, but can give itself that right."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.audit.accounts import (
    HERE,
    KEY,
    READ_ALL,
    THERE,
    allow,
    answers_of,
    attached,
    audit_of,
    deny,
    findings,
    key,
    managed,
    policy,
    role,
    role_arn,
    root_of,
    rows_of,
    secret,
    to,
    trust,
    user,
)

SECRETS = [secret("shop/dev/a"), secret("shop/dev/rds/b")]
READER = role("reader", allow(READ_ALL[0], resource="*:shop/dev/a-*"))
OPEN = managed("open", allow("s3:*"))


def gain(found: Any, caller: str) -> tuple[list[str], str]:
    """Return the secrets that a caller can come to read, and how."""
    labels: list[str] = []
    why = ""
    for some, row in rows_of(found, caller)["gain"]:
        if row.outcome.state == "allowed":
            labels += some
            why = row.outcome.why
    return sorted(labels), why.partition(":")[0]


@pytest.mark.parametrize(
    ("member", "way"),
    [
        (role("app", allow("iam:PutRolePolicy")), "can use iam"),
        (role("app", allow("iam:AttachRolePolicy", resource=role_arn("app"))), "can use iam"),
        (role("app", allow("iam:CreatePolicyVersion"), AttachedManagedPolicies=attached(OPEN)), "can use iam"),
        (role("app", allow("secretsmanager:PutResourcePolicy")), "can change the secret's policy"),
    ],
)  # fmt: skip
def test_changing_a_policy_of_its_own_or_of_the_secret(member: Any, way: str) -> None:
    found = audit_of(answers_of(member, secrets=SECRETS, policies=[OPEN]))
    assert gain(found, role_arn("app")) == (["a", "b"], way)
    assert (role_arn("app"), "gain") in findings(found)


@pytest.mark.parametrize(
    "member",
    [
        role("app", allow("iam:PutRolePolicy", resource=role_arn("another"))),
        role("app", allow("iam:PutUserPolicy")),
        role("app", allow("iam:CreatePolicyVersion")),  # it has no policy that the account can change
        role("app", allow("iam:PutRolePolicy"), deny("secretsmanager:*")),
        role("app", allow("sts:AssumeRole")),  # no role lets it in
    ],
)  # fmt: skip
def test_no_gain(member: Any) -> None:
    found = audit_of(answers_of(member, READER, secrets=SECRETS))
    assert gain(found, role_arn("app")) == ([], "")


def test_group_policies_are_its_own() -> None:
    group = {
        "Arn": f"arn:aws:iam::{HERE}:group/staff",
        "GroupName": "staff",
        "GroupPolicyList": [
            {"PolicyName": "g", "PolicyDocument": policy(allow("iam:AttachGroupPolicy"))}
        ],
        "AttachedManagedPolicies": [],
    }
    bob = user("bob", GroupList=["staff"])
    found = audit_of(answers_of(bob, secrets=SECRETS, groups=[group]))
    assert gain(found, bob["Arn"])[0] == ["a", "b"]


def test_roles_that_can_read_are_assumed_or_their_trust_is_changed() -> None:
    reader = {**READER, "AssumeRolePolicyDocument": trust({"AWS": root_of()})}
    found = audit_of(
        answers_of(
            reader,
            role("one", allow("sts:AssumeRole")),
            role("two", allow("iam:UpdateAssumeRolePolicy")),
            role("three"),
            secrets=SECRETS,
        )
    )
    assert gain(found, role_arn("one")) == (["a"], "can assume arn")
    assert gain(found, role_arn("two")) == (["a"], "can use iam")
    assert gain(found, role_arn("three"))[0] == []


def test_trust_policy_that_names_a_principal_needs_no_right() -> None:
    reader = {**READER, "AssumeRolePolicyDocument": trust({"AWS": role_arn("three")})}
    found = audit_of(answers_of(reader, role("three"), secrets=SECRETS))
    assert gain(found, role_arn("three"))[0] == ["a"]


def test_other_accounts_come_in_through_a_role() -> None:
    named = {"StringEquals": {"sts:ExternalId": "x"}}
    reader = {
        **READER,
        "AssumeRolePolicyDocument": trust({"AWS": root_of(THERE)}, Condition=named),
    }
    found = audit_of(answers_of(reader, secrets=SECRETS))
    assert gain(found, root_of(THERE))[0] == ["a"]
    (row,) = [one for _, one in rows_of(found, root_of(THERE))["gain"] if one.is_finding]
    assert row.outcome.assumed == ("sts:externalid",)


def test_credentials_of_a_user_who_can_read() -> None:
    reader = user("reader", allow(READ_ALL[0]))
    found = audit_of(
        answers_of(
            reader, role("helpdesk", allow("iam:CreateAccessKey", resource="*user/*")), secrets=SECRETS
        )
    )  # fmt: skip
    assert gain(found, role_arn("helpdesk"))[0] == ["a", "b"]


@pytest.mark.parametrize(
    ("rights", "expected"),
    [
        (["secretsmanager:GetSecretValue", "kms:PutKeyPolicy"], "can change the key's policy"),
        (["secretsmanager:GetSecretValue", "kms:CreateGrant"], "can grant itself the key"),
        (["secretsmanager:PutResourcePolicy", "kms:PutKeyPolicy"], "can change both policies"),
        (["secretsmanager:PutResourcePolicy"], ""),  # the key would still refuse
        (["kms:PutKeyPolicy"], ""),
    ],
)
def test_key_must_be_gained_as_well(rights: list[str], expected: str) -> None:
    secrets = [secret("shop/dev/a", key=KEY), secret("shop/dev/rds/b", key=KEY)]
    keys = [key(to(root_of(), "kms:PutKeyPolicy", "kms:CreateGrant"))]
    found = audit_of(answers_of(role("app", allow(*rights)), secrets=secrets, keys=keys))
    assert gain(found, role_arn("app"))[1] == expected


def test_who_can_read_has_nothing_to_gain() -> None:
    found = audit_of(answers_of(role("app", allow("*")), secrets=SECRETS))
    assert gain(found, role_arn("app")) == ([], "")
