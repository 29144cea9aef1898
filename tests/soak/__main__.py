"""`python -m tests.soak [--minutes N]`: random histories until the time is over."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.soak.machine import FindingError, SecretsHistory, TimeIsOver
from tests.soak.stage import soaked_stacks

STEPS = 40
HISTORIES = 5  # of each seed; the first of them is always the simplest


def main() -> int:
    """Soak, print each step and finding, and return the number of findings as 0 or 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long; default: 30")
    parser.add_argument("--seed", type=int, default=0, help="the first history's; default: 0")
    options = parser.parse_args()
    findings = 0
    with tempfile.TemporaryDirectory() as folder, soaked_stacks(Path(folder)) as make_stack:
        SecretsHistory.make_stack = staticmethod(make_stack)
        SecretsHistory.report = staticmethod(print_at_once)
        number = options.seed
        SecretsHistory.ends = time.monotonic() + 60 * options.minutes
        with suppress(TimeIsOver):
            while True:
                print_at_once(f"seed {number}")
                findings += not ends_well(number)
                number += 1

    tally = SecretsHistory.tally
    print(
        f"{number - options.seed + 1} seeds, {tally.steps} steps, {tally.runs} runs, "
        f"{tally.kills} kills, {tally.refusals} refusals: {findings} findings"
    )
    return int(findings > 0)


def print_at_once(text: str) -> None:
    """Print a line that a reader of the log sees before the next run ends."""
    print(text, flush=True)


def ends_well(number: int) -> bool:
    """Run the histories of a seed; return whether they had no finding."""
    try:
        run_state_machine_as_test(
            seed(number)(SecretsHistory),
            settings=settings(
                max_examples=HISTORIES,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                phases=(Phase.generate,),
                suppress_health_check=list(HealthCheck),
            ),
        )
    except FindingError:
        return False
    except Exception:  # noqa: BLE001 # a mistake of the soak itself, which must not end it
        traceback.print_exc()
        return False

    return True


if __name__ == "__main__":
    sys.exit(main())
