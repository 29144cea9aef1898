"""Lambda functions that an AWS service is asked to call, and who may call them.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html and the
errors that terraform-provider-aws handles (`internal/service/secretsmanager/secret_rotation.go`).
"""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

from moto.awslambda.models import LambdaBackend, lambda_backends
from moto.core.exceptions import JsonRESTError

from sandbox.rules import grants

_SECRETS_MANAGER = "secretsmanager.amazonaws.com"
_EVENTS = "events.amazonaws.com"
_STATEMENT_ID = re.compile(r"[a-zA-Z0-9-_]+")
_NAME_PART = 6  # arn:aws:lambda:region:account:function:name[:qualifier]


class AccessDeniedError(JsonRESTError):  # type: ignore[misc] # moto has no types
    """AWS's answer to a function that it may not call."""

    def __init__(self, message: str) -> None:
        """Keep AWS's text."""
        super().__init__("AccessDeniedException", message)


class ResourceConflictError(JsonRESTError):  # type: ignore[misc] # moto has no types
    """AWS's answer to a statement that exists already."""

    code = 409

    def __init__(self, message: str) -> None:
        """Keep AWS's text."""
        super().__init__("ResourceConflictException", message)


def find(account: str, region: str, arn: str) -> Any:  # noqa: ANN401 # moto's class
    """Return a function by ARN, of the version or alias that the ARN names; None without one."""
    try:
        return lambda_backends[account][region].get_function(arn)
    except Exception:  # noqa: BLE001 # moto raises several kinds for an unknown function
        return None


def check_function(account: str, region: str, arn: str, secret_arn: str) -> None:
    """Refuse a function that does not exist or that Secrets Manager may not call.

    Secrets Manager says for which account and secret it calls
    (https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html).
    """
    function = find(account, region, arn)
    context = {"aws:SourceAccount": account, "aws:SourceArn": secret_arn}
    if function is None or not _may_call(function, arn, _SECRETS_MANAGER, context):
        raise AccessDeniedError(
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the "
            f"function policy grants access to the principal {_SECRETS_MANAGER}."
        )


def rule_may_call(function: Any, arn: str, rule_arn: str) -> bool:  # noqa: ANN401 # moto's class
    """Return whether EventBridge may call a function for a rule.

    It sends the rule's ARN and no account: "A SourceAccount setting prevents EventBridge from being
    able to invoke the function"
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html).
    """
    return _may_call(function, arn, _EVENTS, {"aws:SourceArn": rule_arn})


def _may_call(
    function: Any,  # noqa: ANN401 # moto's class
    arn: str,
    service: str,
    context: Mapping[str, str],
) -> bool:
    statements = function.policy.statements
    return grants.allow_service(statements, service, "lambda:InvokeFunction", arn, context)


def _add_permission(backend: Any, function_name: str, qualifier: str | None, raw: str) -> Any:  # noqa: ANN401 # moto's method
    """Also take the qualifier from the function's ARN, so that the statement names it."""
    parts = function_name.split(":")
    if qualifier is None and parts[0] == "arn" and len(parts) > _NAME_PART + 1:
        qualifier = parts[-1]

    function = backend.get_function(function_name, qualifier)
    _check_statement_id(json.loads(raw)["StatementId"], function.policy.statements)
    return _PLAIN_ADD_PERMISSION(backend, function_name, qualifier, raw)


def _check_statement_id(statement: str, existing: Iterable[grants.Statement]) -> None:
    """Refuse an id with other characters than AWS takes, and one that is taken.

    The pattern is the API reference's of AddPermission; the text of the conflict is quoted in
    hashicorp/terraform-provider-aws#1091.
    """
    if not _STATEMENT_ID.fullmatch(statement):
        msg = (
            f"1 validation error detected: Value '{statement}' at 'statementId' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)"
        )
        raise JsonRESTError("ValidationException", msg)

    if any(known.get("Sid") == statement for known in existing):
        msg = (
            f"The statement id ({statement}) provided already exists. Please provide a new "
            "statement id, or remove the existing statement."
        )
        raise ResourceConflictError(msg)


def _create_function(backend: Any, spec: dict[str, Any]) -> Any:  # noqa: ANN401 # moto's method
    """Create a function whose zip Lambda can unpack."""
    _check_zip(spec.get("Code") or {})
    return _PLAIN_CREATE_FUNCTION(backend, spec)


def _update_function_code(
    backend: Any,  # noqa: ANN401 # moto's class
    function_name: str,
    qualifier: str,
    body: dict[str, Any],
) -> Any:  # noqa: ANN401 # moto's answer
    """Change a function's zip to one that Lambda can unpack."""
    _check_zip(body)
    return _PLAIN_UPDATE_FUNCTION_CODE(backend, function_name, qualifier, body)


def _check_zip(code: Mapping[str, Any]) -> None:
    packed = code.get("ZipFile")
    if packed and not zipfile.is_zipfile(io.BytesIO(base64.b64decode(packed))):
        msg = "Could not unzip uploaded file. Please check your file, then try to upload again."
        raise JsonRESTError("InvalidParameterValueException", msg)


_PLAIN_ADD_PERMISSION = LambdaBackend.add_permission
_PLAIN_CREATE_FUNCTION = LambdaBackend.create_function
_PLAIN_UPDATE_FUNCTION_CODE = LambdaBackend.update_function_code


def install() -> None:
    """Put the rules in place; to be called before the first request."""
    LambdaBackend.add_permission = _add_permission
    LambdaBackend.create_function = _create_function
    LambdaBackend.update_function_code = _update_function_code
