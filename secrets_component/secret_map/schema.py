"""The JSON Schema of a map's file, made from the model, for editors to complete and check with.

It accepts every map that `validate` accepts, and refuses what it can of the rest. It is written for
yaml-language-server, which most editors use, and keeps to what SchemaStore asks of a schema:
https://github.com/SchemaStore/schemastore/blob/master/CONTRIBUTING.md
"""

from __future__ import annotations

import ast
import inspect
import itertools
from collections.abc import Callable
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from secrets_component.secret_map import inheritance, model, schema_rules
from secrets_component.secret_map.forms import COMPONENT
from secrets_component.secret_map.model import SecretMapFile
from secrets_component.secret_map.schema_rules import Schema

ID = "https://www.schemastore.org/secretsmap.json"
"""Names the schema; SchemaStore asks for an address of its own. Nothing is read from there."""

_TITLES = {
    "Access": "access to the secrets",
    "Alarms": "alarms",
    "Detections": "detections",
    "Entry": "secret",
    "Fields": "defaults of all secrets",
    "Grants": "access to a secret",
    "HostedRotation": "built-in rotation function",
    "Kms": "KMS key of the map",
    "LevelAccess": "access to the secrets of a path",
    "RandomBytes": "random bytes",
    "RandomKeyPair": "key pair",
    "RandomPassword": "password",
    "RandomUuid": "UUID",
    "Replica": "replica",
    "RestartFunction": "Lambda function to restart",
    "RestartService": "ECS service to redeploy",
    "SecretMapFile": "secret map",
    "Stack": "Pulumi stack",
    "TemplatePolicy": "policy from a template",
}
"""Nouns, as SchemaStore asks, by the blocks of the model."""

_EXAMPLE_KEY = "alias/my-key"
_EXAMPLE_ROLE = "arn:aws:iam::123456789012:role/my-app"
_EXAMPLES = {
    "admins": [_EXAMPLE_ROLE],
    "attach_to": ["my-app"],
    "bits": [3072],
    "curve": ["P256"],
    "default_kms_key_id": [_EXAMPLE_KEY, "${output.kms.key_id}"],
    "deletion_window_in_days": [30],
    "ecs_service": ["main/orders"],
    "kms_key_id": [_EXAMPLE_KEY, "${output.kms.key_id}"],
    "length": [32],
    "log_retention_in_days": [30],
    "principals": [_EXAMPLE_ROLE],
    "readers": [_EXAMPLE_ROLE],
    "recovery_window_in_days": [30, 7],
    "region": ["eu-west-1"],
    "rotated_fields": ["password"],
    "rotation_days": [30],
    "rotation_lambda_arn": ["${output.lambda.rotation_function_arn}"],
    "rotation_schedule": ["rate(10 days)", "cron(0 8 1 * ? *)"],
    "rotation_window": ["3h"],
    "stack": ["acme/rds/dev"],
    "timeout": [60],
    "topic_arn": ["${output.monitoring.topic_arn}"],
}
"""What editors offer for a field, or for an item of it if it is a list."""


def map_schema() -> dict[str, Any]:
    """Build the schema (draft 07) of all forms: flat, Atmos, and what Atmos describes.

    `$defs` has the blocks of the model, `definitions` what they and the forms obey besides.
    """
    flat = SecretMapFile.model_json_schema(
        ref_template="#/$defs/{model}", schema_generator=_EditorSchema
    )
    blocks = flat.pop("$defs")
    blocks["SecretMapFile"] = flat
    _describe_fields(blocks)
    _complete_blocks(blocks)
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": ID,
        "title": "secret map",
        "description": "Which secrets of an environment exist in AWS Secrets Manager, how each "
        "value is produced, who can read it, and how it rotates.",
        "type": "object",
        "if": {"type": "object", "required": ["components"]},
        "then": {"$ref": "#/definitions/Atmos"},
        "else": {
            "if": _described_component(),
            "then": {"$ref": "#/definitions/Described"},
            "else": {"$ref": "#/$defs/SecretMapFile"},
        },
        "$defs": blocks,
        "definitions": {**schema_rules.definitions(), **_forms(blocks["SecretMapFile"])},
    }
    _visit(schema, _finish)
    return schema


