"""Plan: everything that one map asks for, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from secrets_component.errors import Position, Problem
from secrets_component.iam.grants import Grant, InlinePolicy, Level, TemplatedPolicy
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY, HostedKind
from secrets_component.secret_map.forms import Instance
from secrets_component.secret_map.model import Owner, RandomPassword, Stack
from secrets_component.secret_map.references import Reference, Structure, Template
from secrets_component.secret_map.yaml_text import Path_


@dataclass(frozen=True, slots=True)
class Generated:
    """A password that Pulumi's random provider makes once and keeps in its encrypted state."""

    options: RandomPassword
    kind: Literal["generated"] = "generated"


@dataclass(frozen=True, slots=True)
class Structured:
    """A JSON document: a mapping of the map, or a text that is JSON."""

    value: Template | Structure
    passwords: Mapping[str, RandomPassword]
    kind: Literal["structured"] = "structured"


@dataclass(frozen=True, slots=True)
class LiteralText:
    """Any other text."""

    value: Template
    passwords: Mapping[str, RandomPassword]
    kind: Literal["literal"] = "literal"


@dataclass(frozen=True, slots=True)
class Binary:
    """Bytes, as base64."""

    value: Template
    kind: Literal["binary"] = "binary"


@dataclass(frozen=True, slots=True)
class Empty:
    """No value: someone else fills the secret, or an adopted secret keeps its own."""

    kind: Literal["none", "imported"] = "none"


Source: TypeAlias = Generated | Structured | LiteralText | Binary | Empty


@dataclass(frozen=True, slots=True)
class HostedFunction:
    """A rotation function that is deployed with the secret.

    Attributes:
        kind: the function's name in the map.
        password_characters: what a new password may hold, as the entry's own first one.
    """

    kind: HostedKind
    superuser_secret: Template | None
    subnets: tuple[Template, ...]
    security_groups: tuple[Template, ...]
    timeout: int
    log_retention_in_days: int
    ca_bundle: Path | None
    password_length: int
    password_characters: str

    @property
    def references(self) -> tuple[Reference, ...]:
        """The references in its fields."""
        templates = (self.superuser_secret, *self.subnets, *self.security_groups)
        return tuple(ref for template in templates if template for ref in template.references)

    def __str__(self) -> str:
        """Give the function's name."""
        return self.kind


@dataclass(frozen=True, slots=True)
class Rotation:
    """How AWS rotates a secret; exactly one of `days` and `schedule` is set."""

    function: Template | HostedFunction
    days: int | None
    schedule: str | None
    window: str | None
    immediately: bool


@dataclass(frozen=True, slots=True)
class PlannedRestart:
    """What restarts once a secret has rotated."""

    kind: Literal["ecs_service", "lambda"]
    target: Template


@dataclass(frozen=True, slots=True)
class PlannedReplica:
    """A copy in another region, under a key of that region."""

    region: str
    kms_key: Template | None


@dataclass(frozen=True, slots=True)
class PlannedSecret:
    """One secret as it will exist.

    Attributes:
        grants: who may use it, from the map's level down to its own.
    """

    key: str
    name: str
    path: str | None
    description: str | None
    source: Source
    owner: Owner
    kms_key: Template | None
    replicas: tuple[PlannedReplica, ...]
    rotation: Rotation | None
    on_rotate: tuple[PlannedRestart, ...]
    alarm_topic: Template | None
    policy: TemplatedPolicy | InlinePolicy | None
    grants: tuple[Grant, ...]
    recovery_window_in_days: int
    protect: bool
    import_: str | None
    restore_deleted: bool
    renamed_from: str | None
    rotated_fields: tuple[str, ...]
    tags: Mapping[str, str]

    @property
    def value_references(self) -> tuple[Reference, ...]:
        """The references in the value."""
        match self.source:
            case Structured(value) | LiteralText(value) | Binary(value):
                return value.references
            case _:
                return ()

    @property
    def references(self) -> tuple[Reference, ...]:
        """The references in the value and in all other fields."""
        fields = [self.kms_key, *(replica.kms_key for replica in self.replicas), *self.principals]
        fields.extend((*(restart.target for restart in self.on_rotate), self.alarm_topic))
        found = (ref for template in fields if template for ref in template.references)
        function = self.rotation.function.references if self.rotation else ()
        return tuple(dict.fromkeys((*self.value_references, *found, *function)))

    @property
    def principals(self) -> tuple[Template, ...]:
        """Whom its policy and its grants name."""
        own = self.policy.principals if isinstance(self.policy, TemplatedPolicy) else ()
        named = (g.principal for grant in self.grants for g in (*grant.readers, *grant.admins))
        return (*own, *named)

    @property
    def passwords(self) -> Mapping[str, RandomPassword]:
        """The generated passwords by their keys in the output `generated_passwords`."""
        match self.source:
            case Generated(options):
                return {self.key: options}
            case Structured(passwords=made) | LiteralText(passwords=made):
                return {f"{self.key}.{name}": options for name, options in made.items()}
            case _:
                return {}


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """The KMS key that a map creates."""

    alias: str
    deletion_window_in_days: int
    multi_region: bool


@dataclass(frozen=True, slots=True)
class PlannedAlarms:
    """Where word of failed rotations goes; a topic of None is created."""

    topic: Template | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that one map asks for.

    Attributes:
        name: the map's label; logical names of resources derive from it.
        secrets: by key, in the order of the map.
        order: keys so that what is referenced comes first.
        levels: the whole map, then each path that an entry or `access` names.
        warnings: what is allowed but rarely meant.
    """

    name: str
    instance: str
    context: str
    environment: str
    tags: Mapping[str, str]
    created_key: CreatedKey | None
    stacks: Mapping[str, Stack]
    secrets: Mapping[str, PlannedSecret]
    order: tuple[str, ...]
    levels: tuple[Level, ...]
    alarms: PlannedAlarms | None
    warnings: tuple[Problem, ...] = ()
    _instance: Instance | None = field(default=None, compare=False, repr=False)

    def place(self, path: Path_) -> Position:
        """Say where something that was written at a path of the map stands."""
        assert self._instance is not None  # noqa: S101 # set by every constructor in this module
        return self._instance.position(path)

    def position(self, key: str | None, wanted: str = "") -> Position:
        """Say where an entry, or a text in it, stands; a text may also stand outside entries."""
        assert self._instance is not None  # noqa: S101 # set by every constructor in this module
        path: Path_ = () if key is None else ("secrets", key)
        document, base = self._instance.document, self._instance.path
        found = None
        if wanted:
            found = document.position_of_text((*base, *path), wanted)
            found = found or document.position_of_text(base, wanted)
        return found or self._instance.position(path, of_key=True)


def is_aws_managed(key: Template | None) -> bool:
    """Tell whether a key, as the map writes it, is the AWS-managed one."""
    return key is None or str(key).endswith(AWS_MANAGED_KEY)
