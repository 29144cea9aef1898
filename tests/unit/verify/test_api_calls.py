"""API calls: what SDKs report at once, and what CloudTrail shows later."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from verify import api_calls
from verify.account import Account
from verify.api_calls import Calls, Measurement, NotMeasuredError, measured, recorded

MARKER = "try-0123abcd"


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Trail:
    """CloudTrail's event history, which grows look by look."""

    def __init__(self, *looks: list[dict[str, Any]], page: int = 50) -> None:
        self.looks, self.page, self.requests = list(looks), page, list[dict[str, Any]]()

    def lookup_events(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        events = self.looks[0]
        start = int(request.get("NextToken", 0))
        end = start + self.page
        if end < len(events):
            return {"Events": events[start:end], "NextToken": str(end)}
        if len(self.looks) > 1:
            del self.looks[0]
        return {"Events": events[start:]}


def event(name: str, *, agent: str = f"aws-sdk app/{MARKER}", is_read: bool = True) -> Any:
    return {
        "EventName": name,
        "ReadOnly": "true" if is_read else "false",
        "CloudTrailEvent": json.dumps({"userAgent": agent}),
    }


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("verify.api_calls.time.monotonic", made.monotonic)
    monkeypatch.setattr("verify.api_calls.time.sleep", made.sleep)
    return made


@pytest.fixture
def in_trail(account: Account) -> Any:
    """Put a history in place of CloudTrail's, the same in every region."""

    def replace(trail: Trail, *, of_iam: Trail | None = None) -> Account:
        account._clients["cloudtrail", account.region] = trail
        account._clients["cloudtrail", "us-east-1"] = of_iam or Trail([])
        return account

    return replace


def test_marked_calls_are_counted_and_others_are_not(in_trail: Any) -> None:
    mine = [event("DescribeSecret"), event("DescribeSecret"), event("GetKeyPolicy")]
    others = [event("DeleteSecret", agent="somebody", is_read=False)]
    calls = recorded(in_trail(Trail(mine + others)), Measurement(MARKER))
    assert str(calls) == "3 calls (DescribeSecret 2, GetKeyPolicy 1)"
    assert calls.writes == set()


def test_calls_of_iam_are_found_in_its_own_region(in_trail: Any) -> None:
    account = in_trail(Trail([event("ListSecrets")]), of_iam=Trail([event("GetRole")]))
    assert recorded(account, Measurement(MARKER)).names == {"ListSecrets": 1, "GetRole": 1}


def test_no_other_partition_is_asked_in_the_region_of_iam(account: Account) -> None:
    account.partition = "aws-cn"
    account._clients["cloudtrail", account.region] = Trail([event("ListSecrets")])
    assert recorded(account, Measurement(MARKER)).names.total() == 1
    assert ("cloudtrail", "us-east-1") not in account._clients


def test_calls_that_change_something_are_told_by_cloudtrail(in_trail: Any) -> None:
    written = [event("GetRandomPassword"), event("PutSecretValue", is_read=False)]
    assert recorded(in_trail(Trail(written)), Measurement(MARKER)).writes == {"PutSecretValue"}


def test_history_counts_once_it_no_longer_grows(in_trail: Any, clock: Clock) -> None:
    first, second = [event("ListSecrets")], [event("ListSecrets"), event("DescribeSecret")]
    calls = recorded(in_trail(Trail([], first, second)), Measurement(MARKER))
    assert calls.names.total() == 2
    assert clock.now >= api_calls._QUIET_SECONDS


def test_empty_history_is_not_measured(in_trail: Any, clock: Clock) -> None:
    with pytest.raises(NotMeasuredError, match="has delivered no call after 15 minutes"):
        recorded(in_trail(Trail([])), Measurement(MARKER))
    assert clock.now < 20 * 60


def test_history_that_still_grows_is_not_measured(in_trail: Any) -> None:
    growing = [[event("ListSecrets")] * number for number in range(1, 100)]
    with pytest.raises(NotMeasuredError, match="still delivers after 15 minutes, so far 3"):
        recorded(in_trail(Trail(*growing)), Measurement(MARKER))


def test_every_page_is_read(in_trail: Any) -> None:
    trail = Trail([event("ListSecrets")] * 120)
    assert recorded(in_trail(trail), Measurement(MARKER)).names.total() == 120


def test_account_with_too_many_other_events_is_not_measured(
    in_trail: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_calls, "_MAX_PAGES", 2)
    with pytest.raises(NotMeasuredError, match="more than 100 other events at this time in eu-"):
        recorded(in_trail(Trail([event("x", agent="y")] * 150)), Measurement(MARKER))


def test_only_the_time_of_the_run_is_looked_up(in_trail: Any) -> None:
    trail = Trail([event("ListSecrets")])
    start, end = datetime(2026, 1, 1, 12, 0, tzinfo=UTC), datetime(2026, 1, 1, 12, 1, tzinfo=UTC)
    recorded(in_trail(trail), Measurement(MARKER, start=start, end=end))
    window = trail.requests[0]
    assert window["StartTime"] < start < end < window["EndTime"]


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> Measurement:
    """The measurement of what boto3 does in an environment such as a run's."""
    with mock_aws(), measured(MARKER) as (measurement, variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        client = boto3.client("secretsmanager", region_name="eu-west-1")
        client.create_secret(Name="a", SecretString="unmentionable")
        client.get_secret_value(SecretId="a")
        client.get_secret_value(SecretId="a")
    return measurement


def test_boto3_reports_its_calls_by_name(reported: Measurement) -> None:
    assert reported.reported.names == {"CreateSecret": 1, "GetSecretValue": 2}
    assert reported.reported.writes == {"CreateSecret"}
    assert reported.start <= reported.end


def test_no_value_is_reported(reported: Measurement) -> None:
    assert "unmentionable" not in repr(reported)


def test_run_marks_the_user_agents_of_both_sdks() -> None:
    with measured(MARKER) as (_, variables):
        assert variables["AWS_SDK_UA_APP_ID"] == MARKER
        assert variables["TF_APPEND_USER_AGENT"] == MARKER


def test_attempts_are_not_counted_besides_their_call() -> None:
    with measured(MARKER) as (measurement, variables):
        address = (variables["AWS_CSM_HOST"], int(variables["AWS_CSM_PORT"]))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
            for kind in ("ApiCallAttempt", "ApiCallAttempt", "ApiCall"):
                port.sendto(json.dumps({"Type": kind, "Api": "ListSecrets"}).encode(), address)
    assert measurement.reported.names == {"ListSecrets": 1}


def test_no_call_reads_as_such() -> None:
    assert str(Calls()) == "no call"
