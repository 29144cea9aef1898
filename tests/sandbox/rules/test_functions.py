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
