"""Plain data → the model, with every problem at its position in the file."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from secrets_component.errors import MAX_PROBLEMS, KeyPath, Report, did_you_mean, shown
from secrets_component.secret_map import rules
from secrets_component.secret_map.aws_types import Label
from secrets_component.secret_map.contents import check_contents
from secrets_component.secret_map.forms import Instance
from secrets_component.secret_map.model import Entry, Fields, Header
from secrets_component.secret_map.yaml_text import Data

_Block = TypeVar("_Block", bound=BaseModel)

_SOURCES = ("generate_random_password", "secret_data", "secret_binary")
_FUNCTIONS = ("rotation", "rotation_lambda_arn")
_MERGED_BY_KEY = ("tags", "random_password")
_LABEL: TypeAdapter[str] = TypeAdapter(Label)


@dataclass(frozen=True, slots=True)
class CheckedMap:
    """A map of which each block is valid by itself; the report has the problems of the rest."""

    instance: Instance
    header: Header
    entries: dict[str, Entry]
    report: Report


def check(instance: Instance) -> CheckedMap:
    """Check every block of a map on its own; collects all problems instead of raising."""
    report = Report(instance)
    return _Check(instance, report).run()


class _Check:
    def __init__(self, instance: Instance, report: Report) -> None:
        self._instance = instance
        self._report = report

    def run(self) -> CheckedMap:
        entries = self._block("secrets")
        defaults = self._block("defaults")
        self._report.extend(self._instance.findings)
        header = self._header()
        self._model(Fields, defaults, ("defaults",))
        check_contents(self._instance, self._report)
        checked = {}
        for key, entry in entries.items():
            if self._report.is_full:
                break

            if isinstance(entry, dict):
                checked[key] = self._entry(key, entry, defaults)
            else:
                message = "expected a mapping with the entry's fields (`name: …`)"
                self._report.error(("secrets", key), message, at_value=True)

        return CheckedMap(self._instance, header, checked, self._report)

    def _block(self, name: str) -> dict[str, Data]:
        block = self._instance.data.get(name, {})
        if isinstance(block, dict):
            return block

        self._report.error((name,), _expected_form("a mapping", name), at_value=True)
        return {}

    def _header(self) -> Header:
        data = dict(self._instance.data)
        data.pop("secrets", None)
        data.pop("defaults", None)
        header = self._model(Header, data, (), {"context_name": "unknown"})
        self._report.add(rules.of_map(header))
        return header

    def _entry(self, key: str, entry: dict[str, Data], defaults: Mapping[str, Data]) -> Entry:
        path: KeyPath = ("secrets", key)
        try:
            _LABEL.validate_python(key)
        except ValidationError:
            self._report.error(
                path, f"invalid key{shown(key)}; use only letters, digits, `_` and `-`"
            )

        merged = _over_defaults(entry, defaults) if defaults else entry
        model = self._model(Entry, merged, path)
        written = {field for field, value in entry.items() if value is not None}
        self._report.add(rules.of_entry(model, written), path)
        return model

    def _model(
        self,
        model: type[_Block],
        data: Mapping[str, Data],
        path: KeyPath,
        required: Mapping[str, Data] | None = None,
    ) -> _Block:
        """Validate a block: report what is wrong, and return the model of the rest.

        Args:
            model: the block's type.
            data: what the map has there.
            path: the block's path in the map.
            required: placeholders for required keys, used where these are wrong.
        """
        try:
            return model.model_validate(data)
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=True)

        wrong = {detail["loc"][0] for detail in details if detail["loc"]}
        for detail in itertools.islice(details, MAX_PROBLEMS + 1):
            self._report_detail(model, detail, path)

        sound = {field: value for field, value in data.items() if field not in wrong}
        return model.model_validate({**(required or {}), **sound})

    def _report_detail(self, model: type[BaseModel], detail: ErrorDetails, path: KeyPath) -> None:
        location = _without_tags(detail)
        if detail["type"] == "extra_forbidden":
            message = _unknown_key(model, detail, location)
            self._report.error((*path, *location), message, bare=True)
        elif detail["type"] == "missing":
            self._report.error((*path, *location), f"is missing; write `{location[-1]}: …`")
        else:
            self._report.error((*path, *location), _explained(detail), at_value=True)


def _over_defaults(entry: dict[str, Data], defaults: Mapping[str, Data]) -> dict[str, Data]:
    """Return an entry over the defaults: tags and password options are merged key by key.

    An entry that has a source of its own, or a rotation function, takes none from the defaults.
    """
    merged = dict(defaults)
    for alternatives in (_SOURCES, _FUNCTIONS):
        if entry.keys() & alternatives:
            for field in alternatives:
                merged.pop(field, None)

    merged |= entry
    for field in _MERGED_BY_KEY:
        default, own = defaults.get(field), entry.get(field)
        if isinstance(default, dict) and isinstance(own, dict):
            merged[field] = {**default, **own}

    return merged


def _without_tags(detail: ErrorDetails) -> KeyPath:
    """Return an error's location without what pydantic puts between the keys of the map.

    That is the tag of a union (`=text`) or `[key]`; neither is first, and an unknown key is last.
    """
    location = detail["loc"]
    kept = {0}
    if detail["type"] == "extra_forbidden":
        kept.add(len(location) - 1)

    steps: list[str | int] = []
    for index, step in enumerate(location):
        is_tag = str(step).startswith("=") or step == "[key]"
        if index in kept or not is_tag:
            steps.append(step)

    return tuple(steps)


def _unknown_key(model: type[BaseModel], detail: ErrorDetails, location: KeyPath) -> str:
    key = str(location[-1])
    known = list(_known_keys(model, location[:-1]))
    hint = did_you_mean(key, known)
    if _MEANT.get(key) in known:
        hint = f"; did you mean `{_MEANT[key]}`?"

    # In `{secret_data: a,b}` the `b` is a key without a value, and a part of a secret.
    may_be_secret = not hint and detail["input"] is None
    if may_be_secret:
        return "unknown key"

    return f"unknown key{shown(key)}{hint}"


def _known_keys(model: type[BaseModel], location: KeyPath) -> Iterator[str]:
    """Yield the keys that the block at a location may have, of whichever kind it is."""
    blocks = [model]
    for step in location:
        for name, field in blocks[0].model_fields.items():
            if step not in (name, field.alias):
                continue

            inner = list(_models(field.annotation))
            blocks = inner or blocks
            break

    for block in blocks:
        for name, field in block.model_fields.items():
            yield field.alias or name

    if blocks == [Header]:
        yield from ("secrets", "defaults")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 # any type annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation

    for inner in get_args(annotation):
        yield from _models(inner)


_MEANT = {
    "binary": "secret_binary",
    "data": "secret_data",
    "days": "rotation_days",
    "key": "kms_key_id",
    "kms_key": "kms_key_id",
    "length": "random_password",
    "password": "generate_random_password",
    "readers": "access",
    "regions": "replicas",
    "rotate": "rotation_automatically",
    "schedule": "rotation_schedule",
    "secret": "secret_data",
    "value": "secret_data",
}
"""Fields by what people call them, where the nearest word in letters is another field."""

_FORMS_OF_FIELDS = {
    "access": "{readers: [<ARN>]}",
    "admins": "[<ARN>]",
    "alarms": "{create: true}",
    "defaults": "{protect: true}",
    "keepers": "{rotated: 2026-12-01}",
    "kms": "{create: true}",
    "on_rotate": "[{ecs_service: main/orders}]",
    "principals": "[<ARN>]",
    "random": "{token: {length: 40}}",
    "random_password": "{length: 40}",
    "readers": "[<ARN>]",
    "replicas": "[{region: eu-west-1}]",
    "rotated_fields": "[password]",
    "rotation": "{function: generated-password}",
    "secrets": "{db: {generate_random_password: true}}",
    "stacks": "{rds: acme/rds/prod}",
    "tags": "{team: payments}",
}
"""What the mapping or list of a field looks like."""

_EXPECTED = {
    "string_type": "expected a string; quote the value",
    "int_from_float": "expected an integer",
    "bool_type": "expected `true` or `false`",
    "int_type": "expected an integer",
}
_EXPECTED_FORMS = {
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "mapping_type": "a mapping",
    "list_type": "a list",
}
_SPELLED_BOOLEANS = {
    **dict.fromkeys(("yes", "y", "on", "true"), "true"),
    **dict.fromkeys(("no", "n", "off", "false"), "false"),
}


def _explained(detail: ErrorDetails) -> str:
    """Return pydantic's finding in the user's terms."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _EXPECTED:
        return _EXPECTED[kind] + _instead(kind, detail["input"])

    if kind in _EXPECTED_FORMS:
        return _expected_form(_EXPECTED_FORMS[kind], detail["loc"][-1])

    if kind == "value_error":
        return str(context["error"])

    return _limit(kind, context) or detail["msg"]


