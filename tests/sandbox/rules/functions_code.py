"""Functions for the sandbox to run, as zips."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

Aws = Callable[[str], Any]

ROTATES = '''
import boto3

STEPS = []

def handler(event, context):
    """Rotate a text as AWS's generic template does."""
    client = boto3.client("secretsmanager")
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    STEPS.append(step)
    print("doing", step)
    if step == "createSecret":
        client.put_secret_value(
            SecretId=arn, ClientRequestToken=token, SecretString="new", VersionStages=["AWSPENDING"])
    if step == "finishSecret":
        old = client.get_secret_value(SecretId=arn)["VersionId"]
        client.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=old)
        print("steps", STEPS)
'''
FAILS = ROTATES.replace('print("doing", step)', 'assert step != "testSecret", "no such user"')
CREATES_NOTHING = "def handler(event, context):\n    pass\n"


def zipped(**modules: str) -> bytes:
    """A zip of modules by name."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, code in modules.items():
            archive.writestr(f"{name}.py", code)
    return packed.getvalue()


def deploy(
    aws: Aws,
    code: bytes | str,
    *,
    principal: str | None = "secretsmanager.amazonaws.com",
    conditions: dict[str, str] | None = None,
    **settings: Any,
) -> str:
    """Create a function and let a service call it; return its ARN."""
    if isinstance(code, str):
        code = zipped(index=code)
    name = f"runs-{uuid.uuid4()}"
    role = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    given = {"Runtime": "python3.13", "Handler": "index.handler", "Timeout": 30, **settings}
    made = aws("lambda").create_function(
        FunctionName=name, Role=role, Code={"ZipFile": code}, **given
    )
    if principal:
        allow(aws, name, principal, **(conditions or {}))
    return str(made["FunctionArn"])


def allow(aws: Aws, name: str, principal: str, **conditions: str) -> None:
    aws("lambda").add_permission(
        FunctionName=name,
        StatementId=f"s{uuid.uuid4()}",
        Action="lambda:InvokeFunction",
        Principal=principal,
        **conditions,
    )


def wait_until(condition: Callable[[], Any], seconds: float = 40) -> Any:
    """Wait for what happens in the background; return what the condition gives."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.1)


class Queue:
    """A queue that takes every event of Secrets Manager about one secret."""

    def __init__(self, aws: Aws, secret_arn: str) -> None:
        self._sqs, events = aws("sqs"), aws("events")
        name = f"q{uuid.uuid4()}"
        self.url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        self.arn = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])[
            "Attributes"
        ]["QueueArn"]
        pattern = {
            "source": ["aws.secretsmanager"],
            "detail-type": ["AWS Service Event via CloudTrail"],
            "detail": {"additionalEventData": {"SecretId": [secret_arn]}},
        }
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": self.arn}])
        self.seen: list[dict[str, Any]] = []

    def events(self) -> list[dict[str, Any]]:
        """Every event so far, in order."""
        got = self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        for message in got.get("Messages", []):
            self.seen.append(json.loads(message["Body"]))
            self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return self.seen

    def wait_for(self, name: str) -> dict[str, Any]:
        """The detail of the first event of a name."""
        found: dict[str, Any] = wait_until(
            lambda: next(
                (e["detail"] for e in self.events() if e["detail"]["eventName"] == name), None
            )
        )
        return found

    def names(self) -> list[str]:
        return [event["detail"]["eventName"] for event in self.events()]
