"""Principals of resource policies: which of them exist, and how a policy shows them later.

"When you save the policy, AWS transforms the ARN to the principal ID"; of a role or user that is
deleted, the policy shows this ID then, also if another of the same name is created
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
Principals of other accounts are taken to exist: the sandbox has one account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from moto.iam.models import iam_backends

_ACCOUNT = re.compile(r"\d{12}")
_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?P<service>iam|sts)::(?P<account>\d{12}):(?P<resource>.+)"
)
_KINDS = {
    "iam": re.compile(r"root|(role|user)/[^*?]+"),
    "sts": re.compile(r"(assumed-role|federated-user)/[^*?]+"),
}

Policy = dict[str, Any]


def unsupported(policy: Policy, account: str) -> list[str]:
    """Return the principals of a policy that do not exist, or that no policy may name."""
    found = []
    for principal in _principals(policy):
        is_open = principal == "*" or _ACCOUNT.fullmatch(principal)
        if not is_open and not _exists(principal, account):
            found.append(principal)

    return found


def ids(policy: Policy, account: str) -> dict[str, str]:
    """Return the IDs of the account's roles and users in a policy, by ARN."""
    known = _own(account)
    return {arn: known[arn] for arn in _principals(policy) if arn in known}


def shown(policy: Policy, ids_by_arn: Mapping[str, str], account: str) -> Policy:
    """Return a policy as AWS shows it later.

    An account is its root user's ARN, what is gone is an ID, and a list of one principal is its
    item (crossplane-contrib/provider-aws#1804).

    Args:
        policy: the policy as it was written.
        ids_by_arn: what `ids` gave for it then.
        account: the account that it belongs to.
    """
    existing = _own(account)
    gone = {arn: one for arn, one in ids_by_arn.items() if existing.get(arn) != one}
    statements = []
    for statement in statements_of(policy):
        changed = dict(statement)
        principal = statement.get("Principal")
        if isinstance(principal, Mapping):
            changed["Principal"] = {kind: _item(value) for kind, value in principal.items()}
            if "AWS" in principal:
                names = [_shown(name, gone) for name in _listed(principal["AWS"])]
                changed["Principal"]["AWS"] = _item(names)

        statements.append(changed)

    return {**policy, "Statement": statements}


def statements_of(policy: Policy) -> list[Any]:
    """Return a policy's statements; a single one need not be in a list."""
    statements = policy["Statement"]
    if isinstance(statements, list):
        return statements

    return [statements]


def _shown(name: str, gone: Mapping[str, str]) -> str:
    if _ACCOUNT.fullmatch(name):
        return f"arn:aws:iam::{name}:root"

    return gone.get(name, name)


def _principals(policy: Policy) -> Iterator[str]:
    for statement in statements_of(policy):
        principal = statement.get("Principal")
        if isinstance(principal, Mapping):
            yield from map(str, _listed(principal.get("AWS", [])))
        elif isinstance(principal, str):
            yield principal


def _exists(principal: str, account: str) -> bool:
    found = _ARN.fullmatch(principal)
    if found is None or not _KINDS[found["service"]].fullmatch(found["resource"]):
        return False

    is_looked_up = found["service"] == "iam" and found["account"] == account
    if not is_looked_up or found["resource"] == "root":
        return True

    return principal in _own(account)


def _own(account: str) -> dict[str, str]:
    """Return the IDs of the account's roles and users by ARN."""
    backend = iam_backends[account]["aws"]
    found = {str(role.arn): str(role.id) for role in list(backend.roles.values())}
    for user in list(backend.users.values()):
        found[str(user.arn)] = f"AIDA{user.id.upper()}"  # moto's has no prefix

    return found


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 # any JSON value
    return value if isinstance(value, list) else [value]


def _item(value: Any) -> Any:  # noqa: ANN401 # any JSON value
    if isinstance(value, list) and len(value) == 1:
        return value[0]

    return value
