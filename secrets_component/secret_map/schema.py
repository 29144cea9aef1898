"""The JSON Schema of a map's file, made from the model, for editors to complete and check with."""

from __future__ import annotations

from typing import Any

from secrets_component.secret_map.forms import COMPONENT
from secrets_component.secret_map.model import SecretMapFile


def map_schema() -> dict[str, Any]:
    """Build the schema (draft 2020-12) of both forms: flat, and Atmos."""
    flat = SecretMapFile.model_json_schema(ref_template="#/$defs/{model}")
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