def _instead(kind: str, found: object) -> str:
    """Return what to write for a number or boolean in quotes; nothing of any other text."""
    if not isinstance(found, str):
        return ""

    meant = _SPELLED_BOOLEANS.get(found.lower())
    if kind == "bool_type" and meant:
        return f"; write `{meant}`, without quotes"

    if kind == "int_type" and found.isdecimal():
        return "; remove the quotes"

    return ""


def _expected_form(form: str, field: str | int) -> str:
    """Return that a field needs a mapping or a list, with one that it could be."""
    example = _FORMS_OF_FIELDS.get(str(field))
    if example is None:
        return f"expected {form}"

    return f"expected {form}, such as `{example}`"


def _limit(kind: str, context: Mapping[str, Any]) -> str | None:
    if kind == "too_long" and context["field_type"] == "Value":
        kind = "string_too_long"  # so pydantic names a string that was converted from a number

    match kind:
        case "literal_error":
            return f"expected {context['expected']}"
        case "greater_than_equal":
            return f"must be at least {context['ge']}"
        case "less_than_equal":
            return f"must be at most {context['le']}"
        case "string_too_short" | "too_short":
            return "must not be empty"
        case "string_too_long":
            return f"exceeds AWS's limit of {context['max_length']:,} characters"
        case "too_long":
            return f"exceeds AWS's limit of {context['max_length']} items"
        case _:
            return None
