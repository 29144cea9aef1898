"""`on_rotate`, really deployed: the event of a new value goes through the rule to the function."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.environment import Sandbox
from secrets_component.resources import restart_function
from tests.conftest import Aws, Secrets, Stack

ACCOUNT, REGION = "123456789012", "eu-central-1"


def new_value_of(arn: str, label: str = "AWSCURRENT") -> dict[str, Any]:
    """The event of AWS's page, `event-detail-secret-label-updated-secretsmanager.html`."""
    detail = {"name": "n", "labelUpdated": label, "versionId": "v2"}
    return {
        "Source": "aws.secretsmanager",
        "DetailType": "Secret Label Updated",
        "Resources": [arn],
        "Detail": json.dumps(detail),
    }


@pytest.fixture
def role(aws: Aws) -> Iterator[str]:
    trust = {"Version": "2012-10-17", "Statement": []}
    made = aws("iam").create_role(RoleName="some-role", AssumeRolePolicyDocument=json.dumps(trust))
    yield made["Role"]["Arn"]
    aws("iam").delete_role(RoleName="some-role")


@pytest.fixture
def service(aws: Aws) -> Iterator[str]:
    """A service on a cluster, deployed once; its name with the cluster's."""
    ecs = aws("ecs")
    ecs.create_cluster(clusterName="main")
    ecs.register_task_definition(
        family="orders", containerDefinitions=[{"name": "app", "image": "app", "memory": 128}]
    )
    ecs.create_service(cluster="main", serviceName="orders", taskDefinition="orders")
    yield "main/orders"
    ecs.delete_service(cluster="main", service="orders", force=True)
    ecs.delete_cluster(cluster="main")


@pytest.fixture
def functions(aws: Aws, role: str) -> Iterator[list[str]]:
    """Two functions in the account, one that rotates and one that reads; their ARNs."""
    made = [
        aws("lambda").create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.13",
            Handler="f.h",
            Code={"ZipFile": b"PK\x05\x06" + b"\x00" * 18},
        )
        for name in ("rotates", "reads")
    ]
    yield [function["FunctionArn"] for function in made]
    for function in made:
        aws("lambda").delete_function(FunctionName=function["FunctionName"])


