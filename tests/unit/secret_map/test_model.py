"""The model as the reference of the map's format: order, descriptions, defaults."""

import re
from typing import Any

import pytest
from pydantic import BaseModel

from secrets_component.secret_map import model
from secrets_component.secret_map.model import (
    Access,
    Entry,
    Fields,
    Header,
    HostedRotation,
    Kms,
    RandomPassword,
    SecretMapFile,
    Stack,
    TemplatePolicy,
)
from secrets_component.secret_map.schema import map_schema
from tests.map_page import without_sources

BLOCKS = [
    value
    for name, value in vars(model).items()
    if isinstance(value, type) and issubclass(value, BaseModel) and not name.startswith("_")
    if value is not BaseModel
]
DESCRIBED = [
    pytest.param(definition["properties"][field]["description"], id=f"{name}.{field}")
    for name, definition in map_schema()["$defs"].items()
    for field in definition["properties"]
]


def test_top_level_fields_come_first() -> None:
    assert BLOCKS[:2] == [Header, SecretMapFile]
    assert next(iter(SecretMapFile.model_fields)) == "context_name"


def test_blocks_follow_in_the_order_in_which_a_map_names_them() -> None:
    names = [block.__name__ for block in BLOCKS]
    order = ["Stack", "Kms", "Access", "Alarms", "Entry", "RandomPassword", "HostedRotation"]
    assert [name for name in names if name in order] == order


@pytest.mark.parametrize("description", DESCRIBED)
def test_field_is_described_in_whole_sentences(description: str) -> None:
    text = without_sources(description)
    assert text[0].isupper()
    assert text.endswith(".")
    assert len(text.split()) >= 3
    assert "\n" not in text


def description_of(block: type[BaseModel], field: str) -> str:
    definitions = map_schema()["$defs"]
    if block.__name__ not in definitions:  # a base class, whose fields are those of the map
        return str(definitions["SecretMapFile"]["properties"][field]["description"])
    return str(definitions[block.__name__]["properties"][field]["description"])


@pytest.mark.parametrize("block", BLOCKS)
def test_optional_field_names_its_default(block: type[BaseModel]) -> None:
    silent = set()
    for name, field in block.model_fields.items():
        described = description_of(block, field.alias or name)
        if not field.is_required() and not re.search(r"[Dd]efault:\s|Required", described):
            silent.add(name)
    assert silent - {"kms"} == set()  # its default is an empty block, with defaults of its own


@pytest.mark.parametrize("block", BLOCKS)
def test_limited_field_names_its_source(block: type[BaseModel]) -> None:
    for name, field in block.model_fields.items():
        limited = {type(rule).__name__ for rule in field.metadata} & {"Ge", "Le", "MaxLen"}
        if limited - {"Ge"}:
            assert "\n\nhttps://" in description_of(block, field.alias or name)


def test_defaults_accept_every_field_of_an_entry() -> None:
    assert Fields.model_fields.keys() == Entry.model_fields.keys()
    whole = SecretMapFile.model_validate({"context_name": "x", "defaults": {"import": "old"}})
    assert whole.defaults.import_ == "old"


DEFAULTS: list[tuple[BaseModel, dict[str, Any]]] = [
    (Header(context_name="x"), {"environment": None, "default_kms_key_id": None, "tags": {}, "stacks": {}}),
    (Kms(), {"create": False, "alias": None, "deletion_window_in_days": 30, "multi_region": False}),
    (Access(), {"readers": [], "admins": [], "organization_id": None, "attach_to": [], "paths": {}}),
    (Stack(stack="o/p/dev"), {"when_missing": "fail"}),
    (Entry(), {"secret_data": None, "generate_random_password": False, "rotation_automatically": False}),
    (Entry(), {"rotation_days": None, "rotate_immediately": False, "recovery_window_in_days": 30}),
    (Entry(), {"protect": False, "restore_deleted": False, "owner": None, "policy": None}),
    (RandomPassword(), {"length": 32, "special": True, "override_special": None, "min_lower": None, "keepers": {}}),
    (HostedRotation(function="generated-password"), {"timeout": 60, "log_retention_in_days": 30, "subnet_ids": []}),
    (TemplatePolicy(template="t"), {"principals": [], "organization_id": None}),
]  # fmt: skip


