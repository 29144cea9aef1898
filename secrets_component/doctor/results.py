"""What the doctor found: checks in sections, of which the worst one counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from secrets_component.doctor.causes import CauseName

Result: TypeAlias = Literal["ok", "warning", "failed"]
RESULTS: tuple[Result, ...] = ("ok", "warning", "failed")
"""From the best to the worst."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        about: the entry, key, function or principal.
        text: what is the matter, or that all is well; it follows `about`.
        cause: None where all is well, or where no cause was found.
        evidence: what AWS answered, a line each: names, ARNs, dates and codes, never a value.
        advice: the line of the map to write, or the command to run.
    """

    result: Result
    about: str
    text: str
    cause: CauseName | None = None
    evidence: tuple[str, ...] = ()
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Checks of one kind.

    Attributes:
        unseen: what could not be looked at, and the right that it needs, a line each.
    """

    title: str
    checks: tuple[Check, ...]
    unseen: tuple[str, ...] = ()

    @property
    def result(self) -> Result:
        """The worst result of its checks."""
        return worst_of(check.result for check in self.checks)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that was looked at."""

    maps: tuple[str, ...]
    account: str
    region: str
    sections: tuple[Section, ...]

    @property
    def result(self) -> Result:
        """The worst result of its sections."""
        return worst_of(section.result for section in self.sections)

    @property
    def causes(self) -> tuple[CauseName, ...]:
        """The causes that were found, each once."""
        found: dict[CauseName | None, None] = {}
        for section in self.sections:
            found |= dict.fromkeys(check.cause for check in section.checks)

        return tuple(filter(None, found))


def worst_of(results: Iterable[Result]) -> Result:
    """Return the worst of some results; ok without any."""
    return max(results, key=RESULTS.index, default="ok")
