"""Strings whose form AWS defines: what each type accepts, and how it refuses the rest."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from secrets_component.secret_map import aws_types

ACCOUNT = "123456789012"
REFERENCE = "${output.other.value}"


def validate(name: str, value: object) -> Any:
    return TypeAdapter(getattr(aws_types, name)).validate_python(value, strict=True)


def refusal(name: str, value: object) -> str:
    with pytest.raises(ValidationError) as refused:
        validate(name, value)
    (detail,) = refused.value.errors()
    return str(detail["msg"]).removeprefix("Value error, ")


CALLER = (
    "expected an account id, or the ARN of a role or user (`arn:aws:iam::<account>:role/<name>`)"
)
ACCEPTED: list[tuple[str, object]] = [
    ("Label", "a"),
    ("Label", "_a-B_9"),
    ("PlainText", "text"),
    ("HierarchyPart", "a"),
    ("HierarchyPart", "a/b_+=.@-9"),
    ("Tags", {}),
    ("Tags", {"k" * 128: "v" * 256}),
    ("Tags", {str(n): "" for n in range(50)}),
    ("KeyId", "alias/my/key_1-2"),
    ("KeyId", "1234abcd-12ab-34cd-56ef-1234567890ab"),
    ("KeyId", "mrk-1234abcd12ab34cd56ef1234567890ab"),
    ("KeyId", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd"),
    ("KeyId", f"arn:aws-us-gov:kms:us-gov-west-1:{ACCOUNT}:alias/a/b"),
    ("Principal", ACCOUNT),
    ("Principal", f"arn:aws:iam::{ACCOUNT}:root"),
    ("Principal", f"arn:aws:iam::{ACCOUNT}:role/path/name+=,.@-_"),
    ("Principal", f"arn:aws-cn:iam::{ACCOUNT}:user/name"),
    ("Principal", "events.amazonaws.com"),
    ("Principal", "logs.cn-north-1.amazonaws.com.cn"),
    ("KnownPrincipal", ACCOUNT),
    ("KnownPrincipal", f"arn:aws:iam::{ACCOUNT}:role/name"),
    ("OrganizationId", "o-a1b2c3d4e5"),
    ("RoleName", "name+=,.@-_"),
    ("RoleName", "r" * 64),
    ("TopicArn", f"arn:aws:sns:eu-west-1:{ACCOUNT}:topic_1-2"),
    ("ScheduleExpression", "rate(10 days)"),
    ("ScheduleExpression", "cron(0 8 1 * ? *)"),
    ("ScheduleWindow", "1h"),
    ("ScheduleWindow", "24h"),
    ("FunctionArn", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:rotate"),
    ("FunctionArn", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:rotate:$LATEST"),
    ("HostedKind", "generated-password"),
    ("HostedKind", "mysql-alternating-users"),
    ("SecretArn", f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:a/b+c-a1b2c3"),
    ("SubnetId", "subnet-0a1b2c3d"),
    ("SecurityGroupId", "sg-0a1b2c3d"),
    ("LogDays", 1),
    ("LogDays", 3653),
    ("EcsService", "cluster/service"),
    ("EcsService", f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/cluster/service"),
    ("LambdaFunction", "f" * 64),
    ("LambdaFunction", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:reader"),
    ("SecretId", "old/one"),
    ("SecretId", "rds!cluster-1"),
    ("SecretId", f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:old/one"),
    ("Tags", {"Größe": "a b_.:/=+-@ 1"}),
    ("Region", "eu-west-1"),
    ("Region", "us-gov-west-1"),
]


@pytest.mark.parametrize(("name", "value"), ACCEPTED)
def test_valid_value_is_kept_as_written(name: str, value: object) -> None:
    assert validate(name, value) == value


LABEL = "expected letters, digits, `_` and `-`"
KEY = "expected a KMS key id, key ARN, `alias/…`, or a reference like `${output.kms.key_id}`"
WILDCARD = "expected an account id or the ARN of a role or user, never a wildcard"
SESSION = "is a session ARN; use the ARN of its role (`arn:aws:iam::<account>:role/<name>`)"
GROUP = "IAM groups cannot be principals; list its users or a role"
PRINCIPAL = (
    "expected an account id, the ARN of a role or user (`arn:aws:iam::<account>:role/<name>`) "
    "or a service (`<name>.amazonaws.com`)"
)
ORGANIZATION = "expected an organization id such as `o-a1b2c3d4e5`"
ROLE = "expected the name of an IAM role, not its ARN"
TOPIC = (
    "expected an SNS topic's ARN (`arn:aws:sns:<region>:<account>:<name>`), not a FIFO topic, or a "
    "reference like `${output.monitoring.topic_arn}`"
)
FUNCTION = (
    "expected a Lambda function's ARN (`arn:aws:lambda:<region>:<account>:function:<name>`)"
    " or a reference like `${output.lambda.rotation_function_arn}`"
)
SECRET = "expected a secret's ARN or a reference like `${output.secretsmanager.secret_arns.<key>}`"
SERVICE = "expected `<cluster>/<service>` or the service's ARN, with its cluster in it"
READER = (
    "expected a Lambda function's name or ARN, without a version: only the unpublished one can "
    "change"
)

REFUSED: list[tuple[str, object, str]] = [
    ("Label", "", LABEL),
    ("Label", "-a", LABEL),
    ("Label", "a.b", LABEL),
    ("KeyId", "alias/", KEY),
    ("KeyId", "my key", KEY),
    ("KeyId", f"arn:aws:kms:eu-west-1:{ACCOUNT}:1234abcd", KEY),
    ("KnownPrincipal", "events.amazonaws.com", CALLER),
    ("KnownPrincipal", REFERENCE, CALLER),
    ("Principal", "*", WILDCARD),
    ("Principal", f"arn:aws:iam::{ACCOUNT}:role/*", WILDCARD),
    ("Principal", f"arn:aws:iam::{ACCOUNT}:role/reader?", WILDCARD),
    ("Principal", f"arn:aws:sts::{ACCOUNT}:assumed-role/role/session", SESSION),
    ("Principal", f"arn:aws:iam::{ACCOUNT}:group/g", GROUP),
    ("Principal", "12345678901", PRINCIPAL),
    ("Principal", "reader", PRINCIPAL),
    ("OrganizationId", "o-short", ORGANIZATION),
    ("OrganizationId", "O-A1B2C3D4E5", ORGANIZATION),
    ("RoleName", f"arn:aws:iam::{ACCOUNT}:role/r", ROLE),
    ("RoleName", "path/name", ROLE),
    ("TopicArn", f"arn:aws:sns:eu-west-1:{ACCOUNT}:topic.fifo", TOPIC),
    ("TopicArn", f"arn:aws:sns:eu-west-1:{ACCOUNT}:{'t' * 257}", TOPIC),
    ("FunctionArn", "rotate", FUNCTION),
    ("FunctionArn", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:layer:rotate", FUNCTION),
    ("SecretArn", "prod/login", SECRET),
    ("SecretArn", f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:a b", SECRET),
    ("SubnetId", "vpc-0a1b2c3d", "expected a subnet's id (`subnet-…`)"),
    ("SecurityGroupId", "sg-", "expected a security group's id (`sg-…`)"),
    ("EcsService", "service", SERVICE),
    ("EcsService", f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/service", SERVICE),
    ("LambdaFunction", "f" * 65, READER),
    ("LambdaFunction", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:reader:1", READER),
    ("Principal", "١٢٣٤٥٦٧٨٩٠١٢", PRINCIPAL),
    ("Principal", "arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:root", PRINCIPAL),
    ("RoleName", "rôle", ROLE),
    ("KeyId", "arn:aws:kms:eu-west-1:١٢٣٤٥٦٧٨٩٠١٢:key/k", KEY),
    ("SecretId", "a b", "expected the name or ARN of a secret"),
    ("SecretId", "n" * 513, "expected the name or ARN of a secret"),
    ("SecretId", "arn:aws:iam::1:role/x", "expected the name or ARN of a secret"),
    (
        "SecretId",
        "arn:aws:secretsmanager:eu-west-1:١٢٣٤٥٦٧٨٩٠١٢:secret:x",
        "expected the name or ARN of a secret",
    ),
    ("Region", "Mars", "expected an AWS region such as `eu-west-1`"),
    ("Region", "eu-west-1a", "expected an AWS region such as `eu-west-1`"),
]


@pytest.mark.parametrize(("name", "value", "message"), REFUSED)
def test_invalid_value_is_refused_with_what_is_expected(
    name: str, value: object, message: str
) -> None:
    assert refusal(name, value) == message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HierarchyPart", ""),
        ("HierarchyPart", "a b"),
        ("HierarchyPart", "a//b"),
        ("ScheduleExpression", "rate(1 hour)"),
        ("ScheduleExpression", "daily"),
        ("ScheduleExpression", REFERENCE),
        ("ScheduleWindow", "0h"),
        ("ScheduleWindow", "25h"),
        ("ScheduleWindow", REFERENCE),
        ("PlainText", None),
        ("PlainText", 1.5),
        ("Tags", {"": "v"}),
        ("Tags", {"k" * 129: "v"}),
        ("Tags", {"k": "a;b"}),
        ("Tags", {"k!": "v"}),
        ("Tags", {"team": "v", "Team": "v"}),
        ("Tags", {"k": "v" * 257}),
        ("Tags", {str(n): "" for n in range(51)}),
        ("KeyId", "k" * 2049),
        ("RoleName", "r" * 65),
        ("SecretId", ""),
        ("HostedKind", "oracle-single-user"),
        ("LogDays", 2),
    ],
)
def test_value_outside_the_limits_is_refused(name: str, value: object) -> None:
    assert refusal(name, value)


@pytest.mark.parametrize(
    "name",
    [
        "KeyId",
        "Principal",
        "OrganizationId",
        "RoleName",
        "TopicArn",
        "FunctionArn",
        "SecretArn",
        "SubnetId",
        "SecurityGroupId",
        "EcsService",
        "LambdaFunction",
        "Region",
    ],
)
def test_reference_is_accepted_because_its_value_is_not_known_yet(name: str) -> None:
    """Where none is filled in, the check of the whole map's contents refuses it."""
    assert validate(name, REFERENCE) == REFERENCE
    assert validate(name, f"arn:{REFERENCE}:*") == f"arn:{REFERENCE}:*"


@pytest.mark.parametrize("name", ["PlainText", "Principal", "KnownPrincipal"])
def test_account_id_needs_no_quotes(name: str) -> None:
    assert validate(name, int(ACCOUNT)) == ACCOUNT


def test_boolean_is_not_a_number() -> None:
    assert refusal("PlainText", value=True) == "Input should be a valid string"


@pytest.mark.parametrize(
    ("principal", "problem"),
    [(ACCOUNT, None), ("*", WILDCARD), (REFERENCE, PRINCIPAL)],
)
def test_resolved_principal_is_judged_by_the_same_rules(
    principal: str, problem: str | None
) -> None:
    assert aws_types.principal_problem(principal) == problem


def test_every_type_is_tested() -> None:
    types = {
        name
        for name, value in vars(aws_types).items()
        if hasattr(value, "__metadata__") or getattr(value, "__origin__", None) is not None
    }
    literals = {"HostedKind", "LogDays"}
    assert {name for name, _ in ACCEPTED} == types | literals
