"""Contradictions between the fields of a map, which the fields' types cannot show.

Each function yields the findings of one rule or of one topic, each with its path inside the block
that the function is given.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Set

from pydantic import BaseModel

from secrets_component.errors import Finding, shown
from secrets_component.secret_map import references, schedules
from secrets_component.secret_map.aws_types import MAX_VALUE_BYTES
from secrets_component.secret_map.model import (
    CHARACTER_CLASSES,
    Access,
    Alarms,
    Entry,
    Grants,
    Header,
    HostedRotation,
    Kms,
    RandomBytes,
    RandomKeyPair,
    RandomPassword,
    RandomValue,
)
from secrets_component.secret_map.references import ReferenceKind
from secrets_component.secret_map.rotatable import field_list, of_rotated_value

_SHORTEST_RECOVERY = 7
"""Days. https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html"""


def of_map(header: Header) -> Iterator[Finding]:
    """Yield the contradictions in the top-level fields of a map."""
    yield from _two_keys(header)
    yield from _stacks_named_like_the_map(header)
    yield from _within(("kms",), _in_kms(header.kms))
    yield from _within(("access",), _in_access(header.access))
    yield from _within(("alarms",), _in_alarms(header.alarms))


def of_entry(entry: Entry, written: Set[str]) -> Iterator[Finding]:
    """Yield the contradictions in an entry.

    Args:
        entry: the entry, merged with `defaults`.
        written: the fields that the entry itself sets; the others come from `defaults`.
    """
    yield from _exclusive(entry, "generate_random_password", "secret_data", "secret_binary")
    yield from _exclusive(entry, "import_", "restore_deleted")
    yield from _unused_passwords(entry, written)
    yield from _unusable_value(entry)
    yield from _unencoded_binary(entry)
    if entry.rotation_automatically:
        yield from _in_rotation(entry, written)
    else:
        yield from _unused_rotation(entry, written)

    yield from _short_recovery(entry)
    yield from _value_of_existing_secret(entry)
    if entry.replace_policy and not entry.import_:
        yield ("replace_policy",), "has no effect without `import`"

    yield from _renamed_secret(entry)
    yield from _ownership_without_rotation(entry)
    yield from _in_rotated_fields(entry)
    yield from _two_replicas_in_a_region(entry)
    yield from _reserved_tags(entry)
    yield from _within(("access",), _in_grants(entry.access))
    yield from _within(("random_password",), _in_password(entry.random_password))
    for name, options in entry.random.items():
        yield from _within(("random", name), _in_random_value(options))


def of_binary(encoded: str) -> Iterator[Finding]:
    """Yield why AWS would refuse a `secret_binary`: it is not base64, empty or too large."""
    path = ("secret_binary",)
    try:
        value = base64.b64decode(encoded.replace("\n", ""), validate=True)
    except ValueError:
        yield path, "is not valid base64; encode the file with `base64 -w0 FILE`"
        return

    yield from _unusable_size(path, value)


_NO_ROTATION = "has no effect without `rotation_automatically: true`"


def _within(path: tuple[str, ...], findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings of an inner block with the path of that block in front."""
    for inner, message in findings:
        yield (*path, *inner), message


def _exclusive(block: BaseModel, *fields: str) -> Iterator[Finding]:
    """Yield each field that is set in addition to an earlier one of the given fields."""
    names = []
    for field in fields:
        is_set = getattr(block, field) not in (None, False)
        if is_set:
            names.append(type(block).model_fields[field].alias or field)

    for extra in names[1:]:
        yield (extra,), f"`{extra}` and `{names[0]}` are mutually exclusive; remove one"


def _two_keys(header: Header) -> Iterator[Finding]:
    if header.kms.create and header.default_kms_key_id is not None:
        yield (
            ("kms", "create"),
            "`kms.create` and `default_kms_key_id` are mutually exclusive; remove one",
        )


def _stacks_named_like_the_map(header: Header) -> Iterator[Finding]:
    for name in header.stacks:
        is_own = name in ("secretsmanager", header.name)
        if is_own:
            yield ("stacks", name), "refers to this map; use another name for the stack"


def _in_kms(kms: Kms) -> Iterator[Finding]:
    if kms.multi_region and not kms.create:
        yield ("multi_region",), "has no effect without `create: true`"

    if kms.alias is None:
        return

    alias = kms.alias.removeprefix("alias/")
    if not re.fullmatch(r"[A-Za-z0-9/_-]+", alias):
        yield ("alias",), "invalid alias; use only letters, digits and `/_-`"

    if alias.startswith("aws/"):
        yield ("alias",), "the prefix `alias/aws/` is reserved; choose another alias"


