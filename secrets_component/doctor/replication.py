"""Whether the replicas of secrets are in sync."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from secrets_component.doctor.presence import Patient
from secrets_component.doctor.results import Check, Section

_IN_SYNC, _UNDER_WAY = "InSync", "InProgress"
"""https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ReplicationStatusType.html"""


def replication(patients: Sequence[Patient]) -> Section:
    """Check the replicas that DescribeSecret shows."""
    checks: list[Check] = []
    for patient in patients:
        described = patient.described or {}
        for status in described.get("ReplicationStatus") or ():
            checks.append(_of_replica(patient, status))

    return Section("replicas", tuple(checks))


def _of_replica(patient: Patient, status: Mapping[str, Any]) -> Check:
    region, state = status["Region"], status["Status"]
    about = f"{patient.label} in {region}"
    if state == _IN_SYNC:
        return Check("ok", about, "is in sync")

    if state == _UNDER_WAY:
        return Check("ok", about, "is being copied")

    shown = f"DescribeSecret `{patient.planned.name}`: {state}"
    if status.get("StatusMessage"):
        shown += f", {status['StatusMessage']}"

    advice = (
        "fix what AWS names, then run `aws secretsmanager replicate-secret-to-regions "
        f"--secret-id {patient.planned.name} --add-replica-regions Region={region} "
        "--force-overwrite-replica-secret`"
    )
    return Check("failed", about, "is not in sync", "replica-failed", (shown,), advice)
