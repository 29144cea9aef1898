"""The format of a secret map, field by field, in the order in which a map is written.

This module is the reference: the JSON Schema and `docs/map.md` are made from it and from the
docstrings under its fields. `rules.py` has the contradictions between fields, `aws_types.py` the
forms of AWS's strings.
"""

# ruff: noqa: PLW0108 # a default's class is defined further down, so only a lambda can name it

from __future__ import annotations

import string
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from secrets_component.secret_map.aws_types import (
    EcsService,
    FunctionArn,
    HierarchyPart,
    HostedKind,
    KeyId,
    KnownPrincipal,
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
    SecretId,
    SecurityGroupId,
    SubnetId,
    Tags,
    TopicArn,
)


class _MapBlock(BaseModel):
    """A mapping in the file. Unknown keys are errors, and values are not converted."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        populate_by_name=False,
    )


_NAMES_LATER_CLASSES = ConfigDict(defer_build=True)
"""For blocks whose fields have types that follow below: pydantic builds them on first use."""


class Header(_MapBlock):
    """The fields that apply to all secrets of a map."""

    model_config = _NAMES_LATER_CLASSES

    context_name: HierarchyPart
    """Required. First part of every secret's name.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """

    environment: HierarchyPart | None = None
    """Second part of every secret's name. Default: the name of the Pulumi stack.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """

    name: Label | None = None
    """Label of the map, by which its references can also name the map itself. Default: the name of
    the instance, `secretsmanager` in the flat form.
    """

    tags: Tags = {}
    """Tags of everything that the map creates, at most 45. Default: none.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html
    """

    default_kms_key_id: KeyId | None = None
    """Key of all secrets that name none: a key id, an ARN, `alias/…`, or a reference. Mutually
    exclusive with `kms.create`. Default: the AWS-managed key.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """

    kms: Kms = Field(default_factory=lambda: Kms())
    """Creates a KMS key for this map. Mutually exclusive with `default_kms_key_id`."""

    access: Access = Field(default_factory=lambda: Access())
    """Who can use all secrets of the map, or those under a path. Default: no grants."""

    alarms: Alarms = Field(default_factory=lambda: Alarms())
    """Notifications for failed rotations and, with `detections`, for what else happens to the
    secrets. Default: none.
    """

    stacks: dict[Label, StackOrName] = {}
    """Pulumi stacks by component; `${output.<component>.<name>}` reads from them. Default: none."""

    file_folders: list[Annotated[str, Field(min_length=1)]] = []
    """Folders, relative to the map or absolute, below which `${file.<path>}` may read besides the
    map's own folder. Default: none.
    """

    def stack(self, component: str) -> Stack | None:
        """Return the stack of a component, or None if the map does not list it."""
        found = self.stacks.get(component)
        if isinstance(found, str):
            return Stack(stack=found)

        return found


class SecretMapFile(Header):
    """A secret map in its flat form. In the Atmos form, the same fields are under `vars`."""

    defaults: Fields = Field(default_factory=lambda: Fields())
    """Values for any field of the entries; an entry's own value takes precedence. Default: none."""

    secrets: dict[Label, Entry] = {}
    """The secrets by entry key; the key is the permanent identity of an entry. Default: none."""


class Stack(_MapBlock):
    """A Pulumi stack that `${output.<component>.<name>}` reads from."""

    stack: str = Field(min_length=1)
    """Full name of the stack, `<organization>/<project>/<stack>`."""

    when_missing: Literal["fail", "wait"] = "fail"
    """What to do while the stack or its output does not exist: `fail` the run, or let the secret
    `wait` without a value until a later run. Default: `fail`.
    """


def _string_or_mapping(value: object) -> str | None:
    if isinstance(value, str):
        return "=string"

    if isinstance(value, dict):
        return "=mapping"

    return None


# Tags of choices begin with `=`, so that no location of an error can mistake one for a field.
StackOrName = Annotated[
    Annotated[Annotated[str, Field(min_length=1)], Tag("=string")]
    | Annotated[Stack, Tag("=mapping")],
    Discriminator(
        _string_or_mapping,
        custom_error_type="stack",
        custom_error_message="expected a stack's name or `{stack: …, when_missing: …}`",
    ),
]


