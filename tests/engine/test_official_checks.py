"""What the official providers refuse in a preview, replace, and in which order, in real runs."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Aws, MakeStack, Run, Secrets, Stack

SECRET = "aws:secretsmanager/secret:Secret"
Program = Callable[[str], Stack]


@pytest.fixture
def program(tmp_path: Path, make_stack: MakeStack, request: pytest.FixtureRequest) -> Program:
    """A stack of a program that a test writes, without the component."""
    name = request.node.name.partition("[")[0].removeprefix("test_").replace("_", "-")[:60]
    (tmp_path / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n", "utf-8")
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")

    def write(text: str) -> Stack:
        head = "import json, pulumi, pulumi_aws as aws, pulumi_random as random\n"
        (tmp_path / "__main__.py").write_text(head + textwrap.dedent(text), "utf-8")
        return make_stack(tmp_path)

    return write


def preview(stack: Stack) -> Run:
    return stack.pulumi("preview", good=False)


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        ('aws.secretsmanager.Secret("s", name="with blank")', "only alphanumeric characters"),
        (
            'aws.secretsmanager.Secret("s", recovery_window_in_days=3)',
            "expected recovery_window_in_days to be",
        ),
        ('aws.kms.Key("k", deletion_window_in_days=3)', "in the range (7 - 30), got 3"),
        (
            'aws.lambda_.Permission("a.b", action="lambda:InvokeFunction", function="f", principal="events.amazonaws.com")',
            "must contain alphanumeric, underscores or dashes only",
        ),
        (
            'aws.cloudwatch.EventTarget("t" * 70, rule="r", arn="arn:aws:sns:eu-central-1:123456789012:t")',
            "cannot be longer than 64 characters",
        ),
        (
            'aws.secretsmanager.SecretVersion("v", secret_id="s", secret_string="a", secret_binary="YQ==")',
            "conflicts with",
        ),
        ('aws.secretsmanager.SecretPolicy("p", secret_arn="s", policy="{}")', "is an invalid ARN"),
        ('random.RandomPassword("p", length=3, min_lower=4)', "min_numeric + min_special, got: 3"),
    ],
    ids=["name", "window", "deletion", "statement", "target", "conflict", "arn", "password"],
)
def test_refused_in_the_preview(program: Program, aws: Aws, resource: str, reason: str) -> None:
    run = preview(program(resource))
    assert run.code != 0
    assert reason in run.text


def test_refusal_shows_no_secret(program: Program) -> None:
    run = preview(
        program("""
            value = pulumi.Output.secret("Zq7Needle of a secret")
            aws.secretsmanager.Secret("s", name=value)
            """)
    )
    assert run.code != 0
    assert "Zq7Needle" not in run.text


def test_rename_of_a_map_creates_the_new_secret_before_the_old_one_goes(secrets: Secrets) -> None:
    text = "context_name: order\nsecrets: {a: {name: %s, secret_data: v}}\n"
    stack = secrets(text % "old")
    stack.up()
    steps = [op for op, kind in stack.write(text % "new").up().steps if kind == SECRET]
    assert steps == ["create-replacement", "replace", "delete-replaced"]


def test_rename_without_the_components_option_deletes_first(program: Program) -> None:
    text = 'aws.secretsmanager.Secret("s", name="deletes-first-%s")'
    program(text % "old").up()
    steps = [op for op, kind in program(text % "new").up().steps if kind == SECRET]
    assert steps.index("delete-replaced") < steps.index("create-replacement")


def test_another_region_replaces_every_resource_that_has_one(program: Program, aws: Aws) -> None:
    text = """
        aws.secretsmanager.Secret("s", name="moves", opts=pulumi.ResourceOptions(delete_before_replace=False))
        aws.iam.Role("r", name="stays", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": []}))
        """
    program(text).up()
    run = program(text).up(AWS_REGION="eu-west-1")
    assert run.changes["replace"] == 1
    assert [kind for op, kind in run.steps if op == "create-replacement"] == [SECRET]
    found = aws("secretsmanager").describe_secret(SecretId="moves")
    assert "DeletedDate" in found


def test_default_tags_are_on_every_resource_and_no_change_after_a_refresh(
    program: Program, aws: Aws
) -> None:
    text = """
        tags = aws.ProviderDefaultTagsArgs(tags={"team": "%s"})
        provider = aws.Provider("p", default_tags=tags)
        options = pulumi.ResourceOptions(provider=provider)
        aws.secretsmanager.Secret("s", name="tagged-by-default", tags={"own": "1"}, opts=options)
        aws.sns.Topic("t", name="tagged-by-default", opts=options)
        """
    stack = program(text % "payments")
    stack.up()
    secret = aws("secretsmanager").describe_secret(SecretId="tagged-by-default")
    assert {tag["Key"]: tag["Value"] for tag in secret["Tags"]} == {"own": "1", "team": "payments"}
    assert set(stack.up("--refresh").changes) == {"same"}
    assert program(text % "shop").up().changes["update"] >= 2
    topic = "arn:aws:sns:eu-central-1:123456789012:tagged-by-default"
    tags = aws("sns").list_tags_for_resource(ResourceArn=topic)["Tags"]
    assert tags == [{"Key": "team", "Value": "shop"}]


def test_topic_that_exists_stops_the_run(program: Program, aws: Aws) -> None:
    aws("sns").create_topic(Name="taken-topic")
    run = program('aws.sns.Topic("t", name="taken-topic")').up(good=False)
    assert run.code != 0
    assert "SNS Topic (taken-topic) already exists" in run.diagnostics


def test_policy_of_a_deleted_role_fails_a_refresh_at_the_secret(program: Program, aws: Aws) -> None:
    role = aws("iam").create_role(RoleName="soon-gone", AssumeRolePolicyDocument="{}")["Role"][
        "Arn"
    ]
    stack = program(f'''
        secret = aws.secretsmanager.Secret("s", name="names-a-role")
        statement = {{"Effect": "Allow", "Principal": {{"AWS": "{role}"}}, "Action": "secretsmanager:GetSecretValue", "Resource": "*"}}
        policy = json.dumps({{"Version": "2012-10-17", "Statement": [statement]}})
        aws.secretsmanager.SecretPolicy("p", secret_arn=secret.arn, policy=policy)
        ''')
    stack.up()
    assert set(stack.up("--refresh").changes) == {"same"}
    aws("iam").delete_role(RoleName="soon-gone")
    assert set(stack.up().changes) == {"same"}
    failed = stack.up("--refresh", good=False)
    assert failed.code != 0
    assert "policy: contains invalid principals" in failed.diagnostics


def test_write_only_value_is_forgotten_by_a_refresh_and_changes_nothing(
    program: Program, aws: Aws
) -> None:
    stack = program("""
        secret = aws.secretsmanager.Secret("s", name="written-only")
        aws.secretsmanager.SecretVersion("v", secret_id=secret.arn, secret_string_wo="Zq7Needle", secret_string_wo_version=1)
        """)
    stack.up()
    assert set(stack.up().changes) == {"same"}
    assert set(stack.up("--refresh").changes) == {"same"}
    live = aws("secretsmanager").get_secret_value(SecretId="written-only")
    assert live["SecretString"] == "Zq7Needle"


def test_write_only_value_is_written_again_once_aws_has_dropped_it(
    program: Program, aws: Aws
) -> None:
    stack = program("""
        secret = aws.secretsmanager.Secret("s", name="written-again")
        aws.secretsmanager.SecretVersion("v", secret_id=secret.arn, secret_string_wo="first", secret_string_wo_version=1)
        """)
    stack.up()
    for value in ("second", "third"):
        aws("secretsmanager").put_secret_value(SecretId="written-again", SecretString=value)
    stack.up("--refresh")
    live = aws("secretsmanager").get_secret_value(SecretId="written-again")
    assert live["SecretString"] == "first", "what a map has to prevent"
