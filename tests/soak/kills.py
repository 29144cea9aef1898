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

from tests.soak.machine import KEYS, MOST_EVENTS, FindingError, SecretsHistory
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
    """Kill runs of one stack until so many were killed before they ended.

    Raises:
        FindingError: something was lost or doubled, or the stack cannot go on.
    """
    chance = random.Random(seed)  # noqa: S311 # repeatable, and no secret
    history = SecretsHistory()
    history.start(kinds=["text", "password", "empty"])
    killed_before = history.tally.kills
    turn = 0
    while history.tally.kills - killed_before < count:
        edit = EDITS[turn % len(EDITS)]
        edit(history, chance)
        history.kill(
            events=chance.randint(0, MOST_EVENTS),
            delay=chance.randint(0, 20),
            is_engine_first=chance.random() < 0.5,
        )
        turn += 1


def _create(history: History, chance: random.Random) -> None:
    for key in KEYS:
        if key not in history.map.entries:
            history.add(key=key, kind=chance.choice(("text", "password", "empty")))
            history.move(pick=_last(history), path="", name=f"new{next(history.written)}")
            return


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
    for key in KEYS:
        history.adopt(key=key, owner="operator", kind=chance.choice(("empty", "text")))


def _remove(history: History, chance: random.Random) -> None:
    history.remove(pick=chance.randint(0, 3))


def _last(history: History) -> int:
    return len(history.map.entries) - 1


EDITS: tuple[Edit, ...] = (_update, _rename, _remove, _adopt, _write_and_describe, _remove, _create)


if __name__ == "__main__":
    sys.exit(main())