class Kms(_MapBlock):
    """A KMS key that this map creates, with rotation enabled, for its secrets that name none."""

    create: bool = False
    """Create a KMS key for this map, which can be used through Secrets Manager only. If the map
    grants any `access`, only its readers and admins, the roles in `attach_to` and the deploying
    identity can decrypt with the key; a role that gets one of `policy_arns` in another way must be
    listed there too. Otherwise, the account's IAM policies decide. The principals of a `policy`
    template can use the key for that secret in both cases. Default: no.
    """

    alias: Annotated[str | None, Field(max_length=250)] = None
    """Alias of the key, with or without `alias/`. Default: `<context_name>-<environment>-secrets`,
    with `-` in place of characters that an alias cannot contain.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
    """

    deletion_window_in_days: int = Field(default=30, ge=7, le=30)
    """Days between the removal of the key from the map and its deletion, 7 to 30. Default: 30, so
    that the key outlives every secret in its recovery window.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
    """

    multi_region: bool = False
    """Create a multi-Region key, with a replica key for every replica of a secret that names none.
    Changing this later, in either direction, replaces the key. KMS creates no second replica key in
    a region while a removed one waits for its deletion. Default: no.

    https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
    """


class Grants(_MapBlock):
    """Who can use secrets: `readers` read values, `admins` also write, rotate and delete."""

    readers: list[Principal] = []
    """Who can read: ARNs of roles or users, account ids, or AWS services (`<name>.amazonaws.com`).
    Principals of this account need no further policy; those of another account also need an IAM
    policy there. Default: none.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html
    """

    admins: list[Principal] = []
    """Who can also write, rotate, delete and restore. If the map creates its key, include the
    deploying identity and the roles of rotation functions. Default: none.
    """

    organization_id: OrganizationId | None = None
    """The AWS Organization that the principals must belong to. Default: any.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
    """


class LevelAccess(Grants):
    """Who can use all secrets of one level of the hierarchy."""

    attach_to: list[RoleName] = []
    """Names of existing roles of this account, to which the level's `read` policy is attached.
    Default: none.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    """


class Access(LevelAccess):
    """Who can use all secrets of the map, and of single paths."""

    paths: dict[HierarchyPart, LevelAccess] = {}
    """Who can use the secrets under a path; `a` also covers `a/b`. Default: no grants."""


class Alarms(_MapBlock):
    """Notifications to an SNS topic. CloudTrail delivers what they are about: a trail must log the
    region's management events.
    """

    create: bool = False
    """Create a topic; its ARN is an output. Mutually exclusive with `topic_arn`. Default: no."""

    topic_arn: TopicArn | None = None
    """ARN of an existing topic, or a reference to it. The topic must allow `events.amazonaws.com`
    to publish, and `cloudwatch.amazonaws.com` for what is counted. Mutually exclusive with
    `create`. Default: none.

    https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
    """

    detections: Detections | None = None
    """What is reported, each by its name. `{}` turns on those that are rarely wrong. Default:
    failed rotations only.
    """

    expected: list[KnownPrincipal] = []
    """Whose calls are expected besides those whom `access` and `policy` name, the rotation
    functions and the identity that deploys: account ids, or ARNs of roles or users. If several
    identities deploy, list them all, so that a run by another one changes nothing. Default: none.
    """


class Detections(_MapBlock):
    """What is reported about the map's secrets. An unexpected caller is one whom the map does not
    name anywhere. Callers of other accounts are known by their accounts only.
    """

    rotation_failed: bool = True
    """A rotation fails, is abandoned, or fails its test. Default: yes.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieve-ct-entries.html
    """

    unexpected_read: bool | None = None
    """An unexpected caller reads a value. Default: yes, if the map names any principal.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
    """

    denied_reads: bool = True
    """Reads are denied 5 times within 5 minutes, whoever calls. Default: yes."""

    batch_read: bool = False
    """An unexpected caller reads a batch, of these secrets or by a filter. Default: no.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
    """

    enumeration: bool = False
    """An unexpected caller lists the account's secrets. Default: no.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
    """

    deletion: bool = True
    """A secret is deleted, and not by a deployment. Default: yes.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
    """

    policy_changed: bool = True
    """A secret's policy or replicas are changed, and not by a deployment. Default: yes.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html
    """

    written_by_hand: bool = True
    """A value that the map or rotation owns is written by someone else. Default: yes.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
    """

    rotation_changed: bool = True
    """A rotation is switched off or changed, and not by a deployment. Default: yes.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CancelRotateSecret.html
    """

    console_read: bool = False
    """Anyone reads a value in the console. Default: no."""

    old_version_read: bool = False
    """Anyone reads a version by its id, or the previous one. Default: no."""

    read_after_deletion: bool = True
    """Anyone reads a secret that is scheduled for deletion. Default: yes."""

    key_weakened: bool = True
    """A customer-managed key of the secrets is disabled, scheduled for deletion, or gets another
    policy or a grant, and not by a deployment. A key that is named by its alias is not watched.
    Default: yes.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
    """

    decrypted_elsewhere: bool = False
    """Anyone decrypts a secret's ciphertext without Secrets Manager. Default: no.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
    """

    trail_weakened: bool = True
    """Any trail of the region is stopped, deleted or changed, and not by a deployment. Default:
    yes.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StopLogging.html
    """

    decoy_touched: list[Label] = []
    """Keys of entries that nobody is to use: any call about one is reported. Default: none."""

    many_unexpected_reads: bool = False
    """Unexpected callers read 20 times within 5 minutes: one notification, where `unexpected_read`
    would send 20. Default: no.
    """


