"""What others have changed of a secret."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from secrets_component.lookups.drift import (
    description_drift,
    differences,
    stuck_rotation,
    tag_drift,
)
from tests.unit.status.secrets import BY_MAP, V1, V2, entry, held


@pytest.mark.parametrize(
    ("fields", "actual", "expected"),
    [
        ("description: d", "d", None),
        ("description: d", "e", 'has the description "e"; the map says "d"'),
        ("description: d", "", 'has the description none; the map says "d"'),
        ("secret_data: v", "e", 'has the description "e"; the map says none'),
        ("import: x/dev/a", "e", None),
        ("import: x/dev/a, description: d", "e", 'has the description "e"; the map says "d"'),
    ],
)
def test_description_is_compared_where_the_map_says_it(
    fields: str, actual: str, expected: str | None
) -> None:
    assert description_drift(entry(fields), held(description=actual)) == expected


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ({"team": "a", "cost": "b", "of-the-provider": "c"}, None),
        ({"team": "c", "cost": "b"}, "lacks tags of the map, or has other values: `team`"),
        ({}, "lacks tags of the map, or has other values: `team`, `cost`"),
    ],
)
def test_tags_of_the_map_are_compared(actual: dict[str, str], expected: str | None) -> None:
    assert tag_drift(entry("tags: {team: a, cost: b}"), held(tags=actual)) == expected


@pytest.mark.parametrize(
    ("labels", "changed", "expected"),
    [
        (BY_MAP, None, None),
        ({V1: ["AWSCURRENT", "AWSPENDING"]}, None, None),
        (
            {**BY_MAP, V2: ["AWSPENDING"]},
            datetime(2026, 11, 30, 10, 5, tzinfo=UTC),
            f"has an unfinished rotation: AWSPENDING is on version {V2} (last change: "
            "2026-11-30T10:05+00:00), and AWS refuses to rotate it again; `secretsmap rotate` "
            "shows why",
        ),
    ],
)
def test_rotation_without_an_end_is_stuck(
    labels: dict[str, list[str]], changed: datetime | None, expected: str | None
) -> None:
    assert stuck_rotation(held(labels=labels, changed=changed)) == expected


def test_description_and_tags_are_told_together() -> None:
    found = differences(entry("description: d, tags: {a: b}"), held(description="", tags={}))
    assert list(found) == [
        'has the description none; the map says "d"',
        "lacks tags of the map, or has other values: `a`",
    ]
    assert list(differences(entry(""), held(description="", tags={"theirs": "x"}))) == []
