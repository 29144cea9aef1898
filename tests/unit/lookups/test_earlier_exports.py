"""What the stack exported in its last run, read while the engine writes its state."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from secrets_component.lookups import earlier_exports
from secrets_component.lookups.reference_values import StackOutputs
from tests.maps_of_tests import plan_of
from tests.unit.lookups.test_safeguards import map_of
from tests.unit.mocks import run_in_program


class Backend:
    """A backend that fails some times before it answers."""

    def __init__(self, *failures: str) -> None:
        self.failures = list(failures)
        self.reads = 0

    def __call__(self, name: str, _parent: pulumi.Resource) -> StackOutputs:
        assert name == "acme/secrets/dev"
        self.reads += 1
        if self.failures:
            raise pulumi.RunError(self.failures.pop(0))
        return StackOutputs({"secret_arns": {"a": "arn"}})


@pytest.fixture
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier_exports, "_PAUSE", 0)


@pytest.mark.usefixtures("_hurried")
def test_half_written_state_is_read_again_and_only_once_a_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backend = Backend("failed to load checkpoint: EOF", "failed to load checkpoint: EOF")
    monkeypatch.setattr(earlier_exports, "read_stack", backend)

    def twice(parent: pulumi.Resource) -> Any:
        return earlier_exports.read_exports(parent), earlier_exports.read_exports(parent)

    first, second = run_in_program(twice)
    assert first == second == {"secret_arns": {"a": "arn"}}
    assert backend.reads == 3
    run_in_program(twice)
    assert backend.reads == 4


@pytest.mark.usefixtures("_hurried")
def test_other_failures_end_the_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Backend("access denied")
    monkeypatch.setattr(earlier_exports, "read_stack", backend)
    with pytest.raises(pulumi.RunError, match="access denied"):
        run_in_program(earlier_exports.read_exports)
    assert backend.reads == 1


@pytest.mark.parametrize(
    ("exports", "expected"),
    [
        ({"secret_arns": {"a": "one"}}, "one"),
        ({"secret_arns": {"m": {"a": "two"}, "other": {"a": "three"}}}, "two"),
        ({"secret_arns": {"old": "four"}}, "four"),
        ({"secret_arns": {"a": {"not": "a string"}}}, None),
        ({}, None),
    ],
)
def test_output_of_an_entry_is_found_in_a_stack_of_one_map_or_several(
    exports: dict[str, Any], expected: str | None
) -> None:
    secret = plan_of(map_of("a: {renamed_from: old, name: old}")).secrets["a"]
    assert earlier_exports.exported_for(exports, "secret_arns", "m", secret) == expected
