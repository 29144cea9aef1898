"""The JSON Schema accepts and rejects what the loader does, in both forms."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from secrets_component.errors import SecretMapError
from secrets_component.secret_map.schema import map_schema
from secrets_component.secret_map.yaml_text import parse_yaml
from tests import invalid_maps
from tests.maps_of_repository import valid_maps

FLAT = {"context_name": "app", "secrets": {"a": {"secret_data": "v"}}}
BROKEN = {**FLAT, "context_nmae": "app"}


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(map_schema())


def atmos(**components: Any) -> dict[str, Any]:
    return {"components": {"terraform": components}}


def test_schema_is_itself_valid() -> None:
    jsonschema.Draft7Validator.check_schema(map_schema())


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
    "described by Atmos": {
        "atmos_component": "secretsmanager",
        "vars": {**FLAT, "namespace": "n", "stage": "dev"},
        "workspace": "dev",
    },
    "abstract component of our name": atmos(
        secretsmanager={"metadata": {"type": "abstract"}, "vars": {}},
        mine={"metadata": {"component": "secretsmanager"}, "vars": FLAT},
    ),
    "template policy": {
        "context_name": "x",
        "secrets": {
            "a": {"policy": {"template": "read-secret-policy", "principals": [111122223333]}},
            "b": {"policy": {"template": "./own.json.tpl"}},
        },
    },
    "policy document": {"context_name": "x", "secrets": {"a": {"policy": {"Statement": []}}}},
    "values that are left out": {
        "context_name": "x",
        "name": None,
        "secrets": {"a": {"name": None, "owner": None, "policy": None, "secret_data": "v"}},
    },
    "numbers where text is wanted": {
        "context_name": "x",
        "tags": {"account": 111122223333},
        "secrets": {"a": {"access": {"readers": [111122223333]}}},
    },
    "other components": atmos(secretsmanager={"vars": FLAT}, rds={"vars": {"anything": 1}}),
}


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD)
def test_valid_maps_are_accepted(
    validator: jsonschema.Draft7Validator, data: dict[str, Any]
) -> None:
    assert list(validator.iter_errors(data)) == []


@pytest.mark.parametrize(("name", "text"), valid_maps().items(), ids=valid_maps())
def test_maps_of_this_repository_are_accepted(
    validator: jsonschema.Draft7Validator, name: str, text: str
) -> None:
    data = parse_yaml(text, name).data
    assert [error.message for error in validator.iter_errors(data)] == []


def test_maps_of_the_readme_are_among_them() -> None:
    names = [name.partition("#")[0] for name in valid_maps()]
    assert names.count("README.md") >= 1
    assert "stacks/prod.yaml" in names


def is_refused(path: Path, validator: jsonschema.Draft7Validator) -> bool:
    try:
        data = parse_yaml(path.read_text("utf-8"), path.name).data
    except SecretMapError:  # an editor's YAML parser refuses it too
        return True
    return not validator.is_valid(data)


def test_invalid_maps_are_refused_unless_entries_must_be_compared(
    validator: jsonschema.Draft7Validator,
) -> None:
    accepted = {path.stem for path in invalid_maps.maps() if not is_refused(path, validator)}
    assert accepted <= {
        "circular-references",
        "other-account-without-key",
        "public-policy",
        "renamed-entry-still-there",
        "same-name-twice",
        "unknown-entry",
        "unknown-password",
        "unknown-rotated-field",
        "unknown-stack",
        "unknown-template",
    }
    assert len(invalid_maps.maps()) - len(accepted) >= 25


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
    "no map among the components": atmos(secretmanager={"vars": FLAT}),
    "described, unknown key": {"atmos_component": "secretsmanager", "vars": BROKEN},
    "policy that is neither document nor template": {
        "context_name": "x",
        "secrets": {"a": {"policy": {"Version": "2012-10-17"}}},
    },
    "null for a list": {"context_name": "x", "secrets": {"a": {"replicas": None}}},
    "reference of an unknown kind, deep inside": {
        "context_name": "x",
        "secrets": {"a": {"secret_data": {"b": ["${outputs.rds.x}"]}}},
    },
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_invalid_maps_are_rejected(
    validator: jsonschema.Draft7Validator, data: dict[str, Any]
) -> None:
    assert not validator.is_valid(data)


def nodes(schema: object) -> Iterator[dict[str, Any]]:
    if isinstance(schema, list):
        for value in schema:
            yield from nodes(value)
    if isinstance(schema, dict):
        yield schema
        yield from nodes(list(schema.values()))


def test_definitions_are_all_reachable() -> None:
    schema = map_schema()
    text = str(schema)
    assert all(f"#/$defs/{name}" in text for name in schema["$defs"])
    assert all(f"#/definitions/{name}" in text for name in schema["definitions"])


def test_editor_is_offered_no_null_and_no_default() -> None:
    """An editor inserts a default together with its key."""
    for node in nodes(map_schema()):
        assert "default" not in node
        assert node.get("type") != "null"
        assert None not in node.get("enum", ())
        assert "oneOf" not in node


def test_blocks_have_titles_that_are_nouns_in_lower_case() -> None:
    """SchemaStore: no article or full stop, lower case; and no class names."""
    for name, block in map_schema()["$defs"].items():
        assert block["title"] != name
        assert not block["title"].startswith(("a ", "the "))
        assert not block["title"].endswith(".")


def test_schema_keeps_to_the_rules_of_schemastore() -> None:
    schema = map_schema()
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert re.fullmatch(r"https://www\.schemastore\.org/[a-z-]+\.json", schema["$id"])
    for node in nodes(schema):
        for keyword in ("title", "description"):
            assert not str(node.get(keyword, "")).endswith(":")


@pytest.mark.parametrize("field", ["template", "function", "owner", "rotation_schedule", "region"])
def test_choices_have_names_or_examples(field: str) -> None:
    found = [node[field] for node in nodes(map_schema()["$defs"]) if field in node]
    assert any("enum" in str(schema) or "examples" in str(schema) for schema in found)


def test_description_is_not_wrapped_within_a_paragraph() -> None:
    definitions = map_schema()["$defs"]
    kms = definitions["Kms"]["properties"]["deletion_window_in_days"]["description"]
    assert kms == (
        "Days between the removal of the key from the map and its deletion, 7 to 30. Default: 30, "
        "so that the key outlives every secret in its recovery window.\n\n"
        "https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html"
    )
