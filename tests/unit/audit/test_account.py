"""AWS's answers as an account: who has which policies, what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secrets_component.audit.account import Account
from secrets_component.audit.answers import AnswersError
from tests.unit.audit.accounts import (
    HERE,
    KEY,
    allow,
    answers_of,
    attached,
    key,
    managed,
    role,
    secret,
    user,
)


def test_user_has_own_attached_and_group_policies_and_the_default_version_counts() -> None:
    everyone = managed("everyone", allow("s3:*"))
    group = {
        "Arn": f"arn:aws:iam::{HERE}:group/staff",
        "GroupName": "staff",
        "GroupPolicyList": [{"PolicyName": "inside", "PolicyDocument": {}}],
        "AttachedManagedPolicies": attached(everyone),
    }
    bob = user("bob", allow("kms:*"), GroupList=["staff"])
    account = Account.of(answers_of(bob, policies=[everyone], groups=[group]))
    (member,) = account.members
    assert [document.name for document in member.documents] == [
        "own (inline, user/bob)",
        "inside (inline, group/staff)",
        f"arn:aws:iam::{HERE}:policy/everyone",
    ]
    content = member.documents[-1].content
    assert not isinstance(content, str)
    assert content["Statement"][0]["Action"] == ["s3:*"]
    assert (member.groups, member.managed) == (
        (group["Arn"],),
        (f"arn:aws:iam::{HERE}:policy/everyone",),
    )


def test_policies_that_aws_did_not_show_are_kept_by_name() -> None:
    gone = {"PolicyArn": "arn:aws:iam::aws:policy/Gone"}
    bound = {"PermissionsBoundaryArn": "arn:aws:iam::aws:policy/Bound"}
    app = role("app", AttachedManagedPolicies=[gone], PermissionsBoundary=bound)
    (member,) = Account.of(answers_of(app)).members
    assert member.missing == ("arn:aws:iam::aws:policy/Gone", "arn:aws:iam::aws:policy/Bound")
    assert member.managed == ()


def test_days_of_use_and_the_aws_managed_key() -> None:
    used = {"LastUsedDate": "2026-11-02T10:00:00+00:00"}
    account = Account.of(
        answers_of(
            role("app", RoleLastUsed=used),
            secrets=[
                secret("a", key="alias/aws/secretsmanager", LastAccessedDate="2026-11-01T00:00:00"),
                secret("b", key=KEY),
            ],
            keys=[key()],
        )
    )
    assert account.members[0].last_used == "2026-11-02"
    assert (account.secrets["a"].key_id, account.secrets["a"].last_read) == (None, "2026-11-01")
    assert (account.secrets["b"].key_id, account.secrets["b"].last_read) == (KEY, None)


def test_answers_of_another_form_are_refused_in_one_line() -> None:
    with pytest.raises(
        AnswersError, match=r"not of the form that AWS has \(KeyError: 'Policies'\)"
    ):
        Account.of(replace(answers_of(), authorization={}))
