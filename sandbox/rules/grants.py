"""Whether a resource policy lets someone act, as Lambda, SNS and KMS decide it.

Policy evaluation: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
A condition on a key that the service does not send never holds. Condition keys ignore case
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]
Context = Mapping[str, str | Sequence[str]]

_ANY_VALUE = "ForAnyValue:"  # for keys with several values
_EXACT = ("StringEquals",)
_PATTERNS = ("StringLike", "ArnLike", "ArnEquals")  # ArnEquals and ArnLike "behave identically"


def allow_service(
    statements: Iterable[Statement],
    service: str,
    action: str,
    resource: str,
    context: Context,
) -> bool:
    """Return whether a service may act: one statement allows it, and none denies it.

    Args:
        statements: the policy's statements.
        service: the service's principal, such as `events.amazonaws.com`.
        action: the action, such as `lambda:InvokeFunction`.
        resource: the ARN on which it acts.
        context: the condition keys that the service sends, with their values.
    """
    return allow(statements, [service], action, resource, context)


def allow(
    statements: Iterable[Statement],
    names: Collection[str],
    action: str,
    resource: str,
    context: Context,
) -> bool:
    """Return whether whoever goes by one of some names may act.

    Args:
        statements: the policy's statements.
        names: the principals that stand for the caller, such as its ARN and its account's.
        action: the action.
        resource: the ARN on which it acts.
        context: the condition keys of the request, with their values.
    """
    allowed = False
    for statement in statements:
        if not _applies(statement, names, action, resource, context):
            continue

        if statement.get("Effect") == "Deny":
            return False

        allowed = True

    return allowed


def deny_everyone(statements: Iterable[Statement], action: str, resource: str) -> bool:
    """Return whether a statement without a condition denies an action to every principal."""
    for statement in statements:
        is_bare = statement.get("Effect") == "Deny" and not statement.get("Condition")
        if is_bare and _applies(statement, (), action, resource, {}):
            return True

    return False


def _applies(
    statement: Statement,
    names: Collection[str],
    action: str,
    resource: str,
    context: Context,
) -> bool:
    if not _names(statement.get("Principal"), names):
        return False

    return covers(statement, action, resource, context)


def covers(statement: Statement, action: str, resource: str, context: Context) -> bool:
    """Return whether a statement is about an action on a resource, whoever the principal is."""
    actions = [str(one).lower() for one in _listed(statement.get("Action"))]
    if not _matches(action.lower(), actions):
        return False

    if not _matches(resource, _listed(statement.get("Resource"))):
        return False

    return _holds(statement.get("Condition") or {}, context)


def _names(principal: Any, names: Collection[str]) -> bool:  # noqa: ANN401 # any JSON value
    """Return whether a statement is about everyone, or about one of some names."""
    if not isinstance(principal, Mapping):
        return bool(principal == "*")

    accounts, services = _listed(principal.get("AWS")), _listed(principal.get("Service"))
    if "*" in accounts:
        return True

    return any(name in accounts or name in services for name in names)


def _holds(condition: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Return whether every key of every operator holds; an operator unknown here never does."""
    sent = {key.lower(): value for key, value in context.items()}
    for operator, wanted in condition.items():
        for key, values in wanted.items():
            found = _listed(sent.get(key.lower()))
            single = operator.removeprefix(_ANY_VALUE)
            if not any(_compares(single, value, _listed(values)) for value in found):
                return False

    return True


def _compares(operator: str, found: str, values: list[Any]) -> bool:
    if operator in _EXACT:
        return found in values

    return operator in _PATTERNS and _matches(found, values)


def _matches(found: str, patterns: list[Any]) -> bool:
    # Brackets are plain characters in a policy.
    return any(fnmatchcase(found, str(pattern).replace("[", "[[]")) for pattern in patterns)


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 # any JSON value
    if value is None:
        return []

    if isinstance(value, list):
        return value

    return [value]
