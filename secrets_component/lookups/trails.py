"""Whether CloudTrail delivers what a map is to report: without a trail, alarms stay silent.

A trail must log the region's management events, those that only read too
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from secrets_component.lookups.inventory import AccountError, Inventory
from secrets_component.planning.plan import Plan

_NOWHERE = (
    "no CloudTrail trail logs all management events of {region}, so nothing will be reported; "
    "create one, or let one log reading and writing calls (docs/monitoring.md)"
)


def warn_without_trail(plan: Plan, inventory: Inventory | None, parent: pulumi.Resource) -> None:
    """Warn where nothing would be reported although the map asks for more than failed rotations.

    Args:
        plan: the map.
        inventory: the account; None where it cannot be queried, which is said elsewhere.
        parent: the component that the warning is about.
    """
    if plan.watch.is_only_of_rotations or inventory is None:
        return

    try:
        is_logged = any_trail_logs(inventory)
    except AccountError as error:
        pulumi.log.warn(f"cannot check whether a CloudTrail trail logs: {error}", parent)
        return

    if not is_logged:
        pulumi.log.warn(_NOWHERE.format(region=inventory.region), parent)


def any_trail_logs(inventory: Inventory) -> bool:
    """Return whether a trail of the account logs all management events of the region.

    Raises:
        AccountError: AWS does not answer, or refuses; it needs `cloudtrail:DescribeTrails`,
            `GetTrailStatus` and `GetEventSelectors`.
    """
    found = inventory.ask("cloudtrail", "describe_trails", includeShadowTrails=True)
    for trail in found["trailList"]:
        is_here = trail.get("IsMultiRegionTrail") or trail.get("HomeRegion") == inventory.region
        if is_here and _logs(inventory, trail["TrailARN"]):
            return True

    return False


def _logs(inventory: Inventory, trail_arn: str) -> bool:
    if not inventory.ask("cloudtrail", "get_trail_status", Name=trail_arn)["IsLogging"]:
        return False

    selectors = inventory.ask("cloudtrail", "get_event_selectors", TrailName=trail_arn)
    return selects_management_events(selectors)


def selects_management_events(selectors: Mapping[str, Any], *, with_reads: bool = True) -> bool:
    """Return whether a trail logs management events; without selectors it logs all of them.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html,
    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html

    Args:
        selectors: what GetEventSelectors answers.
        with_reads: those that read must be among them, too.
    """
    plain = selectors.get("EventSelectors") or []
    advanced = selectors.get("AdvancedEventSelectors") or []
    if not plain and not advanced:
        return True

    for selector in plain:
        is_enough = not with_reads or selector.get("ReadWriteType", "All") == "All"
        if is_enough and selector.get("IncludeManagementEvents", True):
            return True

    for selector in advanced:
        fields = {one["Field"]: one.get("Equals") for one in selector["FieldSelectors"]}
        is_enough = not with_reads or "readOnly" not in fields
        if is_enough and fields.get("eventCategory") == ["Management"]:
            return True

    return False
