"""Who might use a secret: the account's identities, and whom policies let in from outside."""

from __future__ import annotations

from typing import Any

from secrets_component.audit.account import Account, PolicyDocument
from secrets_component.audit.assumptions import PolicyReader
from secrets_component.audit.callers import AuditedCaller, Callers
from tests.unit.audit.accounts import (
    HERE,
    KEY,
    READ_ALL,
    THERE,
    allow,
    answers_of,
    audit_of,
    key,
    policy,
    role,
    role_arn,
    root_of,
    rows_of,
    secret,
    to,
    user,
)


def outside(*statements: Any, **more: Any) -> tuple[dict[str, AuditedCaller], PolicyReader]:
    account = Account.of(answers_of(role("app"), user("bob")))
    reader = PolicyReader(is_organization_known=True)
    callers = Callers(account, reader)
    callers.of_account()
    found = callers.from_outside(
        [reader.read("resource", PolicyDocument("p", policy(*statements)))], **more
    )
    return {caller.name: caller for caller in found}, reader


def test_account_has_its_root_user_users_and_roles() -> None:
    account = Account.of(answers_of(role("app", Tags=[{"Key": "team", "Value": "blue"}]), user("bob")))  # fmt: skip
    callers = Callers(account, PolicyReader(is_organization_known=True)).of_account()
    assert [(caller.kind, caller.is_own) for caller in callers] == [
        ("root", True),
        ("user", True),
        ("role", True),
    ]
    assert callers[2].context == {"kms:CallerAccount": HERE, "aws:PrincipalTag/team": "blue"}


def test_policies_name_accounts_roles_services_and_everyone() -> None:
    found, _ = outside(
        to([root_of(THERE), role_arn("x", THERE), role_arn("app"), root_of()], "s3:*"),
        to({"Service": "dms.amazonaws.com"}, "s3:*"),
        to("*", "s3:*"),
    )
    assert {name: (caller.kind, caller.is_own) for name, caller in found.items()} == {
        root_of(THERE): ("other account", False),
        role_arn("x", THERE): ("role", False),
        "dms.amazonaws.com": ("service", False),
        "*": ("everyone", False),
    }
    assert found["dms.amazonaws.com"].context == {"aws:SourceAccount": HERE}


def test_role_of_another_account_is_found_in_the_condition_that_names_it() -> None:
    named = {"ArnEquals": {"aws:PrincipalArn": role_arn("x", THERE)}}
    patterns = {"ArnLike": {"aws:PrincipalArn": role_arn("y*", THERE)}}
    found, _ = outside(to(root_of(THERE), "s3:*", Condition={**named, **patterns}))
    assert set(found) == {root_of(THERE), role_arn("x", THERE)}


def test_denied_principals_are_nobody_and_services_of_a_trust_policy_do_not_count() -> None:
    denied = {**to(root_of(THERE), "s3:*"), "Effect": "Deny"}
    found, _ = outside(
        denied, to({"Service": "ec2.amazonaws.com"}, "sts:AssumeRole"), with_services=False
    )
    assert found == {}


def test_session_has_the_policies_of_its_role() -> None:
    session = f"arn:aws:sts::{HERE}:assumed-role/app/i-0123"
    found, _ = outside(to(session, "s3:*"))
    assert (found[session].kind, found[session].is_own) == ("session", True)


def test_deleted_principals_are_reported() -> None:
    found, reader = outside(to(["AROAEXAMPLEID", role_arn("gone")], "s3:*"))
    assert found == {}
    assert list(reader.problems) == [
        "a policy names `AROAEXAMPLEID`, which has been deleted",
        f"a policy names `{role_arn('gone')}`, which the account does not have",
    ]


def test_service_control_policies_bind_the_account_and_no_one_else() -> None:
    level = [{"Name": "Guard", "Content": policy(allow("s3:*"))}]
    organization = {"Id": "o-1", "Levels": [level], "ResourcePolicies": []}
    account = Account.of(answers_of(role("app"), organization=organization))
    reader = PolicyReader(is_organization_known=True)
    callers = Callers(account, reader)
    own = callers.of_account()
    (foreign,) = callers.from_outside(
        [reader.read("resource", PolicyDocument("p", policy(to(root_of(THERE), "s3:*"))))]
    )
    assert [len(caller.policies.scps) for caller in own] == [1, 1]
    assert foreign.policies.scps == []
    assert own[0].context["aws:PrincipalOrgID"] == "o-1"


def test_everyone_in_the_organization_is_allowed_under_that_condition() -> None:
    member = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
    shared = secret("shop/dev/a", to("*", *READ_ALL[:1], Condition=member), key=KEY)
    found = audit_of(answers_of(secrets=[shared], keys=[key(to("*", "kms:Decrypt"))]))
    ((labels, row),) = rows_of(found, "*")["read"]
    assert (labels, row.outcome.state) == (["a"], "allowed")
    assert row.outcome.assumed == ("aws:principalorgid",)
    assert row.is_finding
