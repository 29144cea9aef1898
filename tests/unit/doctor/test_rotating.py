"""Rotations that do not happen."""

from datetime import timedelta
from typing import Any

import pytest

from secrets_component.doctor.rotating import is_under_way, rotation
from secrets_component.lookups.inventory import HeldSecret
from tests.unit.doctor.accounts import ABSENT, DENIED, PreparedAccount, asking, patient
from tests.unit.doctor.test_functions import GOOD
from tests.unit.status.secrets import BY_MAP, CLOCK, FUNCTION, NOW, ROTATES, V1, V2, held

ENTRY = f"a: {{secret_data: {{}}, owner: rotation, {ROTATES}}}"
STUCK = {V1: ["AWSCURRENT"], V2: ["AWSPENDING"]}
EARLIER = NOW - timedelta(hours=2)
TIMED_OUT = "2026 id Task timed out after 30.00 seconds"


def rotates(labels: Any = None, **more: Any) -> HeldSecret:
    return held(labels=labels or BY_MAP, function=FUNCTION, rotates=True, **more)


def looked_at(secret: HeldSecret, *lines: str, **answers: Any) -> tuple[Any, ...]:
    """Return result and cause of each check, with lines in the function's log."""
    log = {"events": [{"message": line} for line in lines]}
    given = {**GOOD, "filter_log_events": log, **answers}
    asked = asking(PreparedAccount(**given))
    found = rotation([patient(ENTRY, secret)], CLOCK, asked)
    return tuple((check.result, check.cause) for check in found.checks)


def test_secret_that_rotates_is_well() -> None:
    assert looked_at(rotates(last_rotation=NOW)) == (("ok", None),)
    assert looked_at(rotates()) == (("ok", None),)
    assert rotation([patient()], CLOCK, asking()).checks == ()


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        (held(function=None), ("failed", "rotation-off")),
        (rotates(STUCK, changed=EARLIER), ("failed", "rotation-stuck")),
        (rotates(STUCK, changed=NOW), ("ok", None)),
        (rotates(next_rotation="2026-11-20T00:00+00:00"), ("warning", "rotation-overdue")),
        (held(labels={}, function=None), ("ok", None)),
    ],
)
def test_schedule_shows_what_is_wrong(secret: HeldSecret, expected: tuple[str, str]) -> None:
    assert looked_at(secret) == (expected,)


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (TIMED_OUT, "function-timeout"),
        ('{"errorType": "Runtime.ImportModuleError"}', "function-broken"),
        ("[ERROR] OperationalError: hunter2", "function-refused"),
    ],
)
def test_words_of_the_function_name_the_cause(line: str, cause: str) -> None:
    found = looked_at(rotates(STUCK, changed=EARLIER), "START", line)
    assert found == (("failed", "rotation-stuck"), ("failed", cause))


def test_rotation_that_the_map_does_not_know_of_is_not_off() -> None:
    asked = asking(PreparedAccount(**GOOD))
    (check,) = rotation([patient(secret=rotates())], CLOCK, asked).checks
    assert (check.result, check.cause) == ("ok", None)


def test_log_of_a_rotation_that_goes_well_is_not_read() -> None:
    assert looked_at(rotates(), TIMED_OUT, filter_log_events=DENIED) == (("ok", None),)


def test_log_that_cannot_be_read_is_said_and_an_absent_one_is_not() -> None:
    for error, count in ((DENIED, 1), (ABSENT, 0)):
        asked = asking(PreparedAccount(**{**GOOD, "filter_log_events": error}))
        error.args = (f"An error occurred ({error.code})",)
        secret = rotates(STUCK, changed=EARLIER)
        assert rotation([patient(ENTRY, secret)], CLOCK, asked).result == "failed"
        assert len(asked.unseen) == count


def test_time_out_for_want_of_a_way_is_one_cause() -> None:
    configured = {"VpcConfig": {"VpcId": "v", "SubnetIds": ["s"]}, "Role": "r"}
    found = looked_at(
        rotates(STUCK, changed=EARLIER),
        TIMED_OUT,
        get_function_configuration=configured,
        describe_vpc_endpoints={"VpcEndpoints": []},
        describe_security_groups={"SecurityGroups": []},
        describe_route_tables={"RouteTables": []},
    )
    assert [cause for _, cause in found] == ["rotation-stuck", "no-route"]


def test_rotation_is_under_way_for_as_long_as_a_function_may_run() -> None:
    assert is_under_way(rotates(STUCK, changed=NOW - timedelta(minutes=14)), CLOCK)
    assert not is_under_way(rotates(STUCK, changed=NOW - timedelta(minutes=16)), CLOCK)
    assert not is_under_way(rotates(STUCK), CLOCK)
    assert not is_under_way(rotates(changed=NOW), CLOCK)
