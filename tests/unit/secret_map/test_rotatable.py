"""Values that a built-in function rotates, and those that it would break: refused with what to write."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from secrets_component.errors import Finding, KeyPath
from secrets_component.secret_map.model import Entry
from secrets_component.secret_map.rotatable import of_rotated_value, rotated_password

LOGIN = "secret_data: {engine: postgres, host: h, username: u, password: '${random.pw}'}"
TEXT = (
    "`generated-password` would replace this string with a password; use a mapping with `password`, "
    "exactly `${random.<name>}`, or `generate_random_password: true`"
)
NO_PASSWORD = "is missing `password`, required by `generated-password`"
OTHER_CHARACTERS = (
    "database clients encode characters outside printable ASCII differently, so that the "
    "database would refuse the password; remove the others"
)
NO_PASSWORD_KIND = (
    "`{}` would replace this `{}` with a password; use your own function (`rotation_lambda_arn`), or "
    "turn rotation off and change `keepers` instead"
)
NO_LOGIN = (
    "`postgres-single-user` needs a mapping or a JSON object with `engine`, `host`, `username`, "
    "`password`"
)
ONE_FIELD = "must include `password`, which `{}` writes: `rotated_fields: [password]`"
TWO_FIELDS = (
    "must include `username`, `password`, which `{}` writes: `rotated_fields: [username, password]`"
)


def entry(fields: str) -> Entry:
    return Entry.model_validate(yaml.safe_load(f"{{{fields}}}"))


def findings(function: str, fields: str) -> list[Finding]:
    return list(of_rotated_value(entry(fields), function))


REFUSED: list[tuple[str, str, KeyPath, str]] = [
    # a value that has no place for the new password, or is lost for it
    ("generated-password", "secret_data: 'postgres://app:${random.pw}@h/db'", ("secret_data",), TEXT),
    ("generated-password", "secret_data: by-hand", ("secret_data",), TEXT),
    ("generated-password", "secret_data: '${config.password}'", ("secret_data",), TEXT),
    ("generated-password", "secret_data: '${output.rds.password}'", ("secret_data",), TEXT),
    ("generated-password", "secret_data: '${random.a}${random.b}'", ("secret_data",), TEXT),
    ("generated-password", "secret_data: ' ${random.a}'", ("secret_data",), TEXT),
    ("generated-password", "secret_data: '[1, 2]'", ("secret_data",), TEXT),
    ("generated-password", "secret_data: '{\"token\": \"${random.pw}\"}'", ("secret_data",), NO_PASSWORD),
    ("generated-password", "secret_data: {deeper: {password: p}}", ("secret_data",), NO_PASSWORD),
    ("postgres-single-user", "secret_data: 'postgres://app:${random.pw}@h/db'", ("secret_data",), NO_LOGIN),
    ("postgres-single-user", "secret_data: '${random.pw}'", ("secret_data",), NO_LOGIN),
    ("postgres-single-user", "secret_data: '{\"engine\": \"postgres\", \"password\": \"p\"}'", ("secret_data",), "is missing `host`, `username`, required by `postgres-single-user`"),
    ("mysql-single-user", "secret_data: '{\"engine\": \"db2\", \"host\": \"h\", \"username\": \"u\", \"password\": \"p\"}'", ("secret_data", "engine"), "`mysql-single-user` supports only `mysql`, `mariadb`, `aurora-mysql`"),
    # characters that lock the user out
    ("postgres-single-user", f"{LOGIN}, random: {{pw: {{override_special: '²½'}}}}", ("random", "pw", "override_special"), OTHER_CHARACTERS),
    ("mysql-alternating-users", f"{LOGIN.replace('postgres', 'mysql')}, random: {{pw: {{override_special: '§£'}}}}", ("random", "pw", "override_special"), OTHER_CHARACTERS),
    ("postgres-single-user", f"{LOGIN}, random: {{pw: {{override_special: \"-\\t\"}}}}", ("random", "pw", "override_special"), OTHER_CHARACTERS),
    ("postgres-single-user", f"{LOGIN}, random: {{pw: {{override_special: \"-\\x7f\"}}}}", ("random", "pw", "override_special"), OTHER_CHARACTERS),
    ("postgres-single-user", f"{LOGIN.replace('${random.pw}', 'p')}, random_password: {{override_special: €}}", ("random_password", "override_special"), OTHER_CHARACTERS),
    # fields that rotation writes and the map would write back
    ("generated-password", "secret_data: {password: p, user: u}, rotated_fields: [user]", ("rotated_fields",), ONE_FIELD.format("generated-password")),
    ("postgres-single-user", f"{LOGIN}, rotated_fields: [username]", ("rotated_fields",), ONE_FIELD.format("postgres-single-user")),
    ("postgres-alternating-users", f"{LOGIN}, rotated_fields: [password]", ("rotated_fields",), TWO_FIELDS.format("postgres-alternating-users")),
    ("postgres-single-user", f"{LOGIN}, random: {{pw: {{kind: uuid}}}}", ("random", "pw"), NO_PASSWORD_KIND.format("postgres-single-user", "uuid")),
    ("mysql-single-user", f"{LOGIN.replace('postgres', 'mysql').replace('random.pw', 'random.pw.public')}, random: {{pw: {{kind: key_pair}}}}", ("random", "pw"), NO_PASSWORD_KIND.format("mysql-single-user", "key_pair")),
    ("generated-password", "secret_data: '${random.pw}', random: {pw: {kind: bytes}}", ("random", "pw"), NO_PASSWORD_KIND.format("generated-password", "bytes")),
    ("postgres-alternating-users", f"{LOGIN}, rotated_fields: [username]", ("rotated_fields",), TWO_FIELDS.format("postgres-alternating-users")),
]  # fmt: skip


@pytest.mark.parametrize(("function", "fields", "path", "message"), REFUSED)
def test_value_that_a_function_would_break_is_found_once(
    function: str, fields: str, path: KeyPath, message: str
) -> None:
    assert findings(function, fields) == [(path, message)]


@pytest.mark.parametrize(
    ("function", "fields"),
    [
        ("generated-password", "owner: operator"),
        ("generated-password", "import: old"),
        ("generated-password", "generate_random_password: true"),
        ("generated-password", "secret_data: '${random.pw}'"),
        ("generated-password", "secret_data: {password: '${random.pw}', id: '${random.id}'}, random: {pw: {}, id: {kind: uuid}}"),
        ("generated-password", "secret_data: '{\"password\": \"${random.pw}\", \"port\": ${output.rds.port}}'"),
        ("generated-password", "secret_data: {password: p}, random: {pw: {override_special: '§'}}"),
        ("generated-password", "secret_data: {password: p}, rotated_fields: [password]"),
        ("postgres-single-user", "owner: operator"),
        ("postgres-single-user", "secret_data: '${output.rds.login}'"),
        ("postgres-single-user", "secret_data: '${config.login}'"),
        ("postgres-single-user", "secret_data: '{\"engine\": \"${output.rds.engine}\", \"host\": \"h\", \"username\": \"u\", \"password\": \"p\"}'"),
        ("postgres-single-user", f"{LOGIN}, random: {{pw: {{override_special: ' !\"#$%&()*+,-./:;<=>?@[\\]^_`{{|}}~'}}}}"),
        ("postgres-single-user", f"{LOGIN}, random: {{pw: {{special: false, override_special: '§'}}}}"),
        ("postgres-single-user", f"{LOGIN}, random: {{pw: {{}}, token: {{override_special: '§'}}}}"),
        ("postgres-single-user", f"{LOGIN}, rotated_fields: [password]"),
        ("postgres-alternating-users", f"{LOGIN}, rotated_fields: [password, username, host]"),
    ],
)  # fmt: skip
def test_value_that_a_function_can_rotate_has_no_findings(function: str, fields: str) -> None:
    assert findings(function, fields) == []


OPTIONS: list[tuple[str, KeyPath]] = [
    (LOGIN, ("random", "pw")),
    ("secret_data: {password: 'x-${env.A}-${random.pw}'}", ("random", "pw")),
    ("secret_data: '${random.pw}'", ("random", "pw")),
    ('secret_data: \'{"n": ${config.n}, "password": "${random.pw}"}\'', ("random", "pw")),
    ("secret_data: {password: p, other: '${random.pw}'}", ("random_password",)),
    ("secret_data: {password: '${random.unknown}'}", ("random_password",)),
    ("secret_data: {password: 5}", ("random_password",)),
    ("generate_random_password: true", ("random_password",)),
    ("owner: operator", ("random_password",)),
]


@pytest.mark.parametrize(("fields", "path"), OPTIONS)
def test_new_password_is_generated_as_that_of_the_value(fields: str, path: KeyPath) -> None:
    made: Any = "random: {pw: {length: 7}, password: {length: 8}}, random_password: {length: 9}"
    found, options = rotated_password(entry(f"{fields}, {made}"))
    assert found == path
    assert options.length == {"random": 7, "random_password": 9}[str(path[0])]
