"""`rotate-secret` on a deployed map: the value changes, readers restart, a failure is reported."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Aws, Live, Secrets
from tests.sandbox.rules.functions_code import deploy, wait_until, zipped

MAP = """\
context_name: runs
alarms: {{create: true}}
secrets:
  pw:
    generate_random_password: true
    rotation_automatically: true
    rotation: {{function: generated-password}}
    on_rotate: [{{lambda: '{reader}'}}]
"""


@pytest.fixture
def reader(aws: Aws) -> str:
    """The ARN of a function that reads the secret."""
    return deploy(aws, "def handler(*_): pass", principal=None)


@pytest.fixture
def inbox(aws: Aws) -> Iterator[Any]:
    """Make a queue that takes what a topic publishes; return what reads it."""
    name = f"inbox-{uuid.uuid4()}"
    url = aws("sqs").create_queue(QueueName=name)["QueueUrl"]
    queue = f"arn:aws:sqs:eu-central-1:123456789012:{name}"

    def read(topic: str) -> Any:
        found = aws("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        if not found:
            aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        messages = aws("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        bodies = [json.loads(one["Body"]) for one in messages.get("Messages", [])]
        return [json.loads(body["Message"])["content"]["description"] for body in bodies]

    yield read
    aws("sqs").delete_queue(QueueUrl=url)


def test_rotate_secret_reaches_the_new_value_its_readers_and_the_alarms(
    secrets: Secrets, aws: Aws, live: Live, reader: str, inbox: Any
) -> None:
    stack = secrets(MAP.format(reader=reader))
    stack.up()
    outputs = stack.outputs()
    arn, topic = outputs["secret_arns"]["pw"], outputs["alarm_topic_arn"]
    assert inbox(topic) == []
    sm, lambda_ = aws("secretsmanager"), aws("lambda")
    first = live(arn)

    token = sm.rotate_secret(SecretId=arn)["VersionId"]
    wait_until(lambda: live(arn) != first)
    found = sm.describe_secret(SecretId=arn)
    assert "AWSCURRENT" in found["VersionIdsToStages"][token]
    assert len(live(arn)) == 32
    previous = sm.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")
    assert previous["SecretString"] == first
    wait_until(
        lambda: lambda_.get_function_configuration(FunctionName=reader)["Description"].startswith(
            "restarted: new value of its secret at 20"
        )
    )

    second = live(arn)
    assert set(stack.up("--refresh").changes) == {"same"}
    assert live(arn) == second

    broken = zipped(rotators="raise ValueError")
    lambda_.update_function_code(FunctionName=found["RotationLambdaARN"], ZipFile=broken)
    sm.rotate_secret(SecretId=arn)
    (told,) = wait_until(lambda: inbox(topic))
    assert "what: RotationFailed" in told
    assert f"on: {arn}" in told
    assert live(arn) == second
    log = (stack.sandbox.home / "api.log").read_text("utf-8")
    assert "finishSecret done for" in log
    assert not [value for value in (first, second) if value in log]
    stack.pulumi("destroy", "--yes")


def test_a_map_that_rotates_immediately_has_a_new_value_after_its_deployment(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    stack = secrets(
        "context_name: atonce\nsecrets:\n  pw: {generate_random_password: true, "
        "rotation_automatically: true, rotate_immediately: true, "
        "rotation: {function: generated-password}}\n"
    )
    stack.up()
    outputs = stack.outputs()
    arn = outputs["secret_arns"]["pw"]
    wait_until(lambda: live(arn) != outputs["generated_passwords"]["pw"])
    assert set(stack.up("--refresh").changes) == {"same"}
    stack.pulumi("destroy", "--yes")


def test_shipped_function_passes_the_test_that_precedes_a_scheduled_rotation(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    """Without `rotate_immediately`, AWS calls testSecret alone, on a version with the value in use."""
    stack = secrets(
        "context_name: tested\nsecrets:\n  pw: {generate_random_password: true, "
        "rotation_automatically: true, rotation: {function: generated-password}}\n"
    )
    stack.up()
    outputs = stack.outputs()
    arn, password = outputs["secret_arns"]["pw"], outputs["generated_passwords"]["pw"]
    log = stack.sandbox.home / "api.log"
    wait_until(lambda: f"the test of the rotation of {arn} succeeded" in log.read_text("utf-8"))
    assert f"testSecret done for {arn}" in log.read_text("utf-8")
    assert live(arn) == password
    assert len(aws("secretsmanager").describe_secret(SecretId=arn)["VersionIdsToStages"]) == 1
    assert set(stack.up("--refresh").changes) == {"same"}
