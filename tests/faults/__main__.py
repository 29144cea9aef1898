"""`python -m tests.faults`: each kind of fault, at 30 and at 50 % of all calls."""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from pathlib import Path

from tests.faults.check import endure
from tests.faults.proxy import KINDS, faulty_api
from tests.soak.stage import own_sandbox

RATES = (0.3, 0.5)


def main() -> int:
    """Print a line for each life of a stack, and return 1 if one had a finding."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--times", type=int, default=1, help="lives of each kind; default: 1")
    parser.add_argument("--kind", choices=list(KINDS), action="append", help="default: all")
    options = parser.parse_args()
    is_clean = True
    with (
        tempfile.TemporaryDirectory() as folder,
        own_sandbox(Path(folder) / "home") as sandbox,
        faulty_api(sandbox.endpoint) as api,
    ):
        lives = itertools.product(range(options.times), options.kind or KINDS, RATES)
        for number, (_, kind, rate) in enumerate(lives):
            endured = endure(sandbox, api, Path(folder) / f"faults{number}", kind, rate)
            print(f"{kind} {rate:.0%}: {endured.runs} runs, {endured.faults} faults", flush=True)
            for finding in endured.findings:
                is_clean = False
                print(f"  FINDING {finding}", flush=True)

    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