@pytest.mark.parametrize(("block", "expected"), DEFAULTS)
def test_defaults_are_as_documented(block: BaseModel, expected: dict[str, Any]) -> None:
    assert {name: getattr(block, name) for name in expected} == expected


def test_blocks_left_out_are_empty_blocks() -> None:
    whole = SecretMapFile(context_name="x")
    assert (whole.kms, whole.access, whole.defaults) == (Kms(), Access(), Fields())
    assert Entry().random_password == RandomPassword()


@pytest.mark.parametrize(
    ("options", "characters"),
    [
        ({}, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."),
        ({"lower": False, "upper": False}, "0123456789-_."),
        ({"lower": False, "upper": False, "numeric": False, "override_special": "!#"}, "!#"),
    ],
)
def test_password_contains_the_classes_in_use(options: dict[str, Any], characters: str) -> None:
    assert RandomPassword(**options).characters == characters


@pytest.mark.parametrize(
    ("options", "minimum"),
    [
        ({}, 1),
        ({"min_upper": 5}, 5),
        ({"min_upper": 0}, 0),
        ({"upper": False}, 0),
        ({"length": 4}, 1),
        ({"length": 3}, 0),
    ],
)
def test_password_contains_each_class_unless_it_is_too_short(
    options: dict[str, Any], minimum: int
) -> None:
    assert RandomPassword(**options).minimum("upper") == minimum


def test_stack_is_found_by_its_short_and_long_form() -> None:
    header = Header.model_validate(
        {"context_name": "x", "stacks": {"a": "o/a/dev", "b": {"stack": "o/b/dev"}}}
    )
    assert header.stack("a") == Stack(stack="o/a/dev")
    assert header.stack("b") == Stack(stack="o/b/dev")
    assert header.stack("c") is None


@pytest.mark.parametrize(
    ("template", "is_file"),
    [("read-secret-policy", False), ("./own.tpl", True), ("own.json", True), ("own.tpl", True)],
)
def test_template_with_a_path_or_a_suffix_is_a_file(template: str, *, is_file: bool) -> None:
    assert TemplatePolicy(template=template).is_file() is is_file


def test_choice_is_made_by_what_is_written() -> None:
    entry = Entry.model_validate(
        {
            "policy": {"Statement": []},
            "on_rotate": [{"ecs_service": "c/s"}, {"lambda": "f"}],
        }
    )
    assert entry.policy == {"Statement": []}
    assert [restart.target for restart in entry.on_rotate] == [
        ("ecs_service", "c/s"),
        ("lambda", "f"),
    ]
    assert Entry.model_validate({"policy": {"template": "t"}}).policy == TemplatePolicy(
        template="t"
    )
    assert Entry.model_validate({"policy": "{}"}).policy == "{}"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"secret_data": 5}, "expected a string or a mapping; quote a number, list or boolean"),
        ({"policy": []}, "expected a template (`{template: …, principals: […]}`) or a policy document"),
        ({"on_rotate": ["f"]}, "expected `{ecs_service: <cluster>/<service>}` or `{lambda: <name or ARN>}`"),
        ({"on_rotate": [{"lambda": "f", "ecs_service": "c/s"}]}, "expected `{ecs_service: <cluster>/<service>}` or `{lambda: <name or ARN>}`"),
    ],
)  # fmt: skip
def test_choice_that_is_none_is_refused_with_the_choices(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Entry.model_validate(fields)


def test_stack_that_is_neither_name_nor_block_is_refused() -> None:
    message = "expected a stack's name or `{stack: …, when_missing: …}`"
    with pytest.raises(ValueError, match=re.escape(message)):
        Header.model_validate({"context_name": "x", "stacks": {"a": 5}})


@pytest.mark.parametrize("fields", [{"protect": "yes"}, {"rotation_days": "5"}, {"import_": "old"}])
def test_values_are_not_converted_and_names_not_guessed(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="1 validation error"):
        Entry.model_validate(fields)
