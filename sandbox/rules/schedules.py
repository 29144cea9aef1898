"""Rotation schedules and windows, by AWS's own description of them.

Sources: the user guide
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html) and
RotationRulesType in the API reference. Both state the rules, not the texts of the errors: those
here follow the guide, under the one error that RotateSecret has for a bad argument.

The guide's table names only `/` for the hours of a cron expression. Lists and ranges are read as in
its other fields.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from moto.secretsmanager.exceptions import InvalidParameterException

_DAY = 24
_SHORTEST_INTERVAL = 4
_MAX_RATE = 999 * _DAY
_MAX_DAYS = 1000
_SHAPE = re.compile(r"[0-9A-Za-z()#?*\-/, ]{1,256}")
_DURATION = re.compile(r"(?=.{2,3}$)([0-9]+)h")
_RATE = re.compile(r"rate\(([1-9][0-9]*) (hour|day)s?\)")
_PART = re.compile(r"(?:\*|(?=/)|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")
_CRON = re.compile(r"cron\(0 (\S+) (\S+) (\S+) (\S+) \*\)")


def check(rules: Mapping[str, Any]) -> None:
    """Refuse the rotation rules that AWS refuses."""
    expression = rules.get("ScheduleExpression")
    days = rules.get("AutomaticallyAfterDays")
    if expression is not None and days is not None:
        # hashicorp/terraform-provider-aws#30540 shows the text
        raise InvalidParameterException(
            "You cannot specify both rotation frequency and schedule expression together."
        )

    if days is not None and not 1 <= days <= _MAX_DAYS:
        raise InvalidParameterException("RotationRules.AutomaticallyAfterDays must be 1-1000.")

    longest_window = _DAY
    if expression is not None:
        longest_window = _longest_window(expression)

    duration = rules.get("Duration")
    if duration is not None:
        _check_duration(duration, longest_window)


def next_rotation(rules: Mapping[str, Any]) -> int | None:
    """Return when a schedule in days or hours is due next; None for a cron expression."""
    days = rules.get("AutomaticallyAfterDays")
    if days is not None:
        return _hours_from_now(days * _DAY)

    hours = _rate_in_hours(rules.get("ScheduleExpression") or "")
    if hours is None:
        return None

    return _hours_from_now(hours)


def _hours_from_now(hours: int) -> int:
    return int(time.time()) + hours * 3600


def _check_duration(duration: str, longest: int) -> None:
    found = _DURATION.fullmatch(duration)
    if found is None or int(found[1]) == 0:
        raise InvalidParameterException("Invalid Duration.")

    if int(found[1]) > longest:
        raise InvalidParameterException(
            "The rotation window must not extend into the next rotation window or the next UTC day."
        )


def _longest_window(expression: str) -> int:
    """Return the hours that a window may last.

    A rate's windows start at midnight, and a cron's at the hours it names. A window ends at the
    latest where the next one starts, or with the day.
    """
    if not _SHAPE.fullmatch(expression):
        raise _invalid("It has a character that is not allowed, or over 256 of them.")

    hours = _rate_in_hours(expression)
    if hours is not None:
        _check_interval(hours)
        return min(hours, _DAY)

    openings = _openings(expression)
    return min(end - start for start, end in pairwise([*openings, _DAY]))


def _rate_in_hours(expression: str) -> int | None:
    found = _RATE.fullmatch(expression)
    if found is None:
        return None

    if found[2] == "day":
        return int(found[1]) * _DAY

    return int(found[1])


def _check_interval(hours: int) -> None:
    if hours < _SHORTEST_INTERVAL:
        raise _invalid("You can rotate a secret as often as every four hours.")

    if hours > _MAX_RATE:
        raise _invalid("The maximum rotation period is 999 days.")


def _openings(expression: str) -> list[int]:
    """Return the hours of the day at which the windows of a cron expression open."""
    found = _CRON.fullmatch(expression)
    if found is None:
        raise _invalid("It must be a rate, or a cron with 0 in the minutes and * in the year.")

    hours, day_of_month, month, day_of_week = found.groups()
    openings = _HOURS.values(hours)
    _MONTHS.values(month)
    if (day_of_month == "?") == (day_of_week == "?"):
        raise _invalid("You must use a ? in one of Day-of-month and Day-of-week.")

    if day_of_month != "?":
        _DAYS_OF_MONTH.values(day_of_month)

    if day_of_week != "?":
        _DAYS_OF_WEEK.values(day_of_week)

    for start, end in pairwise(openings):
        _check_interval(end - start)

    if "*" in (day_of_month, day_of_week):
        _check_interval(openings[0] + _DAY - openings[-1])  # from the last to tomorrow's first

    return openings


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of a cron expression: its numbers, their names, and what else may be written."""

    first: int
    last: int
    names: tuple[str, ...] = ()
    special: re.Pattern[str] | None = None

    def values(self, text: str) -> list[int]:
        """Return the numbers that a field names, in order; special days have none."""
        chosen: set[int] = set()
        for part in text.split(","):
            if self.special is None or not self.special.fullmatch(part):
                chosen.update(self._range(part))

        return sorted(chosen)

    def _range(self, part: str) -> range:
        found = _PART.fullmatch(part)
        if found is None:
            raise _invalid(f"`{part}` is not a value, a range or an increment.")

        first, last = self._bounds(found)
        step = int(found["step"] or 1)
        if step == 0 or not self.first <= first <= last <= self.last:
            raise _invalid(f"`{part}` is outside {self.first}-{self.last}.")

        return range(first, last + 1, step)

    def _bounds(self, part: re.Match[str]) -> tuple[int, int]:
        if part["first"] is None:
            return self.first, self.last

        first = self._number(part["first"])
        if part["last"] is not None:
            return first, self._number(part["last"])

        if part["step"] is not None:
            return first, self.last

        return first, first

    def _number(self, text: str) -> int:
        if text in self.names:
            return self.names.index(text) + self.first

        if text.isdecimal():
            return int(text)

        raise _invalid(f"`{text}` is not a value of this field.")


_WEEK = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_YEAR = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAY = rf"({'|'.join(_WEEK)}|[1-7])"
_HOURS = _Field(0, 23)
_DAYS_OF_MONTH = _Field(1, 31, special=re.compile(rf"{_WEEKDAY}?L"))
_MONTHS = _Field(1, 12, _YEAR)
_DAYS_OF_WEEK = _Field(1, 7, _WEEK, re.compile(rf"{_WEEKDAY}?L|{_WEEKDAY}#[1-5]"))


def _invalid(reason: str) -> Exception:
    error: Exception = InvalidParameterException(f"Invalid ScheduleExpression. {reason}")
    return error
