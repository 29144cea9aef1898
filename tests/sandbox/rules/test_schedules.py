"""Rotation schedules and windows: what AWS's user guide allows."""

from __future__ import annotations

import time
from typing import Any

import pytest
from moto.secretsmanager.exceptions import InvalidParameterException

from sandbox.rules import schedules
from tests.sandbox.rules.calls import refusal

SCHEDULES = [
    {"AutomaticallyAfterDays": 1},
    {"AutomaticallyAfterDays": 1000},
    {"ScheduleExpression": "rate(4 hours)"},
    {"ScheduleExpression": "cron(0 8 1 * ? *)", "Duration": "3h"},
]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_keeps_the_whole_schedule(
    sm: Any, secret: str, function: str, schedule: dict[str, Any]
) -> None:
    sm.rotate_secret(
        SecretId=secret,
        RotationLambdaARN=function,
        RotationRules=schedule,
        RotateImmediately=False,
    )
    found = sm.describe_secret(SecretId=secret)
    assert found["RotationEnabled"] is True
    assert (found["RotationLambdaARN"], found["RotationRules"]) == (function, schedule)


@pytest.mark.parametrize(
    "schedule",
    [
        {"AutomaticallyAfterDays": 0},
        {"AutomaticallyAfterDays": 1001},
        {"ScheduleExpression": "daily"},
        {"ScheduleExpression": "rate(1 hour)"},
        {"ScheduleExpression": "cron(30 8 1 * ? *)"},
        {"ScheduleExpression": "rate(10 days)", "Duration": "90m"},
        {"ScheduleExpression": "rate(10 days)", "AutomaticallyAfterDays": 10},
    ],
)
def test_refuses_a_schedule_that_aws_refuses(
    sm: Any, secret: str, function: str, schedule: dict[str, Any]
) -> None:
    code, _ = refusal(
        sm.rotate_secret, SecretId=secret, RotationLambdaARN=function, RotationRules=schedule
    )
    assert code == "InvalidParameterException"
    assert "RotationEnabled" not in sm.describe_secret(SecretId=secret)


def test_rotating_now_keeps_the_schedule(sm: Any, secret: str, function: str) -> None:
    rules_ = {"ScheduleExpression": "rate(10 days)"}
    sm.rotate_secret(
        SecretId=secret,
        RotationLambdaARN=function,
        RotationRules=rules_,
        RotateImmediately=False,
    )
    sm.rotate_secret(SecretId=secret)
    assert sm.describe_secret(SecretId=secret)["RotationRules"] == rules_


# AWS's own examples (https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html)
EXAMPLES = [
    "rate(4 hours)",
    "rate(1 day)",
    "rate(10 days)",
    "cron(0 /8 * * ? *)",
    "cron(0 8/8 * * ? *)",
    "cron(0 2/10 * * ? *)",
    "cron(0 4/12 * * ? *)",
    "cron(0 10 * * ? *)",
    "cron(0 18 ? * SAT *)",
    "cron(0 8 1 * ? *)",
    "cron(0 1 ? 1/3 SUN#1 *)",
    "cron(0 17 L * ? *)",
    "cron(0 8 ? * MON-FRI *)",
    "cron(0 16 1,15 * ? *)",
    "cron(0 0 ? * SUN#1 *)",
    "cron(0 0 1-15 JAN,APR,JUL,OCT ? *)",
    "cron(0 0 1/2 1-3 ? *)",
    "cron(0 0 SUNL * ? *)",
]


@pytest.mark.parametrize("expression", EXAMPLES)
def test_accepts_the_examples_of_aws(expression: str) -> None:
    schedules.check({"ScheduleExpression": expression})


def refused(**rules: Any) -> str:
    """The text with which a schedule is refused."""
    with pytest.raises(InvalidParameterException) as error:
        schedules.check(rules)
    return str(error.value.message)


REFUSED = [
    "",
    "rate(3 hours)",
    "rate(0 days)",
    "rate(1000 days)",
    "rate(23977 hours)",
    "rate(4 weeks)",
    "rate(1.5 days)",
    "rate(-1 days)",
    "rate(4hours)",
    "cron(0 8 1 * ?)",
    "cron(0 8 1 * ? * *)",
    "cron(30 8 1 * ? *)",
    "cron(* 8 1 * ? *)",
    "cron(0 8 1 * ? 2030)",
    "cron(0 24 1 * ? *)",
    "cron(0 ? 1 * ? *)",
    "cron(0 L 1 * ? *)",
    "cron(0 8 0 * ? *)",
    "cron(0 8 32 * ? *)",
    "cron(0 8 15W * ? *)",
    "cron(0 8 1,,2 * ? *)",
    "cron(0 8 15-1 * ? *)",
    "cron(0 8 *-3 * ? *)",
    "cron(0 8 1/0 * ? *)",
    "cron(0 8 1/x * ? *)",
    "cron(0 8 1 13 ? *)",
    "cron(0 8 1 FOO ? *)",
    "cron(0 8 1 ? ? *)",
    "cron(0 8 ? * 8 *)",
    "cron(0 8 ? * SUN#6 *)",
    "cron(0 8 ? * ? *)",
    "cron(0 8 * * * *)",
    "cron(0 8 1 * SUN *)",
    "cron(0 8 1 * ? *) ",
    f"cron(0 8 1{',1' * 130} * ? *)",
    "cron(0 8 1\t* ? *)",
]


