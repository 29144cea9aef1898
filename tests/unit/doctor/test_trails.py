"""Alarms without a trail."""

from typing import Any

import pytest

from secrets_component.doctor.trails import monitoring
from tests.unit.doctor.accounts import DENIED, asking
from tests.unit.status.secrets import plan

ALARMED = plan("a: {secret_data: x}", "alarms: {create: true}\n")
TRAIL = {"trailList": [{"Name": "t", "TrailARN": "arn:t"}]}
ADVANCED = {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}
MANAGED = {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}


def test_map_without_alarms_needs_no_trail() -> None:
    assert monitoring([plan("a: {}")], asking()).checks == ()


@pytest.mark.parametrize(
    ("is_logging", "selected", "result"),
    [
        (True, {}, "ok"),
        (True, {"EventSelectors": [{"IncludeManagementEvents": True}]}, "ok"),
        (True, {"EventSelectors": [{"ReadWriteType": "WriteOnly"}]}, "ok"),
        (True, {"AdvancedEventSelectors": [ADVANCED, MANAGED]}, "ok"),
        (True, {"EventSelectors": [{"IncludeManagementEvents": False}]}, "failed"),
        (True, {"AdvancedEventSelectors": [ADVANCED]}, "failed"),
        (False, {}, "failed"),
    ],
)
def test_trail_must_run_and_record_management_events(
    is_logging: bool, selected: dict[str, Any], result: str
) -> None:
    asked = asking(
        describe_trails=TRAIL,
        get_trail_status={"IsLogging": is_logging},
        get_event_selectors=selected,
    )
    (check,) = monitoring([ALARMED], asked).checks
    assert (check.result, check.cause) == (result, None if result == "ok" else "no-trail")


def test_trail_that_does_not_show_itself_is_taken_to_record() -> None:
    asked = asking(describe_trails=TRAIL, get_trail_status=DENIED, get_event_selectors=DENIED)
    section = monitoring([ALARMED], asked)
    assert section.result == "ok"
    assert section.unseen == (
        "trail `t`: needs cloudtrail:GetTrailStatus",
        "the events of trail `t`: needs cloudtrail:GetEventSelectors",
    )


def test_trails_that_may_not_be_listed_are_a_warning() -> None:
    assert monitoring([ALARMED], asking(describe_trails=DENIED)).result == "warning"
