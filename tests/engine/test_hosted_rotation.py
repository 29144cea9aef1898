"""Functions that `rotation: {function: …}` deploys: all that they need, and nothing more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.certificates import CERTIFICATE, PRIVATE_KEY
from tests.conftest import Aws, Live, Secrets

LOGIN = (
    "{engine: postgres, host: db.example.com, port: 5432, username: app, "
    'password: "${random.password}", dbname: app}'
)
MAP = """\
context_name: {context}
kms: {{create: true, alias: {context}-key}}
secrets:
  boss: {{secret_data: {{engine: postgres, host: db.example.com, username: boss, password: "${{random.password}}"}}, random: {{password: {{}}}}}}
  db:
    path: rds
    random: {{password: {{length: 40, special: false}}}}
    secret_data: {login}
    rotation_automatically: true
    rotation: {{function: {function}}}
"""
VPC = (
    "superuser_secret_arn: '${output.secretsmanager.secret_arns.boss}', "
    "subnet_ids: [subnet-0a], security_group_ids: [sg-0b], timeout: 90, log_retention_in_days: 7"
)


@pytest.fixture
def network(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> str:
    """A map's settings for a real subnet and security group of the sandbox."""
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    return VPC.replace("subnet-0a", subnet).replace("sg-0b", group)


