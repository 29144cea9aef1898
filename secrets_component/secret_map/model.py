"""The secret map's format, top to bottom in the order in which a map is written.

This module is the reference: the JSON Schema and the README's table are made from it. Limits come
from AWS's API reference (https://docs.aws.amazon.com/secretsmanager/latest/apireference/) unless
another source is named.
"""

from __future__ import annotations

import base64
import binascii
import re
import string
from collections.abc import Iterator, Set
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
)

from secrets_component.secret_map import schedules
from secrets_component.secret_map.aws_types import (
    MAX_VALUE_BYTES,
    EcsService,
    FunctionArn,
    HierarchyPart,
    HostedKind,
    KeyId,
    Label,
    LambdaFunction,
    LogDays,
    OrganizationId,
    PlainText,
    Principal,
    Region,
    RoleName,
    ScheduleExpression,
    ScheduleWindow,
    SecretArn,
    SecurityGroupId,
    SubnetId,
    Tags,
    TopicArn,
)

DEFAULT_SPECIAL = "-_."

Owner = Literal["map", "rotation", "operator"]
Finding: TypeAlias = tuple[tuple[str | int, ...], str]


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=False)


ENGINES = {
    "postgres": ("postgres", "aurora-postgresql"),
    "mysql": ("mysql", "mariadb", "aurora-mysql"),
}
"""What a secret's `engine` may say, by the first word of the function's name."""
LOGIN_FIELDS = ("engine", "host", "username", "password")
"""What AWS's structure of a database secret must have."""


