"""Passwords in plain text: which names are sensitive, where the warning points, what is exempt."""

from __future__ import annotations

import pytest

from tests.maps_of_tests import plan_of

HEAD = "context_name: x\nsecrets:\n"


def warned(entry: str, key: str = "a") -> list[str]:
    """Return the positions of the warnings of a map with one entry, and check that no value shows."""
    plan = plan_of(f"{HEAD}  {key}: {{{entry}}}\n")
    said = "\n".join(map(str, plan.warnings))
    assert "hunter2" not in said
    return [line.partition(" is a secret in plain text")[0] for line in said.splitlines()]


@pytest.mark.parametrize(
    "name",
    ["password", "Password", "db_password", "dbpassword", "client-secret", "clientSecret", "token",
     "accessToken", "api_key", "apiKey", "APIKEY", "private_key", "privateKey", "passphrase", "pwd",
     "secret_access_key", "signing_key", "password2", "credentials"],
)  # fmt: skip
def test_literal_under_a_sensitive_name_is_warned_of(name: str) -> None:
    (line,) = warned(f"secret_data: {{{name}: hunter2}}")
    assert line.startswith("m:3:")


@pytest.mark.parametrize(
    "name",
    ["user", "tokenEndpoint", "password_policy", "secret_arn", "key", "public_key", "keys",
     "access_key_id", "tokens_url", "host", "monkey", "apikeys_url"],
)  # fmt: skip
def test_literal_under_any_other_name_is_allowed(name: str) -> None:
    assert warned(f"secret_data: {{{name}: hunter2}}") == []


@pytest.mark.parametrize(
    "value",
    ["'${config.p}'", "'a${env.P}'", "''", "~", "true", "arn:aws:secretsmanager:x:1:secret:y"],
)
def test_value_that_is_no_secret_in_plain_text_is_allowed(value: str) -> None:
    assert warned(f"secret_data: {{password: {value}}}") == []


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("secret_data: {a: [{password: hunter2}]}", "m:3:36: warning: `password`:"),
        ("secret_data: {password: 2718}", "m:3:31: warning: `password`:"),
        (
            """secret_data: '{"a": {"password": "hunter2"}}'""",
            "m:3:28: warning: `secret_data`: `password`",
        ),
        (
            """secret_data: '{"b": ${env.B}, "token": "hunter2"}'""",
            "m:3:37: warning: `secret_data`: `token`",
        ),
        ("secret_data: 'postgres://u:hunter2@h/'", "m:3:20: warning: `secret_data`:"),
        ("name: db-password, secret_data: hunter2", "m:3:39: warning: `secret_data`:"),
    ],
)
def test_warning_points_at_the_value(entry: str, line: str) -> None:
    assert warned(entry) == [line]


def test_entry_of_a_sensitive_name_is_warned_of() -> None:
    assert warned("secret_data: hunter2", "api_key") == ["m:3:26: warning: `secret_data`:"]
    assert warned("secret_binary: aHVudGVyMg==", "api_key") == ["m:3:28: warning: `secret_binary`:"]
    assert warned("secret_data: '${config.k}'", "api_key") == []
    assert warned("generate_random_password: true", "api_key") == []


def test_password_in_the_defaults_is_warned_of() -> None:
    plan = plan_of(
        "context_name: x\ndefaults: {secret_data: {token: hunter2}}\nsecrets: {a: {}, b: {}}\n"
    )
    assert [str(one.position) for one in plan.warnings] == ["m:2:33"]


def test_warning_has_the_ways_to_bring_the_value_in() -> None:
    (warning,) = plan_of(f"{HEAD}  a: {{secret_data: {{password: hunter2}}}}\n").warnings
    for way in ("${config.<key>}", "${env.<NAME>}", "generate_random_password", "owner: operator"):
        assert way in warning.message


def test_sensitive_key_that_could_be_a_value_is_not_shown() -> None:
    (line,) = warned("""secret_data: '{"hunter2 password": "v"}'""")
    assert line == "m:3:22: warning: `secret_data`: a field"
