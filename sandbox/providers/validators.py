"""What one value must be: the kinds of rules in `official.yaml`, with the texts of their refusals.

The texts are those of terraform-plugin-sdk's `helper/validation` and of terraform-provider-aws's
`internal/verify/validate.go`, where `{key}` is the Terraform name and `{value}` the value. Lengths
are counted in bytes, as Go's `len` does.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

_PARTITION = "^aws(-[a-z]+)*$"
_REGION = r"^[a-z]{2}(-[a-z]+)+-\d$"
_ACCOUNT = r"^(aws|aws-managed|third-party|\d{12}|cw.{10})$"
_ARN_SECTIONS = 6
_FUNCTION = (
    r"^(arn:[\w-]+:lambda:)?([a-z]{2}-(?:[a-z]+-){1,2}\d{1}:)?(\d{12}:)?(function:)?"
    r"([0-9A-Za-z_-]+)(:(\$LATEST|[0-9A-Za-z_-]+))?$"
)
_NAME_IN_FUNCTION_ARN = (
    r"^(?:arn:[\w-]+:lambda:[a-z]{2}-(?:[a-z]+-){1,2}\d{1}:)?\d{12}:function:([0-9A-Za-z_-]+)"
)
_MAX_FUNCTION_CHARACTERS = 140


@dataclass(frozen=True)
class Rule:
    """One rule of an input.

    Attributes:
        kind: a key of `KINDS`, or `any`: one of several rules must hold.
        limit: what the kind compares the value with.
        says: the provider's text; None for the kind's own.
    """

    kind: str
    limit: Any
    says: str | None = None

    def refusals(self, key: str, value: Any, shown: str) -> list[str]:  # noqa: ANN401 # any JSON value
        """Return why a value is refused.

        Args:
            key: the input's name in Terraform.
            value: what the program gives.
            shown: how a text names the value, which may be a secret.
        """
        if self.kind == "any":
            return _refusals_of_all(self.limit, key, value, shown)

        text = KINDS[self.kind](value, self.limit)
        if text is None:
            return []

        text = self.says or text
        return [text.replace("{key}", key).replace("{value}", shown)]


def _refusals_of_all(rules: Sequence[Rule], key: str, value: Any, shown: str) -> list[str]:  # noqa: ANN401 # any JSON value
    """Return the refusals of all rules, or none if one accepts the value."""
    refused = []
    for rule in rules:
        found = rule.refusals(key, value, shown)
        if not found:
            return []

        refused += found

    return refused


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return Go's regular expression: `$` is the end of the text, and classes are ASCII's."""
    if pattern.endswith("$"):
        pattern = pattern[:-1] + r"\Z"

    return re.compile(pattern, re.ASCII)


def _pattern(value: str, pattern: str) -> str | None:
    if _compiled(pattern).search(value):
        return None

    return f'expected value of {{key}} to match regular expression "{pattern}", got {{value}}'


def _unlike(value: str, pattern: str) -> str | None:
    if not _compiled(pattern).search(value):
        return None

    return f'expected value of {{key}} to not match regular expression "{pattern}", got {{value}}'


def _length(value: str, limits: Sequence[int]) -> str | None:
    shortest, longest = limits
    if shortest <= len(value.encode()) <= longest:
        return None

    return f"expected length of {{key}} to be in the range ({shortest} - {longest}), got {{value}}"


def _range(value: int, limits: Sequence[int]) -> str | None:
    lowest, highest = limits
    if lowest <= value <= highest:
        return None

    return f"expected {{key}} to be in the range ({lowest} - {highest}), got {{value}}"


def _at_least(value: int, lowest: int) -> str | None:
    """Return terraform-plugin-framework's text, which has a summary before it."""
    if value >= lowest:
        return None

    problem = f"value must be at least {lowest}, got: {{value}}"
    return f"Invalid Attribute Value. Attribute {{key}} {problem}"


def _choices(value: str | int, choices: Sequence[str | int]) -> str | None:
    if value in choices:
        return None

    listed = " ".join(json.dumps(choice) for choice in choices)
    return f"expected {{key}} to be one of [{listed}], got {{value}}"


def _is(value: str, what: str) -> str | None:
    return _SHAPES[what](value)


