"""What comes out for an action: allowed, refused by the key, or denied, and by what."""

from __future__ import annotations

from tests.unit.audit.accounts import (
    HERE,
    KEY,
    READ_ALL,
    allow,
    allowed,
    answers_of,
    audit_of,
    deny,
    key,
    managed,
    role,
    role_arn,
    root_of,
    rows_of,
    secret,
    to,
)

SECRETS = [secret("shop/dev/a"), secret("shop/dev/rds/b")]
APP = role_arn("app")


def test_each_action_has_its_own_calls() -> None:
    found = {}
    for call in (
        "GetSecretValue", "PutSecretValue", "UpdateSecret", "RotateSecret", "DeleteSecret",
        "PutResourcePolicy", "DeleteResourcePolicy", "DescribeSecret", "BatchGetSecretValue",
    ):  # fmt: skip
        member = role("app", allow(f"secretsmanager:{call}"))
        result = allowed(audit_of(answers_of(member, secrets=SECRETS)), APP)
        found[call] = [action for action in result if action != "gain"]
    assert found == {
        "GetSecretValue": ["read"],
        "PutSecretValue": ["write"],
        "UpdateSecret": ["write"],
        "RotateSecret": ["rotate"],
        "DeleteSecret": ["delete"],
        "PutResourcePolicy": ["change policy"],
        "DeleteResourcePolicy": ["change policy"],
        "DescribeSecret": [],
        "BatchGetSecretValue": [],
    }


def test_key_that_refuses_is_told_apart_from_iam_that_does() -> None:
    secrets = [secret("shop/dev/a", key=KEY), secret("shop/dev/rds/b", key=KEY)]
    member = role("app", allow(*READ_ALL, resource=["*:shop/dev/a-*", KEY]))
    found = audit_of(
        answers_of(member, secrets=secrets, keys=[key(to(root_of(), "kms:PutKeyPolicy"))])
    )
    (refused, none) = rows_of(found, APP)["read"]
    assert (refused[0], refused[1].outcome.state) == (["a"], "key refuses")
    assert refused[1].outcome.why == (
        "allowed by statement 1 of the identity-based policy `own (inline, role/app)`, but the use "
        "of the key is denied: no resource-based policy allows it"
    )
    assert (none[0], none[1].outcome.state, none[1].outcome.is_silent) == (["b"], "denied", True)


def test_boundary_and_explicit_deny_are_named() -> None:
    bound = managed("bound", allow("s3:*"))
    boundary = {"PermissionsBoundaryArn": bound["Arn"]}
    bounded = role("bounded", allow(*READ_ALL), PermissionsBoundary=boundary)
    blocked = role("blocked", allow(*READ_ALL), deny("secretsmanager:*", Sid="NoSecrets"))
    found = audit_of(answers_of(bounded, blocked, secrets=SECRETS, policies=[bound]))
    ((_, row),) = rows_of(found, role_arn("bounded"))["read"]
    assert row.outcome.why == "denied: no permissions boundary allows it"
    assert row.is_shown
    ((_, row),) = rows_of(found, role_arn("blocked"))["read"]
    assert row.outcome.why == (
        "denied by statement `NoSecrets` of the identity-based policy `own (inline, role/blocked)`"
    )


def test_conditions_that_nobody_knows_are_told() -> None:
    without_mfa = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    office = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    member = role(
        "app",
        allow(READ_ALL[0], Condition=office),
        deny("secretsmanager:*", Condition=without_mfa, Sid="NeedsMfa"),
    )
    ((labels, row),) = rows_of(audit_of(answers_of(member, secrets=SECRETS)), APP)["read"]
    assert (labels, row.outcome.state) == (["a", "b"], "allowed")
    assert row.outcome.assumed == ("aws:sourceip",)
    assert row.outcome.unless == (
        "statement `NeedsMfa` of the identity-based policy `own (inline, role/app)`",
    )


def test_doubtful_deny_of_a_secret_concerns_that_secret_only() -> None:
    elsewhere = {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}
    closed = {"Principal": "*", **deny("*", Condition=elsewhere, Sid="OnlyInside")}
    secrets = [secret("shop/dev/a", closed), SECRETS[1]]
    member = role("app", allow(READ_ALL[0]))
    rows = rows_of(audit_of(answers_of(member, secrets=secrets)), APP)["read"]
    unless = {labels[0]: row.outcome.unless for labels, row in rows}
    assert unless == {
        "a": ("statement `OnlyInside` of the resource-based policy `default of the secret`",),
        "b": (),
    }


def test_root_user_needs_no_policy_and_is_no_finding() -> None:
    rows = rows_of(audit_of(answers_of(secrets=SECRETS)), f"arn:aws:iam::{HERE}:root")
    ((labels, row),) = rows["read"]
    assert (labels, row.outcome.state, row.map_says) == (["a", "b"], "allowed", "root user")
    assert not row.is_finding
