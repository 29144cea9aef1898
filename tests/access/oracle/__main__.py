"""Compare the evaluator with the simulator on random requests: `make oracle`.

With `--record`, the recorded files are written as well; review the diff.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sandbox.toolchain import cache_directory
from secrets_component.iam.evaluator import Verdict
from tests.access.oracle import deployments, generator, record
from tests.access.oracle.cases import (
    VERDICTS,
    Entry,
    World,
    request_of,
    simulation_of,
    verdicts_of,
)
from tests.access.oracle.exclusions import exclusion_of
from tests.access.oracle.simulator import SimulatorError, judge

RECORDED = 2_000
"""Random requests that `make test` holds the evaluator to."""


@dataclass(frozen=True)
class Compared:
    """One request with both verdicts, and the known error of the simulator that it meets."""

    world: World
    entry: Entry
    ours: Verdict
    theirs: str
    excluded: str | None

    @property
    def agrees(self) -> bool:
        return self.ours.reason == self.theirs


def main() -> int:
    """Compare, and record if asked to; return 1 for a disagreement or without the simulator."""
    parser = argparse.ArgumentParser(prog="make oracle", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", action="store_true")
    asked = parser.parse_args()
    try:
        if asked.record:
            _record(asked.seed)

        return _report(asked.seed, compared(_worlds(asked.seed, asked.requests)))
    except SimulatorError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _worlds(seed: int, requests: int) -> Iterator[World]:
    for number in range(-(-requests // generator.REQUESTS_PER_WORLD)):
        yield generator.world(seed, number)


def compared(worlds: Iterable[World]) -> Iterator[Compared]:
    """Yield each request of some worlds with both verdicts."""
    ours = _ours(worlds)
    kept, asked = itertools.tee(ours)
    theirs = judge(simulation_of(world, entry) for world, entry, _ in asked)
    for (world, entry, verdict), answer in zip(kept, theirs, strict=True):
        excluded = exclusion_of(world, request_of(entry), verdict)
        yield Compared(world, entry, verdict, VERDICTS[answer], excluded)


def _ours(worlds: Iterable[World]) -> Iterator[tuple[World, Entry, Verdict]]:
    for world in worlds:
        for entry, verdict in verdicts_of(world):
            yield world, entry, verdict


def _report(seed: int, cases: Iterable[Compared]) -> int:
    """Print how the verdicts compare, and keep the disagreements; return the exit code."""
    agreed: Counter[str] = Counter()
    excluded: Counter[str] = Counter()
    disagreed: list[str] = []
    for case in cases:
        if case.excluded:
            excluded[case.excluded] += 1
        elif case.agrees:
            agreed[case.theirs] += 1
        else:
            disagreed.append(_shown(case))

        done = agreed.total() + excluded.total() + len(disagreed)
        if done % 10_000 == 0:
            print(f"{done:,} requests, {len(disagreed)} disagreements", flush=True)

    path = cache_directory() / "oracle-disagreements.jsonl"
    path.write_text("".join(disagreed), "utf-8")
    print(f"seed {seed}: {agreed.total():,} requests with the same verdict: {dict(agreed)}")
    print(f"not compared, known errors of the simulator: {dict(excluded)}")
    print(f"{len(disagreed)} disagreements in {path}")
    return int(bool(disagreed))


def _shown(case: Compared) -> str:
    """Return a disagreement as a world with this one request."""
    both = {"ours": str(case.ours), "theirs": case.theirs}
    return json.dumps({**case.world, "requests": [{**case.entry, **both}]}) + "\n"


def _record(seed: int) -> None:
    """Write the recorded files, with the simulator's verdicts; no request that is not compared."""
    record.write(record.DEPLOYMENTS, _judged(compared(deployments.worlds())))
    endless = (generator.world(seed, number) for number in itertools.count())
    usable = (case for case in compared(endless) if not case.excluded)
    record.write(record.RANDOM, _judged(itertools.islice(usable, RECORDED)))


def _judged(cases: Iterable[Compared]) -> Iterator[World]:
    """Yield worlds whose requests have the simulator's verdict."""
    for _, of_world in itertools.groupby(cases, lambda case: case.world):
        found = list(of_world)
        requests = [{**case.entry, "verdict": case.theirs} for case in found]
        yield {**found[0].world, "requests": requests}


if __name__ == "__main__":
    raise SystemExit(main())
