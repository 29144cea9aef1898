"""Values: passwords, versions and the limits that are checked once a value is known."""

import json
from typing import Any

import pulumi
import pytest

from secrets_component.lookups import safeguards
from secrets_component.lookups.safeguards import AccountState
from tests.unit.conftest import Registered
from tests.unit.lookups.test_safeguards import OF_MAP, OF_OTHERS, own
from tests.unit.mocks import deploy

HEAD = "context_name: x\nsecrets:\n"


def test_generated_password_has_every_option() -> None:
    made = deploy(HEAD + "  a: {generate_random_password: true, description: d, path: p}\n").made
    assert made["RandomPassword", "m.a"] == {
        "length": 32,
        "special": True,
        "overrideSpecial": "-_.",
        "minLower": 1,
        "minUpper": 1,
        "minNumeric": 1,
        "minSpecial": 1,
    }
    assert made["Secret", "m.a"] == {
        "name": "x/dev/p/a",
        "description": "d",
        "kmsKeyId": "alias/aws/secretsmanager",
        "recoveryWindowInDays": 30,
        "tags": {
            "secretsmap:map": "secrets/dev/m",
            "secretsmap:key": "a",
            "secretsmap:state": "m-id",
        },
    }
    version = made["SecretVersion", "m.a"]
    assert version["secretString"] == "generated-m.a"
    assert version["versionStages"] == ["AWSCURRENT", "secretsmap-value"]


def test_written_options_of_a_password_are_passed_on() -> None:
    options = "{length: 40, special: false, min_lower: 3, keepers: {year: 2026}}"
    made = deploy(
        f"{HEAD}  a: {{generate_random_password: true, random_password: {options}}}\n"
    ).made
    password = made["RandomPassword", "m.a"]
    assert {k: password[k] for k in ("length", "special", "minLower", "minSpecial", "keepers")} == {
        "length": 40, "special": False, "minLower": 3, "minSpecial": 0, "keepers": {"year": "2026"},
    }  # fmt: skip


def test_every_source_of_a_value() -> None:
    made = deploy(
        HEAD
        + """\
  text: {secret_data: "a b"}
  json: {secret_data: '{"k": 1}'}
  mapping: {secret_data: {k: 1, u: ü}}
  binary: {secret_binary: aGVsbG8=}
  empty: {}
"""
    ).made
    assert made["SecretVersion", "m.text"]["secretString"] == "a b"
    assert made["SecretVersion", "m.json"]["secretString"] == '{"k": 1}'
    assert made["SecretVersion", "m.mapping"]["secretString"] == '{"k": 1, "u": "ü"}'
    assert made["SecretVersion", "m.binary"]["secretBinary"] == "aGVsbG8="
    assert ("SecretVersion", "m.empty") not in made
    assert ("Secret", "m.empty") in made


def test_random_fields_are_generated_once_each() -> None:
    result = deploy(
        HEAD
        + '  a: {random: {pw: {length: 40}, token: {}}, secret_data: {u: s, p: "${random.pw}", '
        't: "${random.token}"}}\n'
    )
    assert json.loads(result.made["SecretVersion", "m.a"]["secretString"]) == {
        "u": "s",
        "p": "generated-m.a.pw",
        "t": "generated-m.a.token",
    }
    assert result.outputs["generated_passwords"] == {
        "a.pw": "generated-m.a.pw",
        "a.token": "generated-m.a.token",
    }


def test_operator_owned_value_never_requests_awscurrent() -> None:
    made = deploy(HEAD + "  a: {secret_data: v, owner: operator}\n").made
    assert made["SecretVersion", "m.a"]["versionStages"] == ["secretsmap-value"]


def version_of(
    monkeypatch: pytest.MonkeyPatch, entry: str, labels: dict[str, list[str]]
) -> dict[str, Any] | None:
    """Return what is written of an entry whose secret has these versions."""
    state = AccountState(own={"a": own(labels=labels)})
    monkeypatch.setattr(safeguards, "check_account", lambda *_: state)
    return deploy(f"{HEAD}  a: {{{entry}}}\n").made.get(("SecretVersion", "m.a"))


def test_value_of_the_map_is_labelled_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    version = version_of(monkeypatch, "secret_data: v", OF_MAP)
    assert version is not None
    assert version["versionStages"] == ["AWSCURRENT", "secretsmap-value"]


def test_value_of_someone_else_keeps_awscurrent(
    monkeypatch: pytest.MonkeyPatch, registered: Registered
) -> None:
    version = version_of(monkeypatch, "generate_random_password: true", OF_OTHERS)
    assert version is not None
    assert version["versionStages"] == ["secretsmap-value"]
    request = registered["aws:secretsmanager/secretVersion:SecretVersion"]["m.a"]
    assert set(request.ignoreChanges) == {"secretString", "secretBinary", "versionStages"}
    password = registered["random:index/randomPassword:RandomPassword"]["m.a"]
    assert {"length", "keepers", "overrideSpecial"} <= set(password.ignoreChanges)


def test_new_secret_of_a_rename_does_not_take_the_labels_of_the_old_one(
    monkeypatch: pytest.MonkeyPatch, registered: Registered
) -> None:
    assert version_of(monkeypatch, "name: new, secret_data: v, owner: operator", OF_OTHERS)
    request = registered["aws:secretsmanager/secretVersion:SecretVersion"]["m.a"]
    assert set(request.ignoreChanges) == {"secretString", "secretBinary"}


def test_map_without_a_version_of_its_own_writes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert version_of(monkeypatch, "secret_data: v", {"v": ["AWSCURRENT"]}) is None


def test_value_is_restored_in_words_and_remembers_what_it_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    version = version_of(monkeypatch, "secret_data: v, owner: map", OF_OTHERS)
    assert version is not None
    assert version["versionStages"] == [
        "AWSCURRENT",
        "secretsmap-replaces-v2",
        "secretsmap-value",
    ]


def test_value_over_the_limit_is_refused_without_the_value() -> None:
    text = "context_name: x\nstacks: {rds: o/rds/dev}\nsecrets:\n"
    text += '  a: {secret_data: {host: "${output.rds.endpoint}"}}\n'
    text += '  b: {secret_data: "${output.rds.endpoint}"}\n'
    with pytest.raises(pulumi.RunError, match="exceeds AWS's limit of 65,536 bytes") as refused:
        deploy(text, {"o/rds/dev": {"endpoint": "s3cret" * 11_000}})
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("secret_data", "", "is empty, which AWS refuses"),
        ("secret_binary", "", "is empty, which AWS refuses"),
        ("secret_binary", "s3cret!", "is not valid base64"),
    ],
)
def test_value_that_only_the_run_shows_is_checked(field: str, value: str, problem: str) -> None:
    text = (
        f"context_name: x\nstacks: {{s: o/s/dev}}\nsecrets: {{a: {{{field}: '${{output.s.v}}'}}}}\n"
    )
    with pytest.raises(
        pulumi.RunError, match=rf"m:3:\d+: error: `secret_\w+`: the value {problem}"
    ) as refused:
        deploy(text, {"o/s/dev": {"v": value}})
    assert "s3cret" not in str(refused.value)


def test_option_that_the_map_does_not_set_is_left_to_the_provider() -> None:
    options = "{lower: false, numeric: true}"
    made = deploy(
        f"{HEAD}  a: {{generate_random_password: true, random_password: {options}}}\n"
    ).made
    password = made["RandomPassword", "m.a"]
    assert password["lower"] is False
    assert password["numeric"] is True
    assert "upper" not in password
