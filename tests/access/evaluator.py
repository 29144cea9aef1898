"""Decides requests as AWS documents it, for the policies that this project writes.

Sources, all of the IAM User Guide (https://docs.aws.amazon.com/IAM/latest/UserGuide/):
reference_policies_evaluation-logic.html (explicit deny; union in one account; both needed across
accounts), reference_policies_elements_condition_operators.html, reference_policies_elements_principal.html
(an account as principal delegates to that account's IAM policies). For KMS, IAM policies count only
where the key policy names the account
(https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html). Boundaries, SCPs and
session policies are not modelled. An operator or element that is not known here is an error, never
a silent pass.

Policies have three judges, which share no code on purpose, so that a mistake in one does not hide
itself: this one judges who can do what under the policies that were deployed;
`secrets_component/iam/linter.py` what users write, before anything is created; `sandbox/rules.py`
what reaches its API, as AWS would.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Policy = Mapping[str, Any]
_KNOWN = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


@dataclass(frozen=True)
class Request:
    """One call: who, what, on which resource, with which context."""

    principal: str
    action: str
    resource: str
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    @property
    def account(self) -> str | None:
        """The caller's account; a service has none."""
        return self.principal.split(":")[4] if self.principal.startswith("arn:") else None

    @property
    def full_context(self) -> dict[str, list[str]]:
        """The context with what AWS adds itself, keys in lower case as AWS compares them."""
        given = dict(self.context)
        if self.account:
            given |= {"aws:PrincipalArn": self.principal, "aws:PrincipalAccount": self.account}
        return {key.lower(): _listed(value) for key, value in given.items()}


def allows(
    request: Request, identity: Iterable[Policy], resource: Policy | None, *, is_key: bool = False
) -> bool:
    """Decide a request.

    Args:
        identity: the caller's IAM policies.
        resource: the policy of the resource.
        is_key: the resource is a KMS key, whose policy must let IAM policies count.
    """
    by_identity = _effects(request, identity, lambda _: "direct")
    by_resource = _effects(request, [resource] if resource else [], lambda s: _named(request, s))
    if "Deny" in by_identity or "Deny" in by_resource:
        return False
    has_identity, has_resource = "Allow" in by_identity, "Allow" in by_resource
    if request.account is None:
        return has_resource
    if request.account != request.resource.split(":")[4]:
        return has_identity and has_resource
    if "direct" in by_resource.get("Allow", ()):
        return True
    return has_identity and (has_resource or not is_key)


def _effects(
    request: Request, policies: Iterable[Policy], named: Callable[[Policy], str | None]
) -> dict[str, set[str]]:
    """Gather the effects of the statements that match, each with how the caller was named."""
    found: dict[str, set[str]] = {}
    for policy in policies:
        for statement in _listed(policy["Statement"]):
            unknown = set(statement) - _KNOWN
            if unknown:
                msg = f"this evaluator does not know {unknown}"
                raise NotImplementedError(msg)
            how = named(statement)
            if how and _matches(request, statement):
                found.setdefault(statement["Effect"], set()).add(how)
    return found


def _named(request: Request, statement: Policy) -> str | None:
    """Return how a statement names the caller: `direct`, through its `account`, or not at all."""
    principal = statement["Principal"]
    if principal == "*":
        return "direct"
    if request.account is None:
        return "direct" if request.principal in _listed(principal.get("Service", [])) else None
    names = _listed(principal.get("AWS", []))
    if request.principal in names or "*" in names:
        return "direct"
    root = f"arn:aws:iam::{request.account}:root"
    return "account" if {root, request.account} & set(names) else None


def _matches(request: Request, statement: Policy) -> bool:
    actions, resources = _listed(statement["Action"]), _listed(statement.get("Resource", "*"))
    return (
        any(like(pattern.lower(), request.action.lower()) for pattern in actions)
        and any(like(pattern, request.resource) for pattern in resources)
        and holds(statement.get("Condition", {}), request.full_context)
    )


def like(pattern: str, value: str) -> bool:
    """Match `*` (any text) and `?` (one character)."""
    parts = (
        ".*" if part == "*" else "." if part == "?" else re.escape(part)
        for part in re.split(r"([*?])", pattern)
    )
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


def _arn_like(pattern: str, value: str) -> bool:
    ours, theirs = pattern.split(":", 5), value.split(":", 5)
    return len(ours) == len(theirs) and all(map(like, ours, theirs))


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringLike": like,
    "StringEqualsIgnoreCase": lambda pattern, value: pattern.lower() == value.lower(),
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda pattern, value: pattern.lower() == value.lower(),
}


def holds(condition: Policy, context: Mapping[str, list[str]]) -> bool:
    """Return whether all conditions hold; the context's keys are in lower case."""
    return all(
        _holds(operator, [str(one) for one in _listed(patterns)], context.get(key.lower(), []))
        for operator, keys in condition.items()
        for key, patterns in keys.items()
    )


def _holds(operator: str, patterns: list[str], values: list[str]) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if name.endswith("IfExists"):
        if not values:
            return True
        name = name.removesuffix("IfExists")
    if name == "Null":
        return (patterns == ["true"]) == (not values)
    is_negated = "Not" in name
    compare = _OPERATORS.get(name.replace("Not", ""))
    if compare is None or quantifier not in ("", "ForAnyValue", "ForAllValues"):
        msg = f"this evaluator does not know {operator}"
        raise NotImplementedError(msg)
    if quantifier == "ForAllValues":
        return all(any(compare(p, v) for p in patterns) != is_negated for v in values)
    if not values:
        return is_negated
    hit = any(compare(pattern, value) for pattern in patterns for value in values)
    return hit != is_negated


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
