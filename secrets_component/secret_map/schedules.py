"""AWS's rules for rotation schedules and windows.

Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

_RATE = re.compile(r"rate\((?P<count>\d+) (?P<unit>hour|day)s?\)", re.ASCII)
_CRON = re.compile(
    r"cron\((?P<minutes>\S+) (?P<hours>\S+) (?P<day_of_month>\S+) (?P<month>\S+)"
    r" (?P<day_of_week>\S+) (?P<year>\S+)\)"
)
_HOURS = re.compile(r"(?:\*|\d{1,2}(?:-\d{1,2})?)(?:/\d{1,2})?(?:,\d{1,2}(?:-\d{1,2})?)*", re.ASCII)
_SPAN = re.compile(
    r"(?:\*|(?P<first>[0-9]{1,2}|[A-Z]{3})(?:-(?P<last>[0-9]{1,2}|[A-Z]{3}))?)(?:/[1-9][0-9]?)?"
)


@dataclass(frozen=True, slots=True)
class CronField:
    """A field of a cron expression.

    Attributes:
        maximum: its highest value; the lowest is 1.
        names: the names of the values from 1 on, where it has any.
        special: what a part of it can be besides a value or a span.
    """

    name: str
    maximum: int
    names: tuple[str, ...]
    special: re.Pattern[str]

    def problem(self, text: str) -> str | None:
        """Explain what is wrong with the field; None where nothing is."""
        for part in text.split(","):
            values = self._values(part)
            if values is None:
                return f"invalid {self.name} in the cron expression; example: `cron(0 8 1 * ? *)`"

            if any(not 1 <= value <= self.maximum for value in values):
                return f"the {self.name} of the cron must be from 1 to {self.maximum}"

        return None

    def _values(self, part: str) -> list[int] | None:
        """Return the values that a part names; None where it is not a part of this field."""
        found = self.special.fullmatch(part) or _SPAN.fullmatch(part.upper())
        if found is None:
            return None

        values = []
        for written in found.groupdict().values():
            if written is None:
                continue

            if written.isdecimal():
                values.append(int(written))
            elif written in self.names:
                values.append(self.names.index(written) + 1)
            else:
                return None

        return values


_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_CRON_FIELDS = {
    "day_of_month": CronField("day of month", 31, (), re.compile(r"\?|LW?|(?P<day>[0-9]{1,2})W")),
    "month": CronField("month", 12, _MONTHS, re.compile(r"(?!)")),
    "day_of_week": CronField(
        "day of week", 7, _DAYS, re.compile(r"\?|L|(?P<day>[0-9]|[A-Z]{3})(?:L|#[1-5])")
    ),
}
_WINDOW = re.compile(r"([1-9][0-9]?)h")
_DAY = 24
_MINIMUM_HOURS = 4
_MAXIMUM_HOURS = 999 * _DAY


def expression_problem(expression: str) -> str | None:
    """Explain why AWS would reject a schedule; None where it is valid."""
    rate = _RATE.fullmatch(expression)
    if rate:
        return _rate_problem(rate)

    cron = _CRON.fullmatch(expression)
    if cron:
        return _cron_problem(cron)

    return "expected `rate(10 days)`, `rate(12 hours)` or `cron(0 8 1 * ? *)`"


def _rate_problem(rate: re.Match[str]) -> str | None:
    hours = _hours_between(rate)
    if hours < _MINIMUM_HOURS:
        return "rotates more often than every 4 hours, AWS's minimum; write `rate(4 hours)`"

    if hours > _MAXIMUM_HOURS:
        return "exceeds AWS's maximum of 999 days"

    return None


def _hours_between(rate: re.Match[str]) -> int:
    """Return the hours between two rotations of a rate."""
    count = int(rate["count"])
    if rate["unit"] == "day":
        return count * _DAY

    return count


def _cron_problem(cron: re.Match[str]) -> str | None:
    if cron["minutes"] != "0":
        return "the minutes of a rotation's cron must be 0: `cron(0 8 1 * ? *)`"

    if cron["year"] != "*":
        return "the year of a rotation's cron must be `*`: `cron(0 8 1 * ? *)`"

    if (cron["day_of_month"] == "?") == (cron["day_of_week"] == "?"):
        return "exactly one of day of month and day of week must be `?`: `cron(0 8 1 * ? *)`"

    if not _HOURS.fullmatch(cron["hours"]):
        return "invalid hours in the cron expression; example: `cron(0 8 1 * ? *)`"

    for name, field in _CRON_FIELDS.items():
        problem = field.problem(cron[name])
        if problem:
            return problem

    starts = _start_hours(cron["hours"])
    if not starts:
        return "the hours of the cron must be from 0 to 23"

    if _shortest_gap(starts) < _MINIMUM_HOURS:
        return "rotates more often than every 4 hours, AWS's minimum; write `0/4` for the hours"

    return None


def _start_hours(hours: str) -> list[int]:
    """Return the hours of a day at which a cron starts, sorted; empty where one is invalid."""
    starts: set[int] = set()
    for part in hours.split(","):
        in_part = _hour_range(part)
        if not in_part or in_part[-1] >= _DAY:
            return []

        starts.update(in_part)

    return sorted(starts)


def _hour_range(part: str) -> range:
    """Return the hours of `8`, `8-20`, `8-20/6`, `0/4`, `*` or `*/6`.

    AWS: "A cron expression that includes increments of hours resets each day."
    """
    span, _, step = part.partition("/")
    if span == "*":
        span = "0-23"

    first, _, last = span.partition("-")
    if not last:
        last = first
        if step:
            last = "23"

    return range(int(first), int(last) + 1, max(int(step or 1), 1))


def _shortest_gap(starts: list[int]) -> int:
    """Return the fewest hours between two starts, the first of the next day included."""
    next_day = starts[0] + _DAY
    return min(after - before for before, after in pairwise([*starts, next_day]))


def window_problem(window: str) -> str | None:
    """Explain why AWS would reject a window (`3h`); None where it is valid."""
    match = _WINDOW.fullmatch(window)
    if match is None or int(match[1]) > _DAY:
        return "expected a number of hours from `1h` to `24h`"

    return None


def fit_problem(schedule: str | None, window: str) -> str | None:
    """Explain why a window does not fit its schedule; None where it does.

    AWS: "The window must not extend into the next rotation window or the next UTC day."

    Args:
        schedule: a valid expression; None for a rotation every so many days, from midnight.
        window: a valid window.
    """
    if schedule is None:
        return None

    length = int(window.removesuffix("h"))
    rate = _RATE.fullmatch(schedule)
    if rate:
        between = _hours_between(rate)
        if length > between:
            return f"is longer than the {between} hours between two rotations"

    cron = _CRON.fullmatch(schedule)
    if cron:
        return _cron_fit_problem(_start_hours(cron["hours"]), length)

    return None


def _cron_fit_problem(starts: list[int], length: int) -> str | None:
    gap = _shortest_gap(starts)
    if length > gap:
        return f"overlaps the next rotation, which starts {gap} hours later"

    last_start = starts[-1]
    longest = _DAY - last_start
    if length > longest:
        return f"runs into the next UTC day; from {last_start}:00 it can be at most `{longest}h`"

    return None
