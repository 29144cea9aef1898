"""A short, fixed part of what `make soak` and `make kills` do for as long as they are asked to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.soak.kills import kill_runs
from tests.soak.machine import SecretsHistory
from tests.soak.model import Entry, Guarded, Held, Ledger, Map
from tests.soak.stage import soaked_stacks


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Soak in a sandbox of its own: the invariants are about all secrets of the account."""
    with soaked_stacks(tmp_path) as make_stack:
        monkeypatch.setattr(SecretsHistory, "make_stack", staticmethod(make_stack), raising=False)
        monkeypatch.setattr(SecretsHistory, "report", staticmethod(print))
        yield


@pytest.mark.usefixtures("history")
def test_killed_runs_lose_and_double_nothing() -> None:
    kill_runs(count=5, seed=1)


@pytest.mark.usefixtures("history")
def test_history_of_edits_and_writes_by_others_loses_nothing() -> None:
    story = SecretsHistory()
    story.start(kinds=["text", "password", "fields"])
    story.write_by_others(pick=0, rotates=False)
    story.write_by_others(pick=1, rotates=True)
    story.write_by_others(pick=2, rotates=False)
    story.change_value(pick=0, kind="same")
    story.change_value(pick=1, kind="same")
    story.change_value(pick=2, kind="same")
    story.deploy(refresh=True)
    story.move(pick=0, path="p", name="")
    story.deploy(refresh=False)
    assert story.tally.refusals, "a rename that leaves a value behind is refused"
    story.rename_key(pick=0, key="delta", says_so=True, keeps_name=True)
    story.change_owner(pick=1, owner="operator")
    story.change_map("key")
    story.deploy(refresh=False)
    story.remove(pick=0)
    story.deploy(refresh=False)


A, B = "arn:a", "arn:b"


def ledger_of(**fields: object) -> tuple[Ledger, Map]:
    """Return a ledger with a value of others in the entry `k`, which has these fields."""
    kept = Ledger()
    kept.wrote(1, A, "theirs")
    return kept, Map("c", entries={"k": Entry(1, dict(fields))})


LIVE = Held(A, "c/s/k", "theirs")
OVERWRITTEN = Held(A, "c/s/k", "ours")
SCHEDULED = Held(A, "c/s/k", None, is_deleted=True)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (OVERWRITTEN, "was overwritten"),
        (SCHEDULED, "is scheduled for deletion"),
        (None, "was deleted at once"),
    ],
)
def test_lost_value_is_a_finding(found: Held | None, said: str) -> None:
    kept, running = ledger_of(secret_data="ours")
    kept.run_starts(running, "s", [LIVE])
    assert said in kept.losses([] if found is None else [found])[0]


def test_value_may_go_where_the_entry_says_so() -> None:
    kept, running = ledger_of(secret_data="ours", owner="map")
    kept.run_starts(running, "s", [LIVE])
    assert kept.losses([OVERWRITTEN]) == []


def test_removed_entry_may_be_deleted_but_not_at_once_nor_where_it_was_adopted() -> None:
    kept, _ = ledger_of()
    kept.run_starts(Map("c"), "s", [LIVE])
    assert kept.losses([SCHEDULED]) == []
    kept.guarded[A] = Guarded(1, A, "theirs", is_adopted=True)
    kept.run_starts(Map("c"), "s", [LIVE])
    assert "is scheduled for deletion" in kept.losses([SCHEDULED])[0]


def test_value_that_stayed_under_another_name_is_a_finding() -> None:
    kept, running = ledger_of(name="new", secret_data="ours")
    kept.run_starts(running, "s", [LIVE])
    account = [LIVE, Held(B, "c/s/new", "ours")]
    assert kept.losses(account) == []
    assert "`c/s/new` does not have" in kept.misplaced(running, "s", account)[0]
