"""Which of the account's secrets belong to which entry."""

from __future__ import annotations

from datetime import UTC, datetime

from secrets_component.lookups.holdings import MarkedSecrets, names_to_look_up, own_marks
from tests.maps_of_tests import plan_of
from tests.unit.lookups.test_safeguards import DELETION, map_of, own

EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


def test_secrets_are_sorted_by_entry_the_newest_first() -> None:
    plan = plan_of(map_of("a: {name: new}", "b: {}"))
    old, new = own(name="x/dev/old", created=EARLY), own(name="x/dev/new", created=LATE)
    gone = own("gone", "x/dev/gone")
    marked = own_marks(plan, [old, new, gone])
    found, removed = marked.of_entries, list(marked.removed)
    assert (found, removed) == ({"a": [new, old]}, [gone])


def test_secret_of_an_old_key_belongs_to_the_entry_that_took_it_over() -> None:
    plan = plan_of(map_of("b: {renamed_from: a, name: a}"))
    assert own_marks(plan, [own("a")]).of_entries == {"b": [own("a")]}


def test_deleted_and_adopted_ones_are_not_the_maps() -> None:
    plan = plan_of(map_of("a: {}"))
    adopted = own("gone")
    adopted = own("gone", tags={**adopted.tags, "secretsmap:adopted": "true"})
    deleted = own(deletion=DELETION)
    assert own_marks(plan, [deleted, adopted]) == MarkedSecrets(scheduled=(deleted,))


def test_names_that_an_entry_does_not_have_yet_are_looked_up() -> None:
    plan = plan_of(map_of("a: {}", "b: {name: new}", "c: {}", "d: {import: old}"))
    held = {"a": own("a"), "b": own("b", "x/dev/b")}
    assert names_to_look_up(plan, held, {"d": "old/d"}) == {"x/dev/new", "x/dev/c", "old/d"}
