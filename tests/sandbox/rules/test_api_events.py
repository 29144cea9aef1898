"""Calls become CloudTrail's events where a trail logs; reading ones reach rules in one state only."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from sandbox.environment import REGION, Sandbox
from tests.sandbox.rules.calls import refusal
from tests.sandbox.rules.functions_code import Aws

ACCOUNT = "123456789012"
READ_STATE = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


@pytest.fixture(scope="module")
def trail(aws: Aws) -> Iterator[str]:
    """A trail of the region that logs."""
    where = {"LocationConstraint": REGION}
    aws("s3").create_bucket(Bucket="api-events", CreateBucketConfiguration=where)
    aws("cloudtrail").create_trail(Name="api-events", S3BucketName="api-events")
    aws("cloudtrail").start_logging(Name="api-events")
    yield "api-events"
    aws("cloudtrail").delete_trail(Name="api-events")
    aws("s3").delete_bucket(Bucket="api-events")


@pytest.fixture
def heard(aws: Aws, name: str) -> Iterator[Callable[..., Any]]:
    """Make a rule for the calls about one secret; return the details that it has taken."""
    rules: list[str] = []

    def listen(state: str) -> Callable[[], list[Any]]:
        rule = f"r{uuid.uuid4()}"
        url = aws("sqs").create_queue(QueueName=rule)["QueueUrl"]
        named = {"requestParameters": {"secretId": [name]}}
        denied = {"errorMessage": [{"wildcard": f"*{name}*"}]}
        pattern = {"source": ["aws.secretsmanager"], "detail": {"$or": [named, denied]}}
        aws("events").put_rule(Name=rule, EventPattern=json.dumps(pattern), State=state)
        queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{rule}"
        aws("events").put_targets(Rule=rule, Targets=[{"Id": "q", "Arn": queue}])
        rules.append(rule)

        def details() -> list[Any]:
            got = aws("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
            return [json.loads(one["Body"])["detail"] for one in got.get("Messages", [])]

        return details

    yield listen
    for rule in rules:
        aws("events").remove_targets(Rule=rule, Ids=["q"])
        aws("events").delete_rule(Name=rule)


def names(details: list[Any]) -> list[str]:
    return [detail["eventName"] for detail in details]


@pytest.mark.usefixtures("trail")
def test_reading_calls_reach_only_rules_that_ask_for_them(
    aws: Aws, secret: str, heard: Callable[..., Any]
) -> None:
    everything, changes, off = heard(READ_STATE), heard("ENABLED"), heard("DISABLED")
    client = aws("secretsmanager")
    client.get_secret_value(SecretId=secret)
    client.put_secret_value(SecretId=secret, SecretString="hidden")
    found = everything()
    assert names(found) == ["GetSecretValue", "PutSecretValue"]
    assert names(changes()) == ["PutSecretValue"]
    assert off() == []
    assert [detail["readOnly"] for detail in found] == [True, False]
    assert found[0]["requestParameters"] == {"secretId": secret}
    assert "hidden" not in json.dumps(found)


@pytest.mark.usefixtures("trail")
def test_caller_is_named_as_cloudtrail_names_the_session_of_a_role(
    aws: Aws, sandbox: Sandbox, secret: str, heard: Callable[..., Any]
) -> None:
    everything = heard(READ_STATE)
    role = f"reads-{uuid.uuid4()}"
    iam = aws("iam")
    arn = iam.create_role(RoleName=role, Path="/x/", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    made = aws("sts").assume_role(RoleArn=arn, RoleSessionName="someone")["Credentials"]
    session = boto3.Session(
        made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], region_name=REGION
    )
    client = session.client("secretsmanager", endpoint_url=sandbox.endpoint)
    refusal(client.get_secret_value, SecretId=secret)
    (detail,) = everything()
    assert detail["errorCode"] == "AccessDenied"
    assert secret in detail["errorMessage"]
    assert detail["requestParameters"] is None
    who = detail["userIdentity"]
    assert (who["type"], who["arn"]) == (
        "AssumedRole",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/someone",
    )
    issuer = who["sessionContext"]["sessionIssuer"]
    assert (issuer["userName"], issuer["arn"]) == (role, arn)
    iam.delete_role(RoleName=role)


def test_nothing_comes_without_a_trail(aws: Aws, secret: str, heard: Callable[..., Any]) -> None:
    logged = aws("cloudtrail").describe_trails()["trailList"]
    for trail in logged:
        aws("cloudtrail").stop_logging(Name=trail["Name"])
    everything = heard(READ_STATE)
    aws("secretsmanager").get_secret_value(SecretId=secret)
    assert everything() == []
    for trail in logged:
        aws("cloudtrail").start_logging(Name=trail["Name"])
