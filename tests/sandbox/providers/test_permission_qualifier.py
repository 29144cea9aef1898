"""A Permission's function and qualifier, as a refresh reads them."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.providers.cloud import Cloud
from sandbox.providers.functions import create_permission, delete_permission, read_permission
from sandbox.providers.protocol import Properties
from tests.conftest import Aws
from tests.sandbox.rules.calls import refusal
from tests.sandbox.rules.functions_code import ROTATES, deploy


@pytest.fixture
def function(aws: Aws) -> str:
    """The ARN of a function with the alias `live`."""
    arn = deploy(aws, ROTATES, principal=None)
    aws("lambda").create_alias(FunctionName=arn, Name="live", FunctionVersion="$LATEST")
    return arn


def permission(function: str, **changed: str) -> Properties:
    return {
        "action": "lambda:InvokeFunction",
        "function": function,
        "principal": "secretsmanager.amazonaws.com",
        "statementId": "s",
        **changed,
    }


def read_after_creation(cloud: Cloud, inputs: Properties) -> Properties:
    identity, _ = create_permission(cloud, inputs)
    found = read_permission(cloud, identity, inputs)
    assert found is not None
    return found


def test_a_function_without_a_qualifier_is_read_without_one(cloud: Cloud, function: str) -> None:
    found = read_after_creation(cloud, permission(function))
    assert (found["function"], found["qualifier"]) == (function, None)


def test_a_name_stays_a_name(cloud: Cloud, function: str) -> None:
    name = function.rpartition(":")[2]
    found = read_after_creation(cloud, permission(name))
    assert (found["function"], found["qualifier"]) == (name, None)


def test_the_qualifier_is_taken_from_the_functions_arn(cloud: Cloud, function: str) -> None:
    found = read_after_creation(cloud, permission(f"{function}:live"))
    assert (found["function"], found["qualifier"]) == (function, "live")


def test_a_qualifier_that_the_program_gives_is_read_back(cloud: Cloud, function: str) -> None:
    inputs = permission(function, qualifier="live")
    found = read_after_creation(cloud, inputs)
    assert (found["function"], found["qualifier"]) == (function, "live")
    delete_permission(cloud, "s", found)
    assert read_permission(cloud, "s", found) is None


def test_secrets_manager_may_call_the_alias_that_the_permission_names_and_no_other(
    cloud: Cloud, sm: Any, function: str
) -> None:
    create_permission(cloud, permission(function, qualifier="live"))
    secret = sm.create_secret(Name=f"alias/{function}".replace(":", "-"), SecretString="v")["ARN"]
    rules = {"AutomaticallyAfterDays": 30}
    request = {"SecretId": secret, "RotationRules": rules, "RotateImmediately": False}
    assert refusal(sm.rotate_secret, **request, RotationLambdaARN=function)[0] == (
        "AccessDeniedException"
    )
    sm.rotate_secret(**request, RotationLambdaARN=f"{function}:live")
