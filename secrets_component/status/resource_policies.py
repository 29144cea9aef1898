"""Whether a secret has the resource policy that the map says."""

from __future__ import annotations

import json
from typing import Any

from secrets_component.arns import Arn
from secrets_component.iam import documents
from secrets_component.iam.templates import listed
from secrets_component.lookups.inventory import HeldSecret
from secrets_component.planning.plan import PlannedSecret


def has_policy(secret: PlannedSecret) -> bool:
    """Return whether the map gives a secret a resource policy."""
    return secret.policy is not None or bool(secret.grants)


def is_policy_compared(secret: PlannedSecret) -> bool:
    """Return whether the map says what a secret's policy is: not of an adopted one without any."""
    if not has_policy(secret):
        return not secret.is_adopted

    return not any(principal.references for principal in secret.principals)


def policy_drift(secret: PlannedSecret, held: HeldSecret, actual: str | None) -> str | None:
    """Explain that a secret has another resource policy than the map says; None if it has not.

    Args:
        secret: an entry whose policy the map knows; see `is_policy_compared`.
        held: its secret in the account, whose account and region the policy is written for.
        actual: the policy in the account.
    """
    if not has_policy(secret):
        if actual is None:
            return None

        return "has a resource policy, and the map gives it none"

    if actual is None:
        return "has no resource policy, and the map gives it one"

    known = {principal: str(principal) for principal in secret.principals}
    home = Arn.parse(held.arn).home
    wanted = documents.resource_policy(secret.policy, secret.grants, known, home)
    if _canonical(wanted) == _canonical(actual):
        return None

    return "has another resource policy than the map says"


def _canonical(document: str) -> Any:  # noqa: ANN401 # any JSON value
    """Return a policy in one form of all that mean the same to AWS.

    A list of one is its item, the order in a list means nothing, and an account is its root
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
    """
    policy = json.loads(document)
    policy["Statement"] = listed(policy["Statement"])
    policy.pop("Id", None)
    return _ordered(policy)


def _ordered(node: Any, key: str = "") -> Any:  # noqa: ANN401 # any JSON value
    if isinstance(node, dict):
        return {inner: _ordered(value, inner) for inner, value in node.items()}

    if isinstance(node, list):
        items = sorted((_ordered(item, key) for item in node), key=json.dumps)
        if len(items) == 1:
            return items[0]

        return items

    if isinstance(node, bool):
        return str(node).lower()

    is_account = key == "AWS" and str(node).endswith(":root")
    if is_account:
        return Arn.parse(node).account

    return node
