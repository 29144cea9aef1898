"""Counts the AWS API calls of one `pulumi up`.

No single source shows all of them at once:

* AWS's SDKs can report each call to a port of this machine, with its name and its status, and no
  values ("client side monitoring",
  https://boto3.amazonaws.com/v1/documentation/api/latest/guide/configuration.html). boto3 does, so
  the calls of the program itself are known at once. The SDK of the official provider does not
  (aws/aws-sdk-go-v2#1142).
* CloudTrail's event history has the calls of both, up to 15 minutes later
  (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html), without a
  trail and without charge. They are told from other calls by their user agent, into which boto3
  puts AWS_SDK_UA_APP_ID, and the provider TF_APPEND_USER_AGENT (hashicorp/aws-sdk-go-base,
  `commonLoadOptions`).

The provider's debug log would show its calls at once; but it also contains requests and answers.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from verify.account import Account

_DATAGRAM = 8 * 1024  # botocore sends no longer one
_BUFFER = 1024 * 1024
_DELIVERY_SECONDS = 15 * 60
_QUIET_SECONDS = 3 * 60
_LOOK_SECONDS = 30
_PAGE_SECONDS = 0.5  # "two per second, per account, per Region" (API_LookupEvents)
_MAX_PAGES = 100
_GLOBAL_REGION = "us-east-1"  # CloudTrail records IAM's events there
_READS = ("Get", "List", "Describe", "BatchGet", "Lookup")


class NotMeasuredError(Exception):
    """CloudTrail has not shown the calls; the message says why."""


@dataclass
class Calls:
    """Calls by the name of their operation.

    Attributes:
        writes: those that AWS or their name says may change something.
    """

    names: Counter[str] = field(default_factory=Counter)
    writes: set[str] = field(default_factory=set)

    def add(self, name: str, *, is_write: bool) -> None:
        """Count a call."""
        self.names[name] += 1
        if is_write:
            self.writes.add(name)

    def __str__(self) -> str:
        """Return the number of calls, and how many there are of each."""
        parts = [f"{name} {count}" for name, count in self.names.most_common()]
        total = self.names.total()
        return f"{total} calls ({', '.join(parts)})" if total else "no call"


@dataclass
class Measurement:
    """The calls of one run.

    Attributes:
        marker: what the user agent of its calls contains.
        reported: what the SDKs have reported.
    """

    marker: str
    reported: Calls = field(default_factory=Calls)
    start: datetime = field(default_factory=lambda: datetime.now(UTC))
    end: datetime = field(default_factory=lambda: datetime.now(UTC))


@contextmanager
def measured(marker: str) -> Iterator[tuple[Measurement, dict[str, str]]]:
    """Collect what the SDKs report until the block ends.

    Yields:
        The measurement, and the environment variables of the run to measure.
    """
    measurement = Measurement(marker)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        port.bind(("127.0.0.1", 0))
        port.settimeout(0.2)
        is_over = threading.Event()
        thread = threading.Thread(
            target=_collect, args=(port, is_over, measurement.reported), daemon=True
        )
        thread.start()
        try:
            yield measurement, _variables(marker, port.getsockname()[1])
        finally:
            measurement.end = datetime.now(UTC)
            is_over.set()
            thread.join()


def _variables(marker: str, port: int) -> dict[str, str]:
    return {
        "AWS_CSM_ENABLED": "true",
        "AWS_CSM_HOST": "127.0.0.1",
        "AWS_CSM_PORT": str(port),
        "AWS_SDK_UA_APP_ID": marker,
        "TF_APPEND_USER_AGENT": marker,
    }


def _collect(port: socket.socket, is_over: threading.Event, calls: Calls) -> None:
    while True:
        try:
            reported = json.loads(port.recv(_DATAGRAM))
        except TimeoutError:
            if is_over.is_set():
                return

            continue

        if reported.get("Type") == "ApiCall":
            name = str(reported["Api"])
            calls.add(name, is_write=not name.startswith(_READS))


def recorded(account: Account, measurement: Measurement) -> Calls:
    """Wait for CloudTrail to show all calls of a measurement: until no more of them appear.

    Raises:
        NotMeasuredError: it shows none in time, or still more of them, or too many others.
        ClientError: AWS refuses; it needs `cloudtrail:LookupEvents`.
    """
    deadline = time.monotonic() + _DELIVERY_SECONDS
    calls, changed = Calls(), time.monotonic()
    while time.monotonic() < deadline:
        found = _look_up(account, measurement)
        if found.names != calls.names:
            calls, changed = found, time.monotonic()

        if calls.names and time.monotonic() - changed >= _QUIET_SECONDS:
            return calls

        time.sleep(_LOOK_SECONDS)

    minutes = _DELIVERY_SECONDS // 60
    if calls.names:
        msg = f"CloudTrail still delivers after {minutes} minutes, so far {calls}"
    else:
        msg = f"CloudTrail has delivered no call after {minutes} minutes"

    raise NotMeasuredError(msg)


def _look_up(account: Account, measurement: Measurement) -> Calls:
    calls = Calls()
    regions = {account.region}
    if account.partition == "aws":
        regions.add(_GLOBAL_REGION)

    for region in sorted(regions):
        for event in _events(account, measurement, region):
            details: dict[str, Any] = json.loads(event["CloudTrailEvent"])
            if measurement.marker in details.get("userAgent", ""):
                calls.add(event["EventName"], is_write=event.get("ReadOnly") != "true")

    return calls


def _events(account: Account, measurement: Measurement, region: str) -> Iterator[dict[str, Any]]:
    """Yield all events of the time of a measurement; CloudTrail cannot select by user agent."""
    client = account.client("cloudtrail", region)
    window = {
        "StartTime": measurement.start - timedelta(seconds=5),
        "EndTime": measurement.end + timedelta(seconds=5),
    }
    token: dict[str, str] = {}
    for _ in range(_MAX_PAGES):
        page = client.lookup_events(**window, **token)
        yield from page["Events"]
        if not page.get("NextToken"):
            return

        token = {"NextToken": page["NextToken"]}
        time.sleep(_PAGE_SECONDS)

    msg = f"the account has more than {_MAX_PAGES * 50} other events at this time in {region}"
    raise NotMeasuredError(msg)
