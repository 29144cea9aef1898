"""JSON text of policies, however odd it is."""

import pytest

from secrets_component.iam.json_text import MAX_LEVELS, JsonTextError, parse_json


def test_document_is_parsed() -> None:
    assert parse_json('{"Statement": [{"Effect": "Deny"}]}') == {"Statement": [{"Effect": "Deny"}]}


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ('{"a": 1,\n  "b" 2}', "expecting ':' delimiter", (2, 7)),
        ("[" * 100_000, "nested deeper than 64 levels", (1, 1)),
        ("[1,[1," * 500 + "1" + "]]" * 500, "nested deeper than 64 levels", (1, 1)),
        ("[" * (MAX_LEVELS + 1) + "]" * (MAX_LEVELS + 1), "nested deeper than 64 levels", (1, 1)),
        ("9" * 5000, "a number with too many digits", (1, 1)),
    ],
    ids=["no colon", "never closed", "deep", "one too deep", "digits"],
)
def test_odd_text_is_refused_at_its_place(text: str, message: str, place: tuple[int, int]) -> None:
    with pytest.raises(JsonTextError) as refused:
        parse_json(text)
    assert str(refused.value) == message
    assert (refused.value.line, refused.value.column) == place


def test_the_deepest_document_is_taken() -> None:
    assert parse_json("[" * MAX_LEVELS + "]" * MAX_LEVELS)
