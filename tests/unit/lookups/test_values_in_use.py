"""Who wrote the value in use, and what a run may do to it."""

from __future__ import annotations

import pytest

from secrets_component.lookups.inventory import HeldSecret
from secrets_component.lookups.values_in_use import (
    has_version_of_map,
    is_kept_from_others,
    may_write,
    moves_along,
)
from tests.maps_of_tests import plan_of
from tests.unit.lookups.test_safeguards import OF_MAP, OF_OTHERS, ROTATING, map_of, own

EMPTY = own(labels={}, is_filled=False)
MINE, THEIRS = own(labels=OF_MAP), own(labels=OF_OTHERS)


@pytest.mark.parametrize(
    ("fields", "held", "expected"),
    [
        ("secret_data: v", None, True),
        ("secret_data: v", EMPTY, True),
        ("secret_data: v", MINE, True),
        ("secret_data: v", THEIRS, False),
        ("secret_data: v, owner: map", THEIRS, True),
        ("secret_data: v, owner: operator", MINE, False),
        ("secret_data: v, owner: operator", None, False),
        (f"secret_data: v, {ROTATING}", MINE, False),
    ],
)
def test_map_writes_over_nothing_but_its_own_value(
    fields: str, held: HeldSecret | None, expected: bool
) -> None:
    secret = plan_of(map_of(f"a: {{{fields}}}")).secrets["a"]
    assert may_write(secret, held) is expected


@pytest.mark.parametrize(
    ("fields", "held", "waits", "expected"),
    [
        ("secret_data: v", EMPTY, False, True),
        ("secret_data: v", MINE, False, True),
        ("secret_data: v", MINE, True, False),
        ("secret_data: v", THEIRS, False, False),
        ("", MINE, False, False),
        (f"secret_data: v, {ROTATING}", MINE, False, True),
    ],
)
def test_value_moves_along_only_if_the_map_writes_it_again(
    fields: str, held: HeldSecret, waits: bool, expected: bool
) -> None:
    secret = plan_of(map_of(f"a: {{{fields}}}")).secrets["a"]
    assert moves_along(secret, held, is_waiting=waits) is expected


def test_value_that_rotation_wrote_in_part_does_not_move_along() -> None:
    secret = plan_of(map_of("a: {secret_data: v}")).secrets["a"]
    merged = own(labels={"v": ["AWSCURRENT", "secretsmap-own-fields"]})
    assert not moves_along(secret, merged, is_waiting=False)
    assert has_version_of_map(merged)


def test_only_a_map_that_would_write_is_kept_from_it() -> None:
    plan = plan_of(map_of("a: {secret_data: v}", "b: {}", "c: {secret_data: v, owner: operator}"))
    kept = [is_kept_from_others(secret, THEIRS) for secret in plan.secrets.values()]
    assert kept == [True, False, False]
    assert not is_kept_from_others(plan.secrets["a"], MINE)
    assert not is_kept_from_others(plan.secrets["a"], None)
