"""The record that a map keeps in the stack's state."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from secrets_component.arns import Home
from secrets_component.resources import state_record
from tests.unit.mocks import Cloud, deploy, run_in_program

HOME = Home("aws", "eu-central-1", "123456789012")


class State(Cloud):
    """An engine whose state has the record of an earlier run already."""

    def new_resource(
        self, args: pulumi.runtime.MockResourceArgs
    ) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "pulumi:index:Stash":
            return "the-state", {"input": args.inputs["input"], "output": {"region": "us-east-1"}}
        return super().new_resource(args)


def test_record_of_an_earlier_run_is_known_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_record, "MockMonitor", State)  # which no monitor is

    def keep(parent: Any) -> tuple[str | None, str | None]:
        record = state_record.keep("m", HOME, parent)
        return record.known_id, record.first_region

    assert run_in_program(keep, State({}, ())) == ("the-state", "us-east-1")


def test_every_map_keeps_the_region_of_its_first_run() -> None:
    made = deploy("context_name: x\nsecrets: {a: {}}\n").made
    assert made["Stash", "m"] == {"input": {"region": "eu-central-1"}}
    assert made["Secret", "m.a"]["tags"] == {
        "secretsmap:map": "secrets/dev/m",
        "secretsmap:key": "a",
        "secretsmap:state": "m-id",
    }
