"""Resource policies of secrets: what is one, and what is open to everyone."""

from __future__ import annotations

import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.secretsmanager.exceptions import ValidationException

from sandbox.rules import principals

MAX_CHARACTERS = 20_480


class MalformedPolicyError(JsonRESTError):  # type: ignore[misc] # moto has no types
    """AWS's answer to a text that is not a policy, or whose principals do not exist."""

    def __init__(self, problem: str) -> None:
        """Answer in AWS's words."""
        text = f"This resource policy contains {problem}."
        super().__init__("MalformedPolicyDocumentException", text)


class PublicPolicyError(JsonRESTError):  # type: ignore[misc] # moto has no types
    """AWS's answer to an open policy where `BlockPublicPolicy` is set."""

    def __init__(self) -> None:
        """Answer in AWS's words."""
        super().__init__(
            "PublicPolicyException",
            "You can't attach a resource policy that allows broad access to the secret.",
        )


def check(policy: str, *, account: str, block_public: bool) -> None:
    """Refuse a text that is not a policy, is too long, or is public where that is blocked.

    The text about principals: awsdocs/aws-secrets-manager-docs (`manage_secret-policy.md`).
    """
    if not _is_policy(policy):
        problem = "invalid Json"
        raise MalformedPolicyError(problem)

    if principals.unsupported(json.loads(policy), account):
        problem = "an unsupported principal"
        raise MalformedPolicyError(problem)

    if block_public and _is_public(policy):
        raise PublicPolicyError

    if len(policy) > MAX_CHARACTERS:
        raise ValidationException(
            "1 validation error detected: Value at 'resourcePolicy' failed to satisfy "
            f"constraint: Member must have length less than or equal to {MAX_CHARACTERS}"
        )


def _is_policy(text: str) -> bool:
    try:
        statements = _statements(text)
    except (ValueError, TypeError, KeyError):
        return False

    return all(isinstance(statement, dict) for statement in statements)


def _statements(policy: str) -> list[Any]:
    return principals.statements_of(json.loads(policy))


def _is_public(policy: str) -> bool:
    """Return whether an Allow without a condition is open to everyone.

    One of three judges of a policy, separate on purpose, so that none repeats another's mistake:
    the product's linter (`secrets_component.iam.linter`) before a deployment, this one in AWS's
    place, and the product's evaluator (`secrets_component.iam.evaluator`).
    """
    for statement in _statements(policy):
        is_open = statement.get("Effect") == "Allow" and not statement.get("Condition")
        if is_open and _is_anyone(statement.get("Principal")):
            return True

    return False


def _is_anyone(principal: Any) -> bool:  # noqa: ANN401 # any JSON value
    if isinstance(principal, dict):
        principal = principal.get("AWS")

    if isinstance(principal, list):
        return "*" in principal

    return bool(principal == "*")
