"""Functions that Secrets Manager is asked to call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.environment import REGION
from tests.sandbox.rules.calls import make_function, refusal


def test_rotation_needs_a_function(sm: Any, secret: str) -> None:
    code, text = refusal(
        sm.rotate_secret, SecretId=secret, RotationRules={"AutomaticallyAfterDays": 30}
    )
    assert (code, "Lambda function ARN" in text) == ("InvalidRequestException", True)


def test_rotation_needs_the_functions_permission(
    sm: Any, aws: Callable[[str], Any], secret: str
) -> None:
    for arn in (
        make_function(aws, allowed=False),
        f"arn:aws:lambda:{REGION}:123456789012:function:nobody-made-this",
    ):
        code, text = refusal(
            sm.rotate_secret,
            SecretId=secret,
            RotationLambdaARN=arn,
            RotationRules={"AutomaticallyAfterDays": 30},
        )
        assert (code, "secretsmanager.amazonaws.com" in text) == ("AccessDeniedException", True)
    assert "RotationLambdaARN" not in sm.describe_secret(SecretId=secret)


def statement(function: str, statement_id: str, **more: str) -> dict[str, str]:
    return {
        "FunctionName": function,
        "StatementId": statement_id,
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        **more,
    }


def test_a_statement_id_is_taken_once(aws: Callable[[str], Any], function: str) -> None:
    client = aws("lambda")
    client.add_permission(**statement(function, "twice"))
    code, text = refusal(client.add_permission, **statement(function, "twice"))
    assert (code, "(twice) provided already exists" in text) == ("ResourceConflictException", True)
    client.remove_permission(FunctionName=function, StatementId="twice")
    client.add_permission(**statement(function, "twice"))


def test_refuses_a_statement_id_with_a_dot(aws: Callable[[str], Any], function: str) -> None:
    code, _ = refusal(aws("lambda").add_permission, **statement(function, "a.b"))
    assert code == "ValidationException"


def test_refuses_code_that_is_no_zip(aws: Callable[[str], Any], function: str) -> None:
    client = aws("lambda")
    role = client.get_function(FunctionName=function)["Configuration"]["Role"]
    given = {"FunctionName": "no-zip", "Role": role, "Runtime": "python3.12", "Handler": "a.b"}
    for code, text in (
        refusal(client.create_function, **given, Code={"ZipFile": b"no zip"}),
        refusal(client.update_function_code, FunctionName=function, ZipFile=b"no zip"),
    ):
        assert (code, "not unzip" in text) == ("InvalidParameterValueException", True)
    assert refusal(client.get_function, FunctionName="no-zip")[0] == "ResourceNotFoundException"
