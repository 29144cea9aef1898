"""A map's status as a table and as JSON."""

import json
from datetime import UTC, datetime

from secrets_component.status.look import MapStatus, look_at
from secrets_component.status.table import status_data, status_lines
from tests.unit.status.accounts import AccountStub
from tests.unit.status.secrets import CLOCK, ROTATES, arn, held, plan

ENTRIES = (
    f"pw: {{secret_data: v, {ROTATES}}}\n  api_key: {{owner: operator}}\n  gone: {{secret_data: v}}"
)
ROTATED = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)


def status() -> MapStatus:
    account = AccountStub(
        held(
            "x/dev/pw",
            rotates=True,
            last_rotation=ROTATED,
            next_rotation="2026-12-01T23:59+00:00",
            last_read=datetime(2026, 11, 29, tzinfo=UTC),
        ),
        held("x/dev/api_key", labels={}),
        held("x/dev/mine", service="rds"),
        held("x/dev/stray"),
        held("x/dev/gone", deletion=datetime(2026, 12, 24, tzinfo=UTC)),
    )
    return look_at({"m": plan(ENTRIES)}, account, CLOCK)["m"]  # type: ignore[arg-type] # a stub


def test_table_has_a_row_for_each_entry_and_a_line_for_each_finding() -> None:
    lines = list(status_lines(status()))
    assert lines[:5] == [
        "secretsmanager in dev, eu-central-1: 3 secrets, 3 findings",
        "  secret   state    value by  last rotation           next rotation           last read",
        "  pw       filled   the map   2026-11-01T08:30+00:00  2026-12-01T23:59+00:00  2026-11-29",
        "  api_key  empty    -         -                       -                       never",
        "  gone     deleted  the map   -                       -                       never",
    ]
    assert lines[5].startswith("finding: api_key: is empty; set its value with `aws ")
    assert lines[6].startswith("finding: gone: is scheduled for deletion (2026-12-24); `aws ")
    assert lines[7:] == [
        "finding: x/dev/stray: is under the map's level, and no map has created it",
        "note: x/dev/mine: is managed by the AWS service `rds`",
    ]


def test_json_holds_the_same() -> None:
    data = status_data(status())
    assert json.loads(json.dumps(data)) == data
    assert (data["map"], data["environment"], data["findings"]) == ("secretsmanager", "dev", 3)
    assert data["region"] == "eu-central-1"
    assert data["secrets"][0] == {
        "key": "pw",
        "name": "x/dev/pw",
        "state": "filled",
        "value_by": "the map",
        "arn": arn("x/dev/pw"),
        "rotates": True,
        "last_rotation": "2026-11-01T08:30+00:00",
        "next_rotation": "2026-12-01T23:59+00:00",
        "last_read": "2026-11-29",
        "deletion": None,
        "service": None,
        "findings": [],
        "notes": [],
    }
    assert data["secrets"][2]["deletion"] == "2026-12-24T00:00+00:00"
    assert [one["name"] for one in data["others"]] == ["x/dev/mine", "x/dev/stray"]
    assert data["others"][1] == {
        "name": "x/dev/stray",
        "arn": arn("x/dev/stray"),
        "findings": ["is under the map's level, and no map has created it"],
        "notes": [],
    }


def test_account_without_any_of_the_secrets_may_be_the_wrong_one() -> None:
    account = AccountStub(held("x/dev/stray"))
    found = look_at({"m": plan(ENTRIES)}, account, CLOCK)["m"]  # type: ignore[arg-type] # a stub
    assert list(status_lines(found))[-1] == (
        "note: no secret of the map exists in eu-central-1; are account and region right?"
    )
    assert not status().is_absent
    empty = look_at({"m": plan("{}")}, account, CLOCK)["m"]  # type: ignore[arg-type] # a stub
    assert not empty.is_absent
