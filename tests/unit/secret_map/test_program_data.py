"""A program's data → plain data: types stay, positions are paths of keys, no value is shown."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import enum
import types
import uuid
from typing import Any

import pulumi
import pytest

from secrets_component.errors import MapSyntaxError
from secrets_component.secret_map.program_data import read_data


class Colour(enum.StrEnum):
    RED = "red"


class Odd(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


def copied(value: object) -> Any:
    return read_data({"a": value}, "secret_map").data["a"]


def refusal(data: dict[Any, Any]) -> str:
    with pytest.raises(MapSyntaxError) as refused:
        read_data(data, "secret_map")
    return str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["98765e43", "12e5", "0o17", "0x1F", "1E3", "123e4567", "1.10", "yes", "null", "~", "", "a\x85b",
     "2012-10-17", "\u2028", "\ufeff", " a ", "a: b", "!env X", "*a", "\x00"],
)  # fmt: skip
def test_text_stays_the_same_text(text: str) -> None:
    assert copied(text) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Colour.RED, "red"),
        (Odd("hunter2"), "hunter2"),
        (collections.OrderedDict(b=1, a=[2]), {"b": 1, "a": [2]}),
        (types.MappingProxyType({"b": (1, 2)}), {"b": [1, 2]}),
        (collections.UserList([1]), [1]),
        (collections.ChainMap({"x": 1}), {"x": 1}),
        (7.0, 7),
        (7.5, 7.5),
        ({"x": [3.0]}, {"x": [3]}),
        (True, True),
        (None, None),
        (10**30, 10**30),
    ],
)
def test_data_of_any_class_becomes_plain(value: object, expected: object) -> None:
    found = copied(value)
    assert found == expected
    assert type(found) is type(expected)


def test_string_of_another_class_becomes_a_plain_one() -> None:
    assert type(copied(Colour.RED)) is str
    assert [type(key) for key in read_data({Colour.RED: 1}, "m").data] == [str]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (uuid.UUID(int=271828), "UUID"),
        (decimal.Decimal(271828), "Decimal"),
        (dt.date(2718, 2, 8), "date"),
        (b"271828", "bytes"),
        ({271828}, "set"),
        (object(), "object"),
    ],
)
def test_other_types_are_refused_at_their_keys_without_the_value(value: object, kind: str) -> None:
    message = refusal({"secrets": {"a": {"secret_data": {"p": ["x", value]}}}})
    assert message == (
        "secret_map.secrets.a.secret_data.p[1]: error: expected a string, number, boolean, mapping "
        f"or list, got `{kind}`; convert it first"
    )


def test_output_is_refused_with_what_to_write() -> None:
    message = refusal({"secrets": {"a": {"secret_data": pulumi.Output.from_input("hunter2")}}})
    assert message.startswith(
        "secret_map.secrets.a.secret_data: error: an Output, whose value is not known yet; write a "
        "reference (`${config.<key>}`"
    )


def test_key_that_is_no_string_is_refused() -> None:
    assert (
        refusal({"secrets": {1: {}}})
        == "secret_map.secrets: error: keys must be strings, not `int`"
    )


def test_key_that_could_be_a_secret_is_not_shown() -> None:
    assert refusal({"hunter 2": {"b": b""}}).startswith("secret_map.….b: error: ")


def test_text_that_utf_8_does_not_have_is_refused() -> None:
    expected = "secret_map.a: error: an unpaired surrogate, which UTF-8 cannot encode"
    assert refusal({"a": "x\ud800"}) == expected


def test_data_is_bounded_like_a_file() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert "nested deeper than 64 levels" in refusal({"a": endless})
    assert "more than 250,000 values" in refusal({"a": [None] * 250_001})
    assert "more than 20 MiB of text" in refusal({"a": ["x" * 1_000_000] * 22})


def test_position_is_the_path_of_the_keys() -> None:
    data = read_data({"a": {"b": [{"c": 1}]}}, "m")
    assert str(data.position(("a", "b", 0, "c"))) == "m.a.b[0].c"
    assert str(data.position()) == "m"


def test_position_of_a_text_is_the_first_string_with_it() -> None:
    data = read_data({"z": "x", "a": {"b": ["-", "x1"], "c": "x1"}}, "m")
    assert str(data.position_of_text((), "x")) == "m.z"
    assert str(data.position_of_text(("a",), "x1")) == "m.a.b[1]"
    assert str(data.position_of_text(("a", "c"), "x1")) == "m.a.c"
    assert data.position_of_text(("a", "b"), "y") is None
    assert data.position_of_text(("q",), "x") is None


def test_number_of_a_program_has_no_other_spelling() -> None:
    assert not read_data({"a": 1e3}, "m").is_respelled(("a",))
