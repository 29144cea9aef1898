"""Whether a trail records the events that the alarms of maps need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from secrets_component.doctor.asking import Asking
from secrets_component.doctor.results import Check, Section
from secrets_component.lookups.trails import selects_management_events
from secrets_component.planning.plan import Plan

_TRAILS = "CloudTrail"


def monitoring(plans: Iterable[Plan], asking: Asking) -> Section:
    """Check that failed rotations are reported where maps have alarms.

    They are events "AWS Service Event via CloudTrail", which EventBridge gets from a trail that
    records management events
    (https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieve-ct-entries.html).

    Raises:
        AccountError: AWS does not answer.
    """
    checks: tuple[Check, ...] = ()
    if any(plan.alarms is not None for plan in plans):
        checks = (_of_trails(asking),)

    return Section("monitoring", checks, asking.unseen)


def _of_trails(asking: Asking) -> Check:
    reply = asking.ask("the account's trails", "cloudtrail:DescribeTrails")
    if reply.answer is None:
        advice = "allow cloudtrail:DescribeTrails"
        return Check("warning", _TRAILS, "could not be looked at", advice=advice)

    evidence = [f"DescribeTrails in {asking.account.region}: {len(reply.answer['trailList'])}"]
    for trail in reply.answer["trailList"]:
        problem = _problem(trail, asking)
        if problem is None:
            return Check("ok", _TRAILS, f"`{trail['Name']}` records management events")

        evidence.append(f"`{trail['Name']}` {problem}")

    return Check(
        "failed",
        _TRAILS,
        "records no events here, so that failed rotations raise no alarm",
        "no-trail",
        tuple(evidence),
        "create a trail with management events: `aws cloudtrail create-trail --name <name> "
        "--s3-bucket-name <bucket> --is-multi-region-trail`, then `aws cloudtrail start-logging "
        "--name <name>`",
    )


def _problem(trail: Mapping[str, Any], asking: Asking) -> str | None:
    """Return why a trail does not record management events; None if it does or does not say."""
    arn = trail["TrailARN"]
    status = asking.ask(f"trail `{trail['Name']}`", "cloudtrail:GetTrailStatus", Name=arn)
    if status.answer is not None and not status.answer["IsLogging"]:
        return "has stopped: GetTrailStatus IsLogging false"

    selected = asking.ask(
        f"the events of trail `{trail['Name']}`", "cloudtrail:GetEventSelectors", TrailName=arn
    )
    if selected.answer is None:
        return None

    if selects_management_events(selected.answer, with_reads=False):
        return None

    return "leaves out management events: GetEventSelectors"
