"""Which wall is in the way, by saved answers of AWS."""

from __future__ import annotations

from typing import Any

import pytest

from secrets_component.audit.answers import Answers
from secrets_component.audit.reading import AccountReader
from secrets_component.audit.verdicts import Action
from secrets_component.doctor.reach import reach
from secrets_component.doctor.results import Section
from tests.maps_of_tests import plan_of
from tests.unit.audit.accounts import (
    HERE,
    KEY,
    READ_ALL,
    THERE,
    allow,
    answers_of,
    deny,
    key,
    managed,
    role,
    role_arn,
    root_of,
    secret,
    to,
    user,
)
from tests.unit.doctor.accounts import DENIED, asking

MAP = "context_name: shop\nsecrets:\n  a: {secret_data: x}\n"
APP = role_arn("app")
OPEN_KEY = to(root_of(), "kms:*")
Case = tuple[Answers, str, "str | None"]


def looked_at(
    answers: Answers | BaseException,
    principal: str | None,
    monkeypatch: pytest.MonkeyPatch,
    text: str = MAP,
    action: Action = "read",
) -> Section:
    def read(_: Any, __: Any, *, with_reads: bool) -> Answers:
        assert not with_reads
        if isinstance(answers, BaseException):
            raise answers
        return answers

    monkeypatch.setattr(AccountReader, "read", read)
    return reach({"m": plan_of(text)}, asking(), None, principal, action)


def mine(*statements: Any, **more: Any) -> Answers:
    return answers_of(role("app", *statements, **more), secrets=[secret("shop/dev/a")])


def foreign(*statements: Any, with_key: Any = None) -> Answers:
    named = secret("shop/dev/a", *statements, key=KEY if with_key else None)
    return answers_of(secrets=[named], keys=[with_key] if with_key else [])


def guarded(*statements: Any, **more: Any) -> Answers:
    """Answers with a service control policy."""
    document = {
        "Name": "guard",
        "Content": {"Version": "2012-10-17", "Statement": list(statements)},
    }
    organization = {"Id": "o-1", "Levels": [[document]], "ResourcePolicies": [], **more}
    return answers_of(
        role("app", allow(*READ_ALL)), secrets=[secret("shop/dev/a")], organization=organization
    )


BOUND = managed("bound", allow("s3:*"))
SHUT = managed("shut", allow("*"), deny("secretsmanager:*"))
READER = role_arn("reader", THERE)
LET_IN = to(READER, "secretsmanager:GetSecretValue")


def bounded(policy: Any) -> Answers:
    bound = {"PermissionsBoundary": {"PermissionsBoundaryArn": policy["Arn"]}}
    return answers_of(
        role("app", allow(*READ_ALL), **bound), secrets=[secret("shop/dev/a")], policies=[policy]
    )


def under_key(*statements: Any) -> Answers:
    return answers_of(
        role("app", allow(*READ_ALL)),
        secrets=[secret("shop/dev/a", key=KEY)],
        keys=[key(*statements)],
    )


