"""Plan: everything that one map asks for, as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from secrets_component.errors import KeyPath, Places, Problem, Report
from secrets_component.iam.grants import Grant, InlinePolicy, Level, TemplatedPolicy
from secrets_component.planning.files import FileFolders
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY, HostedKind
from secrets_component.secret_map.model import (
    Owner,
    RandomKeyPair,
    RandomPassword,
    RandomValue,
    Stack,
)
from secrets_component.secret_map.references import Reference, Structure, Template


@dataclass(frozen=True, slots=True)
class Generated:
    """A password that Pulumi's random provider makes once and keeps in its encrypted state."""

    options: RandomPassword
    kind: Literal["generated"] = "generated"


@dataclass(frozen=True, slots=True)
class Structured:
    """A JSON document: a mapping of the map, or a string that is JSON."""

    value: Template | Structure
    random: Mapping[str, RandomValue]
    kind: Literal["structured"] = "structured"


@dataclass(frozen=True, slots=True)
class LiteralText:
    """Any other string."""

    value: Template
    random: Mapping[str, RandomValue]
    kind: Literal["literal"] = "literal"


@dataclass(frozen=True, slots=True)
class Binary:
    """Bytes, as base64."""

    value: Template
    random: Mapping[str, RandomValue]
    kind: Literal["binary"] = "binary"


@dataclass(frozen=True, slots=True)
class Empty:
    """No value: rotation or an operator fills the secret, or an adopted secret keeps its own."""

    kind: Literal["none", "imported"] = "none"


Source: TypeAlias = Generated | Structured | LiteralText | Binary | Empty


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A key that the map names: an id, an ARN, `alias/…` or a reference."""

    template: Template

    @property
    def is_aws_managed(self) -> bool:
        """Whether the map names the AWS-managed key; a reference to it is seen only at run time."""
        return str(self.template).endswith(AWS_MANAGED_KEY)


@dataclass(frozen=True, slots=True)
class MapKey:
    """The key that the map creates, or a replica of it."""

    alias: str


@dataclass(frozen=True, slots=True)
class AwsManagedKey:
    """The AWS-managed key of the region, which the map does not name."""


@dataclass(frozen=True, slots=True)
class KeptKey:
    """The key that an adopted secret has already."""


KmsKey: TypeAlias = NamedKey | MapKey | AwsManagedKey | KeptKey
ReplicaKey: TypeAlias = NamedKey | MapKey | AwsManagedKey


def is_aws_managed(key: KmsKey) -> bool:
    """Return whether a key is the AWS-managed one, as far as the map alone shows it."""
    if isinstance(key, NamedKey):
        return key.is_aws_managed

    return isinstance(key, AwsManagedKey)


@dataclass(frozen=True, slots=True)
class HostedFunction:
    """A rotation function that is deployed with the secret.

    Attributes:
        kind: the function's name in the map.
        password_characters: the characters of new passwords, as those of the entry's first one.
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
        return _references_in(self.superuser_secret, *self.subnets, *self.security_groups)

    def __str__(self) -> str:
        """Return the function's name."""
        return self.kind


@dataclass(frozen=True, slots=True)
class Days:
    """A rotation every so many days."""

    days: int

    def __str__(self) -> str:
        """Return the schedule as a rate expression."""
        return f"rate({self.days} days)"


@dataclass(frozen=True, slots=True)
class Expression:
    """A rotation by a `rate(…)` or `cron(…)` expression."""

    text: str

    def __str__(self) -> str:
        """Return the expression."""
        return self.text


@dataclass(frozen=True, slots=True)
class Rotation:
    """How AWS rotates a secret."""

    function: Template | HostedFunction
    schedule: Days | Expression
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
    kms_key: ReplicaKey


