"""Errors in secret maps: their positions, their wording, and how they are collected.

No error here carries a secret value: messages name keys, positions and rules only.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and list indexes that lead from the top of a map, or of a block, to something in it."""

Finding: TypeAlias = tuple[KeyPath, str]
"""What is wrong, with its path inside the block that was checked."""

MAX_PROBLEMS = 200
"""Errors, and warnings, that are reported of one map; more would take long and help nobody."""

_SAFE_TO_SHOW = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")
_CANDIDATES = 500


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file, or in a program's data.

    Attributes:
        file: the file's name; for data, the keys that lead to the place (`secret_map.secrets.a`).
        line: from 1; 0 for data, which has no lines.
        column: from 1; 0 for data.
    """

    file: str
    line: int
    column: int

    @classmethod
    def in_data(cls, name: str, path: KeyPath) -> Position:
        """Return the place that a path of keys and list indexes leads to in a program's data."""
        text = name
        for step in path:
            if isinstance(step, int):
                text += f"[{step}]"
            else:
                text += f".{step if shown(step) else '…'}"

        return cls(text, 0, 0)

    def __str__(self) -> str:
        """Return the place as `FILE:LINE:COL`, which editors can jump to, or as a path of keys."""
        if not self.line:
            return self.file

        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem in a map, with its position and a suggested fix."""

    position: Position
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        """Return the one line that users and tools read."""
        return f"{self.position}: {self.severity}: {self.message}"


class SecretMapError(Exception):
    """A secret map that cannot be used; `problems` has every reason at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in the order of their positions in the file."""
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class MapSyntaxError(SecretMapError):
    """The text is not YAML, or uses YAML features that a map may not use."""


class MapValueError(SecretMapError):
    """The YAML is valid, but not a secret map: keys, types, names or rules are wrong."""


class MapFileError(Exception):
    """The map's file cannot be read: it is missing, a directory, or not readable."""


class Places(Protocol):
    """Finds the positions of a map's keys and values in its file."""

    def position(self, path: KeyPath, *, of_key: bool = False) -> Position:
        """Return the position of the value (or the key) at a path, or of what is nearest to it."""

    def position_of_text(self, path: KeyPath, wanted: str) -> Position | None:
        """Return the first position of a string in what is at a path, or None."""


class Report:
    """Collects the problems of one map, each with its position and the field that it is about.

    Errors and warnings beyond the first `MAX_PROBLEMS` are left out, with a word about that.
    """

    def __init__(self, places: Places) -> None:
        """Start without problems."""
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        self._places = places

    @property
    def is_full(self) -> bool:
        """Whether no further error is reported, so that looking for more can end."""
        return len(self.errors) > MAX_PROBLEMS

    def error(
        self, path: KeyPath, message: str, *, at_value: bool = False, bare: bool = False
    ) -> None:
        """Add an error.

        Args:
            path: what the error is about, from the top of the map.
            message: what is wrong, and what to write instead.
            at_value: point at the value instead of its key.
            bare: leave out the field's name, because the message has it.
        """
        if self.is_full:
            return

        position = self._places.position(path, of_key=not at_value)
        if not bare:
            message = _about(path, message)

        self._add(Problem(position, message))

    def warn(self, path: KeyPath, message: str, *, at_value: bool = False) -> None:
        """Add a warning: something that is allowed but rarely meant."""
        position = self._places.position(path, of_key=not at_value)
        self._add(Problem(position, _about(path, message), "warning"))

    def warn_at_text(self, path: KeyPath, text: str, message: str) -> None:
        """Add a warning about a part of a value, at that part where it is found."""
        position = self._places.position_of_text(path, text) or self._places.position(path)
        self._add(Problem(position, _about(path, message), "warning"))

    def error_at_text(self, path: KeyPath, text: str, message: str) -> None:
        """Add an error about a part of a value, at that part where it is found."""
        if self.is_full:
            return

        position = self._places.position_of_text(path, text) or self._places.position(path)
        self._add(Problem(position, _about(path, message)))

    def error_in_reference(self, path: KeyPath, reference: str, message: str) -> None:
        """Add an error about a reference of an entry, at the reference.

        Args:
            path: the path of the entry; the reference may also come from outside of it.
            reference: the reference as the map writes it.
            message: what is wrong with it.
        """
        if self.is_full:
            return

        position = (
            self._places.position_of_text(path, reference)
            or self._places.position_of_text((), reference)
            or self._places.position(path, of_key=True)
        )
        self._add(Problem(position, f"`{reference}`: {message}"))

    def add(self, findings: Iterable[Finding], below: KeyPath = ()) -> None:
        """Add an error for each finding about the block at the path `below`."""
        for path, message in findings:
            self.error((*below, *path), message)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Add problems that have their position already, such as those in other files."""
        for problem in problems:
            self._add(problem)

    def _add(self, problem: Problem) -> None:
        kept = self.warnings
        if problem.severity == "error":
            kept = self.errors

        if len(kept) < MAX_PROBLEMS:
            kept.append(problem)
        elif len(kept) == MAX_PROBLEMS:
            message = f"only {MAX_PROBLEMS} {problem.severity}s are shown; fix these first"
            kept.append(Problem(self._places.position(()), message, problem.severity))


def _about(path: KeyPath, message: str) -> str:
    """Return the message behind the name of its field, unless it begins with that.

    An entry as a whole is not a field.
    """
    if len(path) > 1 and path[0] == "secrets":
        path = path[2:]

    fields = [step for step in path if isinstance(step, str)]
    name = ""
    if fields:
        name = shown(fields[-1]).strip()

    if message.startswith(name):
        return message

    return f"{name}: {message}"


def shown(word: str) -> str:
    """Return `word` in backticks after a space, or nothing where it could be a secret.

    A value that slipped into the place of a key must not end up in a log: only what looks like
    an identifier is repeated.
    """
    if _SAFE_TO_SHOW.fullmatch(word):
        return f" `{word}`"

    return ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` for the nearest of the known words, else an empty string.

    A known word may be a value in the place of a key, too: it is shown as `shown` would, and a path
    if all of its parts are.
    """
    candidates = itertools.islice(known, _CANDIDATES)
    near = difflib.get_close_matches(word[:64], candidates, n=1, cutoff=0.6)
    if near and all(map(shown, near[0].split("/"))):
        return f"; did you mean `{near[0]}`?"

    return ""
