"""EventBridge calls functions and publishes to topics, where their policies let it."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any

import pytest

from tests.sandbox.rules.functions_code import Aws, deploy, wait_until

ACCOUNT = "123456789012"
WRITES = """
import boto3, json

def handler(event, context):
    boto3.client("secretsmanager").create_secret(
        Name=context.function_name, SecretString=json.dumps(event))
"""


@pytest.fixture
def source() -> str:
    return f"test.{uuid.uuid4()}"


@pytest.fixture
def rule(aws: Aws, source: str) -> str:
    """A rule for events of the test's own source; its name."""
    name = f"r{uuid.uuid4()}"
    aws("events").put_rule(Name=name, EventPattern=json.dumps({"source": [source]}))
    return name


def arn_of(aws: Aws, rule: str) -> str:
    return str(aws("events").describe_rule(Name=rule)["Arn"])


def put(aws: Aws, source: str, **detail: Any) -> None:
    entry = {"Source": source, "DetailType": "t", "Detail": json.dumps(detail)}
    answer = aws("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0


def failures(aws: Aws, rule: str) -> int:
    """How many calls of a rule failed."""
    now = dt.datetime.now(dt.UTC)
    points = aws("cloudwatch").get_metric_statistics(
        Namespace="AWS/Events",
        MetricName="FailedInvocations",
        Dimensions=[{"Name": "RuleName", "Value": rule}],
        StartTime=now - dt.timedelta(hours=1),
        EndTime=now + dt.timedelta(hours=1),
        Period=7200,
        Statistics=["Sum"],
    )["Datapoints"]
    return int(sum(point["Sum"] for point in points))


def received(aws: Aws, function: str) -> Any:
    """What a function of `WRITES` was called with."""
    client, name = aws("secretsmanager"), function.rpartition(":")[2]

    def read() -> Any:
        try:
            return json.loads(client.get_secret_value(SecretId=name)["SecretString"])
        except client.exceptions.ResourceNotFoundException:
            return None

    return wait_until(read)


def test_a_rule_calls_a_function_whose_policy_names_the_rule(
    aws: Aws, rule: str, source: str
) -> None:
    arn = arn_of(aws, rule)
    function = deploy(aws, WRITES, principal="events.amazonaws.com", conditions={"SourceArn": arn})
    aws("events").put_targets(Rule=rule, Targets=[{"Id": "f", "Arn": function}])
    put(aws, source, n=1)
    event = received(aws, function)
    assert (event["source"], event["detail"], event["account"]) == (source, {"n": 1}, ACCOUNT)
    assert event["time"].endswith("Z")
    assert failures(aws, rule) == 0


def test_a_template_makes_the_functions_event(aws: Aws, rule: str, source: str) -> None:
    function = deploy(aws, WRITES, principal="events.amazonaws.com")
    transformer = {
        "InputPathsMap": {"name": "$.detail.name", "time": "$.time"},
        "InputTemplate": '{"name": "<name>", "time": "<time>", "n": [1]}',
    }
    target = {"Id": "f", "Arn": function, "InputTransformer": transformer}
    aws("events").put_targets(Rule=rule, Targets=[target])
    put(aws, source, name="me")
    event = received(aws, function)
    assert event == {"name": "me", "time": event["time"], "n": [1]}
    assert dt.datetime.fromisoformat(event["time"]).tzinfo is not None


@pytest.mark.parametrize("also_arn", [False, True])
def test_a_source_account_keeps_a_rule_from_calling_its_function(
    aws: Aws, rule: str, source: str, also_arn: bool
) -> None:
    conditions = {"SourceAccount": ACCOUNT}
    if also_arn:
        conditions["SourceArn"] = arn_of(aws, rule)
    function = deploy(aws, WRITES, principal="events.amazonaws.com", conditions=conditions)
    aws("events").put_targets(Rule=rule, Targets=[{"Id": "f", "Arn": function}])
    put(aws, source)
    wait_until(lambda: failures(aws, rule) == 1)


@pytest.mark.parametrize("principal", ["events.amazonaws.com", "secretsmanager.amazonaws.com"])
def test_a_permission_for_another_rule_or_service_is_none(
    aws: Aws, rule: str, source: str, principal: str
) -> None:
    conditions = {"SourceArn": f"{arn_of(aws, rule)}x"}
    function = deploy(aws, WRITES, principal=principal, conditions=conditions)
    aws("events").put_targets(Rule=rule, Targets=[{"Id": "f", "Arn": function}])
    put(aws, source)
    wait_until(lambda: failures(aws, rule) == 1)


def topic_with_queue(aws: Aws) -> tuple[str, str]:
    """A topic and the URL of a queue that subscribes to it."""
    name = f"t{uuid.uuid4()}"
    topic = aws("sns").create_topic(Name=name)["TopicArn"]
    url = aws("sqs").create_queue(QueueName=name)["QueueUrl"]
    queue = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:{name}"
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    return topic, url


def publish_policy(topic: str, rule_arn: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_rule_publishes_to_a_topic_whose_policy_names_it(
    aws: Aws, rule: str, source: str
) -> None:
    topic, url = topic_with_queue(aws)
    aws("sns").set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=publish_policy(topic, arn_of(aws, rule)),
    )
    aws("events").put_targets(Rule=rule, Targets=[{"Id": "t", "Arn": topic}])
    put(aws, source, n=2)
    (message,) = wait_until(lambda: aws("sqs").receive_message(QueueUrl=url).get("Messages"))
    event = json.loads(json.loads(message["Body"])["Message"])
    assert (event["source"], event["detail"]) == (source, {"n": 2})


@pytest.mark.parametrize("policy", ["default", "other"])
def test_a_topic_takes_nothing_from_a_rule_that_its_policy_does_not_name(
    aws: Aws, rule: str, source: str, policy: str
) -> None:
    topic, url = topic_with_queue(aws)
    if policy == "other":
        text = publish_policy(topic, f"{arn_of(aws, rule)}x")
        aws("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=text)
    aws("events").put_targets(Rule=rule, Targets=[{"Id": "t", "Arn": topic}])
    put(aws, source)
    wait_until(lambda: failures(aws, rule) == 1)
    assert "Messages" not in aws("sqs").receive_message(QueueUrl=url)


def test_a_disabled_rule_sends_nothing(aws: Aws, rule: str, source: str) -> None:
    queue = aws("sqs").create_queue(QueueName=rule)["QueueUrl"]
    target = {"Id": "q", "Arn": f"arn:aws:sqs:eu-central-1:{ACCOUNT}:{rule}"}
    aws("events").put_targets(Rule=rule, Targets=[target])
    aws("events").disable_rule(Name=rule)
    put(aws, source)
    assert "Messages" not in aws("sqs").receive_message(QueueUrl=queue)
    aws("events").enable_rule(Name=rule)
    put(aws, source)
    assert len(aws("sqs").receive_message(QueueUrl=queue)["Messages"]) == 1


def test_moves_of_labels_are_reported_except_for_two(aws: Aws, name: str) -> None:
    queue = aws("sqs").create_queue(QueueName=f"q{uuid.uuid4()}")["QueueUrl"]
    queue_arn = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:{queue.rpartition('/')[2]}"
    rule = f"r{uuid.uuid4()}"
    pattern = {"detail-type": ["Secret Label Updated"], "detail": {"name": [name]}}
    aws("events").put_rule(Name=rule, EventPattern=json.dumps(pattern))
    aws("events").put_targets(Rule=rule, Targets=[{"Id": "q", "Arn": queue_arn}])
    sm = aws("secretsmanager")
    arn = sm.create_secret(Name=name)["ARN"]
    ids = []
    for labels in (["AWSCURRENT"], ["AWSPENDING"], ["ours"], ["AWSCURRENT", "ours"]):
        put = sm.put_secret_value(SecretId=name, SecretString=str(labels), VersionStages=labels)
        ids.append(put["VersionId"])

    got = aws("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    events = [json.loads(message["Body"]) for message in got]
    assert {(event["source"], *event["resources"]) for event in events} == {
        ("aws.secretsmanager", arn)
    }
    moved = [(event["detail"]["labelUpdated"], event["detail"]["versionId"]) for event in events]
    assert moved == [
        ("AWSCURRENT", ids[0]),
        ("ours", ids[2]),
        ("AWSCURRENT", ids[3]),
        ("ours", ids[3]),
    ]
