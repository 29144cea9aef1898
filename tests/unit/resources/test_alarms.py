"""Alarms: which events reach which topic."""

import json
import re

import pytest

from tests.unit.mocks import ACCOUNT, FUNCTION, REGION, deploy

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:ours"
ROTATING = f"secret_data: v, rotation_automatically: true, rotation_lambda_arn: '{FUNCTION}'"
ALARM_KINDS = {"Topic", "TopicPolicy", "EventRule", "EventTarget"}


def map_of(alarms: str, entry: str = ROTATING) -> str:
    return f"context_name: x\nalarms: {alarms}\nsecrets: {{a: {{{entry}}}, still: {{}}}}\n"


def matched_secrets(text: str) -> list[object]:
    pattern = json.loads(deploy(text).made["EventRule", "m-alarms"]["eventPattern"])
    return pattern["detail"]["additionalEventData"]["SecretId"]


def test_each_way_in_which_a_rotation_fails_raises_the_alarm() -> None:
    rule = deploy(map_of("{create: true}")).made["EventRule", "m-alarms"]
    assert json.loads(rule["eventPattern"])["detail"]["eventName"] == [
        "RotationFailed",
        "TestRotationFailed",
        "RotationAbandoned",
    ]


def test_one_prefix_matches_all_secrets_of_the_map() -> None:
    prefix = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x/dev/"
    assert matched_secrets(map_of("{create: true}")) == [{"prefix": prefix}]


def test_adopted_secret_outside_the_hierarchy_is_matched_by_its_arn() -> None:
    adopted = ROTATING.replace("secret_data: v", "import: legacy, owner: operator")
    assert matched_secrets(map_of("{create: true}", adopted))[1:] == [
        f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:legacy-AbCdEf"
    ]


def test_created_topic_lets_only_the_rule_publish() -> None:
    made = deploy(map_of("{create: true}")).made
    assert ("Topic", "m-alarms") in made
    (statement,) = json.loads(made["TopicPolicy", "m-alarms"]["policy"])["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    assert set(statement["Condition"]["ArnEquals"]) == {"aws:SourceArn"}


def test_named_topic_is_published_to_and_keeps_its_policy() -> None:
    made = deploy(map_of(f"{{topic_arn: '{TOPIC}'}}")).made
    assert made["EventTarget", "m-alarms"]["arn"] == TOPIC
    assert not {"Topic", "TopicPolicy"} & {kind for kind, _ in made}


def test_map_in_which_nothing_rotates_creates_no_alarm() -> None:
    made = deploy(map_of("{create: true}", "secret_data: v")).made
    assert not ALARM_KINDS & {kind for kind, _ in made}


def test_map_without_alarms_creates_none() -> None:
    made = deploy(f"context_name: x\nsecrets: {{a: {{{ROTATING}}}}}\n").made
    assert not ALARM_KINDS & {kind for kind, _ in made}


@pytest.mark.parametrize("name", ["n" * 50, "a/b", "with blank", "n" * 200])
def test_topic_and_rule_have_valid_names_whatever_the_component_is_called(name: str) -> None:
    made = deploy(map_of("{create: true}"), name=name).made
    rule, topic = made["EventRule", f"{name}-alarms"], made["Topic", f"{name}-alarms"]
    assert re.fullmatch(r"[0-9A-Za-z_-]{1,64}", rule["name"])
    assert re.fullmatch(r"[0-9A-Za-z_-]{1,80}", topic.get("name", f"{name}-alarms-1234567"))


def test_topic_is_named_where_the_component_has_a_dot_which_only_a_rule_may_have() -> None:
    made = deploy(map_of("{create: true}"), name="a.b").made
    assert re.fullmatch(r"a-b-alarms-[0-9a-f]{8}", made["Topic", "a.b-alarms"]["name"])
    assert "name" not in made["EventRule", "a.b-alarms"]


@pytest.mark.parametrize("name", ["m", "n" * 49])
def test_topic_and_rule_keep_their_automatic_names_where_those_are_valid(name: str) -> None:
    made = deploy(map_of("{create: true}"), name=name).made
    assert "name" not in made["EventRule", f"{name}-alarms"]
    assert "name" not in made["Topic", f"{name}-alarms"]


def test_target_has_an_id_that_aws_accepts_whatever_the_component_is_called() -> None:
    made = deploy(map_of("{create: true}"), name="n" * 100).made
    assert made["EventTarget", f"{'n' * 100}-alarms"]["targetId"] == "alarms"


WATCHED = "{create: true, detections: {}}"


def test_alarm_counts_the_events_of_its_rule_and_reaches_the_topic() -> None:
    made = deploy(map_of(WATCHED)).made
    alarm = made["MetricAlarm", "m-alarms-denied-reads"]
    assert (alarm["namespace"], alarm["metricName"]) == ("AWS/Events", "MatchedEvents")
    assert alarm["threshold"] == 5
    assert alarm["period"] == 300
    assert alarm["treatMissingData"] == "notBreaching"
    assert ("EventTarget", "m-alarms-denied-reads") not in made


def test_created_topic_lets_its_rules_and_alarms_publish() -> None:
    policy = deploy(map_of(WATCHED)).made["TopicPolicy", "m-alarms"]["policy"]
    services = [one["Principal"]["Service"] for one in json.loads(policy)["Statement"]]
    assert services == ["events.amazonaws.com", "cloudwatch.amazonaws.com"]


def test_message_says_what_happened_and_what_to_do() -> None:
    target = deploy(map_of(WATCHED)).made["EventTarget", "m-alarms-deletion"]
    content = json.loads(target["inputTransformer"]["inputTemplate"])["content"]
    assert content["title"] == "A secret was deleted, and not by a deployment"
    assert "map: m" in content["description"]
    assert content["nextSteps"]


def test_detections_report_secrets_that_do_not_rotate_either() -> None:
    deployed = deploy(map_of(WATCHED, "secret_data: v"))
    assert ("Topic", "m-alarms") in deployed.made
    assert ("EventRule", "m-alarms") in deployed.made


def test_named_topic_is_read_for_secrets_that_do_not_rotate() -> None:
    text = "stacks: {sns: o/sns/dev}\n" + map_of(
        "{topic_arn: '${output.sns.topic}', detections: {}}", "secret_data: v"
    )
    made = deploy(text, {"o/sns/dev": {"topic": TOPIC}}).made
    assert made["EventTarget", "m-alarms-deletion"]["arn"] == TOPIC