def _arn(value: str) -> str | None:
    if not value:
        return None

    wrong = '"{key}" ({value}) is an invalid ARN: '
    if not value.startswith("arn:"):
        return f"{wrong}arn: invalid prefix"

    sections = value.split(":", _ARN_SECTIONS - 1)
    if len(sections) < _ARN_SECTIONS:
        return f"{wrong}arn: not enough sections"

    _, partition, _, region, account, resource = sections
    expected = "value (expecting to match regular expression:"
    if not partition:
        return f"{wrong}missing partition value"

    if not _compiled(_PARTITION).search(partition):
        return f"{wrong}invalid partition {expected} {_PARTITION})"

    if region and not _compiled(_REGION).search(region):
        return f"{wrong}invalid region {expected} {_REGION})"

    if account and not _compiled(_ACCOUNT).search(account):
        return f"{wrong}invalid account ID {expected} {_ACCOUNT})"

    return None if resource else f"{wrong}missing resource value"


def _account(value: str) -> str | None:
    if _compiled(_ACCOUNT).search(value):
        return None

    return '"{key}" doesn\'t look like AWS Account ID (exactly 12 digits): "{value}"'


def _base64(value: str) -> str | None:
    try:
        base64.b64decode(value.replace("\r", "").replace("\n", ""), validate=True)
    except binascii.Error:
        return '"{key}" ("{value}") must be base64-encoded'

    return None


def _json(value: str) -> str | None:
    try:
        json.loads(value)
    except ValueError as error:
        return f'"{{key}}" contains an invalid JSON: {_reason(error)}'

    return None


def _reason(error: ValueError) -> str:
    """Return what is wrong with a JSON text, without any of the text."""
    return getattr(error, "msg", type(error).__name__)


_SHAPES: Mapping[str, Callable[[str], str | None]] = {
    "arn": _arn,
    "account": _account,
    "base64": _base64,
    "json": _json,
}


def _policy(value: str, most: int) -> str | None:
    """Check an IAM policy, as `ValidIAMPolicyJSON` does."""
    if not value:
        return '"{key}" is an empty string, which is not a valid JSON value'

    wrong = '"{key}" contains an invalid JSON policy: '
    if value[0] in " \t\r\n":
        return f"{wrong}leading space characters are not allowed"

    if value[0] != "{":
        return f"{wrong}not a JSON object"

    try:
        document = json.loads(value)
    except ValueError as error:
        return f"{wrong}{_reason(error)}"

    size = len(_normalized(document))
    if size > most:
        return f"Cannot exceed quota for PolicySize: {most} (actual: {size})"

    return None


def _normalized(document: Any) -> bytes:  # noqa: ANN401 # any JSON value
    """Return a document as Go writes it: sorted, without spaces, `<`, `>` and `&` escaped."""
    text = json.dumps(document, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")

    return text.encode()


def _event_pattern(value: str, most: int) -> str | None:
    """Check a rule's pattern, as `validateEventPatternValue` does: normalized, not escaped."""
    problem = _json(value)
    if problem:
        return problem

    text = json.dumps(json.loads(value), separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    if len(text.encode()) > most:
        return f'"{{key}}" cannot be longer than {most} characters: "{{value}}"'

    return None


def _function_name(value: str, most: int) -> str | None:
    """Check a function's name or ARN, as `validFunctionName` does."""
    if not _compiled(_FUNCTION).search(value):
        return "invalid value for {key} (must be valid function name or function ARN)"

    if len(value) > _MAX_FUNCTION_CHARACTERS:
        return _length(value, (1, _MAX_FUNCTION_CHARACTERS))

    found = _compiled(_NAME_IN_FUNCTION_ARN).search(value)
    name = found[1] if found else value
    if len(name) > most:
        return (
            f"expected length of the Lambda function name to be less than or equal to {most}, "
            f"got {name} ({len(name)} characters)"
        )

    return None


KINDS: Mapping[str, Callable[[Any, Any], str | None]] = {
    "pattern": _pattern,
    "unlike": _unlike,
    "length": _length,
    "range": _range,
    "at_least": _at_least,
    "choices": _choices,
    "is": _is,
    "policy": _policy,
    "event_pattern": _event_pattern,
    "function_name": _function_name,
}
