"""Whether secrets rotate, and what keeps them from it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from secrets_component.arns import Arn
from secrets_component.doctor.asking import Asking, at_once
from secrets_component.doctor.causes import CauseName
from secrets_component.doctor.functions import function_checks
from secrets_component.doctor.presence import Patient
from secrets_component.doctor.results import Check, Result, Section
from secrets_component.lookups.drift import stuck_rotation
from secrets_component.lookups.inventory import HeldSecret
from secrets_component.planning.plan import HostedFunction
from secrets_component.rotate.function_log import FunctionLog, StepLog
from secrets_component.secret_map.names import rotation_function
from secrets_component.status.entries import Clock, overdue_rotation, rotation_drift

_LONGEST_RUN = timedelta(minutes=15)
"""The longest timeout of a function; until then, a rotation may still be under way
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html)."""
_NO_LOG = "ResourceNotFoundException"  # the function has not logged anything yet
_NEWS = timedelta(days=1)
_CAUSES_OF_ERRORS: Sequence[tuple[re.Pattern[str], CauseName, str, str]] = (
    (
        re.compile(r"Task timed out"),
        "function-timeout",
        "takes longer than its timeout",
        "check that it reaches the database (security groups, subnets); else raise "
        "`rotation: {timeout: …}`",
    ),
    (
        re.compile(r"ImportModule|HandlerNotFound|Entrypoint|Runtime exited|UserCodeSyntax"),
        "function-broken",
        "does not start",
        "check the function's zip, runtime and architecture, then deploy it again",
    ),
    (
        re.compile(r""),
        "function-refused",
        "fails",
        "fix what it says, then run `secretsmap rotate`, which carries the rotation on",
    ),
)
"""What the function's own words mean: the first that fits."""


def rotation(patients: Sequence[Patient], clock: Clock, asking: Asking) -> Section:
    """Check the rotation of secrets.

    Raises:
        AccountError: AWS does not answer.
    """

    def checks_of(patient: Patient) -> list[Check]:
        return _checks_of(patient, clock, asking)

    checks: list[Check] = []
    for found in at_once(checks_of, [patient for patient in patients if patient.is_living]):
        checks += found

    return Section("rotation", tuple(checks), asking.unseen)


def _checks_of(patient: Patient, clock: Clock, asking: Asking) -> list[Check]:
    held = patient.held
    is_of_map = patient.planned.rotation is not None
    if held is None or not (is_of_map or held.rotates):
        return []

    checks = _of_schedule(patient, held, clock)
    if held.function is not None and held.service is None:
        checks += function_checks(patient, held, asking)
        checks += _of_log(patient, held, clock, asking)

    return _without_symptoms(checks) or [Check("ok", patient.label, _well(held, clock))]


def _well(held: HeldSecret, clock: Clock) -> str:
    if is_under_way(held, clock):
        return "has begun to rotate; look again in a quarter of an hour"

    if not held.rotates:
        return "`pulumi up` turns rotation on once it has a value"

    if held.last_rotation is None:
        return "rotates, never yet"

    return f"rotates, last on {held.last_rotation.date()}"


def _without_symptoms(checks: Sequence[Check]) -> list[Check]:
    """Leave out the time-out of a function whose calls get nowhere: that is why."""
    causes = {check.cause for check in checks}
    if "no-route" not in causes:
        return list(checks)

    return [check for check in checks if check.cause != "function-timeout"]


def _of_schedule(patient: Patient, held: HeldSecret, clock: Clock) -> list[Check]:
    """Return what DescribeSecret alone shows."""
    drift = None
    if patient.planned.rotation is not None:  # else it is on, and the map does not say so
        drift = rotation_drift(patient.planned, held)

    found: list[tuple[Result, CauseName, str | None]] = [
        ("failed", "rotation-off", drift),
        ("failed", "rotation-stuck", stuck_rotation(held)),
        ("warning", "rotation-overdue", overdue_rotation(held, clock)),
    ]
    if is_under_way(held, clock):
        del found[1]

    checks = []
    for result, cause, finding in found:
        if finding is None:
            continue

        text = finding.partition("; ")[0]
        shown = f"DescribeSecret `{held.name}`: {_shown(cause, held)}"
        advice = f"run `secretsmap rotate FILE {patient.label}`, which shows where it stops"
        if cause == "rotation-off":
            advice = "run `pulumi up`, which turns rotation on"

        checks.append(Check(result, patient.label, text, cause, (shown,), advice))

    return checks


def _shown(cause: CauseName, held: HeldSecret) -> str:
    """Return the part of DescribeSecret's answer that shows a cause."""
    stages = f"AWSPENDING on {held.pending_version}, AWSCURRENT on {held.current_version}"
    shown: Mapping[CauseName, str] = {
        "rotation-off": f"RotationEnabled {str(held.rotates).lower()}",
        "rotation-stuck": stages,
        "rotation-overdue": f"NextRotationDate {held.next_rotation}",
    }
    return shown[cause]


def is_under_way(held: HeldSecret, clock: Clock) -> bool:
    """Return whether an unfinished rotation has just begun, and may end well."""
    if held.pending_version is None or held.changed is None:
        return False

    return held.changed > clock.now - _LONGEST_RUN


def _of_log(patient: Patient, held: HeldSecret, clock: Clock, asking: Asking) -> list[Check]:
    """Return what the function's own words say, of a secret whose rotation has not ended."""
    has_failed = stuck_rotation(held) is not None or overdue_rotation(held, clock) is not None
    arn = Arn.parse(str(held.function))
    is_own = arn.account == Arn.parse(held.arn).account
    if not has_failed or not is_own:
        return []

    log = FunctionLog(asking.account, str(arn), is_shipped=_is_shipped(patient, str(arn)))
    words = log.read(_log_start(held, clock))
    if log.problem is not None and _NO_LOG not in log.problem:
        asking.add_unseen(f"the log {log.group}: needs logs:FilterLogEvents")

    if words.failure is None:
        return []

    return [_of_words(patient, words, log.group)]


def _is_shipped(patient: Patient, function: str) -> bool:
    """Return whether a function is one of `rotators/`, whose log holds no value."""
    planned = patient.planned
    is_hosted = planned.rotation is not None and isinstance(
        planned.rotation.function, HostedFunction
    )
    return is_hosted and f":function:{rotation_function(planned.name)}" in function


def _log_start(held: HeldSecret, clock: Clock) -> datetime:
    """Return the time from which on the log is read: when the rotation began, or a day ago."""
    if held.pending_version is not None and held.changed is not None:
        return held.changed - timedelta(minutes=1)

    return clock.now - _NEWS


def _of_words(patient: Patient, words: StepLog, group: str) -> Check:
    failure = str(words.failure)
    fitting = [row for row in _CAUSES_OF_ERRORS if row[0].search(failure)]
    _, cause, text, advice = fitting[0]
    return Check(
        "failed",
        f"{patient.label}, function",
        text,
        cause,
        (f"log {group}: {failure}",),
        advice,
    )
