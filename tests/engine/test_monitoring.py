"""Monitoring, really deployed: a stranger reads, and the topic hears who, what and what to do."""

import json
from collections.abc import Iterator

import boto3
import pytest

from sandbox.environment import REGION, Sandbox
from tests.conftest import Aws, Secrets
from tests.sandbox.rules.functions_code import wait_until

ACCOUNT = "123456789012"
READS = {"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [READS]})


@pytest.fixture
def trail(aws: Aws) -> Iterator[None]:
    """A trail that logs the region, without which EventBridge hears nothing."""
    where = {"LocationConstraint": REGION}
    aws("s3").create_bucket(Bucket="monitoring", CreateBucketConfiguration=where)
    aws("cloudtrail").create_trail(Name="monitoring", S3BucketName="monitoring")
    aws("cloudtrail").start_logging(Name="monitoring")
    yield
    aws("cloudtrail").delete_trail(Name="monitoring")
    aws("s3").delete_bucket(Bucket="monitoring")


@pytest.fixture
def roles(aws: Aws) -> Iterator[dict[str, str]]:
    """Two roles that may both read, of which the map names one; their ARNs."""
    iam = aws("iam")
    made = {}
    for name in ("declared-reader", "stranger"):
        created = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=POLICY)
        made[name] = created["Role"]["Arn"]
    yield made
    for name in made:
        iam.delete_role_policy(RoleName=name, PolicyName="p")
        iam.delete_role(RoleName=name)


@pytest.mark.usefixtures("trail")
def test_topic_hears_of_a_strangers_read_and_of_no_declared_one(
    secrets: Secrets, aws: Aws, sandbox: Sandbox, roles: dict[str, str]
) -> None:
    stack = secrets(
        "context_name: heard\n"
        f"access: {{readers: ['{roles['declared-reader']}']}}\n"
        "alarms: {create: true, detections: {many_unexpected_reads: true}}\n"
        "secrets: {a: {secret_data: never-shown}}\n"
    )
    stack.up()
    outputs = stack.outputs()
    topic, arn = outputs["alarm_topic_arn"], outputs["secret_arns"]["a"]
    url = aws("sqs").create_queue(QueueName="heard")["QueueUrl"]
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:heard"
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)

    for name in ("declared-reader", "stranger"):
        made = aws("sts").assume_role(RoleArn=roles[name], RoleSessionName="someone")["Credentials"]
        keys = made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]
        session = boto3.Session(*keys, region_name=REGION)
        client = session.client("secretsmanager", endpoint_url=sandbox.endpoint)
        assert client.get_secret_value(SecretId=arn)["SecretString"] == "never-shown"

    messages = wait_until(lambda: aws("sqs").receive_message(QueueUrl=url).get("Messages"))
    told = [json.loads(json.loads(one["Body"])["Message"])["content"] for one in messages]
    (content,) = told
    assert content["title"] == "A secret was read by a caller whom the map does not name"
    who = f"by: arn:aws:sts::{ACCOUNT}:assumed-role/stranger/someone of account {ACCOUNT}"
    assert who in content["description"]
    assert f"on: {arn}" in content["description"]
    assert "<" not in content["description"]
    assert content["nextSteps"]
    assert "never-shown" not in json.dumps(messages)


@pytest.mark.long
def test_second_run_changes_nothing_and_destroy_leaves_nothing(secrets: Secrets, aws: Aws) -> None:
    stack = secrets(
        "context_name: again\n"
        "kms: {create: true}\n"
        "alarms: {create: true, detections: {many_unexpected_reads: true, batch_read: true}}\n"
        "secrets: {a: {secret_data: v}}\n"
    )
    stack.up()
    topic = stack.outputs()["alarm_topic_arn"]
    alarms = aws("cloudwatch").describe_alarms()["MetricAlarms"]
    assert len([one for one in alarms if one["AlarmActions"] == [topic]]) == 2
    assert set(stack.up("--refresh").changes) == {"same"}
    stack.pulumi("destroy", "--yes")
    left = aws("cloudwatch").describe_alarms()["MetricAlarms"]
    assert [one for one in left if one["AlarmActions"] == [topic]] == []
    assert aws("events").list_rule_names_by_target(TargetArn=topic)["RuleNames"] == []
