"""The evaluator itself, against cases whose outcome AWS's documentation states."""

from typing import Any

import pytest

from tests.access.evaluator import Request, allows, holds, like

ROLE, OTHER = "arn:aws:iam::111111111111:role/r", "arn:aws:iam::222222222222:role/r"
ROOT = "arn:aws:iam::111111111111:root"
SECRET = "arn:aws:secretsmanager:eu-central-1:111111111111:secret:a-AbCdEf"
KEY = "arn:aws:kms:eu-central-1:111111111111:key/k"
READ, DECRYPT = "secretsmanager:GetSecretValue", "kms:Decrypt"


def policy(
    effect: str = "Allow",
    action: str = READ,
    principal: Any = None,
    condition: Any = None,
    resource: str = "*",
) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": action, "Resource": resource}
    if principal:
        statement["Principal"] = principal
    if condition:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("a-??????", "a-AbCdEf", True),
        ("a-??????", "a-b-AbCdEf", False),
        ("a-*", "a-b-AbCdEf", True),
        ("x/dev/*", "x/dev/a", True),
        ("x/dev/*", "x/development/a", False),
        ("a.c", "abc", False),
    ],
)
def test_pattern_matches_as_in_iam(pattern: str, value: str, expected: bool) -> None:
    assert like(pattern, value) is expected


def test_nothing_is_denied() -> None:
    assert not allows(Request(ROLE, READ, SECRET), [], None)


def test_one_account_takes_the_union() -> None:
    request = Request(ROLE, READ, SECRET)
    assert allows(request, [policy()], None)
    assert allows(request, [], policy(principal={"AWS": ROLE}))


def test_the_account_as_principal_only_delegates() -> None:
    request = Request(ROLE, READ, SECRET)
    assert not allows(request, [], policy(principal={"AWS": ROOT}))


def test_an_explicit_deny_wins_on_either_side() -> None:
    request = Request(ROLE, READ, SECRET)
    assert not allows(request, [policy(), policy("Deny")], None)
    assert not allows(request, [policy()], policy("Deny", principal="*"))


def test_two_accounts_need_both_sides() -> None:
    request = Request(OTHER, READ, SECRET)
    shared = policy(principal={"AWS": "222222222222"})
    assert not allows(request, [policy()], None)
    assert not allows(request, [], shared)
    assert allows(request, [policy()], shared)


def test_a_key_lets_iam_policies_count_only_where_it_names_the_account() -> None:
    request, by_iam = Request(ROLE, DECRYPT, KEY), [policy(action=DECRYPT)]
    assert not allows(
        request, by_iam, policy(action=DECRYPT, principal={"AWS": ROLE + "2"}), is_key=True
    )
    assert allows(request, by_iam, policy(action=DECRYPT, principal={"AWS": ROOT}), is_key=True)
    assert not allows(request, [], policy(action=DECRYPT, principal={"AWS": ROOT}), is_key=True)
    assert allows(request, [], policy(action=DECRYPT, principal={"AWS": ROLE}), is_key=True)


def test_a_service_needs_the_resource_policy() -> None:
    shared = policy(
        principal={"Service": "s.amazonaws.com"},
        condition={"StringEquals": {"aws:SourceAccount": "1"}},
    )
    request = Request("s.amazonaws.com", READ, SECRET, {"aws:SourceAccount": "1"})
    assert allows(request, [], shared)
    assert not allows(
        Request("s.amazonaws.com", READ, SECRET, {"aws:SourceAccount": "2"}), [], shared
    )
    assert not allows(
        Request("t.amazonaws.com", READ, SECRET, {"aws:SourceAccount": "1"}), [], shared
    )


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"K": "v"}}, True),
        ({"StringEquals": {"k": ["w", "v"]}}, True),
        ({"StringEquals": {"k": "V"}}, False),
        ({"StringNotEquals": {"k": "v"}}, False),
        ({"StringEquals": {"absent": "v"}}, False),
        ({"StringEqualsIfExists": {"absent": "v"}}, True),
        ({"StringNotEquals": {"absent": "v"}}, True),
        ({"StringLike": {"k": "?"}}, True),
        ({"StringLike": {"k": "v?"}}, False),
        ({"ArnEquals": {"arn": "arn:aws:iam::1:role/*"}}, True),
        ({"ArnLike": {"arn": "arn:aws:iam::*:role/other"}}, False),
        ({"ArnNotLike": {"arn": "arn:aws:iam::1:role/*"}}, False),
        ({"Null": {"absent": "true"}}, True),
        ({"Null": {"k": "true"}}, False),
        ({"ForAnyValue:StringEquals": {"many": "b"}}, True),
        ({"ForAllValues:StringEquals": {"many": "b"}}, False),
        ({"StringEquals": {"k": "v"}, "StringLike": {"arn": "x*"}}, False),
    ],
)  # fmt: skip
def test_condition_holds_for_a_context(condition: dict[str, Any], expected: bool) -> None:
    context = {"k": ["v"], "arn": ["arn:aws:iam::1:role/r"], "many": ["a", "b"]}
    assert holds(condition, context) is expected


def test_what_is_not_known_is_an_error() -> None:
    with pytest.raises(NotImplementedError):
        holds({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {})
    with pytest.raises(NotImplementedError):
        allows(
            Request(ROLE, READ, SECRET),
            [{"Statement": {"Effect": "Allow", "NotAction": "x"}}],
            None,
        )