class Kms(_Block):
    """A KMS key that this map creates, with rotation on, for all its secrets without another."""

    create: bool = Field(
        default=False,
        description="Create a key for this map, for use through Secrets Manager only. Where the "
        "map grants anything (`access`), its readers, its admins, roles of `attach_to` and whoever "
        "deploys decrypt with it, and nobody else: a role that gets one of `policy_arns` elsewhere "
        "must stand there as well. Else IAM policies of the account decide. Default: no.",
    )
    alias: Annotated[
        str | None,
        Field(max_length=250),
    ] = Field(
        default=None,
        description="The key's alias, with or without `alias/`. Default: "
        "`<context_name>-<environment>-secrets`, with `-` for characters no alias may hold.",
    )
    deletion_window_in_days: int = Field(
        default=30,
        ge=7,
        le=30,
        description="Days between removal and loss of the key, 7 to 30. Default: 30, so that no "
        "secret in its recovery window outlives its key.",
    )
    multi_region: bool = Field(
        default=False,
        description="A multi-Region key, with a replica key for every replica of a secret that "
        "names no key of its own. Fixed once the key exists: a change replaces the key. "
        "Default: no.",
    )

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong with the alias, and what has no effect."""
        if self.multi_region and not self.create:
            yield ("multi_region",), "has no effect without `create: true`"
        alias = (self.alias or "").removeprefix("alias/")
        if self.alias is not None and not re.fullmatch(r"[A-Za-z0-9/_-]+", alias):
            yield ("alias",), "may hold only letters, digits and `/_-`, as KMS asks"
        if alias.startswith("aws/"):
            yield ("alias",), "`alias/aws/…` is AWS's own; choose another alias"


class Alarms(_Block):
    """Word of rotations that fail, are abandoned, or fail their test, to an SNS topic."""

    create: bool = Field(
        default=False, description="Create a topic; its ARN is an output. Default: no."
    )
    topic_arn: TopicArn | None = Field(
        default=None,
        description="Or: your own topic, or a reference to it. It must let `events.amazonaws.com` "
        "publish.",
    )

    def findings(self) -> Iterator[Finding]:
        """Yield a second topic."""
        if self.create and self.topic_arn is not None:
            yield ("create",), "a second topic beside `topic_arn`; keep one of them"


class Stack(_Block):
    """A Pulumi stack that `${output.<component>.<name>}` reads from."""

    stack: str = Field(
        min_length=1, description="The stack's full name, `<organization>/<project>/<stack>`."
    )
    when_missing: Literal["fail", "wait"] = Field(
        default="fail",
        description="What happens while the stack or its output does not exist: `fail` the run "
        "(default), or let the secret `wait` without a value until a later run.",
    )


class RandomPassword(_Block):
    """How a password is generated; the options of Pulumi's `random.RandomPassword`."""

    length: int = Field(default=32, ge=1, le=4096, description="Characters. Default: 32.")
    special: bool = Field(default=True, description="Use special characters. Default: yes.")
    override_special: str | None = Field(
        default=None,
        min_length=1,
        description="The special characters to choose from. Default: `-_.`, which mean nothing to "
        'URLs (RFC 3986 calls them unreserved), to shells, or to RDS (it refuses `/`, `"`, `@` '
        "and blanks).",
    )
    lower: bool = Field(default=True, description="Use lower-case letters. Default: yes.")
    upper: bool = Field(default=True, description="Use upper-case letters. Default: yes.")
    numeric: bool = Field(default=True, description="Use digits. Default: yes.")
    min_lower: int | None = Field(
        default=None, ge=0, description="At least so many lower-case letters. Default: 1 if used."
    )
    min_upper: int | None = Field(
        default=None, ge=0, description="At least so many upper-case letters. Default: 1 if used."
    )
    min_numeric: int | None = Field(
        default=None, ge=0, description="At least so many digits. Default: 1 if used."
    )
    min_special: int | None = Field(
        default=None, ge=0, description="At least so many special characters. Default: 1 if used."
    )
    keepers: dict[str, PlainText] = Field(
        default={}, description="Changing any of these generates a new password. Default: none."
    )

    @property
    def characters(self) -> str:
        """The characters that a password may hold."""
        kinds = (
            string.ascii_lowercase if self.lower else "",
            string.ascii_uppercase if self.upper else "",
            string.digits if self.numeric else "",
            (self.override_special or DEFAULT_SPECIAL) if self.special else "",
        )
        return "".join(kinds)

    def minimum(self, kind: Literal["lower", "upper", "numeric", "special"]) -> int:
        """Give the least number of characters of a kind: as written, else 1 where it is used."""
        written: int | None = getattr(self, f"min_{kind}")
        if written is not None:
            return written
        return int(getattr(self, kind)) if self.length >= len(_CHARACTER_KINDS) else 0

    def findings(self) -> Iterator[Finding]:
        """Yield the options that contradict each other."""
        if not any(getattr(self, kind) for kind in _CHARACTER_KINDS):
            yield (), "no kind of character is left; leave one of lower, upper, numeric, special on"
        for kind in _CHARACTER_KINDS:
            if getattr(self, f"min_{kind}") and not getattr(self, kind):
                yield (f"min_{kind}",), f"contradicts `{kind}: false`"
        least = sum(self.minimum(kind) for kind in _CHARACTER_KINDS)
        if least > self.length:
            yield ("length",), f"is less than the {least} characters that the `min_…` ask for"


_CHARACTER_KINDS: tuple[Literal["lower", "upper", "numeric", "special"], ...] = (
    "lower",
    "upper",
    "numeric",
    "special",
)


class Replica(_Block):
    """A copy of the secret in another region."""

    region: Region = Field(description="The region, not the map's own.")
    kms_key_id: KeyId | None = Field(
        default=None, description="A key in that region. Default: the region's AWS-managed key."
    )


