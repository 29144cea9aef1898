"""Texts of a policy: wildcards and variables, which AWS compares with the values of a request.

Wildcards: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
Variables: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html

Patterns without variables are compiled once for all requests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from secrets_component.iam.requests import Request

Matcher: TypeAlias = Callable[[str], bool]
Style: TypeAlias = Literal["equal", "like", "arn"]

_WILDCARD = re.compile(r"(?P<wildcard>[*?])")
_WILDCARD_OR_VARIABLE = re.compile(
    r"(?P<wildcard>[*?])"
    r"|\$\{(?P<special>[*?$])\}"  # the character itself
    r"|\$\{(?P<key>[^},]+?)\s*(?:,\s*'(?P<default>[^']*)'\s*)?\}"
)
_BEFORE_RESOURCE = 5
"""Colons in front of the part of an ARN that names the resource."""


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`*` (any text) or `?` (one character)."""

    character: str


@dataclass(frozen=True, slots=True)
class ContextVariable:
    """`${key}`: the value of a condition key, or the default where the request has none.

    Attributes:
        key: in lower case: AWS ignores the case of keys.
    """

    key: str
    default: str | None


PatternPart: TypeAlias = str | Wildcard | ContextVariable


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text of a policy in its parts."""

    parts: tuple[PatternPart, ...]

    @classmethod
    def parse(cls, text: str, *, with_variables: bool) -> Pattern:
        """Parse a text.

        Args:
            text: as the policy has it.
            with_variables: whether the version of the policy's language knows variables.
        """
        return cls(tuple(_parts(text, with_variables=with_variables)))

    @classmethod
    def parse_arn(cls, text: str, *, with_variables: bool) -> Pattern:
        """Parse an ARN; only the part behind its fifth colon can hold variables."""
        fields = text.split(":", _BEFORE_RESOURCE)
        head = ":".join(fields[:_BEFORE_RESOURCE])
        tail = text.removeprefix(head)
        before = _parts(head, with_variables=False)
        behind = _parts(tail, with_variables=with_variables)
        return cls((*before, *behind))

    @property
    def is_fixed(self) -> bool:
        """Whether it is the same for every request."""
        return not any(isinstance(part, ContextVariable) for part in self.parts)

    def resolve(self, request: Request) -> Pattern | None:
        """Return the pattern with values in place of its variables; None where one has no value.

        "A multivalued context key cannot be used as a variable"; wildcards in a value are literal.
        """
        parts: list[PatternPart] = []
        for part in self.parts:
            if not isinstance(part, ContextVariable):
                parts.append(part)
                continue

            value = request.value(part.key)
            if value is None:
                value = part.default

            if not isinstance(value, str):
                return None

            parts.append(value)

        return Pattern(tuple(parts))

    @property
    def has_wildcard(self) -> bool:
        """Whether it can match more than one text."""
        return any(isinstance(part, Wildcard) for part in self.parts)

    @property
    def text(self) -> str:
        """The text without any special meaning of its wildcards; only after `resolve`."""
        text = ""
        for part in self.parts:
            if isinstance(part, Wildcard):
                text += part.character
            else:
                text += str(part)

        return text

    def expression(self, *, by_component: bool = False) -> str:
        """Return a regular expression for the whole of a value; only after `resolve`.

        Args:
            by_component: compare as ARNs: a wildcard before the fifth colon does not match a colon.
        """
        expression, colons = "", 0
        for part in self.parts:
            if isinstance(part, Wildcard):
                is_bound = by_component and colons < _BEFORE_RESOURCE
                expression += _EXPRESSIONS[part.character, is_bound]
            else:
                text = str(part)
                colons += text.count(":")
                expression += re.escape(text)

        return expression


_EXPRESSIONS = {
    ("*", False): ".*",
    ("?", False): ".",
    ("*", True): "[^:]*",
    ("?", True): "[^:]",
}


def _parts(text: str, *, with_variables: bool) -> Iterator[PatternPart]:
    special = _WILDCARD
    if with_variables:
        special = _WILDCARD_OR_VARIABLE

    end = 0
    for found in special.finditer(text):
        if found.start() > end:
            yield text[end : found.start()]

        yield _part_of(found)
        end = found.end()

    if end < len(text):
        yield text[end:]


def _part_of(found: re.Match[str]) -> PatternPart:
    groups = found.groupdict()
    if groups["wildcard"]:
        return Wildcard(groups["wildcard"])

    if groups["special"]:
        return str(groups["special"])

    return ContextVariable(groups["key"].strip().lower(), groups["default"])


@lru_cache(maxsize=65_536)
def compiled(expression: str) -> Matcher:
    """Return what matches the whole of a value; regular expressions are compiled once."""
    match = re.compile(expression, re.DOTALL).fullmatch
    return lambda value: match(value) is not None


@dataclass(frozen=True, slots=True)
class Patterns:
    """Alternatives: those that are the same for every request, compiled, and those that are not.

    Attributes:
        style: how a value is compared: whole texts, texts with wildcards, or ARNs.
        texts: the fixed ones without a wildcard.
        fixed: what matches the fixed ones with a wildcard; None where there are none.
        variable: those with variables.
    """

    style: Style
    texts: frozenset[str]
    fixed: Matcher | None
    variable: tuple[Pattern, ...]

    @classmethod
    def of(cls, patterns: Iterable[Pattern], style: Style = "like") -> Patterns:
        """Compile alternatives."""
        texts: list[str] = []
        expressions: list[str] = []
        variable: list[Pattern] = []
        for pattern in patterns:
            if not pattern.is_fixed:
                variable.append(pattern)
            elif style == "equal" or not pattern.has_wildcard:
                texts.append(pattern.text)
            else:
                expressions.append(pattern.expression(by_component=style == "arn"))

        fixed: Matcher | None = None
        if _ANYTHING in expressions:
            fixed = _match_anything
        elif expressions:
            fixed = compiled("|".join(expressions))

        return cls(style, frozenset(texts), fixed, tuple(variable))

    @property
    def match_everything(self) -> bool:
        """Whether they match whatever they are compared with."""
        return self.fixed is _match_anything

    def match(self, value: str, request: Request) -> bool:
        """Return whether one of them matches a value; only variables need the request."""
        if value in self.texts:
            return True

        if self.fixed is not None and self.fixed(value):
            return True

        for pattern in self.variable:  # noqa: SIM110 # runs millions of times; `any` is slower
            if self._matches_resolved(pattern, value, request):
                return True

        return False

    def _matches_resolved(self, pattern: Pattern, value: str, request: Request) -> bool:
        """Compare a pattern with variables; one without a value matches nothing."""
        resolved = pattern.resolve(request)
        if resolved is None:
            return False

        if self.style == "equal":
            return resolved.text == value

        return compiled(resolved.expression(by_component=self.style == "arn"))(value)


_ANYTHING = ".*"


def _match_anything(_: str) -> bool:
    return True
