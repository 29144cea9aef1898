"""The sandbox answers the probes as recorded, beside the answers of ministack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import api
from tests.second_opinion import probes_of, services
from tests.second_opinion.__main__ import serving
from tests.second_opinion.answers import entry_of, read
from tests.second_opinion.asking import Asker

ADVICE = (
    "if it is AWS's answer, run `.venv/bin/python -m tests.second_opinion sandbox` and review the "
    "diff, in which docs/second-opinion.md is made again"
)


@pytest.fixture(scope="module")
def asker() -> Iterator[Asker]:
    """A sandbox of its own: others' secrets would be in the lists."""
    with serving(api.MOTO) as endpoint:
        yield Asker(endpoint)


@pytest.mark.parametrize("service", services())
def test_the_sandbox_answers_as_recorded(service: str, asker: Asker) -> None:
    held = read(service)["probes"]
    changed = []
    for name, steps in probes_of(service).items():
        for number, (step, answer) in enumerate(zip(steps, asker.ask(steps), strict=True), 1):
            changed += differing(
                f"{service}/{name}: {number}", held[name][number - 1], step, answer
            )
    if changed:
        pytest.fail("\n".join([*changed, ADVICE]), pytrace=False)


def differing(place: str, held: dict[str, Any], step: Any, answer: Any) -> list[str]:
    expected = held.get("sandbox", held["ministack"])
    if entry_of(step, held["ministack"], answer) == held:
        return []
    return [f"{place} {held['call']}\n  recorded: {expected}\n  now:      {answer}"]


def test_another_answer_is_reported(asker: Asker) -> None:
    steps = probes_of("sts")["who calls"]
    (held,) = read("sts")["probes"]["who calls"]
    (answer,) = asker.ask(steps)
    assert differing("p", held, steps[0], answer) == []
    (line,) = differing("p", held, steps[0], {"Account": "another"})
    assert "another" in line


def test_an_emulator_is_stopped_after_its_use(tmp_path: Path) -> None:
    with serving(api.MOTO) as endpoint:
        assert endpoint.startswith("http://127.0.0.1:")
    with pytest.raises(Exception, match="Could not connect"):
        Asker(endpoint).ask(probes_of("sts")["who calls"])