class HostedRotation(_Block):
    """A rotation function that this project ships: deployed for this secret alone."""

    function: HostedKind = Field(
        description="What it does: make a new password (`generated-password`), or change it in a "
        "database too, of the `single-user` itself, or of two `alternating-users`, so that the one "
        "before still works."
    )
    superuser_secret_arn: SecretArn | None = Field(
        default=None,
        description="The secret of the user who may change the alternating users' passwords.",
    )
    subnet_ids: list[SubnetId] = Field(
        default=[],
        description="Subnets of a VPC that reach the database, and Secrets Manager by an endpoint "
        "or NAT. Default: no VPC.",
    )
    security_group_ids: list[SecurityGroupId] = Field(
        default=[], description="Security groups, beside `subnet_ids`."
    )
    timeout: int = Field(
        default=60,
        ge=1,
        le=900,
        description="Seconds that one of the four steps may take, 1 to 900. Default: 60.",
    )
    log_retention_in_days: LogDays = Field(
        default=30, description="Days that its log is kept, one of CloudWatch's. Default: 30."
    )
    ca_bundle: str | None = Field(
        default=None,
        min_length=1,
        description="A file of PEM certificates, seen from the map, that the database's is checked "
        "with, such as RDS's `global-bundle.pem`. Default: those of Lambda's system.",
    )

    def findings(self) -> Iterator[Finding]:
        """Yield the fields that contradict each other."""
        if bool(self.subnet_ids) != bool(self.security_group_ids):
            present, missing = "subnet_ids", "security_group_ids"
            if self.security_group_ids:
                present, missing = missing, present
            yield (present,), f"needs `{missing}` beside it"
        alternates = self.function.endswith("alternating-users")
        if alternates and self.superuser_secret_arn is None:
            yield (
                ("function",),
                "needs a user who may change passwords; write `superuser_secret_arn: <ARN or "
                "reference>`",
            )
        if not alternates and self.superuser_secret_arn is not None:
            yield ("superuser_secret_arn",), f"has no effect with `{self.function}`"
        if self.ca_bundle is not None and self.function == "generated-password":
            yield ("ca_bundle",), f"has no effect with `{self.function}`"


TEMPLATES = ("read-secret-policy", "admin-secret-policy", "cross-account-secret-policy")


class TemplatePolicy(_Block):
    """A resource policy made from a template."""

    template: str = Field(
        min_length=1,
        description="`read-secret-policy`, `admin-secret-policy`, `cross-account-secret-policy`, "
        "or the path of a template of your own (`./<name>.json.tpl`), relative to the map's file.",
    )
    principals: list[Principal] = Field(
        default=[],
        description="Who gets the access: account ids, ARNs of roles or users. Required, unless a "
        "template of your own names them itself.",
    )
    organization_id: OrganizationId | None = Field(
        default=None, description="Only principals of this AWS Organization. Default: any."
    )

    def is_file(self) -> bool:
        """Tell whether the template is the user's own file."""
        return "/" in self.template or self.template.endswith((".tpl", ".json"))


class Grants(_Block):
    """Who may use secrets: `readers` read values, `admins` also write, rotate and delete."""

    readers: list[Principal] = Field(
        default=[],
        description="Who may read: ARNs of roles or users, account ids, or AWS services "
        "(`<name>.amazonaws.com`). Principals of this account need no further policy; in another "
        "account an IAM policy of theirs must allow the same.",
    )
    admins: list[Principal] = Field(
        default=[],
        description="Who may also write, rotate, delete and restore; list here who deploys and the "
        "roles of rotation functions, where the map creates its key.",
    )
    organization_id: OrganizationId | None = Field(
        default=None, description="Only principals of this AWS Organization. Default: any."
    )

    def findings(self) -> Iterator[Finding]:
        """Yield what has no effect."""
        if self.organization_id is not None and not (self.readers or self.admins):
            yield ("organization_id",), "has no effect without `readers` or `admins`"


class LevelAccess(Grants):
    """Who may use all secrets of one level of the hierarchy."""

    attach_to: list[RoleName] = Field(
        default=[],
        description="Names of existing roles of this account that get the level's `read` policy.",
    )


class Access(LevelAccess):
    """Who may use all secrets of the map, and of single paths."""

    paths: dict[HierarchyPart, LevelAccess] = Field(
        default={},
        description="Who may use the secrets below a path; `a` covers `a/b` as well.",
    )

    def findings(self) -> Iterator[Finding]:
        """Yield what has no effect."""
        yield from super().findings()
        for path, block in self.paths.items():
            for inner, message in block.findings():
                yield ("paths", path, *inner), message


