"""Conditions of a statement: every operator that AWS documents, compiled once per statement.

Operators and missing keys:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
Several values, and `ForAllValues` and `ForAnyValue`:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from operator import eq, ge, gt, le, lt
from typing import Any, Literal, TypeAlias

from secrets_component.iam.patterns import Pattern, Patterns, Style
from secrets_component.iam.requests import Request


class PolicyError(ValueError):
    """A policy that AWS would not have accepted, or an element that is not known here."""


Comparison: TypeAlias = Callable[[str, Request], bool]
"""Compares a value of the request with all values of the policy: true where one of them fits."""
Compiler: TypeAlias = Callable[[Sequence[str], bool], Comparison]
"""Makes a comparison of the policy's values; the flag says whether they can hold variables."""
Quantifier: TypeAlias = Literal["", "ForAllValues", "ForAnyValue"]


@dataclass(frozen=True, slots=True)
class ConditionTest:
    """One operator on one key.

    Attributes:
        key: in lower case.
        compare: the comparison, not yet negated.
        negated: whether a value must fit none of the policy's values.
        quantifier: how several values of the request are joined.
        if_exists: whether it holds for a request without the key.
    """

    key: str
    compare: Comparison
    negated: bool
    quantifier: Quantifier
    if_exists: bool

    def holds(self, request: Request) -> bool:
        """Return whether the condition is met."""
        given = request.value(self.key)
        if self.quantifier:
            return self._holds_for_values(given or (), request)

        if given is None or given == ():
            return self.negated or self.if_exists

        if not isinstance(given, str):
            return False  # "multivalued context keys require a condition set operator"

        return self.compare(given, request) != self.negated

    def _holds_for_values(self, given: str | tuple[str, ...], request: Request) -> bool:
        """Compare each value; an empty text counts as none.

        Without values, `ForAllValues` holds and `ForAnyValue` does not. `IfExists` does not change
        that (tried on AWS: https://repost.aws/questions/QU9HFmDzP0QGuU-fd7rS6B7w).
        """
        if isinstance(given, str):
            given = (given,)

        met = (self.compare(value, request) != self.negated for value in given if value)
        if self.quantifier == "ForAllValues":
            return all(met)

        return any(met)


@dataclass(frozen=True, slots=True)
class NullTest:
    """`Null`: the key is absent (`true`) or has a value (`false`)."""

    key: str
    absent: frozenset[bool]

    def holds(self, request: Request) -> bool:
        """Return whether the condition is met."""
        return (not request.value(self.key)) in self.absent


AnyTest: TypeAlias = ConditionTest | NullTest


def compile_conditions(block: Mapping[str, Any], *, with_variables: bool) -> tuple[AnyTest, ...]:
    """Compile a statement's conditions, all of which must hold.

    Args:
        block: the `Condition` element.
        with_variables: whether the version of the policy's language knows variables.

    Raises:
        PolicyError: an operator is not known, or a value is not one for its operator.
    """
    tests: list[AnyTest] = []
    for operator, keys in block.items():
        for key, values in keys.items():
            texts = [_as_text(value) for value in as_list(values)]
            tests.append(_compile(operator, key.lower(), texts, with_variables=with_variables))

    return tuple(tests)


def as_list(values: Any) -> list[Any]:  # noqa: ANN401 # any JSON value
    """Return the values of an element, where a single one needs no list around it."""
    if isinstance(values, list):
        return values

    return [values]


def _as_text(value: Any) -> str:  # noqa: ANN401 # any JSON value
    """Return a value as AWS compares it: JSON's `true` is the text `true`."""
    if isinstance(value, bool):
        return str(value).lower()

    if isinstance(value, str | int | float):
        return str(value)

    msg = "a condition's values must be texts, numbers or booleans"
    raise PolicyError(msg)


def _compile(operator: str, key: str, values: list[str], *, with_variables: bool) -> AnyTest:
    quantifier, name = _quantifier_of(operator)
    if name == "null" and not quantifier:
        return NullTest(key, frozenset(_truth(value) for value in values))

    base = name.removesuffix("ifexists")
    compiler = _OPERATORS.get(_NEGATIONS.get(base, base))
    if compiler is None:
        msg = f"unknown condition operator `{operator}`"
        raise PolicyError(msg)

    return ConditionTest(
        key,
        compiler(values, with_variables),
        negated=base in _NEGATIONS,
        quantifier=quantifier,
        if_exists=base != name,
    )


