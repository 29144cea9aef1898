"""Who read a secret last: events of CloudTrail, in the forms that AWS documents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from secrets_component.audit.account import Account
from secrets_component.audit.reads import SecretRead, newest_reads, read_in
from tests.unit.audit.accounts import HERE, answers_of, role_arn, secret, secret_arn

SESSION = {
    "type": "AssumedRole",
    "arn": f"arn:aws:sts::{HERE}:assumed-role/app/i-0123",
    "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role_arn("app")}},
}


def event(identity: Any, sent: str | None = "shop/dev/a", **more: Any) -> str:
    parameters = {"secretId": sent} if sent else None
    return json.dumps(
        {
            "userIdentity": identity,
            "requestParameters": parameters,
            "eventTime": "2026-11-20T01:02:03Z",
            **more,
        }
    )


@pytest.mark.parametrize(
    ("identity", "principal"),
    [
        (SESSION, role_arn("app")),
        ({"type": "IAMUser", "arn": f"arn:aws:iam::{HERE}:user/bob"}, f"arn:aws:iam::{HERE}:user/bob"),
        ({"type": "AWSService", "invokedBy": "dms.amazonaws.com"}, "dms.amazonaws.com"),
    ],
)  # fmt: skip
def test_reader_is_the_user_the_role_or_the_service(identity: Any, principal: str) -> None:
    assert read_in(event(identity)) == SecretRead(principal, "shop/dev/a", "2026-11-20T01:02:03Z")


@pytest.mark.parametrize(
    "text",
    [
        event(SESSION, errorCode="AccessDenied"),
        event(SESSION, sent=None),
        event({"type": "AWSAccount"}),
    ],
)
def test_refused_reads_and_those_of_nobody_do_not_count(text: str) -> None:
    assert read_in(text) is None


def test_newest_read_of_a_pair_is_kept() -> None:
    reads = [SecretRead("p", "s", time) for time in ("2026-11-02", "2026-11-03", "2026-11-01")]
    assert newest_reads(reads) == [{"Principal": "p", "SecretId": "s", "Time": "2026-11-03"}]


def test_secret_is_known_by_name_arn_and_arn_without_suffix() -> None:
    arn = secret_arn("shop/dev/a")
    ids = {"u": "shop/dev/a", "v": arn, "w": arn[:-7], "x": "shop/dev/another"}
    reads = [
        {"Principal": who, "SecretId": secret_id, "Time": "2026-11-20T01:02:03Z"}
        for who, secret_id in ids.items()
    ]
    account = Account.of(answers_of(secrets=[secret("shop/dev/a")], reads=reads))
    assert account.last_reads == {(who, "shop/dev/a"): "2026-11-20" for who in "uvw"}
