"""Every condition operator, against outcomes that AWS's documentation states."""

from typing import Any

import pytest

from secrets_component.iam.conditions import PolicyError, compile_conditions
from secrets_component.iam.requests import Request

CONTEXT = {
    "k": "v",
    "upper": "V",
    "arn": "arn:aws:iam::1:role/r",
    "many": ["a", "b"],
    "none": [],
    "empty": [""],
    "number": "30",
    "when": "2025-06-01T12:30:00Z",
    "epoch": "1748781000",  # the same moment
    "yes": "true",
    "address": "10.1.2.3",
    "address6": "2001:db8::7",
    "bytes": "YQ==",
    "word": "word",
}


def holds(condition: dict[str, Any], *, with_variables: bool = True) -> bool:
    request = Request("arn:aws:iam::1:user/amy", "s3:GetObject", "arn:aws:s3:::b/k", CONTEXT)
    tests = compile_conditions(condition, with_variables=with_variables)
    return all(test.holds(request) for test in tests)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"K": "v"}}, True),
        ({"StringEquals": {"k": ["w", "v"]}}, True),
        ({"StringEquals": {"k": "V"}}, False),
        ({"StringEquals": {"k": "*"}}, False),
        ({"StringNotEquals": {"k": "v"}}, False),
        ({"StringNotEquals": {"k": ["w", "x"]}}, True),
        ({"StringNotEquals": {"k": ["w", "v"]}}, False),
        ({"StringEqualsIgnoreCase": {"upper": "v"}}, True),
        ({"StringNotEqualsIgnoreCase": {"upper": "v"}}, False),
        ({"StringLike": {"k": "?"}}, True),
        ({"StringLike": {"k": "v?"}}, False),
        ({"StringNotLike": {"k": "?"}}, False),
        ({"stringlike": {"k": "?"}}, True),
        ({"StringEquals": {"k": "v"}, "StringLike": {"arn": "x*"}}, False),
        ({"StringEquals": {"k": "v", "upper": "v"}}, False),
    ],
)
def test_texts(condition: dict[str, Any], expected: bool) -> None:
    assert holds(condition) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"ArnEquals": {"arn": "arn:aws:iam::1:role/*"}}, True),
        ({"ArnLike": {"arn": "arn:aws:iam::*:role/other"}}, False),
        ({"ArnNotEquals": {"arn": "arn:aws:iam::1:role/r"}}, False),
        ({"ArnNotLike": {"arn": "arn:aws:iam::1:role/*"}}, False),
        ({"ArnNotLike": {"arn": "arn:aws:iam::2:role/*"}}, True),
    ],
)
def test_arns(condition: dict[str, Any], expected: bool) -> None:
    assert holds(condition) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"NumericEquals": {"number": 30}}, True),
        ({"NumericEquals": {"number": "30.0"}}, True),
        ({"NumericNotEquals": {"number": "31"}}, True),
        ({"NumericLessThan": {"number": "30"}}, False),
        ({"NumericLessThanEquals": {"number": "30"}}, True),
        ({"NumericGreaterThan": {"number": "29.5"}}, True),
        ({"NumericGreaterThanEquals": {"number": "31"}}, False),
        ({"NumericEquals": {"word": "30"}}, False),
    ],
)
def test_numbers(condition: dict[str, Any], expected: bool) -> None:
    assert holds(condition) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"DateEquals": {"when": "2025-06-01T14:30:00+02:00"}}, True),
        ({"DateEquals": {"when": "1748781000"}}, True),
        ({"DateEquals": {"epoch": "2025-06-01T12:30:00Z"}}, True),
        ({"DateNotEquals": {"when": "2025-06-01"}}, True),
        ({"DateLessThan": {"when": "2025-06-02"}}, True),
        ({"DateLessThan": {"when": "2025-06"}}, False),
        ({"DateLessThanEquals": {"when": "2025-06-01T12:30:00.000Z"}}, True),
        ({"DateGreaterThan": {"when": "2025-06-01T12:29:59.999Z"}}, True),
        ({"DateGreaterThanEquals": {"when": "2025-06-01T12:30:00.001Z"}}, False),
    ],
)
def test_dates(condition: dict[str, Any], expected: bool) -> None:
    assert holds(condition) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"Bool": {"yes": "true"}}, True),
        ({"Bool": {"yes": True}}, True),
        ({"Bool": {"yes": "False"}}, False),
        ({"Bool": {"k": "true"}}, False),
        ({"Bool": {"yes": "${yes}"}}, True),
        ({"BinaryEquals": {"bytes": "YQ=="}}, True),
        ({"BinaryEquals": {"bytes": "Yg=="}}, False),
        ({"BinaryEquals": {"word": "YQ=="}}, False),
        ({"IpAddress": {"address": "10.0.0.0/8"}}, True),
        ({"IpAddress": {"address": "10.1.2.3"}}, True),
        ({"IpAddress": {"address": ["192.0.2.0/24", "2001:db8::/32"]}}, False),
        ({"IpAddress": {"address6": "2001:DB8::/32"}}, True),
        ({"IpAddress": {"address6": "0.0.0.0/0"}}, False),
        ({"IpAddress": {"word": "10.0.0.0/8"}}, False),
        ({"NotIpAddress": {"address": "10.0.0.0/8"}}, False),
        ({"NotIpAddress": {"address6": "192.0.2.7"}}, True),
        ({"Null": {"absent": "true"}}, True),
        ({"Null": {"absent": False}}, False),
        ({"Null": {"k": "true"}}, False),
        ({"Null": {"k": "false"}}, True),
        ({"Null": {"none": "true"}}, True),
        ({"Null": {"many": "false"}}, True),
    ],
)
def test_other_types(condition: dict[str, Any], expected: bool) -> None:
    assert holds(condition) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringLike", False),
        ("ArnLike", False),
        ("StringNotEquals", True),
        ("StringNotLike", True),
        ("ArnNotEquals", True),
        ("StringEqualsIfExists", True),
        ("StringNotEqualsIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAllValues:StringNotEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", False),
    ],
)
@pytest.mark.parametrize("key", ["absent", "none"])
def test_missing_key(operator: str, key: str, expected: bool) -> None:
    assert holds({operator: {key: "arn:aws:iam::1:role/r"}}) is expected


