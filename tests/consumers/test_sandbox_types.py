"""The sandbox's types of consumers change in place, or are replaced, as the official provider's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Aws, MakeStack, Run, Stack

PROGRAM = """\
import json
import pulumi
from pulumi_aws import cloudwatch, ecs, iam, lambda_

changed = pulumi.Config().get_bool("changed")
name = pulumi.get_stack()


def trust(service):
    allow = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


def rights(action):
    allow = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


role = iam.Role(
    "r",
    assume_role_policy=trust("ec2.amazonaws.com" if changed else "lambda.amazonaws.com"),
    description="new" if changed else "old",
)
other = iam.Role("s", assume_role_policy=trust("ec2.amazonaws.com"))
iam.RolePolicy("p", role=role.name, policy=rights("s3:GetObject" if changed else "s3:PutObject"))
iam.InstanceProfile("i", role=other.name if changed else role.name)
cloudwatch.LogGroup("l", retention_in_days=None if changed else 7)
function = lambda_.Function(
    "f",
    role=role.arn,
    runtime="python3.13",
    handler="f.h",
    code=pulumi.AssetArchive({"f.py": pulumi.StringAsset("h = 2" if changed else "h = 1")}),
    environment=None if changed else {"variables": {"A": "1"}},
    timeout=9 if changed else 8,
)
rule = cloudwatch.EventRule("e", event_pattern=json.dumps({"source": ["b" if changed else "a"]}))
cloudwatch.EventTarget(
    "t", rule=rule.name, arn=function.arn, input=json.dumps({"n": 2 if changed else 1})
)
cluster = ecs.Cluster("c")
task = ecs.TaskDefinition(
    "d",
    family=f"family-{name}",
    container_definitions=json.dumps(
        [{"name": "app", "image": "app:2" if changed else "app:1", "memory": 128}]
    ),
)
service = ecs.Service(
    "v", cluster=cluster.arn, task_definition=task.arn, desired_count=2 if changed else 1
)
names = ("role", "other", "function", "rule", "cluster", "service")
for one in names:
    pulumi.export(one, globals()[one].name)
"""


@pytest.fixture
def stack(make_stack: MakeStack, tmp_path: Path) -> Iterator[Stack]:
    (tmp_path / "Pulumi.yaml").write_text("name: sandbox-types\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    made = make_stack(tmp_path, "types")
    yield made
    made.pulumi("destroy", "--yes", "--skip-preview")


def kinds(run: Run, *operations: str) -> set[str]:
    return {kind.rpartition(":")[2] for operation, kind in run.steps if operation in operations}


def test_updates_are_in_place_but_replace_a_task_definition(stack: Stack, aws: Aws) -> None:
    stack.up()
    before = stack.outputs()
    stack.pulumi("config", "set", "changed", "true")
    changed = stack.up()
    assert kinds(changed, "update") - {"Stack"} == {
        "Role", "RolePolicy", "InstanceProfile", "LogGroup", "Function", "EventRule", "EventTarget",
        "Service",
    }  # fmt: skip
    assert kinds(changed, "create-replacement") == {"TaskDefinition"}
    assert stack.outputs() == before
    assert set(stack.up("--refresh").changes) == {"same"}

    role = aws("iam").get_role(RoleName=before["role"])["Role"]
    assert role["Description"] == "new"
    assert "ec2" in str(role["AssumeRolePolicyDocument"])
    function = aws("lambda").get_function_configuration(FunctionName=before["function"])
    assert function["Timeout"] == 9
    assert not function.get("Environment", {}).get("Variables")
    (target,) = aws("events").list_targets_by_rule(Rule=before["rule"])["Targets"]
    assert target["Input"] == '{"n": 2}'
    (service,) = aws("ecs").describe_services(
        cluster=before["cluster"], services=[before["service"]]
    )["services"]
    assert service["desiredCount"] == 2
    assert service["taskDefinition"].endswith(":2")