@dataclass(frozen=True, slots=True)
class PlannedSecret:
    """One secret as it will exist.

    Attributes:
        owner: who writes the value after the first version.
        is_owner_written: the entry itself names the owner, so `map` may replace what others wrote.
        is_key_written: the entry itself names the key.
        grants: who may use it, from the map's level down to its own.
        allow_loss: why a value may be lost; None where none may.
    """

    key: str
    name: str
    path: str | None
    description: str | None
    source: Source
    owner: Owner
    is_owner_written: bool
    kms_key: KmsKey
    is_key_written: bool
    replicas: tuple[PlannedReplica, ...]
    rotation: Rotation | None
    on_rotate: tuple[PlannedRestart, ...]
    alarm_topic: Template | None
    policy: TemplatedPolicy | InlinePolicy | None
    grants: tuple[Grant, ...]
    recovery_window_in_days: int
    protect: bool
    import_: str | None
    replace_policy: bool
    restore_deleted: bool
    renamed_from: str | None
    rotated_fields: tuple[str, ...]
    allow_loss: str | None
    tags: Mapping[str, str]

    @property
    def place(self) -> KeyPath:
        """The entry's path in the map."""
        return ("secrets", self.key)

    @property
    def is_adopted(self) -> bool:
        """Whether the secret comes from elsewhere: imported, or restored from its deletion."""
        return self.import_ is not None or self.restore_deleted

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
        targets = [restart.target for restart in self.on_rotate]
        fields = _references_in(*self._key_templates, *self.principals, *targets, self.alarm_topic)
        function: tuple[Reference, ...] = ()
        if self.rotation is not None:
            function = self.rotation.function.references

        return tuple(dict.fromkeys((*self.value_references, *fields, *function)))

    @property
    def fixed_references(self) -> tuple[Reference, ...]:
        """The references that must have a value before the secret exists."""
        return _references_in(*self._key_templates, self.alarm_topic, *self.principals)

    @property
    def keys(self) -> Mapping[str | None, KmsKey]:
        """The keys that encrypt it: in the map's own region (None) and, by region, its replicas."""
        keys: dict[str | None, KmsKey] = {None: self.kms_key}
        for replica in self.replicas:
            keys[replica.region] = replica.kms_key

        return keys

    @property
    def _key_templates(self) -> list[Template]:
        templates: list[Template] = []
        for key in self.keys.values():
            if isinstance(key, NamedKey):
                templates.append(key.template)

        return templates

    @property
    def principals(self) -> tuple[Template, ...]:
        """The principals in its policy and its grants."""
        named: list[Template] = []
        if isinstance(self.policy, TemplatedPolicy):
            named += self.policy.principals

        for grant in self.grants:
            named += [grantee.principal for grantee in grant.grantees]

        return tuple(named)

    @property
    def generated_values(self) -> Mapping[str, RandomValue]:
        """The generated passwords and other values by their keys in `generated_passwords`."""
        if isinstance(self.source, Generated):
            return {self.key: self.source.options}

        generated = {}
        for name, options in self.random.items():
            generated[f"{self.key}.{name}"] = options

        return generated

    @property
    def random(self) -> Mapping[str, RandomValue]:
        """The generated values that the value refers to, by their names in the entry."""
        if isinstance(self.source, Generated | Empty):
            return {}

        return self.source.random

    @property
    def key_pairs(self) -> tuple[str, ...]:
        """The keys of those of them that have a public half, which is in `public_keys`."""
        pairs = []
        for key, options in self.generated_values.items():
            if isinstance(options, RandomKeyPair):
                pairs.append(key)

        return tuple(pairs)


def _references_in(*templates: Template | None) -> tuple[Reference, ...]:
    """Return the references in all templates, in order, repeated ones once."""
    found: dict[Reference, None] = {}
    for template in templates:
        if template is not None:
            found |= dict.fromkeys(template.references)

    return tuple(found)


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """The KMS key that a map creates."""

    alias: str
    deletion_window_in_days: int
    multi_region: bool


@dataclass(frozen=True, slots=True)
class CreateTopic:
    """A topic that the map creates for its alarms."""


@dataclass(frozen=True, slots=True)
class NamedTopic:
    """A topic that the map names for its alarms: an ARN or a reference."""

    template: Template


@dataclass(frozen=True, slots=True)
class PlannedWatch:
    """What is reported to the topic.

    Attributes:
        names: the detections, as the map calls them.
        decoys: keys of entries that nobody is to use.
        expected: whose calls are expected besides those whom the map names elsewhere.
    """

    names: tuple[str, ...] = ()
    decoys: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()

    @property
    def is_only_of_rotations(self) -> bool:
        """Whether nothing is reported of secrets that do not rotate."""
        return set(self.names) <= {"rotation_failed"}


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that one map asks for.

    Attributes:
        name: the map's label; logical names of resources derive from it.
        secrets: by key, in the order of the map.
        order: keys so that what is referenced comes first.
        levels: the whole map, then each path that an entry or `access` names.
        alarms: the topic that notifications are published to.
        watch: what they are about.
        files: where the files may be that its references read.
        warnings: what is allowed but rarely meant.
        places: the positions of the map's keys and values in its file.
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
    alarms: CreateTopic | NamedTopic | None
    watch: PlannedWatch
    files: FileFolders
    places: Places = field(compare=False, repr=False)
    warnings: tuple[Problem, ...] = ()

    def in_order(self) -> Iterator[PlannedSecret]:
        """Yield the secrets so that what is referenced comes first."""
        for key in self.order:
            yield self.secrets[key]

    def report(self) -> Report:
        """Return an empty report on this map, for what only AWS or other stacks can show."""
        return Report(self.places)