class RestartService(_Block):
    """An ECS service that is deployed anew, so that its tasks start with the new value."""

    ecs_service: EcsService = Field(description="`<cluster>/<service>`, or the service's ARN.")

    @property
    def target(self) -> tuple[Literal["ecs_service"], str]:
        """The field's name and its text."""
        return "ecs_service", self.ecs_service


class RestartFunction(_Block):
    """A Lambda function whose description is touched, so that its environments start anew."""

    lambda_: LambdaFunction = Field(alias="lambda", description="The function's name or ARN.")

    @property
    def target(self) -> tuple[Literal["lambda"], str]:
        """The field's name and its text."""
        return "lambda", self.lambda_


def _kind_of_restart(value: object) -> str | None:
    if not isinstance(value, dict):
        return None
    kinds = [kind for kind in ("ecs_service", "lambda") if kind in value]
    return f"={kinds[0]}" if len(kinds) == 1 else None


Restart = Annotated[
    Annotated[RestartService, Tag("=ecs_service")] | Annotated[RestartFunction, Tag("=lambda")],
    Discriminator(
        _kind_of_restart,
        custom_error_type="restart",
        custom_error_message="expected `{ecs_service: <cluster>/<service>}` "
        "or `{lambda: <name or ARN>}`",
    ),
]


def _kind_of_policy(value: object) -> str | None:
    if isinstance(value, str):
        return "=text"
    if isinstance(value, dict):
        return "=document" if "Statement" in value else "=template"
    return None


def _kind_of_data(value: object) -> str | None:
    return "=text" if isinstance(value, str) else "=mapping" if isinstance(value, dict) else None


def _kind_of_stack(value: object) -> str | None:
    return "=name" if isinstance(value, str) else "=block" if isinstance(value, dict) else None


# Tags of choices begin with `=`, so that no location of an error can mistake one for a field.
Policy = Annotated[
    Annotated[str, Tag("=text")]
    | Annotated[dict[str, Any], Tag("=document")]
    | Annotated[TemplatePolicy, Tag("=template")],
    Discriminator(
        _kind_of_policy,
        custom_error_type="policy",
        custom_error_message="expected a template (`{template: …, principals: […]}`) "
        "or a policy document",
    ),
]
SecretData = Annotated[
    Annotated[str, Tag("=text")] | Annotated[dict[str, Any], Tag("=mapping")],
    Discriminator(
        _kind_of_data,
        custom_error_type="secret_data",
        custom_error_message="expected text or a mapping; write a number, list or boolean in "
        "quotes",
    ),
]