Owner = Literal["map", "rotation", "operator"]


class Fields(_MapBlock):
    """The fields that `defaults:` can set for all entries."""

    model_config = _NAMES_LATER_CLASSES

    name: HierarchyPart | None = None
    """Last part of the secret's name. Default: the key of the entry.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """

    path: HierarchyPart | None = None
    """Part of the name between environment and `name`, which may be nested (`a/b`). Default: none.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """

    description: str | None = Field(default=None, max_length=2048)
    """Description shown in AWS. Default: none.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """

    secret_data: SecretData | None = None
    """The value: a string, or a mapping, which is stored as JSON; at most 65,536 bytes. May contain
    references. Mutually exclusive with `secret_binary` and `generate_random_password`. Default: no
    value.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """

    secret_binary: str | None = None
    """The value as base64, at most 65,536 bytes once decoded. Mutually exclusive with `secret_data`
    and `generate_random_password`. Default: no value.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """

    generate_random_password: bool = False
    """Generate a password as the value. Mutually exclusive with `secret_data` and `secret_binary`.
    Default: no.
    """

    random_password: RandomPassword = Field(default_factory=lambda: RandomPassword())
    """How the password is generated. Default: 32 letters, digits and `-_.`."""

    random: dict[Label, RandomValue] = {}
    """Values to generate for this entry, by name: `{kind: password}` (the default), `bytes`, `uuid`
    or `key_pair`. `secret_data` and `secret_binary` use them as `${random.<name>}`, and the public
    half of a key pair as `${random.<name>.public}`. Default: none.
    """

    rotation_automatically: bool = False
    """AWS rotates the value with the function in `rotation` or `rotation_lambda_arn`. Default: no.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
    """

    rotation_days: int | None = Field(default=None, ge=1, le=1000)
    """Days between rotations, 1 to 1000. Mutually exclusive with `rotation_schedule`. Default: 30,
    unless `rotation_schedule` is set.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotationRulesType.html
    """

    rotation_schedule: ScheduleExpression | None = None
    """When to rotate, in UTC: `rate(10 days)` or `cron(0 8 1 * ? *)`. Mutually exclusive with
    `rotation_days`. Default: none.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
    """

    rotation_window: ScheduleWindow | None = None
    """Hours after the scheduled time in which a rotation may start, `1h` to `24h`. Default: until
    the end of the UTC day, or one hour with a schedule in hours.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotationRulesType.html
    """

    rotation_lambda_arn: FunctionArn | None = None
    """ARN of the Lambda function that rotates the secret, or a reference to it. Mutually exclusive
    with `rotation`. Default: none.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
    """

    rotation: HostedRotation | None = None
    """Built-in rotation function, deployed for this secret. Mutually exclusive with
    `rotation_lambda_arn`. Default: none.
    """

    rotate_immediately: bool = False
    """Rotate when the schedule is set or changed. Default: no.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
    """

    rotated_fields: list[str] = []
    """Fields of a structured value that rotation or an operator writes; the map keeps writing the
    others. Default: none.
    """

    on_rotate: list[Restart] = []
    """What to restart once the secret has another value, in the secret's account and region: after
    a rotation, and after a write by hand. A first value restarts nothing. Default: nothing.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/secret-event-notifications.html
    """

    kms_key_id: KeyId | None = None
    """Key that encrypts the secret: a key id, an ARN, `alias/…`, or a reference. Default: the map's
    key.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """

    replicas: list[Replica] = []
    """Copies in other regions. The provider does not detect the removal of the last one. Default:
    none.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ReplicaRegionType.html
    """

    policy: Policy | None = None
    """Resource policy of the secret: a template, or a policy document of at most 20,480 characters.
    Default: none.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html
    """

    access: Grants = Field(default_factory=Grants)
    """Who can use this secret, in addition to those of its levels. Default: no grants."""

    owner: Owner | None = None
    """Who writes the value after the first version: `map`, `rotation` or `operator`. Default:
    `rotation` if the entry rotates, `operator` if it has no value, otherwise `map`. If someone else
    has replaced the map's value in AWS, a later run restores it only where `owner: map` is written.
    """

    recovery_window_in_days: int = Field(default=30, ge=0, le=30)
    """Days in which a removed secret can be restored: 7 to 30, or 0 for none. Default: 30.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
    """

    protect: bool = False
    """Pulumi refuses to delete or replace the secret. Default: no."""

    import_: SecretId | None = Field(default=None, alias="import")
    """Name or ARN of an existing secret to adopt. While this is set, the secret keeps its name, and
    every property that the entry itself does not set (description, tags, key, replicas); a removed
    entry leaves it in the account. If the map has grants or a policy for it, a run stops before it
    replaces a resource policy that the secret has already. Default: none.
    """

    replace_policy: bool = False
    """Replace the resource policy that the adopted secret has by the one that the map's grants
    and `policy` make. Default: no; to keep it, copy it to `policy`.
    """

    restore_deleted: bool = False
    """Restore the secret of this name that is scheduled for deletion. While this is set, a removed
    entry leaves the secret in the account. Default: no.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RestoreSecret.html
    """

    renamed_from: Label | None = None
    """Previous key of the entry, so that renaming the key replaces nothing. Default: none."""

    allow_loss: str | None = Field(default=None, min_length=1)
    """Reason why a value in use may be lost. Without it, a run is refused that renames the secret
    or moves it to another region, and so leaves a value behind that the map did not write.
    Default: none.
    """

    tags: Tags = {}
    """Tags of this secret, which take precedence over the map's; at most 45, because the map adds
    up to five of its own. Default: none.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html
    """


