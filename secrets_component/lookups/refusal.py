"""Ends a run with the problems of a map: Pulumi prints a `RunError` without a traceback."""

from __future__ import annotations

import pulumi

from secrets_component.errors import KeyPath, MapValueError, Report
from secrets_component.planning.plan import Plan


def refuse(report: Report) -> None:
    """End the run if the report has errors.

    Raises:
        pulumi.RunError: every error with its position, in the order of the file.
    """
    if report.errors:
        raise pulumi.RunError(str(MapValueError(report.errors)))


def refusal(plan: Plan, path: KeyPath, message: str) -> pulumi.RunError:
    """Return the error for a single problem that only a value of this run shows.

    Args:
        plan: the map's plan.
        path: what the problem is about, from the top of the map.
        message: what is wrong, and what to write instead; never a secret value.
    """
    report = plan.report()
    report.error(path, message)
    return pulumi.RunError(str(MapValueError(report.errors)))
