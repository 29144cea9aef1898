"""Contradictions between fields: what is found, at which path, in which words."""

from typing import Any

import pytest
import yaml

from secrets_component.errors import Finding
from secrets_component.secret_map import rules
from secrets_component.secret_map.model import Entry, Header

ON = "rotation_automatically: true, rotation_lambda_arn: '${output.l.f}'"
LOGIN = "secret_data: {engine: postgres, host: h, username: u, password: p}"
SUPERUSER = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:boss-a1b2c3"
NO_ROTATION = "has no effect without `rotation_automatically: true`"
KEEP_OR_OVERWRITE = (
    "the existing secret already has a value; set `owner: map` to overwrite it or "
    "`owner: operator` to keep it"
)
EMPTY = "is empty, which AWS refuses; omit the field to create a secret without a value"
TOO_LARGE = "exceeds AWS's limit of 65,536 bytes"
LOGIN_NEEDED = (
    "needs the database's connection details; replace `generate_random_password` with a "
    "`secret_data` that has `engine`, `host`, `username`, `password`"
)


def hosted(options: str, value: str = LOGIN) -> str:
    return f"rotation_automatically: true, {value}, rotation: {{{options}}}"


def of_entry(fields: str, defaults: str = "") -> list[Finding]:
    own: dict[str, Any] = yaml.safe_load(f"{{{fields}}}")
    merged = yaml.safe_load(f"{{{defaults}}}") | own
    return list(rules.of_entry(Entry.model_validate(merged), own.keys()))


def of_map(fields: str) -> list[Finding]:
    header = Header.model_validate(yaml.safe_load(f"{{context_name: x, {fields}}}"))
    return list(rules.of_map(header))


MAPS: list[tuple[str, tuple[str | int, ...], str]] = [
    ("default_kms_key_id: alias/k, kms: {create: true}", ("kms", "create"), "`kms.create` and `default_kms_key_id` are mutually exclusive; remove one"),
    ("stacks: {secretsmanager: o/p/dev}", ("stacks", "secretsmanager"), "refers to this map; use another name for the stack"),
    ("name: own, stacks: {own: o/p/dev}", ("stacks", "own"), "refers to this map; use another name for the stack"),
    ("kms: {multi_region: true}", ("kms", "multi_region"), "has no effect without `create: true`"),
    ("kms: {create: true, alias: a b}", ("kms", "alias"), "invalid alias; use only letters, digits and `/_-`"),
    ("kms: {create: true, alias: ''}", ("kms", "alias"), "invalid alias; use only letters, digits and `/_-`"),
    ("kms: {create: true, alias: alias/}", ("kms", "alias"), "invalid alias; use only letters, digits and `/_-`"),
    ("kms: {create: true, alias: alias/aws/x}", ("kms", "alias"), "the prefix `alias/aws/` is reserved; choose another alias"),
    ("kms: {create: true, alias: aws/x}", ("kms", "alias"), "the prefix `alias/aws/` is reserved; choose another alias"),
    ("alarms: {create: true, topic_arn: '${output.m.t}'}", ("alarms", "create"), "`create` and `topic_arn` are mutually exclusive; remove one"),
    ("alarms: {detections: {}}", ("alarms", "detections"), "needs a topic; set `create: true` or `topic_arn: <ARN>`"),
    ("alarms: {create: true, expected: ['123456789012']}", ("alarms", "expected"), "has no effect without `detections`"),
    ("access: {organization_id: o-a1b2c3d4e5}", ("access", "organization_id"), "has no effect without `readers` or `admins`"),
    ("access: {paths: {a/b: {organization_id: o-a1b2c3d4e5}}}", ("access", "paths", "a/b", "organization_id"), "has no effect without `readers` or `admins`"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "path", "message"), MAPS)
def test_contradiction_in_a_map_is_found_once(
    fields: str, path: tuple[str | int, ...], message: str
) -> None:
    assert of_map(fields) == [(path, message)]


