"""Who can reach the secrets of maps, and which wall is in the way of those who cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from secrets_component.arns import account_of
from secrets_component.audit.account import Account, StoredSecret
from secrets_component.audit.answers import AnswersError
from secrets_component.audit.ground import members_of
from secrets_component.audit.matrix import Audit, AuditRow, MatrixLine, audit
from secrets_component.audit.reading import AccountReader
from secrets_component.audit.verdicts import WAYS, Action, Outcome
from secrets_component.doctor.asking import Asking
from secrets_component.doctor.causes import CauseName
from secrets_component.doctor.results import Check, Section
from secrets_component.iam.requests import caller_of
from secrets_component.lookups.inventory import AccountError
from secrets_component.planning.plan import Plan

_POLICIES = "the policies of the account"
_NEEDED = "iam:GetAccountAuthorizationDetails and secretsmanager:ListSecrets"
_IDS_OF_DELETED = ("AIDA", "AROA")
"""AWS shows the id of a user or role in place of its ARN once it is deleted
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html)."""
_OF_OWNERS: tuple[Action, ...] = ("gain", "change policy")
"""What a map never says that somebody is to do."""
_ORGANIZATION = ("scp", "rcp")
_SEEN_ELSEWHERE = ("does not exist in the account yet", "which has been deleted")


def reach(
    plans: Mapping[str, Plan],
    asking: Asking,
    key: str | None,
    principal: str | None,
    action: Action,
) -> Section:
    """Check that those whom maps name can do what maps say, or what one principal can do.

    Args:
        plans: by instance name.
        asking: asks AWS.
        key: only this entry. Default: all.
        principal: only this user, role, session or account. Default: whom the maps name.
        action: what that principal is to do.

    Raises:
        AccountError: AWS does not answer.
    """
    reader = AccountReader(asking.account)
    try:
        account = Account.of(reader.read(plans.values(), with_reads=False))
    except AccountError as error:
        asking.note(_POLICIES, _NEEDED, error)
        return _blind(asking, f"allow {_NEEDED}")
    except AnswersError as error:
        asking.add_unseen(f"{_POLICIES}: {error}")
        return _blind(asking, "report this to the project")

    found = audit(plans, account, key, with_gains=False)
    if not found.secrets:
        return _blind(asking, "try again in five minutes: ListSecrets does not show the secret yet")

    checks = list(_deleted_principals(found))
    if principal is None:
        checks += _of_map(found)
    else:
        checks += _of_principal(found, principal, action)

    unseen = [line for line in found.unchecked if not line.endswith(_SEEN_ELSEWHERE)]
    return Section("access", tuple(checks), (*asking.unseen, *unseen))


def _blind(asking: Asking, advice: str) -> Section:
    check = Check("warning", "access", "could not be looked at", advice=advice)
    return Section("access", (check,), asking.unseen)


def _of_map(found: Audit) -> Iterator[Check]:
    """Yield what those whom the maps name cannot do; if they can do everything, that."""
    rows = []
    for row in found.rows():
        if row.is_in_map and row.kind != "root" and row.action not in _OF_OWNERS:
            rows.append(row)

    refused = [row for row in rows if row.outcome.state != "allowed"]
    for row in refused:
        yield _refused(found, row)

    names = {row.caller for row in rows}
    if names and not refused:
        yield Check("ok", "principals", f"{len(names)} of the map can do what it says")


def _of_principal(found: Audit, principal: str, action: Action) -> Iterator[Check]:
    line = _line_of(found, principal)
    if line is None:
        yield _nobody(found, principal)
        return

    for row in line.rows():
        if row.action != action:
            continue

        if row.outcome.state == "allowed":
            yield _allowed(found, row, line)
        else:
            yield _refused(found, row)


def _line_of(found: Audit, principal: str) -> MatrixLine | None:
    """Return what was found about a principal, about the role behind a session, or its account.

    The account stands for those of other accounts only: their own policies are not known here.
    """
    home, account = found.account.home, account_of(principal)
    lines = {line.caller.name: line for line in found.lines}
    names = [principal]
    role = _role_behind(principal)
    if role is not None:
        names += [name for name in lines if _role_behind(name) == role]

    if account != home.account:
        names.append(home.root(account))

    known = filter(None, map(lines.get, names))
    return next(known, None)


def _role_behind(principal: str) -> tuple[str, str] | None:
    try:
        return caller_of(principal).role
    except ValueError:
        return None


def _nobody(found: Audit, principal: str) -> Check:
    """Return that nothing names a principal."""
    here = found.account.home.account
    if account_of(principal) == here:
        shown = f"GetAccountAuthorizationDetails: {here} has no `{principal}`"
        advice = "check the ARN, and that AWS_PROFILE is of the account of the secrets"
        return Check("failed", principal, "does not exist", "no-principal", (shown,), advice)

    labels = ", ".join(secret.label for secret in found.secrets)
    shown = f"GetResourcePolicy of {labels}: no statement names it or its account"
    return Check(
        "failed",
        principal,
        f"is of another account, and no policy of {labels} lets it in",
        "foreign-account",
        (shown,),
        _grant(found, 0, principal, "read"),
    )


def _allowed(found: Audit, row: AuditRow, line: MatrixLine) -> Check:
    labels = ", ".join(found.labels(row.mask))
    outcome = row.outcome
    evidence = [outcome.why]
    if outcome.assumed:
        keys = ", ".join(outcome.assumed)
        evidence.append(f"only if the request meets the conditions on {keys}")

    evidence += [f"unless it is denied by {place}" for place in outcome.unless]
    if line.caller.is_own:
        return Check("ok", row.caller, f"can {row.action} {labels}", evidence=tuple(evidence))

    evidence.append("the policies of its own account cannot be seen from here")
    advice = (
        "its own identity policy must allow it on the secret and the key, too, and it must name "
        "the secret by its ARN"
    )
    return Check(
        "ok", row.caller, f"may {row.action} {labels}", evidence=tuple(evidence), advice=advice
    )


def _refused(found: Audit, row: AuditRow) -> Check:
    cause = _cause_of(found, row)
    labels = ", ".join(found.labels(row.mask))
    return Check(
        "failed",
        row.caller,
        f"cannot {row.action} {labels}",
        cause,
        (row.outcome.why,),
        _advice(found, row, cause),
    )


def _cause_of(found: Audit, row: AuditRow) -> CauseName:
    """Return which wall is in the way."""
    outcome = row.outcome
    kinds = _kinds_of_walls(outcome)
    if not kinds.isdisjoint(_ORGANIZATION):
        return "organization"

    is_explicit = outcome.refusal is not None and outcome.refusal.reason == "explicit deny"
    if "boundary" in kinds and (is_explicit or kinds == {"boundary"}):
        return "boundary"

    if outcome.state == "key refuses":
        return _cause_in_key(found, row)

    if is_explicit:
        return "denied"

    if account_of(row.caller) in (None, found.account.home.account):
        return "no-allow"

    return "foreign-account"


def _kinds_of_walls(outcome: Outcome) -> set[str]:
    """Return the kinds of the policies that deny, or that do not allow."""
    if outcome.refusal is None:
        return set()

    kinds: set[str] = set(outcome.refusal.missing)
    return kinds | {place.kind for place in outcome.refusal.statements}


def _cause_in_key(found: Audit, row: AuditRow) -> CauseName:
    first = next(members_of(row.mask))
    is_foreign = account_of(row.caller) not in (None, found.account.home.account)
    if is_foreign and found.secrets[first].stored.key_id is None:
        return "foreign-managed-key"

    return "key-refuses"


def _advice(found: Audit, row: AuditRow, cause: CauseName) -> str:
    """Return what to write or run against a wall."""
    first = next(members_of(row.mask))
    stored = found.secrets[first].stored
    calls = " and ".join(WAYS[row.action][0])
    match cause:
        case "no-allow" | "foreign-account" if row.is_in_map:
            return "the map allows it and the account does not: run `pulumi up`"
        case "no-allow" | "foreign-account":
            return _grant(found, first, row.caller, row.action)
        case "key-refuses":
            return _about_key(row, stored)
        case "foreign-managed-key":
            place = _place_of(found, first)
            return (
                "write `kms: {create: true}` at the top of the map, or `kms_key_id` with a key of "
                f"your own at {place}, then run `pulumi up`"
            )
        case "boundary":
            return f"allow {calls} in the permissions boundary{_boundary_of(found, row.caller)}"
        case "organization":
            return f"ask those who manage the organization to allow {calls} for {row.caller}"
        case _:
            return f"narrow or remove {' and '.join(row.outcome.statements)}"


def _boundary_of(found: Audit, name: str) -> str:
    """Return the name of a caller's boundary behind a space, where it is known."""
    for line in found.lines:
        member = line.caller.member
        if line.caller.name == name and member is not None and member.boundary is not None:
            return f" `{member.boundary.name}`"

    return f" of {name}"


