"""Strings whose form AWS defines: ARNs, ids, names, principals, schedules.

A string that contains a reference (`${…}`) is accepted: its form is known only once the reference
is resolved. `contents.py` refuses the references in fields in which none is filled in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from secrets_component.secret_map import names, schedules
from secrets_component.secret_map.schema_hints import REFERENCE, Shown, TextForm

MAX_VALUE_BYTES = 65_536
"""Size limit of a secret's value.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
"""

MAX_POLICY_CHARACTERS = 20_480
"""Size limit of a secret's resource policy.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html
"""

MAX_ALIAS = 256
"""Size limit of the alias of a key, `alias/` included.

https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
"""

AWS_MANAGED_KEY = "alias/aws/secretsmanager"
"""The key that encrypts secrets for which no key is given.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
"""

PRINCIPAL = re.compile(
    r"\d{12}|arn:aws[a-z-]*:iam::\d{12}:(?:root|(?:role|user)/[\w+=,.@/-]+)", re.ASCII
)
"""An account id, or the ARN of an account, role or user.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

SERVICE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?")
"""An AWS service principal.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""


def principal_problem(value: str) -> str | None:
    """Return why a grant cannot name this principal, or None if it can."""
    if PRINCIPAL.fullmatch(value) or SERVICE.fullmatch(value):
        return None

    if "*" in value or "?" in value:
        return "expected an account id or the ARN of a role or user, never a wildcard"

    if ":sts:" in value:
        return "is a session ARN; use the ARN of its role (`arn:aws:iam::<account>:role/<name>`)"

    if ":group/" in value:
        return "IAM groups cannot be principals; list its users or a role"

    return (
        "expected an account id, the ARN of a role or user (`arn:aws:iam::<account>:role/<name>`) "
        "or a service (`<name>.amazonaws.com`)"
    )


def _refused_for(find_problem: Callable[[str], str | None]) -> AfterValidator:
    """Return a validator that refuses a string with the problem that is found in it."""

    def check(value: str) -> str:
        problem = find_problem(value)
        if problem:
            raise ValueError(problem)

        return value

    return AfterValidator(check)


def _principal_or_reference_problem(value: str) -> str | None:
    if "${" in value:
        return None

    return principal_problem(value)


def _number_as_text(value: object) -> object:
    if isinstance(value, bool):
        return value

    if isinstance(value, int):
        return str(value)

    return value


Label = Annotated[str, TextForm(r"[A-Za-z0-9_][A-Za-z0-9_-]*", "letters, digits, `_` and `-`")]
"""A key of the map itself: of an entry, a stack, a password. Not an AWS name."""


def _part_or_reference_problem(value: str) -> str | None:
    if "${" in value:
        return None

    return names.part_problem(value)


PlainText = Annotated[str, BeforeValidator(_number_as_text, json_schema_input_type=str | int)]
"""A string; an integer, such as an account id or a year, is accepted without quotes."""

HierarchyPart = Annotated[
    str,
    _refused_for(_part_or_reference_problem),
    Shown(
        r"[0-9A-Za-z_+=.@-]+(?:/[0-9A-Za-z_+=.@-]+)*",
        "letters, digits and `_+=.@-`, with single `/` between parts",
    ),
]
"""One part of a secret's name, which may be nested (`a/b`).

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html (Name)
"""

MAX_TAGS = 45
"""The tags that a secret can have besides the map's own, which are up to five: AWS allows 50."""

_TAG_PUNCTUATION = "_.:/=+-@"


def _tag_problem(text: str) -> str | None:
    """Explain why IAM, which also gets the map's tags, refuses a tag's key or value."""
    if "${" in text:
        return None  # refused for its reference

    for character in text:
        if character not in _TAG_PUNCTUATION and unicodedata.category(character)[0] not in "LZN":
            return f"may contain only letters, digits, spaces and `{_TAG_PUNCTUATION}`"

    return None


def _tags_problem(tags: dict[str, str]) -> dict[str, str]:
    lower = [key.lower() for key in tags]
    if len(set(lower)) < len(lower):
        msg = "two keys differ only in case, and IAM treats them as the same key"
        raise ValueError(msg)

    return tags


Tags = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=128), _refused_for(_tag_problem)],
        Annotated[PlainText, Field(max_length=256), _refused_for(_tag_problem)],
    ],
    Field(max_length=50),
    AfterValidator(_tags_problem),
]
"""Tags by key.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html (characters)
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html (case)

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Tag.html
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html (50 tags)
"""

KeyId = Annotated[
    str,
    Field(max_length=2048),
    TextForm(
        r"alias/[A-Za-z0-9/_-]+|arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(?:key|alias)/[A-Za-z0-9/_-]+"
        r"|(?!arn:|alias)[A-Za-z0-9-]+",
        "a KMS key id, key ARN, `alias/…`, or a reference like `${output.kms.key_id}`",
    ),
]
"""A KMS key: its id or ARN, or an alias or its ARN.

https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html (KmsKeyId)
"""

