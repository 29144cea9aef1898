"""Who and what random worlds are made of: few and short names, so that many of them meet."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

_T = TypeVar("_T")


class Dice(random.Random):
    """Randomness that also knows weights and chances."""

    def chance(self, share: float) -> bool:
        return self.random() < share

    def weighted(self, weights: dict[str, int]) -> str:
        return self.choices(list(weights), list(weights.values()))[0]

    def some(self, values: Sequence[_T], most: int) -> list[_T]:
        return self.sample(values, self.randint(1, min(most, len(values))))


HERE, THERE, ELSEWHERE = "111111111111", "222222222222", "333333333333"
_KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"

CALLERS = {
    f"arn:aws:iam::{HERE}:user/amy": 4,
    f"arn:aws:iam::{HERE}:user/ops/bob": 2,
    f"arn:aws:iam::{HERE}:role/app": 5,
    f"arn:aws:iam::{HERE}:role/svc/web": 2,
    f"arn:aws:sts::{HERE}:assumed-role/app/s1": 6,
    f"arn:aws:sts::{HERE}:assumed-role/db/s2": 3,
    f"arn:aws:sts::{HERE}:federated-user/fed": 1,
    "dms.amazonaws.com": 2,
    "*": 1,
}
"""Who calls, with how often they do. The root user is missing: the simulator does not know him."""
_SECRETS = ("shop/dev/a-AbCdEf", "shop/dev/rds/b-GhIjKl", "x/prod/c-MnOpQr")
RESOURCES: dict[str, tuple[str, Sequence[str], Sequence[str]]] = {
    "secret": (
        "arn:aws:secretsmanager:eu-central-1:{owner}:secret:{name}",
        _SECRETS,
        ("GetSecretValue", "DescribeSecret", "PutSecretValue", "DeleteSecret", "RotateSecret",
         "PutResourcePolicy", "TagResource", "UpdateSecret"),
    ),
    "key": (
        "arn:aws:kms:eu-central-1:{owner}:key/{name}",
        (_KEY,),
        ("Decrypt", "GenerateDataKey", "Encrypt", "DescribeKey", "PutKeyPolicy",
         "ScheduleKeyDeletion"),
    ),
    "bucket": ("arn:aws:s3:::{name}", ("logs", "data-dev"), ("ListBucket", "GetBucketPolicy")),
    "object": (
        "arn:aws:s3:::{name}",
        ("logs/a/b.txt", "logs/amy/c", "data-dev/red/x"),
        ("GetObject", "PutObject", "DeleteObject"),
    ),
    "role": (
        "arn:aws:iam::{owner}:role/{name}",
        ("target", "svc/target"),
        ("AssumeRole", "TagSession", "SetSourceIdentity"),
    ),
    "none": ("*", ("*",), ("secretsmanager:ListSecrets", "secretsmanager:GetRandomPassword",
                           "kms:ListKeys", "s3:ListAllMyBuckets")),
}  # fmt: skip
"""By kind: the form of the ARN, the names, and the actions."""
SERVICES = {
    "secret": "secretsmanager",
    "key": "kms",
    "bucket": "s3",
    "object": "s3",
    "role": "sts",
}
WEIGHTS = {"secret": 8, "key": 5, "bucket": 1, "object": 2, "role": 2, "none": 1}

TEXTS = {
    "aws:PrincipalTag/team": ("red", "blue", "Red"),
    "aws:PrincipalOrgID": ("o-1", "o-2"),
    "aws:RequestedRegion": ("eu-central-1", "eu-west-1"),
    "aws:SourceVpce": ("vpce-1", "vpce-2"),
    "aws:UserAgent": ("curl/8", "boto3 1.40 (x)"),
    "aws:SourceAccount": (HERE, THERE),
    "aws:userid": ("AIDA1", "AROA1:s1"),
}
_TAG: dict[str, Sequence[str]] = {"aws:ResourceTag/team": ("red", "blue")}
TEXTS_OF: dict[str, dict[str, Sequence[str]]] = {
    "role": _TAG,
    "secret": {
        **_TAG,
        "secretsmanager:resource/AllowRotationLambdaArn": (
            f"arn:aws:lambda:eu-central-1:{HERE}:function:f",
        ),
    },
    "key": {
        **_TAG,
        "kms:ViaService": ("secretsmanager.eu-central-1.amazonaws.com", "s3.eu-central-1.amazonaws.com"),
        "kms:EncryptionContext:SecretARN": (f"arn:aws:secretsmanager:eu-central-1:{HERE}:secret:{_SECRETS[0]}",),
        "kms:CallerAccount": (HERE, THERE),
    },
}  # fmt: skip
ARNS = {
    "aws:SourceArn": (
        f"arn:aws:lambda:eu-central-1:{HERE}:function:f",
        f"arn:aws:sns:eu-central-1:{THERE}:topic/x",
    ),
}
LISTS = {
    "aws:TagKeys": ("team", "env", "cost"),
    "aws:PrincipalOrgPaths": ("o-1/r-1/ou-1/", "o-1/r-1/ou-2/"),
    "aws:CalledVia": ("athena.amazonaws.com", "dynamodb.amazonaws.com"),
}
BOOLEANS = ("aws:SecureTransport", "aws:MultiFactorAuthPresent", "aws:ViaAWSService")
MOMENTS = (
    "2024-02-29T00:00:00Z",
    "2025-06-01T12:30:00Z",
    "2025-06-01T12:30:00.500Z",
    "2025-06-01T14:30:00+02:00",
    "2026-01-01",
)
EPOCHS = ("1700000000", "1750000000", "1800000000")
ADDRESSES = ("10.1.2.3", "192.0.2.7", "203.0.113.9", "2001:db8::7", "2001:db8:1::1")
NETWORKS = ("10.0.0.0/8", "192.0.2.0/24", "203.0.113.9/32", "192.0.2.7", "2001:db8::/32",
             "2001:db8:1::/48", "0.0.0.0/1")  # fmt: skip
BINARIES = ("YQ==", "YmM=", "//79")


TYPED: dict[str, Callable[[Dice], str]] = {
    "aws:MultiFactorAuthAge": lambda dice: str(dice.choice((0, 30, 300, 3600))),
    "aws:CurrentTime": lambda dice: dice.choice(MOMENTS),
    "aws:EpochTime": lambda dice: dice.choice(EPOCHS),
    "aws:SourceIp": lambda dice: dice.choice(ADDRESSES),
    "aws:PrincipalTag/blob": lambda dice: dice.choice(BINARIES),
}
"""The keys of the other types with a value: how to make one."""


def keys_of(kind: str) -> dict[str, Sequence[str]]:
    """Return the keys of a kind of resource whose values are texts or ARNs, with the values."""
    return {**TEXTS, **TEXTS_OF.get(kind, {}), **ARNS}
