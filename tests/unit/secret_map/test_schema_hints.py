"""A type's pattern in the JSON Schema is the one that it is checked with."""

from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from secrets_component.secret_map.schema_hints import Shown, TextForm

DIGITS: TypeAdapter[str] = TypeAdapter(Annotated[str, TextForm(r"\d+", "digits")])
NAMED: TypeAdapter[str] = TypeAdapter(Annotated[str, Shown("a|b", "`a` or `b`")])
EITHER: TypeAdapter[str | int] = TypeAdapter(Annotated[str | int, Shown("a|b", "`a` or `b`")])


@pytest.mark.parametrize("text", ["1", "42", "${output.a.b}"])
def test_match_or_reference_is_accepted(text: str) -> None:
    assert DIGITS.validate_python(text) == text


@pytest.mark.parametrize("text", ["", "a", "1a", "1\n", "٣"])
def test_other_text_is_refused_with_the_expectation(text: str) -> None:
    with pytest.raises(ValidationError, match="expected digits"):
        DIGITS.validate_python(text)


def test_schema_has_the_pattern_and_the_expectation() -> None:
    assert DIGITS.json_schema() == {
        "type": "string",
        "pattern": r"^(?:\d+)$|\$\{",
        "errorMessage": "expected digits",
    }


def test_shown_pattern_is_not_checked() -> None:
    assert NAMED.validate_python("c") == "c"
    assert NAMED.json_schema()["pattern"] == "^(?:a|b)$"


def test_pattern_of_a_choice_is_that_of_its_text() -> None:
    text, number = EITHER.json_schema()["anyOf"]
    assert text["pattern"] == "^(?:a|b)$"
    assert number == {"type": "integer"}
