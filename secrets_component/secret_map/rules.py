"""Contradictions between the fields of a map, which the fields' types cannot show.

Each function yields the findings of one rule or of one topic, each with its path inside the block
that the function is given.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Set

from secrets_component.errors import Finding
from secrets_component.secret_map import schedules
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
    RandomPassword,
)

_ENGINES = {
    "postgres": ("postgres", "aurora-postgresql"),
    "mysql": ("mysql", "mariadb", "aurora-mysql"),
}
"""The values of `engine` that a built-in function supports, by the first word of its name."""

_LOGIN_FIELDS = ("engine", "host", "username", "password")
"""The required fields of a database secret.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
"""

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
    yield from _several_values(entry)
    yield from _unused_passwords(entry, written)
    yield from _unusable_value(entry)
    if entry.rotation_automatically:
        yield from _in_rotation(entry, written)
    else:
        yield from _unused_rotation(entry, written)
    yield from _short_recovery(entry)
    yield from _in_adoption(entry)
    yield from _renamed_secret(entry)
    yield from _ownership_without_rotation(entry)
    yield from _in_rotated_fields(entry)
    yield from _two_replicas_in_a_region(entry)
    yield from _reserved_tags(entry)
    yield from _within(("access",), _in_grants(entry.access))
    yield from _within(("random_password",), _in_password(entry.random_password))
    for name, options in entry.random.items():
        yield from _within(("random", name), _in_password(options))


def of_binary(encoded: str) -> Iterator[Finding]:
    """Yield why AWS would refuse a `secret_binary`: it is not base64, empty or too large."""
    path = ("secret_binary",)
    try:
        value = base64.b64decode(encoded.replace("\n", ""), validate=True)
    except ValueError:
        yield path, "is not valid base64; encode the file with `base64 -w0 FILE`"
        return
    if not value:
        yield path, _EMPTY
    if len(value) > MAX_VALUE_BYTES:
        yield path, _TOO_LARGE


_EMPTY = "must not be empty; omit the field to create a secret without a value"
_TOO_LARGE = f"exceeds AWS's limit of {MAX_VALUE_BYTES:,} bytes"
_NO_ROTATION = "has no effect without `rotation_automatically: true`"


def _within(path: tuple[str, ...], findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings of an inner block with the path of that block in front."""
    for inner, message in findings:
        yield (*path, *inner), message


def _exclusive(first: str, second: str) -> str:
    return f"`{first}` and `{second}` are mutually exclusive; remove one"


def _listed(fields: Iterable[str]) -> str:
    return ", ".join(f"`{field}`" for field in fields)


def _two_keys(header: Header) -> Iterator[Finding]:
    if header.kms.create and header.default_kms_key_id is not None:
        yield ("kms", "create"), _exclusive("kms.create", "default_kms_key_id")


def _stacks_named_like_the_map(header: Header) -> Iterator[Finding]:
    for name in header.stacks:
        if name in ("secretsmanager", header.name):
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


def _in_grants(grants: Grants) -> Iterator[Finding]:
    if grants.organization_id is not None and not grants.readers and not grants.admins:
        yield ("organization_id",), "has no effect without `readers` or `admins`"


def _in_alarms(alarms: Alarms) -> Iterator[Finding]:
    if alarms.create and alarms.topic_arn is not None:
        yield ("create",), _exclusive("create", "topic_arn")


def _several_values(entry: Entry) -> Iterator[Finding]:
    fields = _value_fields(entry)
    for extra in fields[1:]:
        yield (extra,), _exclusive(extra, fields[0])


def _value_fields(entry: Entry) -> list[str]:
    """Return the fields that give the entry a value."""
    fields = []
    if entry.generate_random_password:
        fields.append("generate_random_password")
    if entry.secret_data is not None:
        fields.append("secret_data")
    if entry.secret_binary is not None:
        fields.append("secret_binary")
    return fields


def _unused_passwords(entry: Entry, written: Set[str]) -> Iterator[Finding]:
    if "random_password" in written and not entry.generate_random_password:
        yield ("random_password",), "needs `generate_random_password: true`"
    if entry.random and entry.secret_data is None:
        yield ("random",), "needs a `secret_data` that uses it (`${random.<name>}`)"


