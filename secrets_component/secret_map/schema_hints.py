"""What the JSON Schema says about a string's form; for `Annotated`, beside pydantic's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic_core import core_schema

if TYPE_CHECKING:  # the rest would be loaded for `validate` too, which needs none of it
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

REFERENCE = r"\$\{"
"""The pattern of strings that contain a reference."""


@dataclass(frozen=True, slots=True)
class TextForm:
    """The form of strings that match a pattern or contain a reference.

    Digits and letters are those of ASCII: AWS knows no others.
    """

    pattern: str
    expectation: str

    def __get_pydantic_core_schema__(
        self, source: type, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Return the source's schema, with a check for the pattern after it."""
        compiled = re.compile(self.pattern, re.ASCII)

        def check(value: str) -> str:
            if "${" in value or compiled.fullmatch(value):
                return value

            msg = f"expected {self.expectation}"
            raise ValueError(msg)

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the JSON Schema of the source, with the pattern."""
        return _limited(handler(schema), f"^(?:{self.pattern})$|{REFERENCE}", self.expectation)


@dataclass(frozen=True, slots=True)
class Shown:
    """The pattern that the JSON Schema has for strings that a function checks."""

    pattern: str
    expectation: str

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the JSON Schema of the type, with the pattern."""
        return _limited(handler(schema), f"^(?:{self.pattern})$", self.expectation)


def _limited(schema: JsonSchemaValue, pattern: str, expectation: str) -> JsonSchemaValue:
    """Return the schema of a string, or of a string or number, with a pattern for the string."""
    keywords = {"pattern": pattern, "errorMessage": f"expected {expectation}"}
    if "anyOf" not in schema:
        return {**schema, **keywords}

    text, *others = schema["anyOf"]
    return {**schema, "anyOf": [{**text, **keywords}, *others]}
