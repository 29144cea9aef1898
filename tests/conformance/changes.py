"""What is asked of a resource: each of its inputs changed, removed, added, and given wrongly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.providers.official import Facts, Input
from sandbox.providers.validators import Rule
from tests.conformance import OTHER_REGION, Change

_STRINGS = (
    "other",
    "another-one",
    "alias/other",
    "arn:aws:iam::123456789012:role/other",
    '{"Version": "2012-10-17", "Statement": []}',
    '{"source": ["other"]}',
    "210987654321",
    "b3RoZXI=",
    "lambda:Other",
)
_NUMBERS = (8, 9, 90, 91, 1, 2, 0, 3600, 7200, 512, 600, 128, 256)
_EMPTY: Mapping[str, Any] = {
    "string": "",
    "integer": 0,
    "boolean": False,
    "list": [],
    "map": {},
}
"""What Terraform does not tell from an input that is left out."""
_WRONG: Mapping[str, tuple[Any, ...]] = {
    "string": ("?? ??", "x" * 2000, "alias/aws/other", "arn:other"),
    "integer": (-7, 99999),
}
_LOGICAL = ("a.b", "a b/c", "a" * 50, "a" * 60, "a" * 80, "a" * 110, "a" * 250)


def changes_of(facts: Facts, inputs: Mapping[str, Any]) -> Iterator[tuple[str, Change]]:
    """Yield the changes of a resource with these inputs, each with a label."""
    for key, found in facts.inputs.items():
        if key == "tagsAll":  # an output for programs, though Check fills it in
            continue

        if key in inputs:
            yield from _of_given(key, found, inputs[key])
        else:
            yield from _of_absent(key, found)

        if found.type in _EMPTY:
            yield f"{key}: emptied", Change({key: _EMPTY[found.type]})

        wrong = _wrong(found)
        if wrong is not None:
            yield f"{key}: wrong", Change({key: wrong})

    yield "unknown input", Change({"misspelled": "other"})
    if facts.regional:
        yield "another region of the provider", Change(region=OTHER_REGION)

    yield from _of_names(facts, inputs)


def _of_given(key: str, found: Input, value: Any) -> Iterator[tuple[str, Change]]:
    yield f"{key}: removed", Change({key: None})
    other = other_value(found, value)
    if other is not None:
        yield f"{key}: changed", Change({key: other})

    if isinstance(value, dict) and found.fields:
        yield from _of_fields(key, found.fields, value)


def _of_fields(
    key: str, fields: Mapping[str, Input], value: Mapping[str, Any]
) -> Iterator[tuple[str, Change]]:
    """Yield the changes of a block's inputs."""
    for name, found in fields.items():
        without = {inner: value[inner] for inner in value if inner != name}
        other = other_value(found, value.get(name))
        if name in value:
            yield f"{key}.{name}: removed", Change({key: without})

        label = "added"
        if name in value:
            label = "changed"

        if other is not None:
            yield f"{key}.{name}: {label}", Change({key: {**without, name: other}})

        wrong = _wrong(found)
        if wrong is not None:
            yield f"{key}.{name}: wrong", Change({key: {**without, name: wrong}})

    yield f"{key}: unknown input", Change({key: {**value, "misspelled": "other"}})


def _of_absent(key: str, found: Input) -> Iterator[tuple[str, Change]]:
    other = other_value(found, found.default)
    if other is not None:
        yield f"{key}: added", Change({key: other})


def _of_names(facts: Facts, inputs: Mapping[str, Any]) -> Iterator[tuple[str, Change]]:
    """Yield automatic names of many lengths and characters, for a new resource."""
    unnamed: dict[str, None] = dict.fromkeys(facts.named("automatic"))
    if not unnamed:
        return

    for name in list(unnamed):
        if f"{name}Prefix" in inputs:
            unnamed[f"{name}Prefix"] = None

    for logical in _LOGICAL:
        name = logical
        if logical.isalpha():
            name = f"{len(logical)} letters"

        yield f"named after {name}", Change(unnamed, logical=logical, is_new=True)

    yield "named automatically from now on", Change(unnamed)


def other_value(found: Input, value: Any) -> Any:
    """Return another value that the rules accept; None where there is none to be had."""
    match found.type:
        case "boolean":
            return not value
        case "integer":
            return _accepted(found.rules, _NUMBERS, value)
        case "string":
            return _accepted(found.rules, _strings(found.rules), value)
        case "archive":
            return "<other archive>"
    return _other_collection(found)


def _other_collection(found: Input) -> Any:
    if found.type == "map":
        return {"other": "1"}

    if found.type == "list" and not found.fields:
        return [_accepted(found.each, _strings(found.each), None)]

    if not found.fields:
        return None

    block = _block(found.fields)
    if found.type == "list":
        return [block]

    return block


def _strings(rules: tuple[Rule, ...]) -> tuple[Any, ...]:
    """Return texts, or what the rules choose from."""
    for rule in rules:
        if rule.kind == "choices":
            return tuple(rule.limit)

    return _STRINGS


def _block(fields: Mapping[str, Input]) -> dict[str, Any]:
    """Return a block with its required inputs, or with its first one."""
    names = [name for name, found in fields.items() if found.required]
    return {name: other_value(fields[name], None) for name in names or list(fields)[:1]}


def _accepted(rules: tuple[Rule, ...], candidates: tuple[Any, ...], value: Any) -> Any:
    for candidate in candidates:
        if candidate != value and not _refused(rules, candidate):
            return candidate

    return None


def _refused(rules: tuple[Rule, ...], value: Any) -> bool:
    return any(rule.refusals("", value, "") for rule in rules)


def _wrong(found: Input) -> Any:
    """Return a value that the rules refuse; None where they refuse none that is tried."""
    if found.each:
        return ["?? ??"]

    for value in _WRONG.get(found.type, ()):
        if _refused(found.rules, value):
            return value

    return None
