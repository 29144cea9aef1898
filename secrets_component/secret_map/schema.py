"""The JSON Schema of a map's file, made from the model, for editors to complete and check with."""

from __future__ import annotations

import ast
import inspect
import itertools
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from secrets_component.secret_map import model
from secrets_component.secret_map.forms import COMPONENT
from secrets_component.secret_map.model import SecretMapFile


def map_schema() -> dict[str, Any]:
    """Build the schema (draft 2020-12) of both forms: flat, and Atmos."""
    flat = SecretMapFile.model_json_schema(
        ref_template="#/$defs/{model}", schema_generator=_SchemaWithDefaults
    )
    definitions = flat.pop("$defs")
    definitions["SecretMapFile"] = flat
    _describe_fields(definitions)
    _unwrap_descriptions(definitions)
    instance = {
        "type": "object",
        "properties": {"vars": {"$ref": "#/$defs/SecretMapFile"}},
        "required": ["vars"],
    }
    marked = {
        "properties": {
            "metadata": {
                "properties": {"component": {"const": COMPONENT}},
                "required": ["component"],
            }
        },
        "required": ["metadata"],
    }
    terraform = {
        "type": "object",
        "properties": {COMPONENT: instance},
        "additionalProperties": {"if": marked, "then": instance},
    }
    atmos = {
        "type": "object",
        "properties": {
            "components": {
                "type": "object",
                "properties": {"terraform": terraform},
                "required": ["terraform"],
            }
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "secret map",
        "if": {"type": "object", "required": ["components"]},
        "then": atmos,
        "else": {"$ref": "#/$defs/SecretMapFile"},
        "$defs": definitions,
    }


class _SchemaWithDefaults(GenerateJsonSchema):
    """Pydantic's schema, which also states the defaults that a factory makes."""

    def get_default_value(self, schema: core_schema.WithDefaultSchema) -> Any:  # noqa: ANN401 # as in the base class
        """Return the default of a field, or pydantic's marker for none."""
        if "default_factory" in schema:
            return schema["default_factory"]()  # type: ignore[call-arg] # ours take no arguments

        return super().get_default_value(schema)


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


def _unwrap_descriptions(schema: object) -> None:
    """Join the lines of each paragraph: docstrings are wrapped for the code, not for editors."""
    if isinstance(schema, list):
        for item in schema:
            _unwrap_descriptions(item)

    if not isinstance(schema, dict):
        return

    for value in schema.values():
        _unwrap_descriptions(value)

    description = schema.get("description")
    if isinstance(description, str):
        paragraphs = description.split("\n\n")
        schema["description"] = "\n\n".join(" ".join(text.splitlines()) for text in paragraphs)