@pytest.fixture
def in_lambda(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that the function finds, with the sandbox for AWS."""
    for name, value in sandbox.environment().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)


def the_map(service: str, functions: list[str]) -> str:
    rotating = f"rotation_automatically: true, rotation_lambda_arn: '{functions[0]}'"
    return f"""\
        context_name: restart
        defaults: {{recovery_window_in_days: 0}}
        secrets:
          db: {{secret_data: v, {rotating}, on_rotate: [{{ecs_service: {service}}}, {{lambda: reads}}]}}
          other: {{secret_data: v, {rotating}, on_rotate: [{{lambda: '{functions[1]}'}}]}}
          quiet: {{secret_data: v, {rotating}}}
    """


def rules_of(stack: Stack, aws: Aws) -> list[str]:
    """The rules that a stack's secrets have."""
    found = aws("events").list_rules(NamePrefix="secretsmap-on-rotate-")["Rules"]
    return [rule["Name"] for rule in found if f"/{stack.name}/" in rule["Description"]]


def deployments(aws: Aws) -> tuple[int, str]:
    found = aws("ecs").describe_services(cluster="main", services=["orders"])["services"][0]
    return len(found["deployments"]), found["deployments"][0]["id"]


@pytest.mark.usefixtures("in_lambda")
def test_a_rotation_restarts_its_own_readers_and_no_others(
    secrets: Secrets, aws: Aws, service: str, functions: list[str]
) -> None:
    stack = secrets(the_map(service, functions))
    stack.pulumi("preview")
    stack.up()
    arns = stack.outputs()["secret_arns"]
    assert set(stack.up("--refresh").changes) == {"same"}
    queue = aws("sqs").create_queue(QueueName="told")["QueueUrl"]
    queue_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:told"
    for rule in rules_of(stack, aws):
        # moto calls no function; a queue in its place shows what the function would be told.
        (target,) = aws("events").list_targets_by_rule(Rule=rule)["Targets"]
        assert ":function:" in target["Arn"]
        aws("events").put_targets(Rule=rule, Targets=[{**target, "Arn": queue_arn}])

    aws("events").put_events(
        Entries=[
            new_value_of(arns["quiet"]),
            new_value_of(arns["db"] + "x"),
            new_value_of(arns["db"], "secretsmap"),
            {**new_value_of(arns["db"]), "DetailType": "AWS API Call via CloudTrail"},
        ]
    )
    assert "Messages" not in aws("sqs").receive_message(QueueUrl=queue)

    aws("secretsmanager").put_secret_value(SecretId=arns["db"], SecretString="by hand")
    (message,) = aws("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    told = json.loads(message["Body"])
    assert told["secret"] == arns["db"]

    before = deployments(aws)
    restart_function.handler(told, None)
    assert deployments(aws) != before
    touched = aws("lambda").get_function_configuration(FunctionName="reads")
    assert touched["Description"].startswith("restarted: new value of its secret at ")
    assert not aws("lambda").get_function_configuration(FunctionName="rotates")["Description"]


def test_the_function_may_restart_only_what_the_map_names(
    secrets: Secrets, aws: Aws, service: str, functions: list[str]
) -> None:
    stack = secrets(the_map(service, functions))
    stack.up()
    (target,) = aws("events").list_targets_by_rule(Rule=rules_of(stack, aws)[0])["Targets"]
    function = aws("lambda").get_function_configuration(FunctionName=target["Arn"])
    role = function["Role"].rpartition("/")[2]
    (name,) = aws("iam").list_role_policies(RoleName=role)["PolicyNames"]
    policy = aws("iam").get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    allowed = {tuple(one["Action"]): one["Resource"] for one in policy["Statement"]}
    (log,) = allowed.pop(("logs:CreateLogStream", "logs:PutLogEvents"))
    described = allowed.pop(("secretsmanager:DescribeSecret",))
    assert described == sorted(stack.outputs()["secret_arns"][key] for key in ("db", "other"))
    assert allowed == {
        ("ecs:UpdateService",): [f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/main/orders"],
        ("lambda:UpdateFunctionConfiguration",): [functions[1]],
    }
    groups = aws("logs").describe_log_groups(logGroupNamePrefix="secretsmanager-on-rotate-")
    assert (log, 30) in [(one["arn"], one["retentionInDays"]) for one in groups["logGroups"]]


def test_nothing_is_left_when_the_last_restart_is_removed(
    secrets: Secrets, aws: Aws, service: str, functions: list[str]
) -> None:
    stack = secrets(the_map(service, functions))
    stack.up()
    rules = rules_of(stack, aws)
    assert len(rules) == 2
    (target,) = aws("events").list_targets_by_rule(Rule=rules[0])["Targets"]
    stack.write(f"""\
        context_name: restart
        secrets: {{db: {{secret_data: v, rotation_automatically: true, rotation_lambda_arn: '{functions[0]}'}}}}
    """).up()
    assert rules_of(stack, aws) == []
    with pytest.raises(aws("lambda").exceptions.ResourceNotFoundException):
        aws("lambda").get_function(FunctionName=target["Arn"])


@pytest.mark.usefixtures("in_lambda")
def test_every_target_is_tried_before_a_failure_is_reported(aws: Aws, service: str) -> None:
    home = f"{REGION}:{ACCOUNT}"
    gone = f"arn:aws:lambda:{home}:function:gone"
    event = {
        "secret": "arn",
        "time": "2026-01-01T00:00:00Z",
        "restart": [{"lambda": gone}, {"ecs_service": f"arn:aws:ecs:{home}:service/{service}"}],
    }
    before = deployments(aws)
    with pytest.raises(restart_function.RestartError, match=f"^{gone}: .*ResourceNotFound"):
        restart_function.handler(event, None)
    assert deployments(aws) != before
