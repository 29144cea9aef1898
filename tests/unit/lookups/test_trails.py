"""Trails: which of them deliver what a map reports, and the warning where none does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from secrets_component.arns import Home
from secrets_component.lookups import trails
from secrets_component.lookups.inventory import AccountError
from tests.maps_of_tests import plan_of
from tests.unit.mocks import run_in_program

HOME = Home("aws", "eu-central-1", "123456789012")
ALL = {"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True}]}
HERE = {"TrailARN": "arn", "HomeRegion": HOME.region, "IsMultiRegionTrail": False}
WATCHING = "context_name: x\nalarms: {create: true, detections: {}}\nsecrets: {a: {}}\n"


class Account:
    """An account's trails, as AWS would answer."""

    region = HOME.region

    def __init__(
        self, *found: dict[str, Any], is_logging: bool = True, selectors: Any = None
    ) -> None:
        self._answers = {
            "describe_trails": {"trailList": list(found)},
            "get_trail_status": {"IsLogging": is_logging},
            "get_event_selectors": ALL if selectors is None else selectors,
        }

    def ask(self, service: str, operation: str, **_: object) -> Any:
        assert service == "cloudtrail"
        return self._answers[operation]


def advanced(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"AdvancedEventSelectors": [{"FieldSelectors": list(fields)}]}


MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}


@pytest.mark.parametrize(
    ("account", "logs"),
    [
        (Account(HERE), True),
        (Account({**HERE, "HomeRegion": "us-east-1", "IsMultiRegionTrail": True}), True),
        (Account(HERE, selectors={}), True),
        (Account(HERE, selectors=advanced(MANAGEMENT)), True),
        (Account(), False),
        (Account({**HERE, "HomeRegion": "us-east-1"}), False),
        (Account(HERE, is_logging=False), False),
        (Account(HERE, selectors={"EventSelectors": [{"ReadWriteType": "WriteOnly"}]}), False),
        (
            Account(
                HERE,
                selectors={
                    "EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": False}]
                },
            ),
            False,
        ),
        (
            Account(
                HERE, selectors=advanced(MANAGEMENT, {"Field": "readOnly", "Equals": ["false"]})
            ),
            False,
        ),
        (Account(HERE, selectors=advanced({"Field": "eventCategory", "Equals": ["Data"]})), False),
    ],
)
def test_trail_counts_if_it_logs_all_management_events_here(account: Any, logs: bool) -> None:
    assert trails.any_trail_logs(account) is logs


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], list[str]]:
    """Return what a run warns of."""

    def run(text: str, account: Any) -> list[str]:
        found: list[str] = []
        monkeypatch.setattr(pulumi.log, "warn", lambda message, _: found.append(message))
        run_in_program(lambda parent: trails.warn_without_trail(plan_of(text), account, parent))
        return found

    return run


class Refusing(Account):
    """An account that answers nothing."""

    def ask(self, service: str, operation: str, **_: object) -> Any:
        msg = "not authorized to perform: cloudtrail:DescribeTrails"
        raise AccountError(msg)


def test_missing_trail_is_warned_of(warned: Callable[[str, Any], list[str]]) -> None:
    (message,) = warned(WATCHING, Account())
    assert message.startswith("no CloudTrail trail logs all management events of eu-central-1")


@pytest.mark.parametrize("account", [Account(HERE), None], ids=["logs", "no account"])
def test_trail_that_logs_or_is_not_known_is_not_mentioned(
    warned: Callable[[str, Any], list[str]], account: Any
) -> None:
    assert warned(WATCHING, account) == []


def test_missing_right_is_named(warned: Callable[[str, Any], list[str]]) -> None:
    assert warned(WATCHING, Refusing()) == [
        "cannot check whether a CloudTrail trail logs: not authorized to perform: "
        "cloudtrail:DescribeTrails"
    ]


def test_map_without_detections_asks_nothing(warned: Callable[[str, Any], list[str]]) -> None:
    text = "context_name: x\nalarms: {create: true}\nsecrets: {a: {}}\n"
    assert warned(text, Refusing()) == []
