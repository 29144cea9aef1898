"""Rotation schedules and windows, by AWS's page.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
"""

import pytest

from secrets_component.secret_map import schedules

TOO_OFTEN = "rotates more often than every 4 hours, AWS's minimum; write "
NOT_A_SCHEDULE = "expected `rate(10 days)`, `rate(12 hours)` or `cron(0 8 1 * ? *)`"
NOT_AN_HOUR = "the hours of the cron must be from 0 to 23"
ONE_QUESTION_MARK = "exactly one of day of month and day of week must be `?`: `cron(0 8 1 * ? *)`"


def unreadable(field: str) -> str:
    return f"invalid {field} in the cron expression; example: `cron(0 8 1 * ? *)`"


VALID = [  # one of each kind that AWS's page describes
    "rate(4 hours)",
    "rate(1 day)",
    "rate(10 days)",
    "cron(0 4/12 * * ? *)",
    "cron(0 10 ? * MON *)",
    "cron(0 */8 * * ? *)",
    "cron(0 8 1 * ? *)",
    "cron(0 1 ? 1/3 SUN#1 *)",
    "cron(0 17 L * ? *)",
    "cron(0 8 ? * MON-FRI *)",
    "cron(0 16 1,15 * ? *)",
    "cron(0 0 ? * SUN#1 *)",
]

EXPRESSIONS = [
    *[(expression, None) for expression in VALID],
    ("rate(1 hour)", TOO_OFTEN + "`rate(4 hours)`"),
    ("rate(3 hours)", TOO_OFTEN + "`rate(4 hours)`"),
    ("rate(0 days)", TOO_OFTEN + "`rate(4 hours)`"),
    ("rate(999 days)", None),
    ("rate(1000 days)", "exceeds AWS's maximum of 999 days"),
    ("rate(23977 hours)", "exceeds AWS's maximum of 999 days"),
    ("rate(10 weeks)", NOT_A_SCHEDULE),
    ("10 days", NOT_A_SCHEDULE),
    ("cron(0 8 1 * ?)", NOT_A_SCHEDULE),
    ("cron(30 8 1 * ? *)", "the minutes of a rotation's cron must be 0: `cron(0 8 1 * ? *)`"),
    ("cron(0 8 1 * ? 2030)", "the year of a rotation's cron must be `*`: `cron(0 8 1 * ? *)`"),
    ("cron(0 8 1 * 1 *)", ONE_QUESTION_MARK),
    ("cron(0 8 ? * ? *)", ONE_QUESTION_MARK),
    ("cron(0 x 1 * ? *)", unreadable("hours")),
    ("cron(0 ? 1 * ? *)", unreadable("hours")),
    ("cron(0 8 x * ? *)", unreadable("day of month")),
    ("cron(0 8 1 ? ? *)", unreadable("month")),
    ("cron(0 8 ? * ! *)", unreadable("day of week")),
    ("cron(0 8 32 * ? *)", "the day of month of the cron must be from 1 to 31"),
    ("cron(0 8 0 * ? *)", "the day of month of the cron must be from 1 to 31"),
    ("cron(0 8 1-99 * ? *)", "the day of month of the cron must be from 1 to 31"),
    ("cron(0 8 99W * ? *)", "the day of month of the cron must be from 1 to 31"),
    ("cron(0 8 99 13 ? *)", "the day of month of the cron must be from 1 to 31"),
    ("cron(0 8 1 13 ? *)", "the month of the cron must be from 1 to 12"),
    ("cron(0 8 1 FOO ? *)", unreadable("month")),
    ("cron(0 8 1 JAN-FOO ? *)", unreadable("month")),
    ("cron(0 8 1 1/0 ? *)", unreadable("month")),
    ("cron(0 8 1 MON ? *)", unreadable("month")),
    ("cron(0 8 1 1, ? *)", unreadable("month")),
    ("cron(0 8 ? * 8 *)", "the day of week of the cron must be from 1 to 7"),
    ("cron(0 8 ? * MON#6 *)", unreadable("day of week")),
    ("cron(0 8 ? * JAN *)", unreadable("day of week")),
    ("cron(0 8 ? * 9L *)", "the day of week of the cron must be from 1 to 7"),
    ("cron(0 8 ? * 6L *)", None),
    ("cron(0 8 15W JAN-MAR,jun ? *)", None),
    ("cron(0 8 LW 1-6/2 ? *)", None),
    ("cron(0 ٨ 1 * ? *)", unreadable("hours")),
    ("cron(0 8 ١ * ? *)", unreadable("day of month")),  # noqa: RUF001
    ("rate(٣ days)", NOT_A_SCHEDULE),
    ("cron(0 24 1 * ? *)", NOT_AN_HOUR),
    ("cron(0 8,24 1 * ? *)", NOT_AN_HOUR),
    ("cron(0 20-24/4 1 * ? *)", NOT_AN_HOUR),
    ("cron(0 20-2 1 * ? *)", NOT_AN_HOUR),
    ("cron(0 8,20-2 1 * ? *)", NOT_AN_HOUR),
    ("cron(0 8,12 * * ? *)", None),
    ("cron(0 8,11 * * ? *)", TOO_OFTEN + "`0/4` for the hours"),
    ("cron(0 0,21 * * ? *)", TOO_OFTEN + "`0/4` for the hours"),
    ("cron(0 8-10 * * ? *)", TOO_OFTEN + "`0/4` for the hours"),
    ("cron(0 8-20/6 * * ? *)", None),
    ("cron(0 * * * ? *)", TOO_OFTEN + "`0/4` for the hours"),
    ("cron(0 */3 * * ? *)", TOO_OFTEN + "`0/4` for the hours"),
    ("cron(0 */5 * * ? *)", None),
    ("cron(0 2/5 * * ? *)", None),
]