@pytest.mark.parametrize(
    "fields",
    [
        "default_kms_key_id: alias/k, kms: {create: false}",
        "name: own, stacks: {other: o/p/dev}",
        "kms: {create: true, multi_region: true, alias: alias/my/key_1-2}",
        "alarms: {create: true}",
        "alarms: {create: true, detections: {}, expected: ['123456789012']}",
        "alarms: {topic_arn: '${output.m.t}'}",
        "access: {organization_id: o-a1b2c3d4e5, readers: ['123456789012']}",
        "access: {organization_id: o-a1b2c3d4e5, admins: ['123456789012']}",
    ],
)
def test_map_without_contradictions_has_no_findings(fields: str) -> None:
    assert of_map(fields) == []


ENTRIES: list[tuple[str, tuple[str | int, ...], str]] = [
    # value
    ("generate_random_password: true, secret_data: v", ("secret_data",), "`secret_data` and `generate_random_password` are mutually exclusive; remove one"),
    ("generate_random_password: true, secret_binary: dg==", ("secret_binary",), "`secret_binary` and `generate_random_password` are mutually exclusive; remove one"),
    ("secret_data: v, secret_binary: dg==", ("secret_binary",), "`secret_binary` and `secret_data` are mutually exclusive; remove one"),
    ("secret_data: ''", ("secret_data",), EMPTY),
    (f"secret_data: {'é' * 32_769}", ("secret_data",), TOO_LARGE),
    ("secret_binary: ''", ("secret_binary",), EMPTY),
    ("secret_binary: '%%%'", ("secret_binary",), "is not valid base64; encode the file with `base64 -w0 FILE`"),
    ("secret_binary: é", ("secret_binary",), "is not valid base64; encode the file with `base64 -w0 FILE`"),
    (f"secret_binary: {'A' * 87_384}", ("secret_binary",), TOO_LARGE),
    # passwords
    ("random_password: {length: 8}", ("random_password",), "needs `generate_random_password: true`"),
    ("secret_data: '${random.k}', random: {k: {kind: key_pair, curve: P256}}", ("random", "k", "curve"), "has no effect without `algorithm: ecdsa`"),
    ("secret_data: '${random.k}', random: {k: {kind: key_pair, algorithm: ecdsa, bits: 2048}}", ("random", "k", "bits"), "has no effect without `algorithm: rsa`"),
    ("secret_binary: '${random.k}', random: {k: {}}", ("secret_binary",), "`${random.k}` is not base64; only `kind: bytes` with `encoding: base64` is"),
    ("secret_binary: '${random.k}', random: {k: {kind: bytes, encoding: hex}}", ("secret_binary",), "`${random.k}` is not base64; only `kind: bytes` with `encoding: base64` is"),
    ("secret_binary: 'AAAA${file.a}'", ("secret_binary",), "`${file.a}` must be the whole value: base64 cannot be joined"),
    ("secret_binary: 'AAAA${random.k}', random: {k: {kind: bytes}}", ("secret_binary",), "`${random.k}` must be the whole value: base64 cannot be joined"),
    ("random: {p: {}}", ("random",), "needs a `secret_data` that uses it (`${random.<name>}`)"),
    ("generate_random_password: true, random_password: {lower: false, upper: false, numeric: false, special: false}", ("random_password",), "all character classes are off; enable at least one of `lower`, `upper`, `numeric`, `special`"),
    ("generate_random_password: true, random_password: {numeric: false, min_numeric: 1}", ("random_password", "min_numeric"), "contradicts `numeric: false`"),
    ("generate_random_password: true, random_password: {length: 4, min_lower: 5}", ("random_password", "length"), "is shorter than the 8 characters required by the `min_*` options"),
    ("secret_data: '${random.p}', random: {p: {special: false, min_special: 2}}", ("random", "p", "min_special"), "contradicts `special: false`"),
    # rotation
    ("rotation_days: 5", ("rotation_days",), NO_ROTATION),
    ("rotation_schedule: rate(5 days)", ("rotation_schedule",), NO_ROTATION),
    ("rotation_lambda_arn: '${output.l.f}'", ("rotation_lambda_arn",), NO_ROTATION),
    ("rotation: {function: generated-password}", ("rotation",), NO_ROTATION),
    ("rotation: {function: generated-password}, rotation_days: 5", ("rotation_days",), NO_ROTATION),
    ("on_rotate: [{lambda: f}]", ("on_rotate",), NO_ROTATION),
    ("rotation_automatically: false, on_rotate: [{lambda: f}]", ("on_rotate",), NO_ROTATION),
    ("rotation_automatically: true", ("rotation_automatically",), "rotation requires a function; set `rotation: {function: …}` for a built-in one, or `rotation_lambda_arn`"),
    (f"{ON}, rotation: {{function: generated-password}}", ("rotation",), "`rotation` and `rotation_lambda_arn` are mutually exclusive; remove one"),
    (f"{ON}, rotation_days: 5, rotation_schedule: rate(5 days)", ("rotation_schedule",), "`rotation_schedule` and `rotation_days` are mutually exclusive; remove one"),
    (f"{ON}, rotation_schedule: rate(4 hours), rotation_window: 5h", ("rotation_window",), "is longer than the 4 hours between two rotations"),
    # built-in rotation functions
    (hosted("function: postgres-single-user, subnet_ids: [subnet-1]"), ("rotation", "subnet_ids"), "needs `security_group_ids`"),
    (hosted("function: postgres-single-user, security_group_ids: [sg-1]"), ("rotation", "security_group_ids"), "needs `subnet_ids`"),
    (hosted("function: postgres-alternating-users"), ("rotation", "function"), "needs a user who can change passwords; set `superuser_secret_arn: <ARN or reference>`"),
    (hosted(f"function: postgres-single-user, superuser_secret_arn: '{SUPERUSER}'"), ("rotation", "superuser_secret_arn"), "has no effect with `postgres-single-user`"),
    (hosted("function: generated-password, ca_bundle: ca.pem"), ("rotation", "ca_bundle"), "has no effect with `generated-password`"),
    (hosted("function: generated-password", "secret_binary: dg=="), ("rotation",), "built-in functions cannot rotate `secret_binary`"),
    (hosted("function: mysql-single-user", "secret_binary: dg=="), ("rotation",), "built-in functions cannot rotate `secret_binary`"),
    (hosted("function: generated-password", "secret_data: {token: t}"), ("secret_data",), "is missing `password`, required by `generated-password`"),
    (hosted("function: postgres-single-user", "generate_random_password: true"), ("rotation", "function"), LOGIN_NEEDED),
    (hosted("function: mysql-single-user", "secret_data: {host: h, username: ''}"), ("secret_data",), "is missing `engine`, `username`, `password`, required by `mysql-single-user`"),
    (hosted("function: mysql-single-user"), ("secret_data", "engine"), "`mysql-single-user` supports only `mysql`, `mariadb`, `aurora-mysql`"),
    # lifetime
    ("recovery_window_in_days: 1", ("recovery_window_in_days",), "must be 0 or from 7 to 30"),
    ("recovery_window_in_days: 6", ("recovery_window_in_days",), "must be 0 or from 7 to 30"),
    ("import: old, secret_data: v", ("import",), KEEP_OR_OVERWRITE),
    ("restore_deleted: true, generate_random_password: true", ("restore_deleted",), KEEP_OR_OVERWRITE),
    ("restore_deleted: true, import: old", ("restore_deleted",), "`restore_deleted` and `import` are mutually exclusive; remove one"),
    ("renamed_from: b", ("renamed_from",), "renaming the key would rename the secret; add `name: b` to keep its name"),
    ("owner: rotation", ("owner",), "`rotation` needs `rotation_automatically: true`"),
    ("owner: operator, rotated_fields: [p]", ("rotated_fields",), "needs a `secret_data` that is a mapping or a JSON object"),
    ("secret_data: {p: v}, rotated_fields: [p]", ("rotated_fields",), "only the map writes this value; enable rotation or set `owner: operator`"),
    (f"{ON}, owner: map, secret_data: {{p: v}}, rotated_fields: [p]", ("rotated_fields",), "only the map writes this value; enable rotation or set `owner: operator`"),
    # copies, tags, access
    ("replicas: [{region: eu-west-1}, {region: eu-west-2}, {region: eu-west-1}]", ("replicas", 2, "region"), "another replica is already in this region"),
    ("tags: {AWS:x: y}", ("tags", "AWS:x"), "the tag prefix `aws:` is reserved"),
    ("access: {organization_id: o-a1b2c3d4e5}", ("access", "organization_id"), "has no effect without `readers` or `admins`"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "path", "message"), ENTRIES)
