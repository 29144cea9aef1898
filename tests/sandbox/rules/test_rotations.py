"""RotateSecret really rotates: the zip of the secret's function runs, and the end is reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox.environment import Sandbox
from tests.sandbox.rules.calls import refusal
from tests.sandbox.rules.functions_code import (
    CREATES_NOTHING,
    FAILS,
    ROTATES,
    Aws,
    Queue,
    deploy,
    wait_until,
    zipped,
)

RULES = {"AutomaticallyAfterDays": 30}
Labels = Callable[[str], dict[str, list[str]]]


@pytest.fixture
def arn(sm: Any, secret: str) -> str:
    return str(sm.describe_secret(SecretId=secret)["ARN"])


@pytest.fixture
def queue(aws: Aws, arn: str) -> Queue:
    return Queue(aws, arn)


@pytest.fixture
def log(sandbox: Sandbox) -> Callable[[], str]:
    return lambda: (sandbox.home / "api.log").read_text("utf-8")


def rotate(sm: Any, secret: str, function: str) -> str:
    begun = sm.rotate_secret(SecretId=secret, RotationLambdaARN=function, RotationRules=RULES)
    return str(begun["VersionId"])


def test_a_rotation_ends_with_the_new_version_current(
    sm: Any, aws: Aws, secret: str, queue: Queue, labels: Labels
) -> None:
    token = rotate(sm, secret, deploy(aws, ROTATES))
    queue.wait_for("RotationSucceeded")
    assert labels(secret) == {"v1": ["AWSPREVIOUS"], "new": ["AWSCURRENT", "AWSPENDING"]}
    found = sm.describe_secret(SecretId=secret)
    assert found["VersionIdsToStages"][token] == ["AWSPENDING", "AWSCURRENT"]
    assert "LastRotatedDate" in found


def test_the_four_steps_run_in_order_and_only_their_own_log_is_kept(
    sm: Any, aws: Aws, secret: str, queue: Queue, log: Callable[[], str]
) -> None:
    function = deploy(aws, ROTATES)
    rotate(sm, secret, function)
    queue.wait_for("RotationSucceeded")
    steps = "steps ['createSecret', 'setSecret', 'testSecret', 'finishSecret']"
    name = function.rpartition(":")[2]
    wait_until(lambda: f"{name}: {steps}" in log())


def test_the_events_are_those_that_were_recorded(
    sm: Any, aws: Aws, secret: str, arn: str, queue: Queue
) -> None:
    token = rotate(sm, secret, deploy(aws, ROTATES))
    detail = queue.wait_for("RotationSucceeded")
    assert queue.names() == ["RotationStarted", "RotationSucceeded"]
    assert detail["additionalEventData"] == {"SecretId": arn}
    assert (detail["requestParameters"], detail["responseElements"]) == (None, None)
    assert (detail["eventType"], detail["eventSource"]) == (
        "AwsServiceEvent",
        "secretsmanager.amazonaws.com",
    )
    assert detail["requestID"] == f"Rotation-{arn}-{token}"
    assert "errorMessage" not in detail


def test_a_failed_rotation_keeps_every_version_and_is_reported(
    sm: Any, aws: Aws, secret: str, queue: Queue, labels: Labels
) -> None:
    function = deploy(aws, FAILS)
    rotate(sm, secret, function)
    detail = queue.wait_for("RotationFailed")
    assert (
        detail["errorMessage"] == f"Error when executing lambda {function} during testSecret step"
    )
    assert queue.names() == ["RotationStarted", "RotationFailed"]
    assert labels(secret) == {"v1": ["AWSCURRENT"], "new": ["AWSPENDING"]}


def test_a_second_rotation_is_refused_and_the_first_is_attempted_again(
    sm: Any, aws: Aws, secret: str, queue: Queue, labels: Labels
) -> None:
    function = deploy(aws, FAILS)
    rotate(sm, secret, function)
    queue.wait_for("RotationFailed")
    aws("lambda").update_function_code(FunctionName=function, ZipFile=zipped(index=ROTATES))
    assert refusal(sm.rotate_secret, SecretId=secret) == (
        "InvalidRequestException",
        "A previous rotation isn't complete. That rotation will be reattempted.",
    )
    queue.wait_for("RotationSucceeded")
    assert labels(secret) == {"v1": ["AWSPREVIOUS"], "new": ["AWSCURRENT", "AWSPENDING"]}


def test_a_function_that_creates_no_value_fails_in_aws_words(
    sm: Any, aws: Aws, secret: str, arn: str, queue: Queue
) -> None:
    function = deploy(aws, CREATES_NOTHING)
    token = rotate(sm, secret, function)
    assert queue.wait_for("RotationFailed")["errorMessage"] == (
        f"Pending secret version {token} for Secret {arn} was not created by Lambda {function}. "
        "Remove the AWSPENDING staging label and restart rotation."
    )
    assert sm.get_secret_value(SecretId=secret)["SecretString"] == "v1"


@dataclass(frozen=True)
class Broken:
    """A function that cannot run, and what the log says of it."""

    reason: str
    code: str | bytes = ROTATES
    settings: dict[str, Any] = field(default_factory=dict)


BROKEN = {
    "node": Broken(
        "has the runtime nodejs22.x; the sandbox runs Python", settings={"Runtime": "nodejs22.x"}
    ),
    "no-handler": Broken("failed: ModuleNotFoundError", settings={"Handler": "other.handler"}),
    "slow": Broken(
        "timed out after 1.00 s", "import time\ndef handler(*_): time.sleep(60)", {"Timeout": 1}
    ),
    "exits": Broken("exited without an answer", "import os\ndef handler(*_): os._exit(1)"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_function_that_cannot_run_fails_the_rotation_and_the_log_says_why(
    sm: Any, aws: Aws, secret: str, queue: Queue, log: Callable[[], str], kind: str
) -> None:
    broken = BROKEN[kind]
    function = deploy(aws, broken.code, **broken.settings)
    rotate(sm, secret, function)
    message = queue.wait_for("RotationFailed")["errorMessage"]
    assert message == f"Error when executing lambda {function} during createSecret step"
    lines = [line for line in log().splitlines() if function.rpartition(":")[2] in line]
    assert any(broken.reason in line for line in lines), lines
    assert sm.get_secret_value(SecretId=secret)["SecretString"] == "v1"


@pytest.mark.parametrize("wrong", ["account", "secret", "principal"])
def test_rotation_is_refused_where_the_functions_policy_does_not_allow_it(
    sm: Any, aws: Aws, secret: str, arn: str, wrong: str
) -> None:
    conditions = {"SourceAccount": "123456789012", "SourceArn": arn}
    if wrong == "account":
        conditions["SourceAccount"] = "999999999999"
    if wrong == "secret":
        conditions["SourceArn"] = f"{arn}x"
    principal = "secretsmanager.amazonaws.com"
    if wrong == "principal":
        principal = "events.amazonaws.com"
    function = deploy(aws, ROTATES, principal=principal, conditions=conditions)
    assert refusal(
        sm.rotate_secret, SecretId=secret, RotationLambdaARN=function, RotationRules=RULES
    ) == (
        "AccessDeniedException",
        "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function "
        "policy grants access to the principal secretsmanager.amazonaws.com.",
    )
    assert list(sm.describe_secret(SecretId=secret)["VersionIdsToStages"].values()) == [
        ["AWSCURRENT"]
    ]


def test_a_permission_for_this_account_and_secret_is_enough(
    sm: Any, aws: Aws, secret: str, arn: str, queue: Queue
) -> None:
    conditions = {"SourceAccount": "123456789012", "SourceArn": arn}
    rotate(sm, secret, deploy(aws, ROTATES, conditions=conditions))
    queue.wait_for("RotationSucceeded")


def test_a_cancelled_rotation_goes_no_further(
    sm: Any, aws: Aws, secret: str, queue: Queue, labels: Labels, log: Callable[[], str]
) -> None:
    slow = ROTATES.replace('print("doing", step)', "import time; time.sleep(1.5)")
    rotate(sm, secret, deploy(aws, slow))
    wait_until(lambda: "new" in labels_of_filled(sm, secret))
    sm.cancel_rotate_secret(SecretId=secret)
    arn = sm.describe_secret(SecretId=secret)["ARN"]
    wait_until(lambda: f"the rotation of {arn} was cancelled" in log())
    assert labels(secret) == {"v1": ["AWSCURRENT"], "new": ["AWSPENDING"]}
    assert queue.names() == ["RotationStarted"]


def labels_of_filled(sm: Any, secret: str) -> list[str]:
    """The values of the versions that have one."""
    values = []
    for version in sm.describe_secret(SecretId=secret)["VersionIdsToStages"]:
        try:
            values.append(sm.get_secret_value(SecretId=secret, VersionId=version)["SecretString"])
        except sm.exceptions.ResourceNotFoundException:
            continue
    return values


def test_the_same_request_token_rotates_once(sm: Any, aws: Aws, secret: str, queue: Queue) -> None:
    function, token = deploy(aws, ROTATES), "t" * 32
    request = {
        "SecretId": secret,
        "ClientRequestToken": token,
        "RotationLambdaARN": function,
        "RotationRules": RULES,
    }
    assert sm.rotate_secret(**request)["VersionId"] == token
    assert sm.rotate_secret(**request)["VersionId"] == token
    queue.wait_for("RotationSucceeded")
    assert sm.rotate_secret(**request)["VersionId"] == token
    assert sm.get_secret_value(SecretId=secret)["VersionId"] == token
    assert queue.names() == ["RotationStarted", "RotationSucceeded"]


TESTS = """
import boto3

