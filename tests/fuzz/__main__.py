"""`python -m tests.fuzz [--count N] [--seed N]`: many damaged maps; exits with 1 on a finding."""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor

from tests.fuzz.check import finding


def main() -> int:
    """Try the seeds in all processors, and print each finding."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="seeds; default: 100000")
    parser.add_argument("--seed", type=int, default=0, help="the first seed; default: 0")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.count)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        findings = [found for found in pool.map(finding, seeds, chunksize=50) if found]

    print("\n".join(findings[:50]))
    print(f"{len(seeds)} damaged maps: {len(findings)} findings")
    return int(bool(findings))


if __name__ == "__main__":
    raise SystemExit(main())
