"""The JSON Schema of a map's file, made from the model, for editors to complete and check with."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from secrets_component.secret_map.forms import COMPONENT
from secrets_component.secret_map.model import SecretMapFile


def map_schema() -> dict[str, Any]:
    """Build the schema (draft 2020-12) of both forms: flat, and Atmos."""
    flat = SecretMapFile.model_json_schema(
        ref_template="#/$defs/{model}", schema_generator=_SchemaWithDefaults
    )
    _unwrap_descriptions(flat)
    definitions = flat.pop("$defs")
    definitions["SecretMapFile"] = flat
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