class Entry(Fields):
    """One secret."""


SecretData = Annotated[
    Annotated[str, Tag("=string")] | Annotated[dict[str, Any], Tag("=mapping")],
    Discriminator(
        _string_or_mapping,
        custom_error_type="secret_data",
        custom_error_message="expected a string or a mapping; quote a number, list or boolean",
    ),
]

DEFAULT_SPECIAL = "-_."
CharacterClass = Literal["lower", "upper", "numeric", "special"]
CHARACTER_CLASSES: tuple[CharacterClass, ...] = ("lower", "upper", "numeric", "special")


class RandomPassword(_MapBlock):
    """How a password is generated: the options of Pulumi's `random.RandomPassword`."""

    kind: Literal["password"] = "password"
    """What is generated, here a password. Default: `password`."""

    length: int = Field(default=32, ge=1, le=4096)
    """Number of characters, 1 to 4096. Default: 32.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html
    """

    special: bool = True
    """Use special characters. Default: yes."""

    override_special: str | None = Field(default=None, min_length=1)
    """Special characters to choose from; printable ASCII only, if a built-in function rotates the
    password in a database. Default: `-_.`, which have no special meaning in URLs (RFC 3986 calls
    them unreserved) and shells, and which RDS accepts (it refuses `/`, `"`, `@` and spaces).

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
    """

    lower: bool = True
    """Use lower-case letters. Default: yes."""

    upper: bool = True
    """Use upper-case letters. Default: yes."""

    numeric: bool = True
    """Use digits. Default: yes."""

    min_lower: int | None = Field(default=None, ge=0)
    """Minimum number of lower-case letters. Default: 1 if they are used."""

    min_upper: int | None = Field(default=None, ge=0)
    """Minimum number of upper-case letters. Default: 1 if they are used."""

    min_numeric: int | None = Field(default=None, ge=0)
    """Minimum number of digits. Default: 1 if they are used."""

    min_special: int | None = Field(default=None, ge=0)
    """Minimum number of special characters. Default: 1 if they are used."""

    keepers: dict[str, PlainText] = {}
    """Arbitrary values; changing any of them generates a new password. Default: none."""

    @property
    def characters(self) -> str:
        """The characters that a password may contain."""
        characters = ""
        if self.lower:
            characters += string.ascii_lowercase

        if self.upper:
            characters += string.ascii_uppercase

        if self.numeric:
            characters += string.digits

        if self.special:
            characters += self.override_special or DEFAULT_SPECIAL

        return characters

    def minimum(self, name: CharacterClass) -> int:
        """Return the least number of characters of a class.

        The default is 1 for each class in use, and 0 where a password is too short for all four.
        """
        written: int | None = getattr(self, f"min_{name}")
        if written is not None:
            return written

        if self.length < len(CHARACTER_CLASSES):
            return 0

        return int(getattr(self, name))


