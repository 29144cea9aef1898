"""The maps of the steps: valid, below the run's name, and without a value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from secrets_component.planning.plan import Plan
from secrets_component.planning.planner import load_plans
from verify import maps
from verify.names import Names, belongs

NAMES = Names("try-0123abcd")
ROLE = "arn:aws:iam::123456789012:role/try-0123abcd-reader"


def every_map() -> Iterator[maps.Map]:
    first = maps.created(NAMES, ROLE)
    with_key = maps.keyed(first, NAMES, "eu-west-1")
    without = maps.without_replica(with_key)
    yield from (first, maps.keyed(first, NAMES, None), with_key, without)
    yield from (maps.with_replica_again(without, "eu-west-1"), maps.renamed(without))


def plan_of(content: maps.Map, folder: Path) -> Plan:
    path = folder / "map.yaml"
    path.write_text(yaml.safe_dump(content), "utf-8")
    (plan,) = load_plans(path, "verify").values()
    return plan


@pytest.mark.parametrize("content", list(every_map()))
def test_map_is_valid_and_names_everything_after_the_run(content: maps.Map, tmp_path: Path) -> None:
    plan = plan_of(content, tmp_path)
    assert belongs(plan.name, NAMES.run)
    assert all(belongs(secret.name, NAMES.run) for secret in plan.secrets.values())
    assert plan.created_key is None or belongs(plan.created_key.alias, NAMES.run)


@pytest.mark.parametrize("content", list(every_map()))
def test_map_contains_no_value(content: maps.Map) -> None:
    written = [entry.get("secret_data") for entry in content["secrets"].values()]
    values = [data for data in written if data]
    assert all(data["password"] == "${random.password}" for data in values)
    assert all(set(data) == {"host", "password"} for data in values)


def test_each_map_leaves_the_one_before_unchanged() -> None:
    first = maps.created(NAMES, ROLE)
    with_key = maps.keyed(first, NAMES, "eu-west-1")
    maps.renamed(maps.without_replica(with_key))
    assert first == maps.created(NAMES, ROLE)
    assert with_key == maps.keyed(first, NAMES, "eu-west-1")


def test_rename_takes_the_key_and_one_adopted_entry_away(tmp_path: Path) -> None:
    before = maps.keyed(maps.created(NAMES, ROLE), NAMES, None)
    old, new = plan_of(before, tmp_path), plan_of(maps.renamed(before), tmp_path)
    assert old.created_key is not None
    assert new.created_key is None
    assert old.secrets.keys() - new.secrets.keys() == {"released"}
    assert old.secrets["renamed"].name == NAMES.secret(maps.BEFORE)
    assert new.secrets["renamed"].name == NAMES.secret(maps.AFTER)


def test_replica_is_wanted_only_in_a_second_region() -> None:
    first = maps.created(NAMES, ROLE)
    assert maps.REPLICATED not in maps.keyed(first, NAMES, None)["secrets"]
    with_replica = maps.keyed(first, NAMES, "eu-west-1")
    assert with_replica["kms"]["multi_region"] is True
    assert maps.REPLICATED not in maps.without_replica(with_replica)["secrets"]