@pytest.mark.parametrize(("expression", "message"), EXPRESSIONS)
def test_schedule_is_valid_or_has_a_reported_problem(expression: str, message: str | None) -> None:
    assert schedules.expression_problem(expression) == message


@pytest.mark.parametrize("window", ["1h", "9h", "10h", "24h"])
def test_windows_of_1_to_24_hours_are_valid(window: str) -> None:
    assert schedules.window_problem(window) is None


@pytest.mark.parametrize("window", ["", "0h", "03h", "25h", "100h", "3", "3 h", "3H", "30m", "-1h"])
def test_other_windows_are_rejected(window: str) -> None:
    expected = "expected a number of hours from `1h` to `24h`"
    assert schedules.window_problem(window) == expected


def next_rotation(gap: int) -> str:
    return f"overlaps the next rotation, which starts {gap} hours later"


def next_day(start: int, longest: int) -> str:
    return f"runs into the next UTC day; from {start}:00 it can be at most `{longest}h`"


FITS = [
    (None, "24h", None),
    ("rate(1 day)", "24h", None),
    ("rate(10 days)", "24h", None),
    ("rate(4 hours)", "4h", None),
    ("rate(4 hours)", "5h", "is longer than the 4 hours between two rotations"),
    ("rate(36 hours)", "24h", None),
    # one start a day
    ("cron(0 0 * * ? *)", "24h", None),
    ("cron(0 8 * * ? *)", "16h", None),
    ("cron(0 8 * * ? *)", "17h", next_day(8, 16)),
    ("cron(0 23 ? * MON *)", "1h", None),
    ("cron(0 23 ? * MON *)", "2h", next_day(23, 1)),
    # several hours
    ("cron(0 8,22 * * ? *)", "2h", None),
    ("cron(0 8,22 * * ? *)", "3h", next_day(22, 2)),
    ("cron(0 22,8 * * ? *)", "3h", next_day(22, 2)),
    ("cron(0 8,12 * * ? *)", "4h", None),
    ("cron(0 8,12 * * ? *)", "5h", next_rotation(4)),
    ("cron(0 2,22 * * ? *)", "2h", None),
    ("cron(0 2,22 * * ? *)", "5h", next_rotation(4)),
    # steps
    ("cron(0 0/4 * * ? *)", "4h", None),
    ("cron(0 0/4 * * ? *)", "5h", next_rotation(4)),
    ("cron(0 1/4 * * ? *)", "3h", None),
    ("cron(0 1/4 * * ? *)", "4h", next_day(21, 3)),
    ("cron(0 4/12 * * ? *)", "8h", None),
    ("cron(0 4/12 * * ? *)", "9h", next_day(16, 8)),
    ("cron(0 */6 * * ? *)", "6h", None),
    ("cron(0 */6 * * ? *)", "7h", next_rotation(6)),
    ("cron(0 */5 * * ? *)", "4h", None),
    ("cron(0 */5 * * ? *)", "5h", next_rotation(4)),
    ("cron(0 20/8 * * ? *)", "5h", next_day(20, 4)),
    # ranges
    ("cron(0 20-20 * * ? *)", "5h", next_day(20, 4)),
    ("cron(0 20-23 * * ? *)", "1h", None),
    ("cron(0 20-23 * * ? *)", "2h", next_rotation(1)),
    ("cron(0 10-22/6 * * ? *)", "2h", None),
    ("cron(0 10-22/6 * * ? *)", "3h", next_day(22, 2)),
    ("cron(0 0/12,22 * * ? *)", "2h", None),
    ("cron(0 0/12,22 * * ? *)", "3h", next_rotation(2)),
]  # fmt: skip


@pytest.mark.parametrize(("schedule", "window", "message"), FITS)
def test_window_ends_before_the_next_rotation_and_the_next_utc_day(
    schedule: str | None, window: str, message: str | None
) -> None:
    assert schedules.fit_problem(schedule, window) == message
