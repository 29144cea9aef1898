"""Decisions whose outcome AWS's documentation states, with the statements that make them."""

from __future__ import annotations

from typing import Any

import pytest

from secrets_component.iam.evaluator import (
    CallerPolicies,
    ResourcePolicies,
    Verdict,
    evaluate,
)
from secrets_component.iam.requests import Request
from secrets_component.iam.statements import CompiledPolicy, PolicyKind, compile_policy

HERE, THERE = "111111111111", "222222222222"
USER, ROLE = f"arn:aws:iam::{HERE}:user/amy", f"arn:aws:iam::{HERE}:role/app"
SESSION = f"arn:aws:sts::{HERE}:assumed-role/app/s1"
FEDERATED = f"arn:aws:sts::{HERE}:federated-user/fed"
STRANGER = f"arn:aws:iam::{THERE}:role/app"
ROOT = f"arn:aws:iam::{HERE}:root"
SERVICE_LINKED = f"arn:aws:iam::{HERE}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
SECRET = f"arn:aws:secretsmanager:eu-central-1:{HERE}:secret:a-AbCdEf"
KEY = f"arn:aws:kms:eu-central-1:{HERE}:key/k"
READ, DECRYPT = "secretsmanager:GetSecretValue", "kms:Decrypt"


def policy(
    kind: PolicyKind,
    effect: str = "Allow",
    action: str = "*",
    principal: Any = None,
    *,
    name: str = "p",
    **elements: Any,
) -> CompiledPolicy:
    statement = {"Effect": effect, "Action": action, "Resource": "*", **elements}
    if principal:
        statement["Principal"] = principal
    return compile_policy(kind, name, {"Version": "2012-10-17", "Statement": statement})


def decide(
    principal: str = USER,
    action: str = READ,
    resource: str = SECRET,
    *,
    own: CompiledPolicy | None = None,
    rcps: tuple[CompiledPolicy, ...] = (),
    **caller: Any,
) -> Verdict:
    request = Request(principal, action, resource)
    return evaluate(request, CallerPolicies(**caller), ResourcePolicies(own, rcps))


ALLOWING = [policy("identity", name="reader")]
NOTHING = policy("boundary", action="s3:*")
OTHERS = policy("resource", principal={"AWS": f"{USER}2"})


def named(*names: str) -> CompiledPolicy:
    return policy("resource", principal={"AWS": list(names)})


def test_nothing_is_denied() -> None:
    assert decide() == Verdict("implicit deny", missing=("identity",))
    assert str(decide()) == "denied: no identity-based policy allows it"


def test_one_account_takes_the_union() -> None:
    assert decide(identity=ALLOWING).allowed
    assert decide(own=named(USER)).allowed
    assert decide(identity=ALLOWING, own=OTHERS).allowed


def test_account_as_principal_only_delegates() -> None:
    assert not decide(own=named(ROOT)).allowed


def test_verdict_has_every_statement_that_grants() -> None:
    verdict = decide(identity=ALLOWING, own=policy("resource", principal="*", Sid="Everyone"))
    assert str(verdict) == (
        "allowed by statement `Everyone` of the resource-based policy `p` and "
        "statement 1 of the identity-based policy `reader`"
    )


@pytest.mark.parametrize("kind", ["identity", "boundary", "session", "scp", "rcp", "resource"])
def test_explicit_deny_wins_in_every_kind_of_policy(kind: PolicyKind) -> None:
    principal = "*" if kind in ("resource", "rcp") else None
    denying = policy(kind, "Deny", READ, principal, name="guard", Sid="No")
    places: dict[PolicyKind, dict[str, Any]] = {
        "identity": {"identity": [*ALLOWING, denying]},
        "boundary": {"boundary": denying},
        "session": {"session": [denying]},
        "scp": {"scps": [[policy("scp"), denying]]},
        "rcp": {"rcps": (denying,)},
        "resource": {"own": denying},
    }
    verdict = decide(SESSION, **{"identity": ALLOWING, **places[kind]})
    assert verdict.reason == "explicit deny"
    assert [place.kind for place in verdict.statements] == [kind]
    assert str(verdict).startswith("denied by statement `No` of the ")