class _EditorSchema(GenerateJsonSchema):
    """Pydantic's schema, without what editors would insert: `null`, and defaults in full."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Return the schema of a field without its default, which its description states."""
        return self.generate_inner(schema["schema"])

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        """Return the schema of a choice, whose forms may overlap."""
        return self.get_flattened_anyof(
            [self.generate_inner(v) for v in schema["choices"].values()]
        )

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Return the schema of a mapping with the form of its keys beside that of its values."""
        mapping: JsonSchemaValue = {"type": "object"}
        keys = self.generate_inner(schema.get("keys_schema", {"type": "any"}))
        values = self.generate_inner(schema.get("values_schema", {"type": "any"}))
        mapping["additionalProperties"] = values or True
        is_limited = keys.keys() - {"type"}
        if is_limited:
            mapping["propertyNames"] = keys

        self.update_with_validations(mapping, schema, self.ValidationsMapping.object)
        return mapping

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401 # as in the base class
        """Return False: the title would be the field's name again."""
        return False


def _forms(flat: dict[str, Any]) -> dict[str, Any]:
    """Return the forms in which the fields of a map are not at the top of the file.

    Atmos gives every component variables of its own there, which have no effect.
    """
    properties: dict[str, Any] = dict.fromkeys(sorted(inheritance.CONTEXT), True)
    for field in flat["properties"]:
        properties[field] = {"$ref": f"#/$defs/SecretMapFile/properties/{field}"}

    instance = {
        "type": "object",
        "properties": {"vars": {"$ref": "#/definitions/Variables"}},
        "required": ["vars"],
    }
    terraform = {
        "type": "object",
        "description": "The Terraform components of the stack.",
        "properties": {COMPONENT: {"$ref": "#/definitions/OwnComponent"}},
        "additionalProperties": {"if": _marked(), "then": instance},
        "anyOf": [
            {"required": [COMPONENT]},
            {"not": {"additionalProperties": {"not": _marked()}}},
        ],
    }
    components = {
        "type": "object",
        "properties": {"terraform": terraform},
        "required": ["terraform"],
    }
    return {
        "Variables": {**flat, "properties": properties},
        "OwnComponent": {"if": _other_component(), "else": instance},
        "Atmos": {"type": "object", "properties": {"components": components}},
        "Described": instance,
    }


def _metadata(**fields: Schema) -> Schema:
    """Return the condition that a component of Atmos's has `metadata` with such fields."""
    metadata = {"type": "object", "properties": fields, "required": list(fields)}
    return {"type": "object", "properties": {"metadata": metadata}, "required": ["metadata"]}


def _abstract() -> Schema:
    return _metadata(type={"const": "abstract"})


def _marked() -> Schema:
    """Return the condition that a component of another name is a secret map."""
    return {"allOf": [_metadata(component={"const": COMPONENT}), {"not": _abstract()}]}


def _other_component() -> Schema:
    """Return the condition that the component of our own name is no secret map."""
    return {"anyOf": [_abstract(), _metadata(component={"not": {"const": COMPONENT}})]}


def _described_component() -> Schema:
    """Return the condition that a file is what `atmos describe component` prints."""
    marks = [{"required": [key]} for key in ("atmos_component", "atmos_stack")]
    return {"type": "object", "required": ["vars"], "anyOf": marks}


def _describe_fields(definitions: dict[str, Any]) -> None:
    """Add the docstring under each field of the model as the field's description.

    Pydantic can do so itself (`use_attribute_docstrings`), but it then reads the source of each
    class whenever the model is imported, a tenth of the time that `validate` takes.
    """
    docstrings = _docstrings_of_fields(inspect.getsource(model))
    for name, definition in definitions.items():
        block = getattr(model, name)
        for field, info in block.model_fields.items():
            owner = next(base for base in block.__mro__ if field in docstrings[base.__name__])
            schema = definition["properties"][info.alias or field]
            schema["description"] = docstrings[owner.__name__][field]