def test_contradiction_in_an_entry_is_found_once(
    fields: str, path: tuple[str | int, ...], message: str
) -> None:
    assert of_entry(fields) == [(path, message)]


@pytest.mark.parametrize(
    "fields",
    [
        "secret_data: '${output.a.b}'",
        f"secret_data: {'é' * 32_768}",
        "secret_binary: '${output.a.b}'",
        "secret_binary: \"aGVs\\nbG8=\"",
        f"secret_binary: {'A' * 87_380}",
        "secret_data: '${random.p}', random: {p: {length: 3}}",
        "secret_binary: '${random.p}', random: {p: {kind: bytes}}",
        "secret_binary: '${file.a}'",
        "secret_data: '${random.p}', random: {p: {kind: key_pair, algorithm: rsa, bits: 4096}}",
        "import: old, on_rotate: [{lambda: f}]",
        f"{ON}, on_rotate: [{{lambda: f}}]",
        f"{ON}, rotation_schedule: rate(4 hours), rotation_window: 4h",
        hosted(f"function: postgres-alternating-users, superuser_secret_arn: '{SUPERUSER}'"),
        hosted("function: postgres-single-user, ca_bundle: ca.pem"),
        hosted("function: postgres-single-user, subnet_ids: [subnet-1], security_group_ids: [sg-1]"),
        hosted("function: postgres-single-user", LOGIN.replace("postgres", "'${output.rds.e}'")),
        hosted("function: mysql-single-user", LOGIN.replace("postgres", "mariadb")),
        hosted("function: postgres-single-user", "secret_data: '${output.rds.login}'"),
        hosted("function: generated-password", "generate_random_password: true"),
        hosted("function: generated-password", "secret_data: {password: ''}"),
        "recovery_window_in_days: 0",
        "recovery_window_in_days: 7",
        "import: old",
        "import: old, secret_data: v, owner: map",
        "restore_deleted: true, secret_data: v, owner: operator",
        "renamed_from: b, name: b",
        f"{ON}, secret_data: {{p: v}}, rotated_fields: [p]",
        "owner: operator, secret_data: {p: v}, rotated_fields: [p]",
        "replicas: [{region: eu-west-1}, {region: eu-west-2}]",
        "tags: {awsome: y}",
    ],
)  # fmt: skip
def test_entry_without_contradictions_has_no_findings(fields: str) -> None:
    assert of_entry(fields) == []