CASES: dict[str, tuple[Answers, str, str | None]] = {
    "may read": (mine(allow(*READ_ALL)), APP, None),
    "session": (mine(allow(*READ_ALL)), f"arn:aws:sts::{HERE}:assumed-role/app/i-1", None),
    "nothing": (mine(), APP, "no-allow"),
    "deny": (mine(allow("*"), deny("secretsmanager:*")), APP, "denied"),
    "deny of the secret": (
        answers_of(
            role("app", allow("*")),
            secrets=[secret("shop/dev/a", {**to(APP, "secretsmanager:*"), "Effect": "Deny"})],
        ),
        APP,
        "denied",
    ),
    "boundary allows too little": (bounded(BOUND), APP, "boundary"),
    "boundary denies": (bounded(SHUT), APP, "boundary"),
    "organization denies": (guarded(allow("*"), deny("secretsmanager:*")), APP, "organization"),
    "organization allows too little": (guarded(allow("s3:*")), APP, "organization"),
    "organization denies the key": (guarded(allow("*"), deny("kms:Decrypt")), APP, "organization"),
    "key": (under_key(to(role_arn("other"), "kms:*")), APP, "key-refuses"),
    "key is open": (under_key(OPEN_KEY), APP, None),
    "no such role": (mine(), role_arn("none"), "no-principal"),
    "foreign": (foreign(), READER, "foreign-account"),
    "foreign, key of its own": (foreign(LET_IN, with_key=key(to(READER, "kms:Decrypt"))), READER, None),
    "foreign, key of AWS": (foreign(LET_IN), READER, "foreign-managed-key"),
    "foreign, key is shut": (foreign(LET_IN, with_key=key(OPEN_KEY)), READER, "key-refuses"),
    "foreign by its account": (
        foreign(to(root_of(THERE), "secretsmanager:GetSecretValue"), with_key=key(to(root_of(THERE), "kms:Decrypt"))),
        READER,
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_wall_in_the_way_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, principal, cause = CASES[name]
    section = looked_at(answers, principal, monkeypatch)
    (check,) = section.checks
    assert (check.cause, check.result) == (cause, "failed" if cause else "ok")
    assert check.evidence
    if cause:
        assert check.advice


def test_advice_is_the_line_of_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    (check,) = looked_at(mine(), APP, monkeypatch).checks
    assert check.advice == (
        f'write `access: {{readers: ["{APP}"]}}` in the entry at m:3:3, then run `pulumi up`'
    )
    (check,) = looked_at(mine(), APP, monkeypatch, action="write").checks
    assert check.text == "cannot write a"
    assert f'admins: ["{APP}"]' in str(check.advice)


def test_advice_names_the_boundary(monkeypatch: pytest.MonkeyPatch) -> None:
    (check,) = looked_at(bounded(BOUND), APP, monkeypatch).checks
    assert check.advice == (
        "allow secretsmanager:GetSecretValue and kms:Decrypt in the permissions boundary "
        f"`{BOUND['Arn']}`"
    )


def test_declared_reader_who_is_not_let_in_needs_a_deployment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    declared = f"access: {{readers: ['{APP}']}}\n{MAP}"
    (check,) = looked_at(mine(), None, monkeypatch, declared).checks
    assert (check.about, check.cause) == (APP, "no-allow")
    assert check.advice == "the map allows it and the account does not: run `pulumi up`"
    (check,) = looked_at(mine(allow(*READ_ALL)), None, monkeypatch, declared).checks
    assert (check.result, check.text) == ("ok", "1 of the map can do what it says")


def test_strangers_are_for_the_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = answers_of(role("other", allow("*")), user("u"), secrets=[secret("shop/dev/a")])
    assert looked_at(answers, None, monkeypatch).checks == ()


def test_deleted_principal_in_a_policy_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = ["AROAEXAMPLEEXAMPLE123", APP]
    for principal in (ids, ids[0]):
        named = secret("shop/dev/a", to(principal, "secretsmanager:GetSecretValue"))
        section = looked_at(answers_of(secrets=[named]), None, monkeypatch)
        (check,) = section.checks
        assert check.cause == "deleted-principal"
        assert check.evidence == ("GetResourcePolicy `default`: AROAEXAMPLEEXAMPLE123",)


def test_account_that_may_not_be_read_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    section = looked_at(DENIED, APP, monkeypatch)
    assert section.result == "warning"
    assert section.unseen == (
        "the policies of the account: needs iam:GetAccountAuthorizationDetails and "
        "secretsmanager:ListSecrets",
    )


def test_secret_that_is_not_listed_yet_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    section = looked_at(answers_of(role("app"), secrets=[]), APP, monkeypatch)
    assert section.result == "warning"
    assert "does not show the secret yet" in str(section.checks[0].advice)


def test_answers_of_an_unknown_form_are_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    section = looked_at(answers_of({"RoleName": "x"}), APP, monkeypatch)
    assert section.result == "warning"
    assert "not of the form that AWS has" in section.unseen[0]