def _about_key(row: AuditRow, stored: StoredSecret) -> str:
    use = WAYS[row.action][0][-1]
    key = stored.key_id or "the AWS-managed key"
    return (
        f"let {row.caller} use {use} on {key}: name it in the key's policy, or run `pulumi up` "
        "where the map creates the key"
    )


def _grant(found: Audit, position: int, principal: str, action: Action) -> str:
    """Return the line of the map that lets a principal in."""
    role = "readers" if action == "read" else "admins"
    return (
        f"write `access: {{{role}: [{json.dumps(principal)}]}}` in the entry at "
        f"{_place_of(found, position)}, then run `pulumi up`"
    )


def _place_of(found: Audit, position: int) -> str:
    secret = found.secrets[position]
    return str(secret.plan.places.position(secret.planned.place, of_key=True))


def _deleted_principals(found: Audit) -> Iterator[Check]:
    """Yield the secrets whose policy names someone who has been deleted.

    The provider cannot write such a policy back (hashicorp/terraform-provider-aws#29496).
    """
    for position, secret in enumerate(found.secrets):
        for name, text in secret.stored.policies.items():
            ids = sorted(set(_deleted_in(text)))
            if ids:
                yield Check(
                    "failed",
                    secret.label,
                    "has a policy that names someone who has been deleted",
                    "deleted-principal",
                    (f"GetResourcePolicy `{name}`: {', '.join(ids)}",),
                    f"remove it from `access` or `policy` at {_place_of(found, position)}, or make "
                    "the user or role again, then run `pulumi up`",
                )


def _deleted_in(policy: str) -> Iterator[str]:
    """Yield the ids of deleted users and roles among the principals of a policy."""
    document: Any = json.loads(policy)
    statements = document["Statement"]
    if isinstance(statements, dict):
        statements = [statements]

    for statement in statements:
        for named in _named_in(statement):
            if named.startswith(_IDS_OF_DELETED):
                yield named


def _named_in(statement: Mapping[str, Any]) -> Sequence[str]:
    principal = statement.get("Principal", {})
    if isinstance(principal, str):
        return ()

    named = principal.get("AWS", ())
    if isinstance(named, str):
        return (named,)

    return tuple(named)