def _in_access(access: Access) -> Iterator[Finding]:
    yield from _in_grants(access)
    for path, grants in access.paths.items():
        yield from _within(("paths", path), _in_grants(grants))


def _in_alarms(alarms: Alarms) -> Iterator[Finding]:
    yield from _exclusive(alarms, "topic_arn", "create")
    has_topic = alarms.create or alarms.topic_arn is not None
    if alarms.detections is not None and not has_topic:
        yield ("detections",), "needs a topic; set `create: true` or `topic_arn: <ARN>`"

    if alarms.expected and alarms.detections is None:
        yield ("expected",), "has no effect without `detections`"


def _in_grants(grants: Grants) -> Iterator[Finding]:
    principals = [*grants.readers, *grants.admins]
    if grants.organization_id is not None and not principals:
        yield ("organization_id",), "has no effect without `readers` or `admins`"


def _unused_passwords(entry: Entry, written: Set[str]) -> Iterator[Finding]:
    if "random_password" in written and not entry.generate_random_password:
        yield ("random_password",), "needs `generate_random_password: true`"

    has_value = entry.secret_data is not None or entry.secret_binary is not None
    if entry.random and not has_value:
        yield ("random",), "needs a `secret_data` that uses it (`${random.<name>}`)"


def _unusable_value(entry: Entry) -> Iterator[Finding]:
    if isinstance(entry.secret_data, str):
        yield from _unusable_size(("secret_data",), entry.secret_data.encode())

    if entry.secret_binary is None:
        return

    is_reference = "${" in entry.secret_binary
    if not is_reference:
        yield from of_binary(entry.secret_binary)


def _unencoded_binary(entry: Entry) -> Iterator[Finding]:
    """Yield what would go into `secret_binary` as something else than the base64 of the value."""
    template = references.parse(entry.secret_binary or "", [])
    is_whole = len(template.parts) == 1
    for reference in template.references:
        if reference.kind not in (ReferenceKind.RANDOM, ReferenceKind.FILE):
            continue

        problem = None
        if reference.kind is ReferenceKind.RANDOM:
            problem = _encoding_problem(entry.random.get(reference.path[0]))

        if not is_whole:
            problem = "must be the whole value: base64 cannot be joined"

        if problem:
            yield ("secret_binary",), f"`{reference}` {problem}"


def _encoding_problem(options: RandomValue | None) -> str | None:
    """Return why a generated value is no base64; None for one that the entry does not have."""
    if options is None:
        return None

    if isinstance(options, RandomBytes) and options.encoding == "base64":
        return None

    return "is not base64; only `kind: bytes` with `encoding: base64` is"


def _unusable_size(path: tuple[str], value: bytes) -> Iterator[Finding]:
    if not value:
        yield path, "is empty, which AWS refuses; omit the field to create a secret without a value"

    if len(value) > MAX_VALUE_BYTES:
        yield path, f"exceeds AWS's limit of {MAX_VALUE_BYTES:,} bytes"


def _in_random_value(options: RandomValue) -> Iterator[Finding]:
    match options:
        case RandomPassword():
            yield from _in_password(options)
        case RandomKeyPair():
            yield from _in_key_pair(options)


def _in_key_pair(options: RandomKeyPair) -> Iterator[Finding]:
    algorithms = {"curve": "ecdsa", "bits": "rsa"}
    for field, algorithm in algorithms.items():
        if options.algorithm == algorithm:
            continue

        if getattr(options, field) is not None:
            yield (field,), f"has no effect without `algorithm: {algorithm}`"


def _in_password(options: RandomPassword) -> Iterator[Finding]:
    if not options.characters:
        names = field_list(CHARACTER_CLASSES)
        yield (), f"all character classes are off; enable at least one of {names}"

    required = 0
    for name in CHARACTER_CLASSES:
        required += options.minimum(name)
        if getattr(options, f"min_{name}") and not getattr(options, name):
            yield (f"min_{name}",), f"contradicts `{name}: false`"

    if required > options.length:
        message = f"is shorter than the {required} characters required by the `min_*` options"
        yield ("length",), message


def _unused_rotation(entry: Entry, written: Set[str]) -> Iterator[Finding]:
    if "on_rotate" in written and not entry.import_:
        yield ("on_rotate",), _NO_ROTATION

    if "rotation_automatically" in written:
        return

    for field in ("rotation_days", "rotation_schedule", "rotation_lambda_arn", "rotation"):
        if field in written:
            yield (field,), _NO_ROTATION
            return


