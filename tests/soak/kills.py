"""`python -m tests.soak.kills [--count N]`: ends `pulumi up` with SIGKILL at random moments.

The edits take turns: creates, updates, renames, adoptions, removals. After each kill a plain run
must carry on, with nothing lost and nothing doubled.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.soak.machine import FindingError, SecretsHistory
from tests.soak.stage import soaked_stacks

History = SecretsHistory
Edit = Callable[[SecretsHistory, random.Random], None]


def main() -> int:
    """Kill runs, print each step, and return 1 if one of them left something wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.kills", description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="how many kills; default: 200")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments; default: 0")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, soaked_stacks(Path(folder)) as make_stack:
        SecretsHistory.make_stack = staticmethod(make_stack)
        SecretsHistory.report = staticmethod(lambda text: print(text, flush=True))
        try:
            kill_runs(options.count, options.seed)
        except FindingError:
            return 1

    print(
        f"{SecretsHistory.tally.kills} kills in {SecretsHistory.tally.runs} runs: none was harmful"
    )
    return 0


def kill_runs(count: int, seed: int) -> None:
    """Kill runs, of a new stack after each turn of edits, until so many were killed in time.

    Raises:
        FindingError: something was lost or doubled, or the stack cannot go on.
    """
    chance = random.Random(seed)  # noqa: S311 # repeatable, and no secret
    killed_before = SecretsHistory.tally.kills
    while True:
        history = SecretsHistory()
        history.write_first(["text", "password", "empty"])
        for edit in EDITS:
            edit(history, chance)
            history.kill(
                moment=chance.randint(0, 99),
                delay=chance.randint(-10, 10),
                is_engine_first=chance.random() < 0.5,
            )
            if history.tally.kills - killed_before == count:
                return


def _begin(history: History, chance: random.Random) -> None:
    """Kill the stack's very first run."""


def _create(history: History, chance: random.Random) -> None:
    kind = chance.choice(("text", "password", "empty"))
    history.add(key=_new_key(history), kind=kind)


def _update(history: History, chance: random.Random) -> None:
    for pick in range(len(history.map.entries)):
        history.change_value(pick=pick, kind="same")

    history.adorn(pick=chance.randint(0, 3), what="tags")


def _write_and_describe(history: History, chance: random.Random) -> None:
    """Let others write a value that the run must keep, whatever else it changes."""
    history.write_by_others(pick=chance.randint(0, 3), rotates=chance.random() < 0.5)
    history.adorn(pick=chance.randint(0, 3), what="description")


def _rename(history: History, chance: random.Random) -> None:
    history.move(pick=chance.randint(0, 3), path="", name=f"moved{next(history.written)}")


def _adopt(history: History, chance: random.Random) -> None:
    kind = chance.choice(("empty", "text"))
    history.adopt(key=_new_key(history), owner="operator", kind=kind)


def _remove(history: History, chance: random.Random) -> None:
    history.remove(pick=chance.randint(0, 3))


def _new_key(history: History) -> str:
    return f"key{next(history.written)}"


EDITS: tuple[Edit, ...] = (_begin, _update, _rename, _adopt, _write_and_describe, _remove, _create)


if __name__ == "__main__":
    sys.exit(main())