def _quantifier_of(operator: str) -> tuple[Quantifier, str]:
    """Return how several values are joined, and the rest of an operator in lower case."""
    prefix, colon, name = operator.lower().rpartition(":")
    if not colon:
        return "", name

    if prefix == "forallvalues":
        return "ForAllValues", name

    if prefix == "foranyvalue":
        return "ForAnyValue", name

    msg = f"unknown condition operator `{operator}`"
    raise PolicyError(msg)


def _texts(style: Style) -> Compiler:
    """Return the compiler of an operator that compares texts, which can hold variables."""

    def compile_values(values: Sequence[str], with_variables: bool) -> Comparison:  # noqa: FBT001
        parsed = [Pattern.parse(value, with_variables=with_variables) for value in values]
        return Patterns.of(parsed, style).match

    return compile_values


def _ignoring_case(values: Sequence[str], with_variables: bool) -> Comparison:  # noqa: FBT001
    patterns = [Pattern.parse(value, with_variables=with_variables) for value in values]

    def compare(value: str, request: Request) -> bool:
        for pattern in patterns:
            resolved = pattern.resolve(request)
            if resolved is None:
                continue

            if resolved.text.lower() == value.lower():
                return True

        return False

    return compare


def _booleans(values: Sequence[str], with_variables: bool) -> Comparison:  # noqa: FBT001
    for value in values:
        if not (with_variables and "${" in value):
            _truth(value)

    return _ignoring_case(values, with_variables)


def _typed(read: Callable[[str], Any], fits: Callable[[Any, Any], bool]) -> Compiler:
    """Return the compiler of an operator that compares values of a type.

    Args:
        read: reads a value of the type, or raises ValueError.
        fits: whether a value of the request (first) fits one of the policy (second).
    """

    def compile_values(values: Sequence[str], _: bool) -> Comparison:  # noqa: FBT001
        ours = []
        for value in values:
            try:
                ours.append(read(value))
            except ValueError as error:
                msg = "a condition has a value that its operator cannot compare"
                raise PolicyError(msg) from error

        def compare(value: str, _: Request) -> bool:
            try:
                theirs = read(value)
            except ValueError:
                return False  # a value of another type equals nothing

            return any(fits(theirs, one) for one in ours)

        return compare

    return compile_values


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(text) from error

    if not number.is_finite():
        raise ValueError(text)

    return number


def _moment(text: str) -> Decimal:
    """Return a time in seconds since 1970: given as such, or in a form of ISO 8601."""
    if _SECONDS.fullmatch(text):
        return Decimal(text)

    if _MONTH.fullmatch(text):
        text += "-01"

    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)

    return Decimal(str(moment.timestamp()))


_SECONDS = re.compile(r"\d+")
_MONTH = re.compile(r"\d{4}-\d{2}")


def _truth(text: str) -> bool:
    known = {"true": True, "false": False}
    try:
        return known[text.lower()]
    except KeyError as error:
        msg = "a condition's value must be `true` or `false`"
        raise PolicyError(msg) from error


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(text) from error


def _address_range(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Return a range of addresses; a single address is one of that size."""
    return ipaddress.ip_network(text, strict=False)


def _is_within(theirs: Any, ours: Any) -> bool:  # noqa: ANN401 # networks of either version
    if theirs.version != ours.version:
        return False

    return bool(theirs.subnet_of(ours))


_OPERATORS: Mapping[str, Compiler] = {
    "stringequals": _texts("equal"),
    "stringequalsignorecase": _ignoring_case,
    "stringlike": _texts("like"),
    "arnequals": _texts("arn"),
    "arnlike": _texts("arn"),
    "numericequals": _typed(_number, eq),
    "numericlessthan": _typed(_number, lt),
    "numericlessthanequals": _typed(_number, le),
    "numericgreaterthan": _typed(_number, gt),
    "numericgreaterthanequals": _typed(_number, ge),
    "dateequals": _typed(_moment, eq),
    "datelessthan": _typed(_moment, lt),
    "datelessthanequals": _typed(_moment, le),
    "dategreaterthan": _typed(_moment, gt),
    "dategreaterthanequals": _typed(_moment, ge),
    "bool": _booleans,
    "binaryequals": _typed(_bytes, eq),
    "ipaddress": _typed(_address_range, _is_within),
}
"""The comparisons by operator, in lower case."""
_NEGATIONS = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
}