def _in_rotation(entry: Entry, written: Set[str]) -> Iterator[Finding]:
    yield from _exclusive(entry, "rotation_lambda_arn", "rotation")
    yield from _exclusive(entry, "rotation_days", "rotation_schedule")
    yield from _missing_function(entry, written)
    yield from _unfit_window(entry)
    if entry.rotation is not None:
        yield from _within(("rotation",), _in_hosted_rotation(entry.rotation))
        yield from of_rotated_value(entry, entry.rotation.function)


def _missing_function(entry: Entry, written: Set[str]) -> Iterator[Finding]:
    if entry.rotation is not None or entry.rotation_lambda_arn is not None:
        return

    # An invalid function is written but not in the entry, and has been reported already.
    if written.isdisjoint(("rotation", "rotation_lambda_arn")):
        yield (
            ("rotation_automatically",),
            "rotation requires a function; set `rotation: {function: …}` for a built-in one, or "
            "`rotation_lambda_arn`",
        )


def _unfit_window(entry: Entry) -> Iterator[Finding]:
    if entry.rotation_window is None:
        return

    problem = schedules.fit_problem(entry.rotation_schedule, entry.rotation_window)
    if problem:
        yield ("rotation_window",), problem


def _in_hosted_rotation(rotation: HostedRotation) -> Iterator[Finding]:
    yield from _incomplete_network(rotation)
    unused = f"has no effect with `{rotation.function}`"
    if rotation.function.endswith("alternating-users"):
        if rotation.superuser_secret_arn is None:
            yield (
                ("function",),
                "needs a user who can change passwords; set `superuser_secret_arn: <ARN or "
                "reference>`",
            )
    elif rotation.superuser_secret_arn is not None:
        yield ("superuser_secret_arn",), unused

    if rotation.ca_bundle is not None and rotation.function == "generated-password":
        yield ("ca_bundle",), unused


def _incomplete_network(rotation: HostedRotation) -> Iterator[Finding]:
    if bool(rotation.subnet_ids) == bool(rotation.security_group_ids):
        return

    if rotation.subnet_ids:
        yield ("subnet_ids",), "needs `security_group_ids`"
    else:
        yield ("security_group_ids",), "needs `subnet_ids`"


def _short_recovery(entry: Entry) -> Iterator[Finding]:
    if 0 < entry.recovery_window_in_days < _SHORTEST_RECOVERY:
        yield ("recovery_window_in_days",), "must be 0 or from 7 to 30"


def _value_of_existing_secret(entry: Entry) -> Iterator[Finding]:
    sets_value = (
        entry.generate_random_password
        or entry.secret_data is not None
        or entry.secret_binary is not None
    )
    if entry.owner is not None or not sets_value:
        return

    message = (
        "the existing secret already has a value; set `owner: map` to overwrite it or "
        "`owner: operator` to keep it"
    )
    if entry.import_:
        yield ("import",), message

    if entry.restore_deleted:
        yield ("restore_deleted",), message


def _renamed_secret(entry: Entry) -> Iterator[Finding]:
    if entry.renamed_from and entry.name is None:
        kept = f"`name: {shown(entry.renamed_from).strip(' `') or '…'}`"
        yield (
            ("renamed_from",),
            f"renaming the key would rename the secret; add {kept} to keep its name",
        )


def _ownership_without_rotation(entry: Entry) -> Iterator[Finding]:
    if entry.owner == "rotation" and not entry.rotation_automatically:
        yield ("owner",), "`rotation` needs `rotation_automatically: true`"


def _in_rotated_fields(entry: Entry) -> Iterator[Finding]:
    if not entry.rotated_fields:
        return

    if entry.secret_data is None:
        yield ("rotated_fields",), "needs a `secret_data` that is a mapping or a JSON object"

    written_by_others = entry.rotation_automatically or entry.owner == "operator"
    if entry.owner == "map" or not written_by_others:
        yield (
            ("rotated_fields",),
            "only the map writes this value; enable rotation or set `owner: operator`",
        )


def _two_replicas_in_a_region(entry: Entry) -> Iterator[Finding]:
    regions: set[str] = set()
    for index, replica in enumerate(entry.replicas):
        if replica.region in regions:
            yield ("replicas", index, "region"), "another replica is already in this region"

        regions.add(replica.region)


def _reserved_tags(entry: Entry) -> Iterator[Finding]:
    for key in entry.tags:
        is_reserved = key.lower().startswith("aws:")
        if is_reserved:
            yield ("tags", key), "the tag prefix `aws:` is reserved"
