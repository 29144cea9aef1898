"""What a program passes as a map → plain data, whose positions are the paths of its keys.

Values keep their types, which no text in between could promise: `"98765e43"` stays a string. Other
languages than Python have one kind of number, which arrives as a float: whole ones are integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

from secrets_component.errors import KeyPath, MapSyntaxError, Position, Problem, shown
from secrets_component.secret_map.walk import nodes
from secrets_component.secret_map.yaml_text import (
    MAX_DEPTH,
    MAX_NODES,
    MAX_TEXT,
    Data,
    Path_,
)

_ANYTHING_ELSE = "expected a string, number, boolean, mapping or list"
_NEVER_AN_OUTPUT = (
    "an Output, whose value is not known yet; write a reference (`${config.<key>}`, "
    "`${output.<component>.<name>}`) instead"
)


@dataclass(frozen=True, slots=True)
class ProgramData:
    """A map that a program passes, as `data`; positions are paths of keys below `file`.

    Attributes:
        file: the name that positions begin with.
        data: the mapping at the top.
        is_text: people wrote this text, and read it.
    """

    file: str
    data: dict[str, Data]
    is_text: ClassVar[bool] = False

    def position(self, path: Path_ = (), *, of_key: bool = False) -> Position:
        """Return the position of what is at `path`."""
        return Position.in_data(self.file, path)

    def position_of_text(self, path: Path_, wanted: str) -> Position | None:
        """Return the position of the first string below `path` that contains `wanted`, or None."""
        for place, value in nodes(self.data):
            is_below = place[: len(path)] == path
            if is_below and isinstance(value, str) and wanted in value:
                return self.position(place)

        return None

    def is_respelled(self, path: Path_) -> bool:
        """Return False: a program's number has no spelling."""
        return False


def read_data(data: Mapping[Any, Any], name: str) -> ProgramData:
    """Copy a program's data to plain data.

    Args:
        data: mappings, sequences, strings, numbers and booleans, of any class.
        name: what positions begin with.

    Raises:
        MapSyntaxError: something else is in the data, or more than a map's file may have.
    """
    return ProgramData(name, _Copier(name).mapping(data, ()))


class _Copier:
    """Copies data of any class; stops at what a map cannot have."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes = 0
        self._characters = 0

    def mapping(self, data: Mapping[Any, Any], path: KeyPath) -> dict[str, Data]:
        copied: dict[str, Data] = {}
        for key, value in data.items():
            if not isinstance(key, str):
                self._stop(path, f"keys must be strings, not `{type(key).__name__}`")

            plain = self._text(key, path)
            copied[plain] = self._copy(value, (*path, plain))

        return copied

    def _copy(self, value: object, path: KeyPath) -> Data:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._stop(path, f"more than {MAX_NODES:,} values; split the map")

        if len(path) > MAX_DEPTH:
            self._stop(path, f"nested deeper than {MAX_DEPTH} levels")

        if isinstance(value, str):
            return self._text(value, path)

        if isinstance(value, Mapping):
            return self.mapping(value, path)

        if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
            return self._list(value, path)

        return self._scalar(value, path)

    def _list(self, items: Iterable[object], path: KeyPath) -> list[Data]:
        return [self._copy(item, (*path, index)) for index, item in enumerate(items)]

    def _text(self, value: str, path: KeyPath) -> str:
        text = str.__str__(value)  # of a subclass too, whose own `str()` may say anything
        self._characters += len(text)
        if self._characters > MAX_TEXT:
            self._stop(path, "more than 20 MiB of text; split the map")

        try:
            text.encode()
        except UnicodeEncodeError:
            self._stop(path, "an unpaired surrogate, which UTF-8 cannot encode")

        return text

    def _scalar(self, value: object, path: KeyPath) -> bool | int | float | None:
        if value is None or isinstance(value, bool):
            return value

        if isinstance(value, float):
            return int(value) if value.is_integer() else float(value)

        if isinstance(value, int):
            return int(value)

        kind = type(value).__name__
        message = f"{_ANYTHING_ELSE}, got{shown(kind) or ' another type'}; convert it first"
        if kind == "Output":
            message = _NEVER_AN_OUTPUT

        raise MapSyntaxError([Problem(Position.in_data(self._name, path), message)])

    def _stop(self, path: KeyPath, message: str) -> NoReturn:
        raise MapSyntaxError([Problem(Position.in_data(self._name, path), message)])