@pytest.mark.parametrize(
    ("defaults", "fields"),
    [
        ("random_password: {length: 8}", "secret_data: v"),
        ("rotation_days: 5, rotation: {function: generated-password}", "secret_data: v"),
        ("on_rotate: [{lambda: f}]", "secret_data: v"),
        ("rotation_days: 5", "rotation_automatically: false"),
    ],
)
def test_fields_from_defaults_may_have_no_effect(defaults: str, fields: str) -> None:
    assert of_entry(fields, defaults) == []


@pytest.mark.parametrize("invalid", ["rotation", "rotation_lambda_arn"])
def test_invalid_function_is_not_reported_as_missing_too(invalid: str) -> None:
    entry = Entry.model_validate({"rotation_automatically": True})  # without the invalid field
    assert list(rules.of_entry(entry, {"rotation_automatically", invalid})) == []


def test_each_extra_value_is_reported() -> None:
    found = of_entry("generate_random_password: true, secret_data: v, secret_binary: dg==")
    assert [path for path, _ in found] == [("secret_data",), ("secret_binary",)]


def test_owner_rotation_without_rotation_does_not_write_rotated_fields() -> None:
    found = of_entry("owner: rotation, secret_data: {p: v}, rotated_fields: [p]")
    assert [path for path, _ in found] == [("owner",), ("rotated_fields",)]


def test_binary_is_measured_once_decoded() -> None:
    assert list(rules.of_binary("A" * 87_380)) == []
    assert list(rules.of_binary("A" * 87_384)) == [(("secret_binary",), TOO_LARGE)]
