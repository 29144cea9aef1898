"""Wildcards and variables of a policy's texts."""

import pytest

from secrets_component.iam.patterns import Pattern, Patterns, Style
from secrets_component.iam.requests import Request

HERE = "111111111111"
REQUEST = Request(
    f"arn:aws:iam::{HERE}:user/amy",
    "s3:GetObject",
    "arn:aws:s3:::b/k",
    {"aws:PrincipalTag/team": "red", "aws:TagKeys": ["a"], "aws:PrincipalTag/star": "*"},
)


def matches(text: str, value: str, style: Style = "like", *, with_variables: bool = True) -> bool:
    pattern = Pattern.parse(text, with_variables=with_variables)
    return Patterns.of([pattern], style).match(value, REQUEST)


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("a-??????", "a-AbCdEf", True),
        ("a-??????", "a-b-AbCdEf", False),
        ("a-*", "a-b-AbCdEf", True),
        ("x/dev/*", "x/dev/a", True),
        ("x/dev/*", "x/development/a", False),
        ("a.c", "abc", False),
        ("*", "", True),
        ("?", "", False),
        ("a*c", "a\nc", True),
        ("A", "a", False),
    ],
)
def test_wildcards_match_as_in_iam(pattern: str, value: str, expected: bool) -> None:
    assert matches(pattern, value) is expected


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("${aws:username}/x", "amy/x", True),
        ("${AWS:UserName}", "amy", True),
        ("${aws:PrincipalTag/team}-?", "red-1", True),
        ("${aws:PrincipalTag/none, 'all'}", "all", True),
        ("${aws:PrincipalTag/team, 'all'}", "all", False),
        ("${aws:PrincipalTag/none}", "", False),  # has no value: matches nothing
        ("${aws:PrincipalTag/none}*", "x", False),
        ("${aws:TagKeys}", "a", False),  # a multivalued key is no variable
        ("${aws:PrincipalTag/star}", "anything", False),  # a value has no wildcards
        ("${*}", "*", True),
        ("${*}", "x", False),
        ("${?}${$}", "?$", True),
        ("${unclosed", "${unclosed", True),
    ],
)
def test_variables_stand_for_values_of_the_request(
    pattern: str, value: str, expected: bool
) -> None:
    assert matches(pattern, value) is expected


def test_older_version_of_the_language_has_no_variables() -> None:
    assert matches("${aws:username}", "${aws:username}", with_variables=False)
    assert matches("${*}", "${anything}", with_variables=False)
    assert not matches("${aws:username}", "amy", with_variables=False)


def test_whole_texts_are_compared_without_wildcards() -> None:
    assert matches("a*", "a*", "equal")
    assert not matches("a*", "ab", "equal")
    assert matches("${aws:username}*", "amy*", "equal")


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("arn:aws:x:*:1:finance/*", "arn:aws:x:us-east-2:1:finance/d.txt", True),
        # the documentation's example, which `StringLike` would match
        ("arn:aws:x:*:1:finance/*", "arn:aws:x:us-east-2:9:store/abc:1:finance/d.txt", False),
        ("arn:aws:iam::*:role/a", "arn:aws:iam::1:role/a", True),
        ("arn:aws:x:?:1:y", "arn:aws:x:::1:y", False),
        ("arn:aws:x:r:1:*", "arn:aws:x:r:1:a:b", True),
        ("arn:aws:iam::1:user/${aws:username}", "arn:aws:iam::1:user/amy", True),
        ("*", "arn:aws:iam::1:role/a", False),
    ],
)
def test_arns_are_compared_by_component(pattern: str, value: str, expected: bool) -> None:
    assert matches(pattern, value, "arn") is expected


def test_only_the_last_part_of_an_arn_can_hold_variables() -> None:
    pattern = Pattern.parse_arn("arn:${aws:username}:s3:::${aws:username}", with_variables=True)
    resolved = pattern.resolve(REQUEST)
    assert resolved is not None
    assert resolved.text == "arn:${aws:username}:s3:::amy"


def test_one_of_several_patterns_is_enough() -> None:
    texts = ("a", "b*", "${aws:username}")
    patterns = Patterns.of([Pattern.parse(text, with_variables=True) for text in texts])
    assert [v for v in ("a", "bx", "amy", "c") if patterns.match(v, REQUEST)] == ["a", "bx", "amy"]
    assert not patterns.match_everything
    assert Patterns.of([Pattern.parse("*", with_variables=True)]).match_everything
