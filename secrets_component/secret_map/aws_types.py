"""Strings that AWS gives a shape: ARNs, ids, principals, names.

A string with a reference (`${…}`) in it passes: its shape is known only once it is resolved.
Limits come from AWS's API reference
(https://docs.aws.amazon.com/secretsmanager/latest/apireference/) unless another source is named.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from secrets_component.secret_map import names, schedules

MAX_VALUE_BYTES = 65_536


MAX_POLICY_CHARACTERS = 20_480


AWS_MANAGED_KEY = "alias/aws/secretsmanager"


def _matching(pattern: str, expectation: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if "${" not in value and not compiled.fullmatch(value):
            msg = f"expected {expectation}"
            raise ValueError(msg)
        return value

    return AfterValidator(check)


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _hierarchy_part(value: str) -> str:
    problem = names.part_problem(value)
    if problem:
        raise ValueError(problem)
    return value


def _expression(value: str) -> str:
    problem = schedules.expression_problem(value)
    if problem:
        raise ValueError(problem)
    return value


def _hours(value: str) -> str:
    problem = schedules.window_problem(value)
    if problem:
        raise ValueError(problem)
    return value


HierarchyPart = Annotated[str, AfterValidator(_hierarchy_part)]


Label = Annotated[str, _matching(r"[A-Za-z0-9_][A-Za-z0-9_-]*", "letters, digits, `_` and `-`")]


PlainText = Annotated[str, BeforeValidator(_number_as_text)]


Tags = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=128)],
        Annotated[PlainText, Field(max_length=256)],
    ],
    Field(max_length=50),
]


KeyId = Annotated[
    str,
    Field(max_length=2048),
    _matching(
        r"alias/[A-Za-z0-9/_-]+|arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(?:key|alias)/[A-Za-z0-9/_-]+"
        r"|(?!arn:|alias)[A-Za-z0-9-]+",
        "a KMS key id, key ARN, `alias/…`, or a reference like `${output.kms.key_id}`",
    ),
]


FunctionArn = Annotated[
    str,
    _matching(
        r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(?::[A-Za-z0-9$_-]+)?",
        "a Lambda function's ARN (`arn:aws:lambda:<region>:<account>:function:<name>`)"
        " or a reference like `${output.lambda.rotation_function_arn}`",
    ),
]


SecretArn = Annotated[
    str,
    _matching(
        r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+",
        "a secret's ARN or a reference like `${output.secretsmanager.secret_arns.<key>}`",
    ),
]


SubnetId = Annotated[str, _matching(r"subnet-[0-9a-f]+", "a subnet's id (`subnet-…`)")]


SecurityGroupId = Annotated[str, _matching(r"sg-[0-9a-f]+", "a security group's id (`sg-…`)")]


HostedKind = Literal[
    "generated-password",
    "postgres-single-user",
    "postgres-alternating-users",
    "mysql-single-user",
    "mysql-alternating-users",
]


# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LogDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
]  # fmt: skip


EcsService = Annotated[
    str,
    _matching(
        r"[A-Za-z0-9_-]+/[A-Za-z0-9_-]+"
        r"|arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:service/[A-Za-z0-9_-]+/[A-Za-z0-9_-]+",
        "`<cluster>/<service>` or the service's ARN, with its cluster in it",
    ),
]


LambdaFunction = Annotated[
    str,
    _matching(
        r"(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:)?[A-Za-z0-9_-]{1,64}",
        "a Lambda function's name or ARN, without a version: only the unpublished one can change",
    ),
]


TopicArn = Annotated[
    str,
    _matching(
        r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}",
        "an SNS topic's ARN (`arn:aws:sns:<region>:<account>:<name>`), not a FIFO topic, or a "
        "reference like `${output.monitoring.topic_arn}`",
    ),
]


Region = Annotated[str, _matching(r"(?:[a-z]+-)+\d+", "an AWS region such as `eu-west-1`")]


OrganizationId = Annotated[
    str, _matching(r"o-[a-z0-9]{10,32}", "an organization id such as `o-a1b2c3d4e5`")
]


RoleName = Annotated[
    str,
    Field(max_length=64),
    _matching(r"[\w+=,.@-]+", "the name of an IAM role, not its ARN"),
]


PRINCIPAL = re.compile(r"\d{12}|arn:aws[a-z-]*:iam::\d{12}:(?:root|(?:role|user)/[\w+=,.@/-]+)")


SERVICE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?")


def principal_problem(value: str) -> str | None:
    """Say why a text names no principal that a grant may name, or None.

    Principals: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    if PRINCIPAL.fullmatch(value) or SERVICE.fullmatch(value):
        return None
    if "*" in value or "?" in value:
        return "expected an account id or the ARN of a role or user, never a wildcard"
    if ":sts:" in value:
        return "names one session; write its role's ARN (`arn:aws:iam::<account>:role/<name>`)"
    if ":group/" in value:
        return "a group is no principal in AWS's policies; name its users or a role"
    return (
        "expected an account id, the ARN of a role or user (`arn:aws:iam::<account>:role/<name>`) "
        "or a service (`<name>.amazonaws.com`)"
    )


def _principal(value: str) -> str:
    problem = None if "${" in value else principal_problem(value)
    if problem:
        raise ValueError(problem)
    return value


Principal = Annotated[PlainText, AfterValidator(_principal)]
ScheduleExpression = Annotated[str, AfterValidator(_expression)]
ScheduleWindow = Annotated[str, AfterValidator(_hours)]
