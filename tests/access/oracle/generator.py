"""Random worlds of policies and requests, each the same for the same seed and number.

Most statements are made of parts of the very request, so that many of them apply; the rest misses it
by a little. Names are short, so that the recorded worlds stay readable.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tests.access.oracle.cases import Entry, World, caller_facts, request_of

_T = TypeVar("_T")

HERE, THERE, ELSEWHERE = "111111111111", "222222222222", "333333333333"
REQUESTS_PER_WORLD = 8
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
_RESOURCES: dict[str, tuple[str, Sequence[str], Sequence[str]]] = {
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
_SERVICES = {
    "secret": "secretsmanager",
    "key": "kms",
    "bucket": "s3",
    "object": "s3",
    "role": "sts",
}
_WEIGHTS = {"secret": 8, "key": 5, "bucket": 1, "object": 2, "role": 2, "none": 1}

_TEXTS = {
    "aws:PrincipalTag/team": ("red", "blue", "Red"),
    "aws:PrincipalOrgID": ("o-1", "o-2"),
    "aws:RequestedRegion": ("eu-central-1", "eu-west-1"),
    "aws:SourceVpce": ("vpce-1", "vpce-2"),
    "aws:UserAgent": ("curl/8", "boto3 1.40 (x)"),
    "aws:SourceAccount": (HERE, THERE),
    "aws:userid": ("AIDA1", "AROA1:s1"),
}
_TAGGED: dict[str, Sequence[str]] = {"aws:ResourceTag/team": ("red", "blue")}
_TEXTS_OF: dict[str, dict[str, Sequence[str]]] = {
    "role": _TAGGED,
    "secret": {
        **_TAGGED,
        "secretsmanager:resource/AllowRotationLambdaArn": (
            f"arn:aws:lambda:eu-central-1:{HERE}:function:f",
        ),
    },
    "key": {
        **_TAGGED,
        "kms:ViaService": ("secretsmanager.eu-central-1.amazonaws.com", "s3.eu-central-1.amazonaws.com"),
        "kms:EncryptionContext:SecretARN": (f"arn:aws:secretsmanager:eu-central-1:{HERE}:secret:{_SECRETS[0]}",),
        "kms:CallerAccount": (HERE, THERE),
    },
}  # fmt: skip
_ARNS = {
    "aws:SourceArn": (
        f"arn:aws:lambda:eu-central-1:{HERE}:function:f",
        f"arn:aws:sns:eu-central-1:{THERE}:topic/x",
    ),
}
_LISTS = {
    "aws:TagKeys": ("team", "env", "cost"),
    "aws:PrincipalOrgPaths": ("o-1/r-1/ou-1/", "o-1/r-1/ou-2/"),
    "aws:CalledVia": ("athena.amazonaws.com", "dynamodb.amazonaws.com"),
}
_BOOLEANS = ("aws:SecureTransport", "aws:MultiFactorAuthPresent", "aws:ViaAWSService")
_NUMBERS = ("aws:MultiFactorAuthAge",)
_TIMES = ("aws:CurrentTime", "aws:TokenIssueTime")
_MOMENTS = (
    "2024-02-29T00:00:00Z",
    "2025-06-01T12:30:00Z",
    "2025-06-01T12:30:00.500Z",
    "2025-06-01T14:30:00+02:00",
    "2026-01-01",
)
_EPOCHS = ("1700000000", "1750000000", "1800000000")
_ADDRESSES = ("10.1.2.3", "192.0.2.7", "203.0.113.9", "2001:db8::7", "2001:db8:1::1")
_NETWORKS = ("10.0.0.0/8", "192.0.2.0/24", "203.0.113.9/32", "192.0.2.7", "2001:db8::/32",
             "2001:db8:1::/48", "0.0.0.0/1")  # fmt: skip
_BINARIES = ("YQ==", "YmM=", "//79")


class Dice(random.Random):
    """Randomness that also knows weights and chances."""

    def chance(self, share: float) -> bool:
        return self.random() < share

    def weighted(self, weights: dict[str, int]) -> str:
        return self.choices(list(weights), list(weights.values()))[0]

    def some(self, values: Sequence[_T], most: int) -> list[_T]:
        return self.sample(values, self.randint(1, min(most, len(values))))


def world(seed: int, number: int) -> World:
    """Return one of the worlds of a seed."""
    dice = Dice(f"{seed}/{number}")
    kind = dice.weighted(_WEIGHTS)
    caller = dice.weighted(CALLERS)
    owner = HERE
    if dice.chance(0.3) and kind != "none":
        owner = THERE

    requests = [_request(dice, kind, caller, owner) for _ in range(REQUESTS_PER_WORLD)]
    writer = _Writer(dice, kind, requests)
    found: World = {"requests": requests}
    is_identity = caller.startswith("arn:")
    if is_identity and dice.chance(0.85):
        found["identity"] = [writer.document("identity") for _ in range(dice.randint(1, 2))]

    if is_identity and "federated" not in caller and dice.chance(0.25):
        found["boundary"] = [writer.document("boundary")]

    if ("role" in caller and dice.chance(0.2)) or "federated" in caller:
        found["session"] = [writer.document("session")]

    if is_identity and dice.chance(0.3):
        found["scps"] = [writer.level() for _ in range(dice.randint(1, 3))]

    if dice.chance(0.2):
        found["rcps"] = [writer.document("rcp")]

    if kind in ("key", "role") or (kind != "none" and dice.chance(0.7)):
        found["resource"] = [writer.document("resource")]

    return found


def _request(dice: Dice, kind: str, caller: str, owner: str) -> Entry:
    form, names, actions = _RESOURCES[kind]
    action = dice.choice(actions)
    if ":" not in action:
        action = f"{_SERVICES[kind]}:{action}"

    entry: Entry = {
        "principal": caller,
        "action": action,
        "resource": form.format(owner=owner, name=dice.choice(names)),
    }
    if kind in ("bucket", "object"):
        entry["owner"] = owner

    if kind == "none" and not caller.startswith("arn:"):
        entry["owner"] = owner

    context = _context(dice, kind)
    if context:
        entry["context"] = context

    return entry


def _context(dice: Dice, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, values in _keys_of(kind).items():
        if dice.chance(0.35):
            found[key] = dice.choice(values)

    for key, values in _LISTS.items():
        if dice.chance(0.25):
            found[key] = dice.some(values, 2)

    for key in _BOOLEANS:
        if dice.chance(0.35):
            found[key] = dice.choice(("true", "false"))

    for key, make in _TYPED.items():
        if dice.chance(0.25):
            found[key] = make(dice)

    return found


def _keys_of(kind: str) -> dict[str, Sequence[str]]:
    return {**_TEXTS, **_TEXTS_OF.get(kind, {}), **_ARNS}


_TYPED: dict[str, Callable[[Dice], str]] = {
    "aws:MultiFactorAuthAge": lambda dice: str(dice.choice((0, 30, 300, 3600))),
    "aws:CurrentTime": lambda dice: dice.choice(_MOMENTS),
    "aws:EpochTime": lambda dice: dice.choice(_EPOCHS),
    "aws:SourceIp": lambda dice: dice.choice(_ADDRESSES),
    "aws:PrincipalTag/blob": lambda dice: dice.choice(_BINARIES),
}


class _Writer:
    """Writes policies that have to do with some requests."""

    def __init__(self, dice: Dice, kind: str, requests: Sequence[Entry]) -> None:
        self._dice, self._kind, self._requests = dice, kind, requests

    def level(self) -> list[dict[str, Any]]:
        """Write the policies of one level of an organization."""
        documents = [self.document("scp")]
        if self._dice.chance(0.8):
            everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
            documents.append({"Version": "2012-10-17", "Statement": everything})

        return documents

    def document(self, kind: str) -> dict[str, Any]:
        """Write a policy."""
        statements = [self._statement(kind) for _ in range(self._dice.randint(1, 3))]
        document: dict[str, Any] = {"Version": "2012-10-17", "Statement": statements}
        if len(statements) == 1 and self._dice.chance(0.5):
            document["Statement"] = statements[0]

        if kind != "rcp" and self._dice.chance(0.05):
            document["Version"] = "2008-10-17"

        return document

    def _statement(self, kind: str) -> dict[str, Any]:
        dice = self._dice
        entry = dice.choice(self._requests)
        is_deny = kind == "rcp" or dice.chance(0.2)
        statement: dict[str, Any] = {"Effect": "Deny" if is_deny else "Allow"}
        if dice.chance(0.2):
            statement["Sid"] = f"S{dice.randint(1, 99)}"

        if kind == "rcp":
            statement["Principal"] = "*"
        elif kind == "resource":
            element, principals = self._principals(entry, is_deny=is_deny)
            statement[element] = principals

        element = "NotAction" if kind != "rcp" and dice.chance(0.12) else "Action"
        actions = self._actions(entry)
        if kind == "rcp":
            actions.remove("*")  # which AWS refuses there

        statement[element] = self._one_or_some(actions)
        if not (self._kind == "role" and kind == "resource"):
            element = "NotResource" if dice.chance(0.12) else "Resource"
            statement[element] = self._one_or_some(self._resources(entry))

        if dice.chance(0.35):
            statement["Condition"] = self._conditions(entry)

        return statement

    def _one_or_some(self, values: list[str]) -> Any:
        found = self._dice.some(values, 2)
        if len(found) == 1 and self._dice.chance(0.7):
            return found[0]

        return found

    def _actions(self, entry: Entry) -> list[str]:
        service, _, name = entry["action"].partition(":")
        others = [request["action"] for request in self._requests]
        return [
            entry["action"],
            f"{service}:*",
            "*",
            f"{service}:{name[:3]}*",
            f"{service}:*{name[3:]}",
            f"{service}:{name[:-1]}?",
            entry["action"].upper(),
            f"{service}:Tag*",
            "ec2:*",
            *others,
        ]

    def _resources(self, entry: Entry) -> list[str]:
        arn = entry["resource"]
        if arn == "*":
            return ["*", f"arn:aws:secretsmanager:*:{HERE}:secret:x-??????"]

        head, _, _ = arn.rpartition("/")
        found = ["*", "*", arn, f"{arn[:-1]}?", f"{arn[:-3]}*", f"{arn}x"]
        found += [request["resource"] for request in self._requests]
        if head:
            found += [f"{head}/*", f"{head}/${{aws:username}}*"]

        if self._kind in ("secret", "key"):
            found.append(arn.replace("eu-central-1", "*"))
            found.append(arn.replace("eu-central-1", "eu-west-1"))

        if self._kind == "secret":
            stem = arn.partition("secret:")[0]
            found += [
                f"{arn[:-6]}??????",
                f"{stem}secret:shop/*",
                f"{stem}secret:*/dev/*",
                f"{stem}secret:${{aws:PrincipalTag/team}}/*",
                f"{stem}secret:${{aws:PrincipalTag/team, 'shop'}}/dev/*",
            ]

        if self._kind == "object":
            found += ["arn:aws:s3:::logs/${aws:username}/*", "arn:aws:s3:::data-dev/${aws:PrincipalTag/team}/*"]  # fmt: skip

        return found

    def _principals(self, entry: Entry, *, is_deny: bool) -> tuple[str, Any]:
        dice, caller = self._dice, entry["principal"]
        if dice.chance(0.15):
            return "Principal", dice.choice(("*", {"AWS": "*"}))

        own = [
            name
            for name in CALLERS
            if name.startswith("arn:") and name != caller
        ]  # fmt: skip
        names = [f"arn:aws:iam::{HERE}:root", HERE, f"arn:aws:iam::{THERE}:root", ELSEWHERE]
        names += dice.sample(own, 2)
        if caller.startswith("arn:"):
            names += [caller, caller]
            facts = caller_facts(request_of(entry))
            names.append(facts["aws:principalarn"])

        principals: dict[str, Any] = {"AWS": self._one_or_some(list(dict.fromkeys(names)))}
        if not caller.startswith("arn:") and dice.chance(0.7):
            principals = {"Service": self._one_or_some(["dms.amazonaws.com", "sns.amazonaws.com"])}

        if is_deny and dice.chance(0.25):
            return "NotPrincipal", principals

        return "Principal", principals

    def _conditions(self, entry: Entry) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for _ in range(self._dice.randint(1, 2)):
            operator, key, values = self._condition(entry)
            if len(values) == 1 and self._dice.chance(0.6):
                found.setdefault(operator, {})[key] = values[0]
            else:
                found.setdefault(operator, {})[key] = values

        return found

    def _condition(self, entry: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        make = dice.choice(
            (self._text, self._text, self._arn, self._many, self._boolean, self._number,
             self._moment, self._address, self._binary, self._null)
        )  # fmt: skip
        operator, key, values = make(entry)
        if operator != "Null" and dice.chance(0.2):
            operator += "IfExists"

        if dice.chance(0.2):
            key = key.lower()

        return operator, key, values

    def _given(self, entry: Entry, key: str, others: Sequence[str]) -> list[str]:
        """Return values for a policy: that of the request, or others."""
        given = entry.get("context", {}).get(key)
        if isinstance(given, str) and self._dice.chance(0.5):
            return [given]

        return self._dice.some(others, 2)

    def _text(self, entry: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        key, others = dice.choice(list(_keys_of(self._kind).items()))
        values = self._given(entry, key, others)
        operator = dice.choice(
            ("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase",
             "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike")
        )  # fmt: skip
        if "Case" in operator:
            values = [value.swapcase() for value in values]

        if "Like" in operator:
            values = [dice.choice((f"{v[:2]}*", f"*{v[1:]}", f"{v[:-1]}?", v)) for v in values]

        if dice.chance(0.15):
            values.append(
                dice.choice(("${aws:PrincipalTag/team}", "${aws:username, 'red'}", "${*}"))
            )

        return operator, key, values

    def _arn(self, entry: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        facts = caller_facts(request_of(entry))
        key = dice.choice(("aws:PrincipalArn", "aws:SourceArn"))
        values = self._given(entry, key, _ARNS["aws:SourceArn"])
        if key == "aws:PrincipalArn":
            values = [facts.get(key.lower(), f"arn:aws:iam::{HERE}:user/amy")]

        forms = [
            dice.choice((v, f"{v[:-2]}*", f"{v[:-1]}?", v.replace(HERE, "*"), "arn:aws:*:*:*:*"))
            for v in values
        ]
        operators = ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringLike")
        return dice.choice(operators), key, forms

    def _many(self, entry: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        key, others = dice.choice(list(_LISTS.items()))
        quantifier = dice.choice(("ForAllValues", "ForAnyValue"))
        operator = dice.choice(("StringEquals", "StringNotEquals", "StringLike", "StringNotLike"))
        values = dice.some(others, 3)
        if "Like" in operator:
            values = [dice.choice((f"{value[:2]}*", value)) for value in values]

        if dice.chance(0.1):
            return operator, key, values

        return f"{quantifier}:{operator}", key, values

    def _boolean(self, _: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        return "Bool", dice.choice(_BOOLEANS), [dice.choice(("true", "false", "True"))]

    def _number(self, _: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        operator = dice.choice(
            ("NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals",
             "NumericGreaterThan", "NumericGreaterThanEquals")
        )  # fmt: skip
        return (
            operator,
            "aws:MultiFactorAuthAge",
            dice.some(("0", "30", "300.0", "300.5", "3600"), 2),
        )

    def _moment(self, _: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        operator = dice.choice(
            ("DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals",
             "DateGreaterThan", "DateGreaterThanEquals")
        )  # fmt: skip
        if dice.chance(0.4):
            return operator, "aws:EpochTime", dice.some(_EPOCHS, 2)

        return operator, "aws:CurrentTime", dice.some(_MOMENTS, 2)

    def _address(self, _: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        operator = dice.choice(("IpAddress", "NotIpAddress"))
        return operator, "aws:SourceIp", dice.some(_NETWORKS, 2)

    def _binary(self, _: Entry) -> tuple[str, str, list[str]]:
        return "BinaryEquals", "aws:PrincipalTag/blob", self._dice.some(_BINARIES, 2)

    def _null(self, _: Entry) -> tuple[str, str, list[str]]:
        dice = self._dice
        keys = [*_keys_of(self._kind), *_LISTS, *_BOOLEANS]
        return "Null", dice.choice(keys), [dice.choice(("true", "false"))]