class Fields(_Block):
    """The fields that `defaults:` may give once for all entries."""

    name: HierarchyPart | None = Field(
        default=None, description="The last part of the secret's name. Default: the entry's key."
    )
    path: HierarchyPart | None = Field(
        default=None, description="The part between environment and name; may be nested (`a/b`)."
    )
    description: str | None = Field(
        default=None, max_length=2048, description="What AWS shows beside the secret."
    )
    generate_random_password: bool = Field(
        default=False, description="The value is a generated password. Default: no."
    )
    random_password: RandomPassword = Field(
        default=RandomPassword(), description="How the password is generated."
    )
    random: dict[Label, RandomPassword] = Field(
        default={},
        description="Passwords of this entry alone, which `secret_data` uses as "
        "`${random.<name>}`.",
    )
    secret_data: SecretData | None = Field(
        default=None,
        description="The value: text, or a mapping, which is stored as JSON. May hold references.",
    )
    secret_binary: str | None = Field(default=None, description="The value as base64.")
    rotation_automatically: bool = Field(
        default=False, description="AWS rotates the value with the given function. Default: no."
    )
    rotation_days: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Days between rotations, 1 to 1000. Default: 30 without `rotation_schedule`.",
    )
    rotation_schedule: ScheduleExpression | None = Field(
        default=None,
        description="Instead of days: `rate(10 days)` or `cron(0 8 1 * ? *)`, in UTC.",
    )
    rotation_window: ScheduleWindow | None = Field(
        default=None, description="Hours in which a rotation may start, `3h`. Default: AWS's."
    )
    rotation_lambda_arn: FunctionArn | None = Field(
        default=None, description="The function that rotates, or a reference to it."
    )
    rotation: HostedRotation | None = Field(
        default=None,
        description="Instead of `rotation_lambda_arn`: a function that this project deploys.",
    )
    rotate_immediately: bool = Field(
        default=False, description="Rotate when the schedule is set or changed. Default: no."
    )
    rotated_fields: list[str] = Field(
        default=[],
        description="Fields of a structured value that rotation writes; the others stay the map's.",
    )
    on_rotate: list[Restart] = Field(
        default=[],
        description="What restarts once the secret has rotated, in its own account and region. "
        "Needs a CloudTrail trail there, which carries the event. Default: nothing.",
    )
    kms_key_id: KeyId | None = Field(
        default=None, description="The key that encrypts the secret. Default: the map's key."
    )
    recovery_window_in_days: int = Field(
        default=30,
        ge=0,
        le=30,
        description="Days in which a removed secret can be restored: 7 to 30, or 0 for none. "
        "Default: 30.",
    )
    replicas: list[Replica] = Field(
        default=[],
        description="Copies in other regions. The provider does not see that the last one is "
        "removed.",
    )
    policy: Policy | None = Field(default=None, description="Who may use the secret itself.")
    access: Grants = Field(
        default=Grants(), description="Who may use this secret, besides those of its levels."
    )
    protect: bool = Field(
        default=False, description="Pulumi refuses to delete or replace the secret. Default: no."
    )
    import_: str | None = Field(
        default=None,
        alias="import",
        min_length=1,
        description="Adopt the secret that has this name or ARN. While this line stands it keeps "
        "its name, and what the entry itself does not say (description, tags, key, replicas).",
    )
    restore_deleted: bool = Field(
        default=False,
        description="Bring back the secret of this name that is scheduled for deletion. "
        "Default: no.",
    )
    renamed_from: Label | None = Field(
        default=None, description="The entry's key before: nothing is replaced."
    )
    owner: Owner | None = Field(
        default=None,
        description="Who writes the value after the first time: `map`, `rotation` or `operator`. "
        "Default: `rotation` where the entry rotates, else `map`.",
    )
    tags: Tags = Field(default={}, description="Tags of this secret, over the map's.")


_FUNCTIONS = frozenset({"rotation", "rotation_lambda_arn"})  # one that is wrong is told already


