"""AWS's rules for rotation schedules and windows.

Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
"""

from __future__ import annotations

import re

_RATE = re.compile(r"rate\((\d+) (hours?|days?)\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_WINDOW = re.compile(r"([1-9]\d?)h")
_CRON_FIELDS = {
    "hours": re.compile(r"(?:\*|\d{1,2}(?:-\d{1,2})?)(?:/\d{1,2})?(?:,\d{1,2}(?:-\d{1,2})?)*"),
    "day of month": re.compile(r"[0-9LW*?,/-]+"),
    "month": re.compile(r"[0-9A-Za-z*,/-]+"),
    "day of week": re.compile(r"[0-9A-Za-z*?,/#-]+"),
}
MINIMUM_HOURS = 4
MAXIMUM_HOURS = 999 * 24
DAY = 24


def expression_problem(expression: str) -> str | None:
    """Say why AWS would refuse a schedule, with what to write instead; None where it is good."""
    rate = _RATE.fullmatch(expression)
    if rate:
        hours = int(rate[1]) * (DAY if rate[2].startswith("day") else 1)
        if hours < MINIMUM_HOURS:
            return "rotates more often than every 4 hours, which AWS refuses; write `rate(4 hours)`"
        return "is longer than 999 days, AWS's longest" if hours > MAXIMUM_HOURS else None
    cron = _CRON.fullmatch(expression)
    if cron is None:
        return "expected `rate(10 days)`, `rate(12 hours)` or `cron(0 8 1 * ? *)`"
    return _cron_problem(*cron.groups())


def _cron_problem(
    minutes: str, hours: str, day: str, month: str, weekday: str, year: str
) -> str | None:
    if minutes != "0":
        return "the minutes of a rotation's cron must be 0: `cron(0 8 1 * ? *)`"
    if year != "*":
        return "the year of a rotation's cron must be `*`: `cron(0 8 1 * ? *)`"
    if (day == "?") == (weekday == "?"):
        return "exactly one of day of month and day of week must be `?`: `cron(0 8 1 * ? *)`"
    given = dict(zip(_CRON_FIELDS, (hours, day, month, weekday), strict=True))
    for field, pattern in _CRON_FIELDS.items():
        if not pattern.fullmatch(given[field]):
            return f"the {field} of the cron cannot be read; an example is `cron(0 8 1 * ? *)`"
    gap = _smallest_gap(hours)
    if gap is None:
        return "the hours of the cron must be from 0 to 23"
    if gap < MINIMUM_HOURS:
        return "rotates more often than every 4 hours, which AWS refuses; write `0/4` for the hours"
    return None


def _smallest_gap(hours: str) -> int | None:
    """Give the least number of hours between two starts of a day's schedule."""
    starts: set[int] = set()
    for piece in hours.split(","):
        span, _, step = piece.partition("/")
        first, _, last = ("0-23" if span == "*" else span).partition("-")
        end = int(last) if last else (DAY - 1 if step else int(first))
        starts.update(range(int(first), end + 1, max(int(step or 1), 1)))
    if not starts or max(starts) >= DAY:
        return None
    ordered = sorted(starts)
    following = [*ordered[1:], ordered[0] + DAY]
    return min(after - before for before, after in zip(ordered, following, strict=True))


def window_problem(window: str) -> str | None:
    """Say why AWS would refuse a window (`3h`); None where it is good."""
    match = _WINDOW.fullmatch(window)
    if match is None or int(match[1]) > DAY:
        return "expected whole hours from `1h` to `24h`"
    return None


def fit_problem(schedule: str | None, window: str) -> str | None:
    """Say why a window does not fit its schedule; None where it does.

    AWS: "The window must not extend into the next rotation window or the next UTC day."
    """
    length = int(window.removesuffix("h"))
    if schedule is None:
        return None
    rate = _RATE.fullmatch(schedule)
    if rate and rate[2].startswith("hour") and length > int(rate[1]):
        return f"is longer than the {rate[1]} hours between two rotations"
    cron = _CRON.fullmatch(schedule)
    if cron:
        gap = _smallest_gap(cron[2])
        if gap is not None and length > gap:
            return f"runs into the next rotation, {gap} hours later"
        last_start = max((int(start) for start in re.findall(r"^\d+$", cron[2])), default=0)
        if last_start + length > DAY:
            return f"runs into the next UTC day; from {last_start}:00 it has {DAY - last_start}h"
    return None
