"""Lambda functions that Secrets Manager is asked to call."""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import lambda_backends
from moto.core.exceptions import JsonRESTError

_CALLER = "secretsmanager.amazonaws.com"


class AccessDeniedError(JsonRESTError):  # type: ignore[misc] # moto has no types
    """AWS's answer to a function that it may not call."""

    def __init__(self, message: str) -> None:
        """Keep AWS's text."""
        super().__init__("AccessDeniedException", message)


def check_function(account: str, region: str, arn: str) -> None:
    """Refuse a function that does not exist or that Secrets Manager may not call."""
    function = _find(account, region, arn)
    if function is None or not _may_be_called(function):
        raise AccessDeniedError(
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the "
            f"function policy grants access to the principal {_CALLER}."
        )


def _find(account: str, region: str, arn: str) -> Any:  # noqa: ANN401 # moto's class
    try:
        return lambda_backends[account][region].get_function(arn)
    except Exception:  # noqa: BLE001 # moto raises several kinds for an unknown function
        return None


def _may_be_called(function: Any) -> bool:  # noqa: ANN401 # moto's class
    for statement in function.policy.statements:
        if statement.get("Principal", {}).get("Service") == _CALLER:
            return True

    return False