class Entry(Fields):
    """One secret."""

    def sources(self) -> list[str]:
        """Name the fields that give the value; more than one is an error."""
        given = {
            "generate_random_password": self.generate_random_password,
            "secret_data": self.secret_data is not None,
            "secret_binary": self.secret_binary is not None,
        }
        return [field for field, is_given in given.items() if is_given]

    def findings(self, written: Set[str]) -> Iterator[Finding]:
        """Yield what single fields cannot show: contradictions, with where they stand.

        Args:
            written: the fields that the entry gives itself; the others are from `defaults`.
        """
        yield from self._value_findings(written)
        yield from self._rotation_findings(written)
        yield from self._lifetime_findings()
        yield from self._copies_and_tags_findings()
        for inner, message in self.access.findings():
            yield ("access", *inner), message
        for path, block in (
            (("random_password",), self.random_password),
            *((("random", name), options) for name, options in self.random.items()),
        ):
            for inner, message in block.findings():
                yield (*path, *inner), message

    def _value_findings(self, written: Set[str]) -> Iterator[Finding]:
        sources = self.sources()
        for extra in sources[1:]:
            yield (extra,), f"a second value beside `{sources[0]}`; keep one of them"
        if "random_password" in written and "generate_random_password" not in sources:
            yield ("random_password",), "needs `generate_random_password: true`"
        if self.random and self.secret_data is None:
            yield ("random",), "needs a `secret_data` that uses it (`${random.<name>}`)"
        if isinstance(self.secret_data, str) and not self.secret_data:
            yield ("secret_data",), "is empty, which AWS refuses; leave it out for an empty secret"
        if isinstance(self.secret_data, str) and _too_long(self.secret_data.encode()):
            yield ("secret_data",), f"is larger than AWS's {MAX_VALUE_BYTES:,} bytes"
        if self.secret_binary is not None and "${" not in self.secret_binary:
            yield from binary_findings(self.secret_binary)

    def _rotation_findings(self, written: Set[str]) -> Iterator[Finding]:
        if not self.rotation_automatically:
            for field in ("rotation_days", "rotation_schedule", "rotation_lambda_arn", "rotation"):
                if field in written and "rotation_automatically" not in written:
                    yield (field,), "has no effect without `rotation_automatically: true`"
                    break
            if "on_rotate" in written and not self.import_:
                yield ("on_rotate",), "has no effect without `rotation_automatically: true`"
            return
        if self.rotation_lambda_arn is None and self.rotation is None and not _FUNCTIONS & written:
            yield (
                ("rotation_automatically",),
                "rotation needs a function; write `rotation: {function: …}` for one that is "
                "shipped here, or `rotation_lambda_arn: <ARN or reference>`",
            )
        if self.rotation is not None:
            yield from self._hosted_findings(self.rotation)
        if self.rotation_days is not None and self.rotation_schedule is not None:
            yield ("rotation_schedule",), "a second schedule beside `rotation_days`; keep one"
        if self.rotation_window is not None:
            problem = schedules.fit_problem(self.rotation_schedule, self.rotation_window)
            if problem:
                yield ("rotation_window",), problem

    def _hosted_findings(self, rotation: HostedRotation) -> Iterator[Finding]:
        if self.rotation_lambda_arn is not None:
            yield ("rotation",), "a second function beside `rotation_lambda_arn`; keep one of them"
        for inner, message in rotation.findings():
            yield ("rotation", *inner), message
        if self.secret_binary is not None:
            yield ("rotation",), "can rotate text only, not `secret_binary`"
        engines = ENGINES.get(rotation.function.partition("-")[0])
        if engines is None:
            if isinstance(self.secret_data, dict) and "password" not in self.secret_data:
                yield (
                    ("secret_data",),
                    f"`{rotation.function}` needs `password` in it",
                )
            return
        if self.generate_random_password:
            yield (
                ("rotation", "function"),
                "reads where the database is from the secret; write a `secret_data` with "
                f"{', '.join(f'`{field}`' for field in LOGIN_FIELDS)} instead of "
                "`generate_random_password`",
            )
        if not isinstance(self.secret_data, dict):
            return
        missing = [f"`{field}`" for field in LOGIN_FIELDS if not self.secret_data.get(field)]
        if missing:
            yield ("secret_data",), f"`{rotation.function}` needs {', '.join(missing)} in it"
        engine = str(self.secret_data.get("engine") or engines[0])
        if engine not in engines and "${" not in engine:
            known = ", ".join(f"`{name}`" for name in engines)
            yield ("secret_data", "engine"), f"`{rotation.function}` can rotate {known}"

    def _lifetime_findings(self) -> Iterator[Finding]:
        if 0 < self.recovery_window_in_days < 7:  # noqa: PLR2004 # AWS: 0, or 7 to 30 days
            yield ("recovery_window_in_days",), "must be 0 or from 7 to 30"
        for field, adopts in (("import", self.import_), ("restore_deleted", self.restore_deleted)):
            if adopts and self.sources() and self.owner is None:
                yield (
                    (field,),
                    "the secret has a value of its own; say `owner: map` to replace it by the "
                    "map's, or `owner: operator` to keep it",
                )
        if self.import_ and self.restore_deleted:
            yield ("restore_deleted",), "stands beside `import`; keep one of them"
        if self.renamed_from and self.name is None:
            kept = f"`name: {self.renamed_from}`"
            yield (
                ("renamed_from",),
                f"the secret's name in AWS came from the old key; write {kept} to keep it",
            )
        if self.owner == "rotation" and not self.rotation_automatically:
            yield ("owner",), "`rotation` needs `rotation_automatically: true`"
        if self.rotated_fields and self.secret_data is None:
            yield ("rotated_fields",), "needs a structured `secret_data`"
        by_someone_else = self.rotation_automatically or self.owner == "operator"
        if self.rotated_fields and (self.owner == "map" or not by_someone_else):
            yield (
                ("rotated_fields",),
                "nobody but the map writes this value; turn rotation on, or say `owner: operator`",
            )

    def _copies_and_tags_findings(self) -> Iterator[Finding]:
        seen: set[str] = set()
        for index, replica in enumerate(self.replicas):
            if replica.region in seen:
                yield ("replicas", index, "region"), "a second replica in the same region"
            seen.add(replica.region)
        for key in self.tags:
            if key.lower().startswith("aws:"):
                yield ("tags", key), "tags that begin with `aws:` are AWS's own"


