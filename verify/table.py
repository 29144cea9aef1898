"""The table: rule, expected, seen, and where it differs."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

_HEADINGS = ("rule", "expected", "seen")
_VERDICTS = {True: "ok", False: "DIFFERS", None: "not checked"}
_VERDICT_WIDTH = len("not checked")
_GAP = "  "
_NARROWEST, _WIDEST = 80, 160


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule has seen.

    Attributes:
        text: what AWS answered, without any value.
        is_expected: whether that is as expected; None where it could not be checked.
    """

    text: str
    is_expected: bool | None = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Row:
    """One rule of the table.

    Attributes:
        source: where the expectation comes from.
    """

    rule: str
    expected: str
    source: str
    seen: Seen


def render(rows: Sequence[Row], width: int | None = None) -> str:
    """Return the table as text, followed by the sources of the rules that differ.

    Args:
        rows: the rules that were checked, in their order.
        width: the number of characters of a line; default: the terminal's.
    """
    if width is None:
        width = shutil.get_terminal_size((120, 24)).columns

    free = min(max(width, _NARROWEST), _WIDEST) - _VERDICT_WIDTH - len(_GAP) * len(_HEADINGS)
    column = free // len(_HEADINGS)
    lines = _lines((*_HEADINGS, ""), column)
    lines += _lines(("-" * column, "-" * column, "-" * column, "-" * _VERDICT_WIDTH), column)
    for row in rows:
        verdict = _VERDICTS[row.seen.is_expected]
        lines += _lines((row.rule, row.expected, row.seen.text, verdict), column)

    lines += _sources(rows)
    return "\n".join(lines)


def summary(rows: Iterable[Row]) -> str:
    """Return how many rules are as expected, differ and could not be checked."""
    counts = dict.fromkeys(_VERDICTS, 0)
    for row in rows:
        counts[row.seen.is_expected] += 1

    as_expected, differing, unchecked = counts.values()
    return f"{as_expected} as expected, {differing} differing, {unchecked} not checked"


def _lines(cells: Sequence[str], column: int) -> list[str]:
    wrapped = [textwrap.wrap(cell, column) for cell in cells]
    lines = []
    for parts in zip_longest(*wrapped, fillvalue=""):
        padded = [part.ljust(column) for part in parts[:-1]]
        lines.append(_GAP.join([*padded, parts[-1]]).rstrip())

    return lines


def _sources(rows: Iterable[Row]) -> list[str]:
    lines = [""]
    for row in rows:
        if row.seen.is_expected is False:
            lines.append(f"source of `{row.rule}`: {row.source}")

    return lines
