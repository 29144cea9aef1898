"""The course of a run, over a deployment that runs nothing."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.verify.conftest import FakeDeployment
from verify import course
from verify.rules import RULES, Rule
from verify.scene import Scene
from verify.table import Row, Seen

WITHOUT_REPLICA = ["create", "key", "rename", "refresh", "unchanged"]


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let rules and actions ask nobody."""
    monkeypatch.setattr(course, "check", passing)
    monkeypatch.setattr(Scene, "watched_rename", lambda _: nullcontext())
    steps = []
    for step in course._STEPS:
        values = {name: getattr(step, name) for name in step.__slots__}
        steps.append(course.Step(**{**values, "before": ()}))
    monkeypatch.setattr(course, "_STEPS", tuple(steps))


def passing(rule: Rule, _: Scene) -> Row:
    return rule.row(Seen("seen", is_expected=True))


def ignore(_: str) -> None:
    """Stand in for the report."""


def taken(scene: Scene) -> list[Row]:
    return list(course.run(scene, ignore))


def test_every_rule_belongs_to_a_step() -> None:
    assert {rule.after for rule in RULES} == {step.name for step in course.steps("eu-west-1")}


def test_every_step_and_every_rule_has_a_row(scene: Scene) -> None:
    rows = [row.rule for row in taken(scene)]
    wanted = [rule.name for rule in RULES if rule.after != "replica"]
    assert [row for row in rows if not row.startswith("step")] == wanted
    assert [row.split("`")[1] for row in rows if row.startswith("step")] == WITHOUT_REPLICA


def test_replica_is_a_step_only_with_a_second_region(
    scene: Scene, deployment: FakeDeployment
) -> None:
    scene.replica_region = "eu-west-1"
    rows = [row.rule for row in taken(scene)]
    assert any(row.startswith("step `replica`") for row in rows)
    assert "replicated" in deployment.maps[1]["secrets"]
    assert "replicated" not in deployment.maps[2]["secrets"]


def test_each_map_is_made_of_the_one_before(scene: Scene, deployment: FakeDeployment) -> None:
    taken(scene)
    first, with_key, renamed, refreshed, unchanged = deployment.maps
    assert "kms" not in first
    assert "kms" in with_key
    assert "kms" not in renamed
    assert renamed == refreshed == unchanged
    assert deployment.arguments == [(), (), (), ("--refresh",), ()]


def test_only_the_unchanged_run_is_measured(scene: Scene, deployment: FakeDeployment) -> None:
    taken(scene)
    assert [bool(variables) for variables in deployment.variables] == [False] * 4 + [True]
    assert scene.measurement.marker == scene.names.run


def test_step_that_fails_ends_the_deployment(scene: Scene, deployment: FakeDeployment) -> None:
    deployment.errors[2] = "denied"
    rows = taken(scene)
    (failed,) = (row for row in rows if row.seen.is_expected is False)
    assert failed.rule.startswith("step `key`")
    assert failed.seen.text == "denied"
    assert len(deployment.maps) == 2
    unchecked = [row.rule for row in rows if row.seen.is_expected is None]
    later = [rule for rule in RULES if rule.after not in ("create", "replica")]
    assert unchecked == [rule.name for rule in later]
    assert {row.seen.text for row in rows if row.seen.is_expected is None} == {"step `key` failed"}


def test_action_that_aws_refuses_is_a_failed_step(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "PutRule")

    first, *_ = course._STEPS
    refused = course.Step(first.name, first.what, first.change, before=(refuse,))
    monkeypatch.setattr(course, "_STEPS", (refused,))
    row, *_ = taken(scene)
    assert row.seen == Seen("AWS refuses: PutRule: AccessDeniedException", is_expected=False)


def test_steps_are_reported_with_their_number(scene: Scene) -> None:
    lines: list[str] = []
    list(course.run(scene, lines.append))
    assert lines[0] == "step 1 of 5: creates the map"
    assert "step 5 of 5: changes nothing" in lines
