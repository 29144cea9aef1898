"""`python -m tests.soak [--minutes N]`: random histories until the time is over."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from functools import partial
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.soak.machine import FindingError, SecretsHistory
from tests.soak.stage import SoakedStack, own_sandbox, project_in

STEPS = 40


def main() -> int:
    """Soak, print each step and finding, and return the number of findings as 0 or 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long; default: 30")
    parser.add_argument("--seed", type=int, default=0, help="the first history's; default: 0")
    options = parser.parse_args()
    ends = time.monotonic() + 60 * options.minutes
    findings = 0
    with tempfile.TemporaryDirectory() as folder, own_sandbox(Path(folder) / "home") as sandbox:
        program = Path(folder) / "program"
        program.mkdir()
        project_in(program)
        SecretsHistory.make_stack = staticmethod(partial(SoakedStack, sandbox, program))
        SecretsHistory.report = staticmethod(print_at_once)
        number = options.seed
        while time.monotonic() < ends:
            print_at_once(f"history {number}")
            findings += not ends_well(number)
            number += 1

    tally = SecretsHistory.tally
    print(
        f"{number - options.seed} histories, {tally.steps} steps, {tally.runs} runs, "
        f"{tally.kills} kills, {tally.refusals} refusals: {findings} findings"
    )
    return int(findings > 0)


def print_at_once(text: str) -> None:
    """Print a line that a reader of the log sees before the next run ends."""
    print(text, flush=True)


def ends_well(number: int) -> bool:
    """Run one history; return whether it had no finding."""
    try:
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            seed(number)(SecretsHistory),
            settings=settings(
                max_examples=1,
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
