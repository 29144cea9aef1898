"""What the account holds of one entry, compared with the map."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from secrets_component.lookups.drift import minute
from secrets_component.lookups.inventory import HeldSecret
from secrets_component.lookups.marks import OWN_FIELDS_LABEL
from secrets_component.status.entries import (
    existence_finding,
    overdue_rotation,
    rotation_drift,
    state_of,
    unread_since,
    value_drift,
    writer_of,
)
from tests.unit.status.secrets import (
    BY_MAP,
    BY_OTHERS,
    CLOCK,
    NOW,
    ROTATES,
    V1,
    entry,
    held,
    plan,
)

DELETION = datetime(2026, 12, 24, tzinfo=UTC)
STACKS = "stacks: {rds: {stack: o/rds/d, when_missing: wait}, kms: o/kms/d}\n"


@pytest.mark.parametrize(
    ("fields", "found", "expected"),
    [
        ("secret_data: v", None, "missing"),
        ("secret_data: v", held(deletion=DELETION), "deleted"),
        ("secret_data: v", held(), "filled"),
        ("secret_data: v", held(labels={}), "empty"),
        ("secret_data: '${output.rds.endpoint}'", held(labels={}), "waiting"),
        ("secret_data: '${output.rds.endpoint}'", held(), "filled"),
        ("secret_data: '${output.kms.id}'", held(labels={}), "empty"),
        ("secret_data: '${env.X}'", held(labels={}), "empty"),
    ],
)
def test_state_is_whether_the_secret_exists_and_has_a_value(
    fields: str, found: HeldSecret | None, expected: str
) -> None:
    made = plan(f"a: {{{fields}}}", STACKS)
    assert state_of(made, made.secrets["a"], found) == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, None),
        (BY_MAP, "the map"),
        (BY_OTHERS, "others"),
        ({V1: ["AWSCURRENT", OWN_FIELDS_LABEL]}, "the map and rotation"),
    ],
)
def test_writer_is_read_from_the_labels(labels: dict[str, list[str]], expected: str | None) -> None:
    assert writer_of(held(labels=labels)) == expected


@pytest.mark.parametrize(
    ("fields", "found", "expected"),
    [
        ("secret_data: v", None, "is missing in the account; `pulumi up` creates it"),
        (
            "secret_data: v",
            held(deletion=DELETION),
            "is scheduled for deletion (2026-12-24); `aws secretsmanager restore-secret --secret-id "
            "x/dev/a` restores it with its value",
        ),
        ("secret_data: v", held(labels={}), "is empty; `pulumi up` writes its value"),
        (
            "owner: operator",
            held(labels={}),
            "is empty; set its value with `aws secretsmanager put-secret-value --secret-id x/dev/a "
            "…`",
        ),
        (
            "secret_data: '${output.rds.endpoint}'",
            held(labels={}),
            "has no value yet; it waits for `${output.rds.endpoint}`",
        ),
        ("secret_data: v", held(), None),
    ],
)
def test_secret_without_a_value_is_a_finding_that_says_what_to_do(
    fields: str, found: HeldSecret | None, expected: str | None
) -> None:
    made = plan(f"a: {{{fields}}}", STACKS)
    state = state_of(made, made.secrets["a"], found)
    assert existence_finding(made.secrets["a"], state, found) == expected


@pytest.mark.parametrize(
    ("fields", "labels", "expected"),
    [
        ("secret_data: v", BY_MAP, None),
        (
            "secret_data: v",
            BY_OTHERS,
            "has a value that someone else wrote, and runs keep it; write `owner: map` to replace "
            "it, or `owner: operator` to keep it",
        ),
        (
            "secret_data: v, owner: map",
            BY_OTHERS,
            "has a value that someone else wrote; the next `pulumi up` replaces it",
        ),
        ("secret_data: v, owner: map", {}, None),
        ("secret_data: v, owner: operator", BY_OTHERS, None),
        ("owner: operator", BY_OTHERS, None),
        (f"secret_data: v, {ROTATES}", BY_OTHERS, None),
    ],
)
def test_value_of_others_is_a_finding_where_the_map_owns_it(
    fields: str, labels: dict[str, list[str]], expected: str | None
) -> None:
    assert value_drift(entry(fields), held(labels=labels)) == expected


OFF = "does not rotate in AWS; `pulumi up` turns rotation on"
ON = "rotates in AWS, and the map does not say so"


@pytest.mark.parametrize(
    ("fields", "more", "expected"),
    [
        (f"secret_data: v, {ROTATES}", {"rotates": True}, None),
        (f"secret_data: v, {ROTATES}", {}, OFF),
        (f"secret_data: v, {ROTATES}", {"labels": {}}, None),
        ("secret_data: v", {"rotates": True}, ON),
        ("secret_data: v", {}, None),
        ("import: x/dev/a", {"rotates": True}, None),
        ("secret_data: v", {"rotates": True, "service": "rds"}, None),
    ],
)
def test_rotation_is_on_where_the_map_says_so(
    fields: str, more: dict[str, Any], expected: str | None
) -> None:
    assert rotation_drift(entry(fields), held(**more)) == expected


def test_rotation_is_overdue_once_the_look_would_show_it() -> None:
    late = minute(NOW - timedelta(minutes=6))
    expected = "should have rotated by 2026-11-30T11:54+00:00, and has not"
    assert overdue_rotation(held(rotates=True, next_rotation=late), CLOCK) == expected
    for due in (None, minute(NOW - timedelta(minutes=5)), minute(NOW + timedelta(days=1))):
        assert overdue_rotation(held(rotates=True, next_rotation=due), CLOCK) is None


@pytest.mark.parametrize(
    ("read", "created", "expected"),
    [
        (NOW - timedelta(days=89), NOW - timedelta(days=300), None),
        (
            NOW - timedelta(days=91),
            NOW - timedelta(days=300),
            "was last read on 2026-08-31; is it still needed?",
        ),
        (None, NOW - timedelta(days=89), None),
        (
            None,
            NOW - timedelta(days=91),
            "was never read since it was created on 2026-08-31; is it needed?",
        ),
        (None, None, None),
    ],
)
def test_secret_that_nothing_reads_is_a_finding_once_it_is_old_enough(
    read: datetime | None, created: datetime | None, expected: str | None
) -> None:
    assert unread_since(held(last_read=read, created=created), CLOCK) == expected