def binary_findings(encoded: str) -> Iterator[Finding]:
    """Yield what is wrong with a `secret_binary`: not base64, empty, or over AWS's limit."""
    try:
        decoded = base64.b64decode(encoded.replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        yield ("secret_binary",), "is not base64; encode it with `base64 -w0 FILE`"
        return
    if not decoded:
        yield ("secret_binary",), "is empty, which AWS refuses; leave it out for an empty secret"
    if _too_long(decoded):
        yield ("secret_binary",), f"is larger than AWS's {MAX_VALUE_BYTES:,} bytes"


def _too_long(value: bytes) -> bool:
    return len(value) > MAX_VALUE_BYTES


class Header(_Block):
    """What a map says once for all its secrets."""

    context_name: HierarchyPart = Field(description="Required. The first part of every name.")
    environment: HierarchyPart | None = Field(
        default=None, description="The second part of every name. Default: the Pulumi stack's name."
    )
    name: Label | None = Field(
        default=None, description="The map's label. Default: the instance's name."
    )
    tags: Tags = Field(default={}, description="Tags of everything that the map creates.")
    default_kms_key_id: KeyId | None = Field(
        default=None,
        description="The key of all secrets without another: key id, ARN, `alias/…`, or a "
        "reference. Default: the AWS-managed key.",
    )
    kms: Kms = Field(default=Kms(), description="Or: create a key for this map.")
    access: Access = Field(
        default=Access(), description="Who may use the secrets of the map, or of a path."
    )
    alarms: Alarms = Field(
        default=Alarms(), description="Who is told of rotations that fail. Default: nobody."
    )
    stacks: dict[
        Label,
        Annotated[
            Annotated[Annotated[str, Field(min_length=1)], Tag("=name")]
            | Annotated[Stack, Tag("=block")],
            Discriminator(
                _kind_of_stack,
                custom_error_type="stack",
                custom_error_message="expected a stack's name or `{stack: …, when_missing: …}`",
            ),
        ],
    ] = Field(default={}, description="What `${output.<component>.<name>}` reads from.")

    def findings(self) -> Iterator[Finding]:
        """Yield what single fields cannot show."""
        if self.kms.create and self.default_kms_key_id is not None:
            yield (
                ("kms", "create"),
                "a second key beside `default_kms_key_id`; keep one of them",
            )
        for own in {"secretsmanager", self.name} & set(self.stacks):
            yield ("stacks", str(own)), "is this map itself; give the stack another name"
        for inner, message in self.kms.findings():
            yield ("kms", *inner), message
        for inner, message in self.alarms.findings():
            yield ("alarms", *inner), message
        for inner, message in self.access.findings():
            yield ("access", *inner), message

    def stack(self, component: str) -> Stack | None:
        """Give the stack behind a component's name, or None where the map names none."""
        found = self.stacks.get(component)
        return Stack(stack=found) if isinstance(found, str) else found


class SecretMapFile(Header):
    """A secret map in its flat form; in the Atmos form the same stands under `vars`."""

    defaults: Fields = Field(
        default=Fields(), description="Values for any field of the entries, given once."
    )
    secrets: dict[Label, Entry] = Field(
        default={}, description="The entries; the key is an entry's stable identity."
    )