def test_two_accounts_need_both_sides() -> None:
    shared = named(THERE)
    assert decide(STRANGER, identity=ALLOWING).missing == ("resource",)
    assert decide(STRANGER, own=shared).missing == ("identity",)
    assert decide(STRANGER, own=named(STRANGER)).missing == ("identity",)
    assert decide(STRANGER).missing == ("identity", "resource")
    both = decide(STRANGER, identity=ALLOWING, own=shared)
    assert [place.kind for place in both.statements] == ["identity", "resource"]


def test_public_policy_does_not_let_in_another_account_on_its_own() -> None:
    public = policy("resource", principal="*")
    assert not decide(STRANGER, own=public).allowed
    assert decide("*", own=public).allowed


@pytest.mark.parametrize(
    ("principal", "named_as", "allowed"),
    [
        (USER, USER, True),
        (USER, "*", True),
        (SESSION, SESSION, True),
        (SESSION, "*", True),
        (SESSION, ROLE, False),
        (ROLE, ROLE, False),
        (ROLE, "*", True),
    ],
)
def test_boundary_limits_what_is_granted_to_a_role_not_to_a_user_or_session(
    principal: str, named_as: str, allowed: bool
) -> None:
    assert decide(principal, own=named(named_as)).allowed
    assert decide(principal, own=named(named_as), boundary=NOTHING).allowed is allowed


def test_boundary_must_allow_what_iam_policies_allow() -> None:
    assert decide(identity=ALLOWING, boundary=NOTHING).missing == ("boundary",)
    assert decide(identity=ALLOWING, boundary=policy("boundary")).allowed
    assert not decide(boundary=policy("boundary")).allowed


def test_boundary_counts_for_a_session_of_another_account_that_is_named_itself() -> None:
    session = SESSION.replace(HERE, THERE)
    assert decide(session, identity=ALLOWING, own=named(session)).allowed
    blocked = decide(session, identity=ALLOWING, own=named(session), boundary=NOTHING)
    assert blocked.missing == ("boundary",)


def test_not_principal_denies_everyone_with_a_boundary() -> None:
    own = policy("resource", "Deny", NotPrincipal={"AWS": [USER, ROOT]})
    assert decide(identity=ALLOWING, own=own).allowed
    assert decide(identity=ALLOWING, own=own, boundary=policy("boundary")).reason == "explicit deny"


@pytest.mark.parametrize(
    ("named_as", "allowed"), [(SESSION, True), ("*", True), (ROLE, False), (ROOT, False)]
)
def test_session_policy_limits_what_is_granted_to_the_role(named_as: str, allowed: bool) -> None:
    narrow = [policy("session", action="s3:*")]
    verdict = decide(SESSION, own=named(named_as), identity=ALLOWING, session=narrow)
    assert verdict.allowed is allowed


def test_session_policies_add_up() -> None:
    narrow, wide = policy("session", action="s3:*"), policy("session")
    assert not decide(SESSION, identity=ALLOWING, session=[narrow]).allowed
    assert decide(SESSION, identity=ALLOWING, session=[narrow, wide]).allowed
    assert not decide(SESSION, session=[wide]).allowed


def test_federated_user_has_no_rights_without_a_session_policy() -> None:
    assert decide(FEDERATED, identity=ALLOWING).missing == ("session",)
    assert decide(FEDERATED, identity=ALLOWING, session=[policy("session")]).allowed
    assert decide(FEDERATED, own=named(FEDERATED)).allowed


def test_every_level_of_the_organization_must_allow() -> None:
    open_, closed = policy("scp"), policy("scp", action="s3:*")
    assert decide(identity=ALLOWING, scps=[[open_], [closed, open_]]).allowed
    assert decide(identity=ALLOWING, scps=[[open_], [closed]]).missing == ("scp",)
    assert decide(identity=ALLOWING, scps=[[], [open_]]).missing == ("scp",)
    assert decide(own=named(USER), scps=[[closed]]).missing == ("scp",)
    assert decide(scps=[[closed]]).missing == ("identity", "scp")
    assert decide(scps=[[open_]]).missing == ("identity",)


def test_service_control_policies_restrict_the_root_user_but_no_service() -> None:
    closed = [[policy("scp", action="s3:*")]]
    denying = [[policy("scp"), policy("scp", "Deny")]]
    own = policy("resource", principal={"Service": "dms.amazonaws.com"})
    assert not decide(ROOT, scps=closed).allowed
    assert decide(ROOT, scps=denying).reason == "explicit deny"
    assert decide("dms.amazonaws.com", own=own, scps=closed).allowed
    assert decide("dms.amazonaws.com", own=own, scps=denying).allowed


