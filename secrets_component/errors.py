"""What can be wrong with a secret map, and how it is said.

No error here carries a secret value: messages name keys, positions and rules only.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Finding: TypeAlias = tuple[tuple[str | int, ...], str]
"""What is wrong, with its path inside the block that was checked."""

_SAFE_TO_SHOW = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file; `line` and `column` count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """Give the place as `FILE:LINE:COL`, which editors can jump to."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to tell about a map: where it is, and what to write instead."""

    position: Position
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        """Give the one line that users and tools read."""
        return f"{self.position}: {self.severity}: {self.message}"


class SecretMapError(Exception):
    """A secret map that cannot be used; `problems` holds every reason at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in the order in which they stand in the file."""
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class MapSyntaxError(SecretMapError):
    """The text is not YAML, or is YAML that a map may not use."""


class MapValueError(SecretMapError):
    """The YAML is sound, but not a secret map: keys, types, names or rules are wrong."""


class UnresolvedReferenceError(SecretMapError):
    """A reference names a stack, output, setting or variable that is not there."""


class MapFileError(Exception):
    """The map's file cannot be read at all: absent, a folder, or not permitted."""


def shown(word: str) -> str:
    """Return `word` in backticks after a blank, or nothing where it could be a secret.

    A value that slipped into the place of a key must not end up in a log: only what looks like
    an identifier is repeated.
    """
    return f" `{word}`" if _SAFE_TO_SHOW.fullmatch(word) else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` for the nearest of the known words, else an empty string."""
    near = difflib.get_close_matches(word[:64], list(known), n=1, cutoff=0.6)
    return f"; did you mean `{near[0]}`?" if near else ""