class RandomBytes(_MapBlock):
    """Random bytes, such as a key for encrypting or signing."""

    kind: Literal["bytes"]
    """What is generated: `bytes`."""

    length: int = Field(default=32, ge=1, le=4096)
    """Number of bytes, before they are encoded, 1 to 4096. Default: 32.

    https://www.pulumi.com/registry/packages/random/api-docs/randombytes/
    """

    encoding: Literal["base64", "base64url", "hex"] = "base64"
    """How the bytes are written as text: `base64`, `base64url` (`-` and `_` in place of `+` and
    `/`, no `=` at the end), or lower-case `hex`. `secret_binary` needs `base64`, and stores the
    bytes themselves. Default: `base64`.

    https://www.rfc-editor.org/rfc/rfc4648, https://www.rfc-editor.org/rfc/rfc7515#section-2
    """

    keepers: dict[str, PlainText] = {}
    """Arbitrary values; changing any of them generates new bytes. Default: none."""


class RandomUuid(_MapBlock):
    """A random UUID (version 4), which is kept as secret as a password."""

    kind: Literal["uuid"]
    """What is generated: `uuid`.

    https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-4
    """

    keepers: dict[str, PlainText] = {}
    """Arbitrary values; changing any of them generates a new UUID. Default: none."""


Algorithm = Literal["ed25519", "ecdsa", "rsa"]
DEFAULT_CURVE: Literal["P256"] = "P256"
DEFAULT_BITS: Literal[3072] = 3072


class RandomKeyPair(_MapBlock):
    """A private key and its public half, which is an output that is not encrypted."""

    kind: Literal["key_pair"]
    """What is generated: `key_pair`."""

    algorithm: Algorithm = "ed25519"
    """What the key is for: `ed25519`, `ecdsa` or `rsa`. Default: `ed25519`."""

    curve: Literal["P256", "P384", "P521"] | None = None
    """Curve of an `ecdsa` key. Default: `P256`.

    https://www.rfc-editor.org/rfc/rfc5656#section-10.1
    """

    bits: Literal[2048, 3072, 4096] | None = None
    """Size of an `rsa` key. Default: 3072, as `ssh-keygen` has it.

    https://man.openbsd.org/ssh-keygen.1
    """

    format: Literal["pem", "openssh"] = "pem"
    """How both halves are written: `pem` (PKCS #8, and SubjectPublicKeyInfo for the public half) or
    `openssh` (the public half is a line of `authorized_keys`, without a comment). Default: `pem`.

    https://www.rfc-editor.org/rfc/rfc5958, https://www.rfc-editor.org/rfc/rfc5280#section-4.1
    """

    keepers: dict[str, PlainText] = {}
    """Arbitrary values; changing any of them generates a new key pair. Default: none."""


def _kind_of_random(value: object) -> str | None:
    if not isinstance(value, dict):
        return None

    return f"={value.get('kind', 'password')}"


RandomValue = Annotated[
    Annotated[RandomPassword, Tag("=password")]
    | Annotated[RandomBytes, Tag("=bytes")]
    | Annotated[RandomUuid, Tag("=uuid")]
    | Annotated[RandomKeyPair, Tag("=key_pair")],
    Discriminator(
        _kind_of_random,
        custom_error_type="random",
        custom_error_message="expected a mapping with options, whose `kind` is `password` (the "
        "default), `bytes`, `uuid` or `key_pair`",
    ),
]
"""What can be generated; a value of any kind is a secret, apart from the public half of a key."""


