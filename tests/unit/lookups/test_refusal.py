"""The end of a run: all problems of a map at their positions, in one error."""

from __future__ import annotations

import pulumi
import pytest

from secrets_component.lookups.refusal import refusal, refuse
from tests.maps_of_tests import plan_of

MAP = "context_name: x\nsecrets:\n  a: {description: d}\n  b: {}\n"


def test_report_without_errors_does_not_end_the_run() -> None:
    refuse(plan_of(MAP).report())


def test_warnings_do_not_end_the_run() -> None:
    report = plan_of(MAP).report()
    report.warn(("secrets", "a"), "is odd")
    refuse(report)


def test_all_errors_end_the_run_in_the_order_of_the_file() -> None:
    report = plan_of(MAP).report()
    report.error(("secrets", "b"), "is wrong")
    report.error(("secrets", "a", "description"), "is wrong, too")
    with pytest.raises(pulumi.RunError) as refused:
        refuse(report)
    assert str(refused.value).splitlines() == [
        "m:3:7: error: `description`: is wrong, too",
        "m:4:3: error: is wrong",
    ]


def test_single_problem_becomes_an_error_at_its_position() -> None:
    error = refusal(plan_of(MAP), ("secrets", "a", "description"), "is wrong")
    assert isinstance(error, pulumi.RunError)
    assert str(error) == "m:3:7: error: `description`: is wrong"