def _docstrings_of_fields(source: str) -> dict[str, dict[str, str]]:
    """Return the string under each annotated field, by class and field."""
    found: dict[str, dict[str, str]] = {}
    for block in ast.parse(source).body:
        if not isinstance(block, ast.ClassDef):
            continue

        fields = found.setdefault(block.name, {})
        for field, below in itertools.pairwise(block.body):
            match field, below:
                case (
                    ast.AnnAssign(target=ast.Name(name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    fields[name] = inspect.cleandoc(text)

    return found


def _complete_blocks(blocks: dict[str, Any]) -> None:
    """Add titles, examples, the names of the templates, and the rules between fields."""
    for name, block in blocks.items():
        block["title"] = _TITLES.get(name, name)
        for field, schema in block["properties"].items():
            _complete_choices(schema)
            if field in _EXAMPLES:
                _example_place(schema)["examples"] = _EXAMPLES[field]

    blocks["TemplatePolicy"]["properties"]["template"] |= _templates()
    _form_of_policies(blocks["Fields"])
    _form_of_policies(blocks["Entry"])
    blocks["SecretMapFile"]["allOf"] = [{"$ref": "#/definitions/MapRules"}]
    blocks["Entry"]["allOf"] = [{"$ref": "#/definitions/EntryRules"}]
    keys = blocks["SecretMapFile"]["properties"]["secrets"]["propertyNames"]
    keys |= {"title": "key", "description": "Permanent identity of the secret in this map."}


def _example_place(schema: Schema) -> Schema:
    """Return where a field's examples stand: in the items, if it is a list."""
    place: Schema = schema.get("items", schema)
    return place


def _complete_choices(schema: Schema) -> None:
    """Let editors show the field's own sentence, and name what a mapping is to them."""
    for choice in schema.get("anyOf", ()):
        if "$ref" in choice:
            choice["description"] = schema["description"]
        elif choice.get("type") == "object":
            choice["title"] = "JSON object"


def _templates() -> Schema:
    """Return the names of the templates, and the form of paths to one's own."""
    names = "|".join(model.TEMPLATES)
    return {
        "pattern": rf"^(?:{names})$|/|\.tpl$|\.json$",
        "errorMessage": "expected the name of a template, or the path of one of your own",
        "examples": [*model.TEMPLATES, "./policy.json.tpl"],
    }


def _form_of_policies(block: Schema) -> None:
    """Require a `Statement` of documents, which tells them from templates, as in the model."""
    for choice in block["properties"]["policy"]["anyOf"]:
        if choice.get("type") == "object":
            choice["required"] = ["Statement"]


def _visit(schema: object, change: Callable[[dict[str, Any]], None]) -> None:
    """Change each mapping in a schema, inner ones first."""
    if isinstance(schema, list):
        for item in schema:
            _visit(item, change)

    if not isinstance(schema, dict):
        return

    for value in schema.values():
        _visit(value, change)

    change(schema)


def _finish(schema: dict[str, Any]) -> None:
    """Finish what pydantic wrote in one mapping of the schema.

    Docstrings are wrapped for the code, not for editors. An optional value may be `null`, which no
    editor should offer. Lengths are those of the string, where a number is accepted as well. Ajv's
    strict mode, which SchemaStore uses, wants each required key among the properties.
    """
    description = schema.get("description")
    if isinstance(description, str):
        paragraphs = description.split("\n\n")
        schema["description"] = "\n\n".join(" ".join(text.splitlines()) for text in paragraphs)

    choices = schema.get("anyOf", [])
    if {"type": "null"} in choices:
        choices[choices.index({"type": "null"})] = schema_rules.UNSET

    if choices and "maxLength" in schema:
        choices[0]["maxLength"] = schema.pop("maxLength")

    required = schema.get("required", [])
    if required:
        schema["properties"] = {**dict.fromkeys(required, True), **schema.get("properties", {})}
