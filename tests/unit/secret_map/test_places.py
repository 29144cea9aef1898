"""Where the references of a text stand; that values come back is in `tests/property`."""

from __future__ import annotations

import pytest

from secrets_component.secret_map import places
from secrets_component.secret_map.escapes import Escape
from secrets_component.secret_map.places import NestingError, escapes_of, mark

USER = QUERY = PORT = (Escape.PERCENT,)
HOST, PATH = (Escape.PERCENT_HOST,), (Escape.PERCENT_PATH,)
BEFORE_PORT = (Escape.DROP_PORT, Escape.PERCENT_HOST)
JSON = (Escape.JSON,)


def found(text: str) -> list[tuple[Escape, ...]]:
    """Return the escapes of each `*` of a text."""
    count = text.count("*")
    for index in range(count):
        text = text.replace("*", mark(index), 1)
    return escapes_of(text, count)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", [()]),
        ("a * b", [()]),
        ("https://*:*@*/*?*=*#*", [USER, USER, HOST, PATH, QUERY, QUERY, USER]),
        ("https://*:443/", [BEFORE_PORT]),
        ("https://*:*/", [BEFORE_PORT, PORT]),
        ("mongodb://h:1,*:2,*/", [BEFORE_PORT, HOST]),
        ("*://u:*@h/", [(), USER]),
        ("https://*", [()]),
        ("https://h:*", [PORT]),
        ("https://h/*", [PATH]),
        ("https://h/?*", [()]),
        ("https://h/?a=1&*#f", [()]),
        ("https://h/?*x", [QUERY]),
        ("see https://u:*@h/ or *", [USER, ()]),
        ("a='https://u:*@h/' *@h", [USER, ()]),
        ('{"a": "*", "*": *}', [JSON, JSON, (Escape.JSON_VALUE,)]),
        ('{"a": "*", "a": "*"}', [JSON, JSON]),
        ('[["*"], "https://u:*@h/"]', [JSON, (*USER, *JSON)]),
        ('{"host": "*", "port": 1}', [(Escape.DROP_PORT, *JSON)]),
        ('{"host": "a*", "port": 1}', [JSON]),
        ('{"host": "*", "name": "port"}', [JSON]),
        ('{"a": "{\\"b\\": *}"}', [(Escape.JSON_VALUE, *JSON)]),
        ('{"a": *', [()]),
        ("Key=*;Owner=a@b.c", [(Escape.FIELD,)]),
        (
            "A='*';B=\"*\";C={*}",
            [(Escape.SINGLE_QUOTED,), (Escape.DOUBLE_QUOTED,), (Escape.BRACED,)],
        ),
        ("Url=https://h/?k=*;A=b", [(*QUERY, Escape.FIELD)]),
        ("jdbc:sqlserver://*:1;user=*", [BEFORE_PORT, (Escape.FIELD,)]),
        ("host=* password='*' user=a*", [(Escape.LIBPQ_VALUE,), (Escape.LIBPQ,), (Escape.LIBPQ,)]),
        ("user=a password=*", [()]),
    ],
)
def test_place_needs_these_escapes(text: str, expected: list[tuple[Escape, ...]]) -> None:
    assert found(text) == expected


def test_text_is_json_whatever_its_references_are() -> None:
    assert escapes_of(f'{{"a": {mark(0)}}}', 1)[1]
    assert not escapes_of(f'{{"a": {mark(0)}', 1)[1]
    assert not escapes_of("text", 0)[1]


def test_literal_character_that_looks_like_a_mark_is_replaced() -> None:
    assert places.unmarked(f"a{mark(0)}b") == "axb"


def test_nesting_is_bounded() -> None:
    assert found("https://h/" + "?u=https://h/" * 7 + "?p=*") == [QUERY * 8]
    with pytest.raises(NestingError):
        found("https://h/" + "?u=https://h/" * 8 + "?p=*")


@pytest.mark.parametrize("opening", ['{"a":', "["])
def test_deep_json_is_looked_into_without_recursion(opening: str) -> None:
    closing = "}" if opening.startswith("{") else "]"
    assert found(f'{opening * 300}"*"{closing * 300}') == [JSON]
    assert found(f'{opening * 100_000}"*"') == [()]
