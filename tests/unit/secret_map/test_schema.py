"""The JSON Schema accepts and rejects what the loader does, in both forms."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from secrets_component.secret_map.schema import map_schema

ROOT = Path(__file__).parent.parent.parent.parent
FLAT = {"context_name": "app", "secrets": {"a": {"secret_data": "v"}}}
BROKEN = {**FLAT, "context_nmae": "app"}


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(map_schema())


def atmos(**components: Any) -> dict[str, Any]:
    return {"components": {"terraform": components}}


def test_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(map_schema())


GOOD = {
    "flat": FLAT,
    "atmos": atmos(secretsmanager={"vars": FLAT}),
    "second instance": atmos(
        secretsmanager={"vars": FLAT},
        other={"metadata": {"component": "secretsmanager"}, "vars": FLAT},
    ),
    "kinds of generated values": {
        "context_name": "x",
        "secrets": {
            "a": {
                "secret_data": "${random.p}",
                "random": {
                    "p": {},
                    "options": {"length": 8},
                    "password": {"kind": "password", "special": False},
                    "bytes": {"kind": "bytes", "encoding": "hex"},
                    "uuid": {"kind": "uuid"},
                    "pair": {"kind": "key_pair", "algorithm": "rsa", "bits": 4096},
                },
            }
        },
    },
    "other components": atmos(secretsmanager={"vars": FLAT}, rds={"vars": {"anything": 1}}),
}


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD)
def test_valid_maps_are_accepted(
    validator: jsonschema.Draft202012Validator, data: dict[str, Any]
) -> None:
    assert list(validator.iter_errors(data)) == []


@pytest.mark.parametrize("path", sorted((ROOT / "stacks").glob("*.yaml")), ids=lambda p: p.stem)
def test_maps_of_this_repository_are_accepted(
    validator: jsonschema.Draft202012Validator, path: Path
) -> None:
    assert list(validator.iter_errors(yaml.safe_load(path.read_text("utf-8")))) == []


BAD = {
    "flat, unknown key": BROKEN,
    "flat, no context name": {"secrets": {}},
    "atmos, unknown key": atmos(secretsmanager={"vars": BROKEN}),
    "atmos, no vars": atmos(secretsmanager={}),
    "second instance, unknown key": atmos(
        other={"metadata": {"component": "secretsmanager"}, "vars": BROKEN}
    ),
    "unknown kind of a generated value": {
        "context_name": "x",
        "secrets": {"a": {"secret_data": "v", "random": {"p": {"kind": "pin"}}}},
    },
    "no terraform": {"components": {}},
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_invalid_maps_are_rejected(
    validator: jsonschema.Draft202012Validator, data: dict[str, Any]
) -> None:
    assert not validator.is_valid(data)


def test_definitions_are_all_reachable() -> None:
    schema = map_schema()
    text = str(schema)
    assert all(f"#/$defs/{name}" in text for name in schema["$defs"])


def test_description_is_not_wrapped_within_a_paragraph() -> None:
    definitions = map_schema()["$defs"]
    kms = definitions["Kms"]["properties"]["deletion_window_in_days"]["description"]
    assert kms == (
        "Days between the removal of the key from the map and its deletion, 7 to 30. Default: 30, "
        "so that the key outlives every secret in its recovery window.\n\n"
        "https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html"
    )


def test_schema_states_defaults_of_blocks() -> None:
    fields = map_schema()["$defs"]["SecretMapFile"]["properties"]
    assert fields["kms"]["default"]["create"] is False
    assert fields["alarms"]["default"] == {
        "create": False,
        "topic_arn": None,
        "detections": None,
        "expected": [],
    }
    assert fields["kms"]["default"]["deletion_window_in_days"] == 30
    assert "default" not in fields["context_name"]
