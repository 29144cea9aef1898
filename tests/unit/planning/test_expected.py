"""Expected callers: what principals are called in CloudTrail, and how everyone else is matched."""

from __future__ import annotations

import json

import pytest

from secrets_component.arns import Home
from secrets_component.planning.expected import (
    Expected,
    deploying,
    expected,
    named_in,
    strangers,
)
from tests.cloudtrail import ACCOUNT, REGION

HOME = Home("aws", REGION, ACCOUNT)
ROOM = 1_000


@pytest.mark.parametrize(
    ("principal", "found"),
    [
        (f"arn:aws:iam::{ACCOUNT}:role/services/app", Expected(HOME, roles=("app",))),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/run", Expected(HOME, roles=("ci",))),
        (f"arn:aws:iam::{ACCOUNT}:user/ops/bob", Expected(HOME, users=("bob",))),
        ("999999999999", Expected(HOME, accounts=("999999999999",))),
        ("arn:aws:iam::999999999999:role/app", Expected(HOME, accounts=("999999999999",))),
        (ACCOUNT, Expected(HOME, is_own_account=True)),
        (f"arn:aws:iam::{ACCOUNT}:root", Expected(HOME, is_own_account=True)),
        ("*", Expected(HOME, is_everyone=True)),
        ("rds.amazonaws.com", Expected(HOME)),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/x", Expected(HOME)),
    ],
)
def test_principal_is_sorted_by_what_cloudtrail_calls_it(principal: str, found: Expected) -> None:
    assert expected([principal], [], HOME) == found
    assert found.is_anyone is (found != Expected(HOME))


@pytest.mark.parametrize(
    ("caller", "found"),
    [
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/run", 1),
        (f"arn:aws:iam::{ACCOUNT}:root", 0),
        (None, 0),
    ],
)
def test_root_user_who_deploys_does_not_stand_for_the_whole_account(
    caller: str | None, found: int
) -> None:
    assert len(deploying(Home("aws", REGION, ACCOUNT, caller))) == found


def test_policy_names_those_that_it_allows_and_not_those_that_it_denies() -> None:
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": ["a", "b"]}},
        {"Effect": "Deny", "Principal": {"AWS": "c"}},
        {"Effect": "Allow", "Principal": {"Service": "rds.amazonaws.com"}},
        {"Effect": "Allow", "Principal": "*"},
    ]
    assert list(named_in(json.dumps({"Statement": statements}))) == ["a", "b", "*"]


@pytest.mark.parametrize(
    ("operator", "found"),
    [("ArnEquals", ["role"]), ("StringLike", ["role"]), ("ArnNotLike", ["account"])],
)
def test_condition_on_the_caller_stands_for_its_account(operator: str, found: list[str]) -> None:
    condition = {operator: {"aws:PrincipalArn": "role"}}
    statement = {"Effect": "Allow", "Principal": {"AWS": "account"}, "Condition": condition}
    assert list(named_in(json.dumps({"Statement": statement}))) == found


def test_no_caller_is_a_stranger_where_everyone_is_expected() -> None:
    assert strangers(Expected(HOME, is_everyone=True), ROOM) == []


def test_only_other_accounts_are_strangers_where_the_own_one_is_expected() -> None:
    known = Expected(HOME, is_own_account=True, accounts=("1",), roles=("app",))
    assert strangers(known, ROOM) == [
        {"type": ["AWSAccount"], "accountId": [{"anything-but": ["1"]}]}
    ]


def test_everyone_is_a_stranger_where_nobody_is_expected() -> None:
    (found,) = strangers(Expected(HOME), ROOM)
    assert found == {
        "$or": [
            {"type": ["AssumedRole"]},
            {"type": ["AWSAccount"]},
            {"type": ["IAMUser"]},
            {"type": [{"anything-but": ["AssumedRole", "IAMUser", "AWSAccount", "AWSService"]}]},
        ]
    }