class HostedRotation(_MapBlock):
    """A built-in rotation function, deployed for this secret alone."""

    function: HostedKind
    """What it does: `generated-password` writes a new password to the secret, which is a generated
    password or has a field `password`. The others also change it in the database: for the same user
    (`single-user`), or for two users in turn (`alternating-users`), so that the previous password
    keeps working.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotation-strategy.html
    """

    superuser_secret_arn: SecretArn | None = None
    """ARN of the secret of a user who can change the passwords of the alternating users, or a
    reference to it. Default: none; required for `alternating-users`.
    """

    subnet_ids: list[SubnetId] = []
    """Subnets of a VPC from which the database can be reached, and Secrets Manager through an
    endpoint or NAT. Needs `security_group_ids`. Default: no VPC.

    https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html
    """

    security_group_ids: list[SecurityGroupId] = []
    """Security groups of the function. Needs `subnet_ids`. Default: no VPC.

    https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html
    """

    timeout: int = Field(default=60, ge=1, le=900)
    """Timeout of each rotation step, in seconds, 1 to 900. Default: 60.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
    """

    log_retention_in_days: LogDays = 30
    """Days for which the function's log is kept, one of CloudWatch's choices. Default: 30.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    """

    ca_bundle: str | None = Field(default=None, min_length=1)
    """File of PEM certificates to verify the database's certificate with, such as RDS's
    `global-bundle.pem`; the path is relative to the map. A file with anything else, such as a
    private key, is refused. Default: the certificates of Lambda's operating system.
    """


class RestartService(_MapBlock):
    """An ECS service to redeploy, so that its tasks start with the new value."""

    ecs_service: EcsService
    """The service: `<cluster>/<service>`, or its ARN.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
    """

    @property
    def target(self) -> tuple[Literal["ecs_service"], str]:
        """The field and its value."""
        return "ecs_service", self.ecs_service


class RestartFunction(_MapBlock):
    """A Lambda function to restart: its description is updated, which recycles its execution
    environments.
    """

    lambda_: LambdaFunction = Field(alias="lambda")
    """The function's name or ARN, without a version.

    https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
    """

    @property
    def target(self) -> tuple[Literal["lambda"], str]:
        """The field and its value."""
        return "lambda", self.lambda_


def _kind_of_restart(value: object) -> str | None:
    if not isinstance(value, dict):
        return None

    kinds = value.keys() & {"ecs_service", "lambda"}
    if len(kinds) != 1:
        return None

    return f"={kinds.pop()}"


Restart = Annotated[
    Annotated[RestartService, Tag("=ecs_service")] | Annotated[RestartFunction, Tag("=lambda")],
    Discriminator(
        _kind_of_restart,
        custom_error_type="restart",
        custom_error_message="expected `{ecs_service: <cluster>/<service>}` "
        "or `{lambda: <name or ARN>}`",
    ),
]


class Replica(_MapBlock):
    """A copy of the secret in another region."""

    region: Region
    """The region, which must differ from the map's own.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ReplicaRegionType.html
    """

    kms_key_id: KeyId | None = None
    """Key in that region. Default: the AWS-managed key there.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ReplicaRegionType.html
    """


TEMPLATES = ("read-secret-policy", "admin-secret-policy", "cross-account-secret-policy")


class TemplatePolicy(_MapBlock):
    """A resource policy made from a template."""

    template: str = Field(min_length=1)
    """One of `read-secret-policy`, `admin-secret-policy` and `cross-account-secret-policy`, or the
    path of your own template (`./<name>.json.tpl`), relative to the map.
    """

    principals: list[Principal] = []
    """Who gets access: account ids, or ARNs of roles or users. Required, unless your own template
    names them itself.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """

    organization_id: OrganizationId | None = None
    """The AWS Organization that the principals must belong to. Default: any.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
    """

    def is_file(self) -> bool:
        """Return whether the template is a file of the user's."""
        return "/" in self.template or self.template.endswith((".tpl", ".json"))


def _kind_of_policy(value: object) -> str | None:
    if not isinstance(value, dict):
        return _string_or_mapping(value)

    if "Statement" not in value:
        return "=template"

    return _string_or_mapping(value)


Policy = Annotated[
    Annotated[str, Tag("=string")]
    | Annotated[dict[str, Any], Tag("=mapping")]
    | Annotated[TemplatePolicy, Tag("=template")],
    Discriminator(
        _kind_of_policy,
        custom_error_type="policy",
        custom_error_message="expected a template (`{template: …, principals: […]}`) "
        "or a policy document",
    ),
]
