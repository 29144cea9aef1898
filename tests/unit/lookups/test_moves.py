"""Renames, taken names and changed keys: what is refused, in which words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from secrets_component.lookups.holdings import Holdings
from secrets_component.lookups.moves import Moves, problems_of_region, window_problem_of_key
from tests.maps_of_tests import plan_of
from tests.unit.lookups.test_safeguards import (
    DELETION,
    HOME,
    KEY,
    MAP,
    OF_MAP,
    STATE,
    held,
    map_of,
    own,
)


def problems(text: str, holdings: Holdings, waiting: frozenset[str] = frozenset()) -> list[str]:
    plan = plan_of(text)
    names = {key: secret.name for key, secret in plan.secrets.items()}
    return [message for _, message in Moves(plan, holdings, names, waiting, MAP, STATE).problems()]


def test_rename_of_a_value_that_the_map_wrote_is_allowed() -> None:
    holdings = Holdings({"a": own(name="x/dev/old", labels=OF_MAP)})
    assert problems(map_of("a: {secret_data: v}"), holdings) == []
    (refused,) = problems(map_of("a: {secret_data: v}"), holdings, frozenset({"a"}))
    assert refused.startswith("renaming `x/dev/old` to `x/dev/a` creates a new secret")


@pytest.mark.parametrize("entry", ["a: {owner: operator}", "a: {}"])
def test_rename_of_a_value_that_someone_wrote_is_refused_but_in_words(entry: str) -> None:
    holdings = Holdings({"a": own(name="x/dev/old")})
    (refused,) = problems(map_of(entry), holdings)
    assert "without the value written by an operator" in refused
    allowed = entry.replace("}", ", allow_loss: it is not needed}").replace("{, ", "{")
    assert problems(map_of(allowed), holdings) == []


def test_adopted_secret_may_be_kept_by_its_import_line() -> None:
    (refused,) = problems(map_of("a: {}"), Holdings({"a": own(name="legacy")}))
    assert refused.endswith("(or keep the secret: `import: legacy`)")


def test_rename_that_is_not_finished_is_not_taken_back() -> None:
    old, new = own(name="x/dev/a", labels=OF_MAP), own(name="x/dev/new", labels=OF_MAP)
    holdings = Holdings({"a": new}, {"a": (old,)})
    assert problems(map_of("a: {secret_data: v}"), holdings) == [
        "the rename of `x/dev/a` to `x/dev/new` is not finished; write the new name again, deploy, "
        "and rename it back after that"
    ]
    assert problems(map_of("a: {name: new, secret_data: v}"), holdings) == []


def test_living_secret_of_nobody_is_not_taken() -> None:
    holdings = Holdings(named={"x/dev/a": held()})
    assert problems(map_of("a: {secret_data: v}"), holdings) == [
        "`x/dev/a` exists already and is not managed by this map; write `import: x/dev/a` with "
        "`owner: operator` to adopt it with its value (or `owner: map` to overwrite that), or "
        "choose another `name`"
    ]
    deleted = Holdings(named={"x/dev/a": held(deletion=DELETION)})
    assert problems(map_of("a: {secret_data: v}"), deleted) == []


def test_secret_of_a_lost_state_is_not_taken() -> None:
    holdings = Holdings(named={"x/dev/a": own(state="lost")})
    assert problems(map_of("a: {secret_data: v}"), holdings) == [
        "`x/dev/a` was created by this map, but is not in the stack's state; write `import: "
        "x/dev/a` with `owner: operator` to keep its value, or `owner: map` to replace it"
    ]


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (
            "secrets/dev/other",
            "`x/dev/a` belongs to the map `other` of this stack; if `m` is its new label, write "
            "`name: other` to keep it, or remove it there first",
        ),
        (
            "secrets/prod/m",
            "`x/dev/a` belongs to the map `secrets/prod/m`; remove it there first, then its mark: "
            "`aws secretsmanager untag-resource --secret-id x/dev/a --tag-keys secretsmap:map`",
        ),
    ],
)
def test_secret_of_another_map_is_not_taken(mark: str, said: str) -> None:
    holdings = Holdings(named={"x/dev/a": own(map_=mark, state="another")})
    assert problems(map_of("a: {secret_data: v}"), holdings) == [said]


def test_secret_of_a_removed_entry_is_kept_by_renamed_from() -> None:
    holdings = Holdings(named={"x/dev/n": own("a", "x/dev/n")}, removed=(own("a", "x/dev/n"),))
    assert problems(map_of("b: {name: n, secret_data: v}"), holdings) == [
        "`x/dev/n` belongs to the entry `a`, which was removed; write `renamed_from: a` to keep it, "
        "or give this entry another `name`"
    ]


def test_names_do_not_swap_in_one_run() -> None:
    one, two = own("a", "x/dev/one", labels=OF_MAP), own("b", "x/dev/two", labels=OF_MAP)
    named = {"x/dev/one": one, "x/dev/two": two}
    text = map_of("a: {name: two, secret_data: v}", "b: {name: one, secret_data: v}")
    first, second = problems(text, Holdings({"a": one, "b": two}, named=named))
    assert first == (
        "`x/dev/two` is still the name of the entry `b`, which moves to `x/dev/one` in this run; "
        "deploy that move first, then this one"
    )
    assert "is still the name of the entry `a`" in second


@pytest.mark.parametrize(
    ("entry", "removed", "is_refused"),
    [
        ("b: {owner: operator}", own("a"), True),
        ("b: {secret_data: v}", own("a"), True),
        ("b: {secret_data: v}", own("a", labels=OF_MAP), False),
        ("b: {generate_random_password: true}", own("a", labels=OF_MAP), True),
        ("b: {path: elsewhere, owner: operator}", own("a"), False),
        ("b: {owner: operator}", own("a", is_filled=False, labels={}), False),
        ("b: {owner: operator, allow_loss: unused}", own("a"), False),
    ],
)
def test_entry_that_looks_like_the_successor_of_a_removed_one_is_refused(
    entry: str, removed: object, is_refused: bool
) -> None:
    found = problems(map_of(entry), Holdings(removed=(removed,)))  # type: ignore[arg-type] # a HeldSecret
    assert bool(found) is is_refused
    if found:
        assert "write `renamed_from: a` and the name it had" in found[0]


def test_other_region_is_allowed_in_words() -> None:
    def found(entry: str) -> list[object]:
        plan = plan_of(map_of(entry))
        return list(problems_of_region(plan, HOME, "us-east-1", {"a": own()}, ()))

    assert len(found("a: {owner: operator}")) == 1
    assert found("a: {owner: operator, allow_loss: it is filled anew}") == []


IMPORTED = {**own().tags, "secretsmap:adopted": "imported"}


@pytest.mark.parametrize(
    ("entry", "kms_key", "is_refused"),
    [
        ("a: {}", KEY, True),
        ("a: {kms_key_id: alias/other}", KEY, False),
        ("a: {import: x/dev/a}", KEY, False),
        ("a: {}", None, False),
    ],
    ids=["left", "in words", "still adopted", "AWS-managed"],
)
def test_adopted_secret_leaves_its_key_in_words_only(
    entry: str, kms_key: str | None, is_refused: bool
) -> None:
    holdings = Holdings({"a": own(tags=IMPORTED, kms_key=kms_key)})
    found = problems(map_of(entry), holdings)
    expected = (
        f"`x/dev/a` was adopted with the key `{kms_key}`; without `import` it would move to the "
        f"map's key, and its description and tags would be removed; write `kms_key_id: {kms_key}` to keep "
        "its key, or the `kms_key_id` that you want"
    )
    assert found == ([expected] if is_refused else [])


def test_restored_secret_is_under_the_maps_key_anyway() -> None:
    restored = {**own().tags, "secretsmap:adopted": "restored"}
    holdings = Holdings({"a": own(tags=restored, kms_key=KEY)})
    assert problems(map_of("a: {}"), holdings) == []


NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "kms_key", "days", "expected"),
    [
        (7, KEY, 20, "`x/dev/gone` can be restored until 2026-12-21, for which it needs this key; write at least 21 days"),
        (7, KEY, 6, None),
        (30, KEY, 20, None),
        (7, "arn:aws:kms:eu-central-1:123456789012:key/other", 20, None),
        (7, None, 20, None),
    ],
    ids=["earlier", "later", "long enough", "another key", "AWS-managed"],
)  # fmt: skip
def test_key_outlives_the_secrets_that_can_still_be_restored(
    window: int, kms_key: str | None, days: int, expected: str | None
) -> None:
    plan = plan_of(
        f"context_name: x\nkms: {{create: true, deletion_window_in_days: {window}}}\n"
        "secrets: {a: {recovery_window_in_days: 7}}\n"
    )
    gone = own("gone", "x/dev/gone", kms_key=kms_key, deletion=NOW + timedelta(days=days))
    holdings = Holdings({"a": own(kms_key=KEY)}, scheduled=(gone,))
    assert window_problem_of_key(plan, holdings, NOW) == expected