@pytest.mark.parametrize("expression", REFUSED)
def test_refuses_what_the_guide_does_not_allow(expression: str) -> None:
    assert refused(ScheduleExpression=expression).startswith("Invalid ScheduleExpression.")


@pytest.mark.parametrize(
    ("hours", "days"),
    [
        ("*", "* * ?"),
        ("/3", "* * ?"),
        ("8,11", "1 * ?"),
        ("8-12/2", "1 * ?"),
        ("8-9", "? * MON"),
        ("2,23", "* * ?"),  # 23:00 and 2:00 of the next day
        ("0/7", "? * *"),  # 21:00 and 0:00 of the next day
    ],
)
def test_refuses_rotations_less_than_four_hours_apart(hours: str, days: str) -> None:
    text = refused(ScheduleExpression=f"cron(0 {hours} {days} *)")
    assert "You can rotate a secret as often as every four hours." in text


def test_the_next_day_counts_only_where_it_has_a_rotation() -> None:
    schedules.check({"ScheduleExpression": "cron(0 2,23 1 * ? *)"})


OVERLAPS = "The rotation window must not extend into the next rotation window or the next UTC day."


@pytest.mark.parametrize("hour", range(24))
def test_a_window_ends_with_its_day(hour: int) -> None:
    rules = {"ScheduleExpression": f"cron(0 {hour} 1 * ? *)"}
    schedules.check({**rules, "Duration": f"{24 - hour}h"})
    assert refused(**rules, Duration=f"{25 - hour}h") == OVERLAPS


@pytest.mark.parametrize(
    ("expression", "longest"),
    [
        ("rate(4 hours)", 4),
        ("rate(12 hours)", 12),
        ("rate(48 hours)", 24),
        ("rate(1 day)", 24),
        ("rate(10 days)", 24),
        ("cron(0 8,22 * * ? *)", 2),  # 22:00 to midnight
        ("cron(0 8,12 * * ? *)", 4),  # 8:00 to 12:00
        ("cron(0 2/10 * * ? *)", 2),
        ("cron(0 /8 * * ? *)", 8),
        ("cron(0 */6 ? * MON-FRI *)", 6),
        ("cron(0 4-20/8 * * ? *)", 4),
        ("cron(0 0,5-13/8,20 L * ? *)", 4),
    ],
)
def test_a_window_ends_where_the_next_one_starts(expression: str, longest: int) -> None:
    schedules.check({"ScheduleExpression": expression, "Duration": f"{longest}h"})
    assert refused(ScheduleExpression=expression, Duration=f"{longest + 1}h") == OVERLAPS


def test_a_window_without_a_schedule_expression_lasts_a_day_at_most() -> None:
    schedules.check({"AutomaticallyAfterDays": 30, "Duration": "24h"})
    assert refused(AutomaticallyAfterDays=30, Duration="25h") == OVERLAPS


@pytest.mark.parametrize(
    "duration", ["", "h", "3", "0h", "00h", "3H", "90m", "1.5h", "-1h", "100h"]
)
def test_refuses_a_window_that_is_not_in_whole_hours(duration: str) -> None:
    assert refused(ScheduleExpression="rate(10 days)", Duration=duration) == "Invalid Duration."


@pytest.mark.parametrize(
    ("rules", "hours"),
    [
        ({"AutomaticallyAfterDays": 30}, 720),
        ({"ScheduleExpression": "rate(1 day)"}, 24),
        ({"ScheduleExpression": "rate(6 hours)"}, 6),
    ],
)
def test_the_next_rotation_follows_the_interval(rules: dict[str, Any], hours: int) -> None:
    due = schedules.next_rotation(rules)
    assert due is not None
    assert due - time.time() == pytest.approx(hours * 3600, abs=5)


def test_a_cron_expression_has_no_next_rotation_here() -> None:
    assert schedules.next_rotation({"ScheduleExpression": "cron(0 8 1 * ? *)"}) is None
