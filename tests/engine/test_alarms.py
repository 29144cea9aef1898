"""Alarms: recorded events of failed rotations go through the very pattern of the deployed rule."""

import json
from pathlib import Path

import pytest

from tests.conftest import Aws, MakeStack, Secrets

RECORDED = Path(__file__).parent.parent / "consumers" / "events" / "rotation-succeeded.json"


def told(arn: str, name: str) -> dict[str, str]:
    """The recorded event of a rotation, told of a secret and under another name."""
    event = json.loads(RECORDED.read_text("utf-8").replace("SECRET_ARN", arn))
    return {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps({**event["detail"], "eventName": name}),
    }


def rule_of(aws: Aws, topic: str) -> dict[str, str]:
    (name,) = aws("events").list_rule_names_by_target(TargetArn=topic)["RuleNames"]
    return dict(aws("events").describe_rule(Name=name))


def matched(aws: Aws, pattern: str, entries: list[dict[str, str]]) -> list[str]:
    """Put events and give the names of those that a rule of this pattern takes to a queue."""
    queue = aws("sqs").create_queue(QueueName="alarms")["QueueUrl"]
    arn = aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    events = aws("events")
    events.put_rule(Name="probe", EventPattern=pattern)
    events.put_targets(Rule="probe", Targets=[{"Id": "q", "Arn": arn["Attributes"]["QueueArn"]}])
    events.put_events(Entries=entries)
    bodies = aws("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    events.remove_targets(Rule="probe", Ids=["q"])
    events.delete_rule(Name="probe")
    aws("sqs").delete_queue(QueueUrl=queue)
    return sorted(json.loads(body["Body"])["detail"]["eventName"] for body in bodies)


def a_map(context: str, rotator: str, alarms: str) -> str:
    entry = f"{{secret_data: v, rotation_automatically: true, rotation_lambda_arn: '{rotator}'}}"
    return f"context_name: {context}\nalarms: {alarms}\nsecrets: {{a: {entry}, b: {{secret_data: v}}}}\n"


def test_failed_rotations_reach_the_maps_own_topic(
    secrets: Secrets, aws: Aws, rotator: str
) -> None:
    stack = secrets(a_map("alarmed", rotator, "{create: true}"))
    stack.up()
    outputs = stack.outputs()
    topic, arn = outputs["alarm_topic_arn"], outputs["secret_arns"]["a"]
    rule = rule_of(aws, topic)
    foreign = arn.replace("alarmed/", "others/")
    events = aws("events")
    targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert [target["Arn"] for target in targets] == [topic]
    events.remove_targets(Rule=rule["Name"], Ids=[targets[0]["Id"]])  # moto cannot call SNS
    names = ["RotationFailed", "TestRotationFailed", "RotationAbandoned", "RotationSucceeded"]
    entries = [*(told(arn, name) for name in names), told(foreign, "RotationFailed")]
    assert matched(aws, rule["EventPattern"], entries) == sorted(names[:3])
    policy = json.loads(aws("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": rule["Arn"]}}
    events.put_targets(Rule=rule["Name"], Targets=targets)
    assert set(stack.up("--refresh").changes) == {"same"}
    stack.pulumi("destroy", "--yes")


def test_custom_topic_is_used_and_survives_destroy(
    secrets: Secrets, aws: Aws, rotator: str
) -> None:
    topic = aws("sns").create_topic(Name="on-call")["TopicArn"]
    stack = secrets(a_map("oncall", rotator, f"{{topic_arn: '{topic}'}}"))
    stack.up()
    assert stack.outputs()["alarm_topic_arn"] == topic
    assert rule_of(aws, topic)["EventPattern"]
    stack.pulumi("destroy", "--yes")
    assert aws("sns").get_topic_attributes(TopicArn=topic)


def test_next_rotation_is_an_output_of_the_run_after_it_was_set(
    secrets: Secrets, rotator: str
) -> None:
    stack = secrets(a_map("next", rotator, "{}"))
    stack.up()
    stack.up()
    assert set(stack.outputs()["next_rotations"]) == {"a"}


@pytest.mark.parametrize("owner", ["map", "operator"])
def test_password_that_may_have_been_replaced_is_marked(
    secrets: Secrets, make_stack: MakeStack, owner: str
) -> None:
    stack = secrets(
        f"context_name: mark{owner}\nsecrets: {{a: {{generate_random_password: true, owner: {owner}}}}}\n"
    )
    stack.up()
    assert stack.outputs()["initial_passwords"] == ([] if owner == "map" else ["a"])
    folder = stack.project / "consumer"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: consumer\nruntime: python\n")
    (folder / "__main__.py").write_text(
        "import pulumi\nfrom secrets_component import SecretMapReference\n"
        f"producer = SecretMapReference('organization/secrets/{stack.name}')\n"
        "pulumi.export('password', producer.generated_password('a'))\n"
    )
    consumer = make_stack(folder, f"consumer-{owner}")
    run = consumer.up(good=owner == "map")
    if owner == "operator":
        assert "`a`: the generated password is the first value only" in run.diagnostics
    else:
        assert consumer.outputs()["password"] == stack.outputs()["generated_passwords"]["a"]