def handler(event, context):
    client = boto3.client("secretsmanager")
    arn, token = event["SecretId"], event["ClientRequestToken"]
    found = client.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
    print(event["Step"], "of the current value:", found["SecretString"] == "v1")
"""


def plan(sm: Any, secret: str, function: str) -> None:
    sm.rotate_secret(
        SecretId=secret,
        RotationLambdaARN=function,
        RotationRules=RULES,
        RotateImmediately=False,
    )


def test_without_rotate_immediately_only_the_test_step_runs(
    sm: Any, aws: Aws, secret: str, queue: Queue, labels: Labels, log: Callable[[], str]
) -> None:
    function = deploy(aws, TESTS)
    plan(sm, secret, function)
    queue.wait_for("TestRotationSucceeded")
    assert queue.names() == ["TestRotationStarted", "TestRotationSucceeded"]
    name = function.rpartition(":")[2]
    wait_until(lambda: f"{name}: testSecret of the current value: True" in log())
    assert log().count(f"{name}: testSecret") == 1
    assert labels(secret) == {"v1": ["AWSCURRENT"]}
    assert "LastRotatedDate" not in sm.describe_secret(SecretId=secret)


def test_a_function_that_fails_its_test_is_reported_and_leaves_no_version(
    sm: Any, aws: Aws, secret: str, queue: Queue, labels: Labels
) -> None:
    function = deploy(aws, FAILS)
    plan(sm, secret, function)
    detail = queue.wait_for("TestRotationFailed")
    assert detail["errorMessage"] == (
        f"Error when executing lambda {function} during testSecret step"
    )
    assert labels(secret) == {"v1": ["AWSCURRENT"]}
    assert sm.describe_secret(SecretId=secret)["RotationEnabled"] is True


def test_a_rotation_waits_for_the_test_before_it(
    sm: Any, aws: Aws, secret: str, queue: Queue, labels: Labels
) -> None:
    function = deploy(aws, ROTATES)
    plan(sm, secret, function)
    rotate(sm, secret, function)
    queue.wait_for("RotationSucceeded")
    assert labels(secret) == {"v1": ["AWSPREVIOUS"], "new": ["AWSCURRENT", "AWSPENDING"]}


def test_a_secret_without_a_value_is_not_tested(sm: Any, aws: Aws, name: str, queue: Queue) -> None:
    empty = f"{name}-empty"
    sm.create_secret(Name=empty)
    plan(sm, empty, deploy(aws, FAILS))
    assert "VersionIdsToStages" not in sm.describe_secret(SecretId=empty)


def test_the_label_of_a_finished_rotation_goes_with_the_test(
    sm: Any, aws: Aws, secret: str, queue: Queue, labels: Labels
) -> None:
    function = deploy(aws, ROTATES)
    rotate(sm, secret, function)
    queue.wait_for("RotationSucceeded")
    plan(sm, secret, function)
    queue.wait_for("TestRotationSucceeded")
    assert labels(secret) == {"v1": ["AWSPREVIOUS"], "new": ["AWSCURRENT"]}