def _unusable_value(entry: Entry) -> Iterator[Finding]:
    if isinstance(entry.secret_data, str):
        if not entry.secret_data:
            yield ("secret_data",), _EMPTY
        if len(entry.secret_data.encode()) > MAX_VALUE_BYTES:
            yield ("secret_data",), _TOO_LARGE
    if entry.secret_binary is not None and "${" not in entry.secret_binary:
        yield from of_binary(entry.secret_binary)


def _in_password(options: RandomPassword) -> Iterator[Finding]:
    if not options.characters:
        names = _listed(CHARACTER_CLASSES)
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
    if "rotation_automatically" not in written:
        for field in ("rotation_days", "rotation_schedule", "rotation_lambda_arn", "rotation"):
            if field in written:
                yield (field,), _NO_ROTATION
                break
    if "on_rotate" in written and not entry.import_:
        yield ("on_rotate",), _NO_ROTATION


def _in_rotation(entry: Entry, written: Set[str]) -> Iterator[Finding]:
    yield from _number_of_functions(entry, written)
    yield from _in_schedule(entry)
    if entry.rotation is not None:
        yield from _within(("rotation",), _in_hosted_rotation(entry.rotation))
        yield from _unrotatable_value(entry, entry.rotation.function)


def _number_of_functions(entry: Entry, written: Set[str]) -> Iterator[Finding]:
    if entry.rotation is not None and entry.rotation_lambda_arn is not None:
        yield ("rotation",), _exclusive("rotation", "rotation_lambda_arn")
    if entry.rotation is not None or entry.rotation_lambda_arn is not None:
        return
    # An invalid function is written but not in the entry, and has been reported already.
    if "rotation" not in written and "rotation_lambda_arn" not in written:
        yield (
            ("rotation_automatically",),
            "rotation requires a function; set `rotation: {function: …}` for a built-in one, or "
            "`rotation_lambda_arn`",
        )


def _in_schedule(entry: Entry) -> Iterator[Finding]:
    if entry.rotation_days is not None and entry.rotation_schedule is not None:
        yield ("rotation_schedule",), _exclusive("rotation_schedule", "rotation_days")
    if entry.rotation_window is not None:
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
    if rotation.subnet_ids and not rotation.security_group_ids:
        yield ("subnet_ids",), "needs `security_group_ids`"
    if rotation.security_group_ids and not rotation.subnet_ids:
        yield ("security_group_ids",), "needs `subnet_ids`"


def _unrotatable_value(entry: Entry, function: str) -> Iterator[Finding]:
    """Yield why a built-in function could not rotate the entry's value."""
    if entry.secret_binary is not None:
        yield ("rotation",), "built-in functions cannot rotate `secret_binary`"
    engines = _ENGINES.get(function.partition("-")[0])
    if engines is not None and entry.generate_random_password:
        yield (
            ("rotation", "function"),
            "needs the database's connection details; replace `generate_random_password` with a "
            f"`secret_data` that has {_listed(_LOGIN_FIELDS)}",
        )
    if not isinstance(entry.secret_data, dict):
        return
    if engines is not None:
        yield from _incomplete_login(entry.secret_data, function, engines)
    elif "password" not in entry.secret_data:
        yield ("secret_data",), f"is missing `password`, required by `{function}`"


def _incomplete_login(
    login: dict[str, object], function: str, engines: tuple[str, ...]
) -> Iterator[Finding]:
    missing = [field for field in _LOGIN_FIELDS if not login.get(field)]
    if missing:
        yield ("secret_data",), f"is missing {_listed(missing)}, required by `{function}`"
    engine = login.get("engine")
    if engine and "${" not in str(engine) and str(engine) not in engines:
        yield ("secret_data", "engine"), f"`{function}` supports only {_listed(engines)}"


def _short_recovery(entry: Entry) -> Iterator[Finding]:
    if 0 < entry.recovery_window_in_days < _SHORTEST_RECOVERY:
        yield ("recovery_window_in_days",), "must be 0 or from 7 to 30"


def _in_adoption(entry: Entry) -> Iterator[Finding]:
    """Yield what is unclear where the map takes over an existing secret."""
    if entry.import_ and entry.restore_deleted:
        yield ("restore_deleted",), _exclusive("restore_deleted", "import")
    if entry.owner is not None or not _value_fields(entry):
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
        kept = f"`name: {entry.renamed_from}`"
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
        if key.lower().startswith("aws:"):
            yield ("tags", key), "the tag prefix `aws:` is reserved"