Principal = Annotated[
    PlainText,
    _refused_for(_principal_or_reference_problem),
    Shown(
        rf"{PRINCIPAL.pattern}|{SERVICE.pattern}|.*{REFERENCE}.*",
        "an account id, the ARN of a role or user, or a service",
    ),
]
"""An account id, the ARN of a role or user, or a service.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""


def _caller_problem(value: str) -> str | None:
    if PRINCIPAL.fullmatch(value):
        return None

    return (
        "expected an account id, or the ARN of a role or user "
        "(`arn:aws:iam::<account>:role/<name>`)"
    )


KnownPrincipal = Annotated[PlainText, _refused_for(_caller_problem)]
"""An account id, or the ARN of a role or user; no reference.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

OrganizationId = Annotated[
    str, TextForm(r"o-[a-z0-9]{10,32}", "an organization id such as `o-a1b2c3d4e5`")
]
"""The id of an AWS Organization.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
"""

RoleName = Annotated[
    str,
    Field(max_length=64),
    TextForm(r"[\w+=,.@-]+", "the name of an IAM role, not its ARN"),
]
"""The name of an IAM role.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
"""

TopicArn = Annotated[
    str,
    TextForm(
        r"arn:aws[a-z-]*:sns:[a-z]{2}(?:-[a-z]+)+-\d:[0-9]{12}:[A-Za-z0-9_-]{1,256}",
        "an SNS topic's ARN (`arn:aws:sns:<region>:<account>:<name>`), not a FIFO topic, or a "
        "reference like `${output.monitoring.topic_arn}`",
    ),
]
"""The ARN of a standard SNS topic; the names of FIFO topics end in `.fifo`.

https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
"""

ScheduleExpression = Annotated[
    str,
    _refused_for(schedules.expression_problem),
    Shown(
        r"rate\(\d+ (?:hour|day)s?\)|cron\(0 \S+ \S+ \S+ \S+ \*\)",
        "`rate(10 days)`, `rate(12 hours)` or `cron(0 8 1 * ? *)`",
    ),
]
"""When a secret rotates: `rate(…)` or `cron(…)`.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
"""

ScheduleWindow = Annotated[
    str,
    _refused_for(schedules.window_problem),
    Shown("[1-9][0-9]?h", "a number of hours from `1h` to `24h`"),
]
"""How long after its scheduled time a rotation may start, in hours: `3h`.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotationRulesType.html (Duration)
"""

FunctionArn = Annotated[
    str,
    TextForm(
        r"arn:aws[a-z-]*:lambda:[a-z]{2}(?:-[a-z]+)+-\d:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}"
        r"(?::[A-Za-z0-9$_-]{1,128})?",
        "a Lambda function's ARN (`arn:aws:lambda:<region>:<account>:function:<name>`)"
        " or a reference like `${output.lambda.rotation_function_arn}`",
    ),
]
"""The ARN of a Lambda function, or of a version or alias of it.

https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
"""

HostedKind = Literal[
    "generated-password",
    "postgres-single-user",
    "postgres-alternating-users",
    "mysql-single-user",
    "mysql-alternating-users",
]
"""The built-in rotation functions (`rotators/`). Not an AWS name."""

SecretArn = Annotated[
    str,
    TextForm(
        r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+",
        "a secret's ARN or a reference like `${output.secretsmanager.secret_arns.<key>}`",
    ),
]
"""The ARN of a secret.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
"""

SecretId = Annotated[
    str,
    Field(min_length=1),
    TextForm(
        r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@!-]{1,519}"
        r"|(?!arn:)[A-Za-z0-9/_+=.@!-]{1,512}",
        "the name or ARN of a secret",
    ),
]
"""The name or ARN of a secret that exists; names with `!` belong to AWS's services.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html (Name)
"""

SubnetId = Annotated[str, TextForm(r"subnet-[0-9a-f]+", "a subnet's id (`subnet-…`)")]
"""The id of a VPC's subnet.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html
"""

SecurityGroupId = Annotated[str, TextForm(r"sg-[0-9a-f]+", "a security group's id (`sg-…`)")]
"""The id of a VPC's security group.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroup.html
"""

LogDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
]  # fmt: skip
"""Days for which CloudWatch can keep a log.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
"""

EcsService = Annotated[
    str,
    TextForm(
        r"[A-Za-z0-9_-]+/[A-Za-z0-9_-]+"
        r"|arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:service/[A-Za-z0-9_-]+/[A-Za-z0-9_-]+",
        "`<cluster>/<service>` or the service's ARN, with its cluster in it",
    ),
]
"""An ECS service with its cluster; ARNs in the old format have no cluster.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
"""

LambdaFunction = Annotated[
    str,
    TextForm(
        r"(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:)?[A-Za-z0-9_-]{1,64}",
        "a Lambda function's name or ARN, without a version: only the unpublished one can change",
    ),
]
"""A Lambda function's name or ARN, without a version or alias.

https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
"""

Region = Annotated[str, TextForm(r"(?:[a-z]+-)+\d+", "an AWS region such as `eu-west-1`")]
"""An AWS region.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ReplicaRegionType.html
"""