def test_if_exists_still_compares_a_key_that_exists() -> None:
    assert not holds({"StringEqualsIfExists": {"k": "w"}})
    assert holds({"NumericLessThanIfExists": {"number": "31"}})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"ForAnyValue:StringEquals": {"many": "b"}}, True),
        ({"ForAnyValue:StringEquals": {"many": "c"}}, False),
        ({"ForAllValues:StringEquals": {"many": "b"}}, False),
        ({"ForAllValues:StringLike": {"many": ["a", "?"]}}, True),
        ({"ForAllValues:StringNotEquals": {"many": "c"}}, True),
        ({"ForAllValues:StringNotEquals": {"many": "b"}}, False),
        ({"ForAnyValue:StringNotEquals": {"many": "b"}}, True),
        ({"ForAnyValue:StringNotEquals": {"many": ["a", "b"]}}, False),
        ({"ForAnyValue:StringEquals": {"k": "v"}}, True),
        ({"ForAllValues:StringEquals": {"empty": "x"}}, True),
        ({"ForAnyValue:StringEquals": {"empty": ""}}, False),
    ],
)
def test_several_values(condition: dict[str, Any], expected: bool) -> None:
    assert holds(condition) is expected


@pytest.mark.parametrize("operator", ["StringEquals", "StringNotEquals", "StringEqualsIfExists"])
def test_several_values_without_a_quantifier_never_match(operator: str) -> None:
    assert not holds({operator: {"many": "a"}})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"k": "${k}"}}, True),
        ({"StringLike": {"arn": "*role/${unset, 'r'}"}}, True),
        ({"StringEquals": {"k": "${unset}"}}, False),
        ({"StringNotEquals": {"k": "${unset}"}}, True),
        ({"StringNotEquals": {"k": ["${unset}", "v"]}}, False),
        ({"StringEqualsIgnoreCase": {"upper": "${k}"}}, True),
        ({"StringNotEqualsIgnoreCase": {"upper": "${unset}"}}, True),
        ({"ArnLike": {"arn": "arn:aws:iam::1:role/${unset, 'r'}"}}, True),
    ],
)
def test_variables_in_values(condition: dict[str, Any], expected: bool) -> None:
    assert holds(condition) is expected


def test_variables_of_the_older_version_are_texts() -> None:
    assert not holds({"StringEquals": {"k": "${k}"}}, with_variables=False)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringSomething": {"k": "v"}},
        {"NumericNotLessThan": {"k": "1"}},
        {"NullIfExists": {"k": "true"}},
        {"ForSomeValues:StringEquals": {"k": "v"}},
        {"ForAnyValue:Null": {"k": "true"}},
        {"Null": {"k": "maybe"}},
        {"Bool": {"k": "yes"}},
        {"NumericEquals": {"k": "ten"}},
        {"NumericEquals": {"k": "NaN"}},
        {"DateEquals": {"k": "yesterday"}},
        {"BinaryEquals": {"k": "!"}},
        {"IpAddress": {"k": "10.0.0.0/40"}},
        {"StringEquals": {"k": {"a": "b"}}},
    ],
)
def test_what_cannot_be_compared_is_an_error(condition: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        holds(condition)