def test_organization_does_not_restrict_a_service_linked_role() -> None:
    scps = [[policy("scp", "Deny")]]
    rcps = (policy("rcp", "Deny", principal="*"),)
    assert decide(SERVICE_LINKED, identity=ALLOWING, scps=scps, rcps=rcps).allowed
    assert not decide(ROLE, identity=ALLOWING, rcps=rcps).allowed


def test_resource_control_policies_restrict_services_and_other_accounts() -> None:
    rcps = (policy("rcp", "Deny", principal="*"),)
    own = policy("resource", principal={"Service": "dms.amazonaws.com", "AWS": THERE})
    assert decide("dms.amazonaws.com", own=own).allowed
    assert not decide("dms.amazonaws.com", own=own, rcps=rcps).allowed
    assert not decide(STRANGER, own=own, identity=ALLOWING, rcps=rcps).allowed


def test_resource_control_policy_that_allows_grants_nothing() -> None:
    assert not decide(rcps=(policy("rcp", principal="*"),)).allowed


def test_root_user_needs_no_policy_in_the_own_account() -> None:
    verdict = decide(ROOT)
    assert verdict.allowed
    assert str(verdict) == "allowed by the root user, who needs no policy"
    assert not decide(ROOT.replace(HERE, THERE)).allowed
    assert decide(ROOT.replace(HERE, THERE), own=named(THERE)).allowed


def test_service_needs_the_resource_policy() -> None:
    condition = {"StringEquals": {"aws:SourceAccount": HERE}}
    own = policy("resource", principal={"Service": "dms.amazonaws.com"}, Condition=condition)
    for account, allowed in ((HERE, True), (THERE, False)):
        request = Request("dms.amazonaws.com", READ, SECRET, {"aws:SourceAccount": account})
        assert evaluate(request, CallerPolicies(), ResourcePolicies(own)).allowed is allowed
    assert decide("dms.amazonaws.com").missing == ("resource",)


@pytest.mark.parametrize(
    ("names", "identity", "allowed"),
    [
        ([f"{USER}2"], True, False),
        ([ROOT], True, True),
        ([ROOT], False, False),
        ([USER], False, True),
        (["*"], False, True),
    ],
)
def test_key_lets_iam_policies_count_only_where_it_names_the_account(
    names: list[str], identity: bool, allowed: bool
) -> None:
    policies = ALLOWING if identity else []
    assert decide(USER, DECRYPT, KEY, own=named(*names), identity=policies).allowed is allowed


def test_key_without_a_known_policy_is_closed() -> None:
    assert decide(USER, DECRYPT, KEY, identity=ALLOWING).missing == ("resource",)
    assert not decide(ROOT, DECRYPT, KEY).allowed
    assert decide(USER, "kms:ListKeys", "*", identity=ALLOWING).allowed


def test_delegating_key_and_iam_policy_are_both_reported() -> None:
    verdict = decide(USER, DECRYPT, KEY, own=named(ROOT), identity=ALLOWING)
    assert [place.kind for place in verdict.statements] == ["identity", "resource"]


def test_role_is_assumed_only_as_its_trust_policy_says() -> None:
    target = f"arn:aws:iam::{HERE}:role/target"
    trust = compile_policy(
        "resource",
        "trust",
        {"Statement": {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:AssumeRole"}},
    )
    assert decide(SESSION, "sts:AssumeRole", target, own=trust).allowed
    assert not decide(USER, "sts:AssumeRole", target, own=trust, identity=ALLOWING).allowed
    assert not decide(USER, "sts:AssumeRole", target, identity=ALLOWING).allowed
    assert decide(USER, "iam:GetRole", target, identity=ALLOWING).allowed


def test_policies_answer_for_every_action_that_they_are_asked_about() -> None:
    caller = CallerPolicies([policy("identity", action="secretsmanager:Get*")])
    resource = ResourcePolicies(policy("resource", "Deny", READ, principal={"AWS": ROLE}))
    for principal, action, reason in (
        (USER, READ, "allow"),
        (ROLE, READ, "explicit deny"),
        (USER, "secretsmanager:PutSecretValue", "implicit deny"),
        (USER, READ, "allow"),
        (USER, READ.upper(), "allow"),
    ):
        assert evaluate(Request(principal, action, SECRET), caller, resource).reason == reason
