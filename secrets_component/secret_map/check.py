"""Plain data → the model, with every problem at its place in the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from secrets_component.errors import Problem, did_you_mean, shown
from secrets_component.secret_map import rules
from secrets_component.secret_map.aws_types import Label
from secrets_component.secret_map.forms import Instance
from secrets_component.secret_map.model import Entry, Fields, Header
from secrets_component.secret_map.yaml_text import Data, Path_

_Block = TypeVar("_Block", bound=BaseModel)
SOURCES = ("generate_random_password", "secret_data", "secret_binary")
FUNCTIONS = ("rotation", "rotation_lambda_arn")
_MERGED = ("tags", "random_password")


@dataclass(frozen=True, slots=True)
class CheckedMap:
    """A map whose blocks are sound each by itself, and the problems of those that are not."""

    instance: Instance
    header: Header
    entries: dict[str, Entry]
    problems: list[Problem]


def check(instance: Instance) -> CheckedMap:
    """Check every block of a map on its own; nothing is raised, so that all is told at once."""
    return _Check(instance).run()


class _Check:
    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._problems: list[Problem] = []

    def run(self) -> CheckedMap:
        data = self._instance.data
        entries = self._block("secrets")
        defaults = self._block("defaults")
        header_data = {k: v for k, v in data.items() if k not in ("secrets", "defaults")}
        header = self._model(Header, header_data, (), {"context_name": "unknown"})
        self._add_findings((), rules.of_map(header))
        self._model(Fields, defaults, ("defaults",))
        checked = {}
        for key, entry in entries.items():
            if isinstance(entry, dict):
                checked[key] = self._entry(key, entry, defaults)
            else:
                message = "expected a mapping with the entry's fields (`name: …`)"
                self._add(("secrets", key), message)
        return CheckedMap(self._instance, header, checked, self._problems)

    def _block(self, name: str) -> dict[str, Data]:
        block = self._instance.data.get(name, {})
        if isinstance(block, dict):
            return block
        self._add((name,), "expected a mapping")
        return {}

    def _entry(self, key: str, entry: dict[str, Data], defaults: Mapping[str, Data]) -> Entry:
        path: Path_ = ("secrets", key)
        try:
            _LABEL.validate_python(key)
        except ValidationError:
            message = f"the key{shown(key)} may hold only letters, digits, `_` and `-`"
            self._add(path, message, of_key=True)
        model = self._model(Entry, _merged(defaults, entry) if defaults else entry, path)
        written = {k for k, v in entry.items() if v is not None}
        self._add_findings(path, rules.of_entry(model, written))
        return model

    def _model(
        self,
        model: type[_Block],
        data: Mapping[str, Data],
        path: Path_,
        required: Mapping[str, Data] | None = None,
    ) -> _Block:
        """Validate a block; what is wrong is told, and the rest of it is still checked.

        Args:
            required: stand-ins for required keys, for checking the rest where they are wrong.
        """
        try:
            return model.model_validate(data)
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=True)
        for detail in details:
            self._add_detail(model, detail, path)
        wrong = {detail["loc"][0] for detail in details if detail["loc"]}
        sound = {k: v for k, v in data.items() if k not in wrong}
        return model.model_validate({**(required or {}), **sound})

    def _add_detail(self, model: type[BaseModel], detail: ErrorDetails, path: Path_) -> None:
        loc = _written(detail)
        message, of_key = _message(model, detail, loc)
        self._add((*path, *loc), message, of_key=of_key)

    def _add_findings(
        self, path: Path_, findings: Iterable[tuple[tuple[str | int, ...], str]]
    ) -> None:
        for inner, message in findings:
            self._add((*path, *inner), f"{_named(inner)}{message}", of_key=bool(inner))

    def _add(self, path: Path_, message: str, *, of_key: bool = False) -> None:
        self._problems.append(Problem(self._instance.position(path, of_key=of_key), message))


_LABEL: TypeAdapter[str] = TypeAdapter(Label)


def _merged(defaults: Mapping[str, Data], entry: dict[str, Data]) -> dict[str, Data]:
    """Lay an entry over the defaults: tags and password options are merged key by key."""
    replaced = [one for choice in (SOURCES, FUNCTIONS) if entry.keys() & choice for one in choice]
    merged = {k: v for k, v in defaults.items() if k not in replaced} | entry
    for field in _MERGED:
        default, own = defaults.get(field), entry.get(field)
        if isinstance(default, dict) and isinstance(own, dict):
            merged[field] = {**default, **own}
    return merged


_EXPECTED = {
    "string_type": "expected text; write it in quotes",
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "bool_type": "expected `true` or `false`",
    "dict_type": "expected a mapping",
    "model_type": "expected a mapping",
    "mapping_type": "expected a mapping",
    "list_type": "expected a list (`[a, b]`)",
}


def _written(detail: ErrorDetails) -> tuple[str | int, ...]:
    """Leave out of a location what pydantic puts between the keys of the map.

    That is a union's tag (`=text`) or `[key]`; neither comes first, and an unknown key comes last.
    """
    loc = detail["loc"]
    last = len(loc) - 1 if detail["type"] == "extra_forbidden" else 0
    return tuple(
        step
        for index, step in enumerate(loc)
        if index in (0, last) or not (str(step).startswith("=") or step == "[key]")
    )


def _message(
    model: type[BaseModel], detail: ErrorDetails, loc: tuple[str | int, ...]
) -> tuple[str, bool]:
    """Put pydantic's finding in the user's words, and say whether it is about the key."""
    kind, context = detail["type"], detail.get("ctx", {})
    name = _named(loc)
    if kind == "extra_forbidden":
        key = str(loc[-1])
        meant = did_you_mean(key, _known(model, loc[:-1]))
        # In `{secret_data: a,b}` the `b` is a key without a value, and a piece of a secret.
        name = shown(key) if meant or detail["input"] is not None else ""
        return f"unknown key{name}{meant}", True
    if kind == "missing":
        return f"{name}is missing; write `{loc[-1]}: …`", True
    if kind in _EXPECTED:
        return f"{name}{_EXPECTED[kind]}", False
    if kind == "value_error":
        return f"{name}{context['error']}", False
    if kind == "literal_error":
        return f"{name}expected {context['expected']}", False
    return f"{name}{_limit(kind, context) or detail['msg']}", False


def _limit(kind: str, context: Mapping[str, Any]) -> str | None:
    match kind:
        case "greater_than_equal":
            return f"must be at least {context['ge']}"
        case "less_than_equal":
            return f"must be at most {context['le']}"
        case "string_too_short":
            return "must not be empty"
        case "string_too_long":
            return f"is longer than AWS's {context['max_length']:,} characters"
        case "too_long":
            return f"has more than AWS's {context['max_length']} items"
        case "too_short":
            return "must not be empty"
        case _:
            return None


def _named(loc: tuple[str | int, ...]) -> str:
    """Name the innermost field of a location, which the message then speaks of."""
    field = next((step for step in reversed(loc) if isinstance(step, str)), None)
    return f"`{field}`: " if field and shown(field) else ""


def _known(model: type[BaseModel], loc: tuple[str | int, ...]) -> Iterator[str]:
    """Yield the keys that the block at a location may hold."""
    for step in loc:
        field = next((f for n, f in model.model_fields.items() if step in (f.alias or n, n)), None)
        if field is not None:
            model = next(_models(field.annotation), model)
    for name, field in model.model_fields.items():
        yield field.alias or name
    if model is Header:
        yield from ("secrets", "defaults")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 # any type annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