def deployed(aws: Aws, arn: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The function that rotates a secret, and the statements of its role's policy."""
    described = aws("secretsmanager").describe_secret(SecretId=arn)
    function = aws("lambda").get_function(FunctionName=described["RotationLambdaARN"])
    role = function["Configuration"]["Role"].rpartition("/")[2]
    [name] = aws("iam").list_role_policies(RoleName=role)["PolicyNames"]
    policy = aws("iam").get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return function["Configuration"], policy["Statement"]


def test_two_lines_deploy_all_that_a_rotation_needs(secrets: Secrets, aws: Aws) -> None:
    stack = secrets(MAP.format(context="two", login=LOGIN, function="postgres-single-user"))
    stack.up()
    outputs = stack.outputs()
    arn, key = outputs["secret_arns"]["db"], outputs["kms_key_arns"]["db"]
    function, statements = deployed(aws, arn)
    assert function["Handler"] == "rotators.handlers.postgres_single_user"
    assert function["Timeout"] == 60
    assert function["Environment"]["Variables"]["PASSWORD_LENGTH"] == "40"
    assert "-" not in function["Environment"]["Variables"]["PASSWORD_CHARACTERS"]
    by_id = {statement["Sid"]: statement for statement in statements}
    assert set(by_id) == {"RotateThisSecret", "UseKeyThroughSecretsManager", "WriteLog"}
    assert by_id["RotateThisSecret"]["Resource"] == arn
    assert by_id["UseKeyThroughSecretsManager"]["Resource"] == key
    context = by_id["UseKeyThroughSecretsManager"]["Condition"]["StringEquals"]
    assert context["kms:EncryptionContext:SecretARN"] == arn
    [group] = aws("logs").describe_log_groups(
        logGroupNamePrefix=f"/aws/lambda/{function['FunctionName']}"
    )["logGroups"]
    assert group["retentionInDays"] == 30
    assert by_id["WriteLog"]["Resource"] == group["arn"].removesuffix(":*") + ":*"
    policy = json.loads(aws("lambda").get_policy(FunctionName=function["FunctionName"])["Policy"])
    [statement] = policy["Statement"]
    assert statement["Principal"] == {"Service": "secretsmanager.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnLike": {"AWS:SourceArn": arn},
        "StringEquals": {"AWS:SourceAccount": arn.split(":")[4]},
    }


def test_second_run_and_refresh_change_nothing_and_destroy_leaves_nothing(
    secrets: Secrets, aws: Aws
) -> None:
    stack = secrets(MAP.format(context="again", login=LOGIN, function="postgres-single-user"))
    stack.up()
    function, _ = deployed(aws, stack.outputs()["secret_arns"]["db"])
    assert set(stack.up().changes) == {"same"}
    assert set(stack.up("--refresh").changes) == {"same"}
    assert stack.pulumi("destroy", "--yes").code == 0
    client = aws("lambda")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName=function["FunctionName"])
    iam = aws("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=function["Role"].rpartition("/")[2])


def test_alternating_users_may_read_the_superuser_and_join_the_network(
    secrets: Secrets, aws: Aws, network: str
) -> None:
    rotation = f"postgres-alternating-users, {network}"
    stack = secrets(MAP.format(context="alternate", login=LOGIN, function=rotation))
    stack.up()
    arns = stack.outputs()["secret_arns"]
    function, statements = deployed(aws, arns["db"])
    by_id = {statement["Sid"]: statement for statement in statements}
    assert by_id["ReadSuperuserSecret"] == {
        "Sid": "ReadSuperuserSecret",
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": arns["boss"],
    }
    decrypt = by_id["DecryptSuperuserSecretThroughSecretsManager"]
    assert decrypt["Condition"]["StringEquals"]["kms:EncryptionContext:SecretARN"] == arns["boss"]
    assert by_id["UseNetwork"]["Resource"] == "*"
    assert function["Timeout"] == 90
    assert function["VpcConfig"]["SubnetIds"][0] in network
    assert function["Environment"]["Variables"]["SUPERUSER_SECRET_ARN"] == arns["boss"]
    [group] = aws("logs").describe_log_groups(
        logGroupNamePrefix=f"/aws/lambda/{function['FunctionName']}"
    )["logGroups"]
    assert group["retentionInDays"] == 7


def test_rotation_is_scheduled_after_permission_and_role_policy(secrets: Secrets) -> None:
    stack = secrets(MAP.format(context="order", login=LOGIN, function="postgres-single-user"))
    made = [kind.rpartition(":")[2] for op, kind in stack.up().steps if op == "create"]
    for first in ("Permission", "RolePolicy", "SecretVersion"):
        assert made.index(first) < made.index("SecretRotation")
    assert made.index("RolePolicy") < made.index("Function")


def test_live_value_survives_the_change_to_another_function(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    text = MAP.format(context="other", login=LOGIN, function="postgres-single-user")
    stack = secrets(text)
    stack.up()
    arn = stack.outputs()["secret_arns"]["db"]
    aws("secretsmanager").put_secret_value(SecretId=arn, SecretString='{"password": "live"}')
    stack.write(
        text.replace(
            "postgres-single-user",
            "postgres-alternating-users, " + VPC.split("subnet_ids", maxsplit=1)[0],
        )
    )
    stack.up("--refresh")
    function, _ = deployed(aws, arn)
    assert function["Handler"] == "rotators.handlers.postgres_alternating_users"
    assert live(arn) == '{"password": "live"}'


def test_ca_bundle_next_to_the_map_is_deployed_with_the_function(
    secrets: Secrets, aws: Aws
) -> None:
    stack = secrets(
        MAP.format(
            context="ca", login=LOGIN, function="postgres-single-user, ca_bundle: own-ca.pem"
        )
    )
    refused = stack.up(good=False)
    assert "`ca_bundle`: file not found (paths are relative to the map)" in refused.diagnostics
    bundle = stack.project / "stacks" / "own-ca.pem"
    bundle.write_text(PRIVATE_KEY + CERTIFICATE)
    refused = stack.up(good=False)
    assert "`ca_bundle`: contains a private key" in refused.diagnostics
    bundle.write_text(CERTIFICATE)
    stack.up()
    function, _ = deployed(aws, stack.outputs()["secret_arns"]["db"])
    assert function["Environment"]["Variables"]["CA_BUNDLE"] == "/var/task/ca.pem"
    arn = function["FunctionArn"]
    code = aws("lambda").get_function(FunctionName=arn)["Configuration"]["CodeSize"]
    assert code > 1_000_000


def test_dead_letters_of_a_function_go_to_the_alarms_topic(secrets: Secrets, aws: Aws) -> None:
    stack = secrets(
        "context_name: letters\nalarms: {create: true}\nsecrets:\n"
        "  a: {generate_random_password: true, rotation_automatically: true, "
        "rotation: {function: generated-password}}\n"
    )
    stack.up()
    outputs = stack.outputs()
    topic = outputs["alarm_topic_arn"]
    _, statements = deployed(aws, outputs["secret_arns"]["a"])
    resources = json.loads(stack.state())["checkpoint"]["latest"]["resources"]
    (function,) = (one for one in resources if one["type"] == "aws:lambda/function:Function")
    assert function["inputs"]["deadLetterConfig"] == {"targetArn": topic}  # moto keeps none
    assert {s["Sid"]: s["Resource"] for s in statements}["SendDeadLetters"] == topic
    assert set(stack.up("--refresh").changes) == {"same"}
    stack.pulumi("destroy", "--yes")
