"""`python -m bench`: print every ratio with its limit; exit 1 if one exceeds it."""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from secrets_component.planning import planner

ROOT = Path(__file__).parent.parent
ROUNDS = 3
COUNTS = {1_000: 3, 5_000: 2}
"""Secrets to register, and how often; a round of 5,000 takes three minutes."""


def main() -> int:
    """Print one line per figure; return 1 if one exceeds its limit."""
    failed = [not line for line in (*_registering(), _validating(), _starting(), *_auditing())]
    return 1 if any(failed) else 0


def _registering() -> list[bool]:
    """Compare SecretMap with a loop written by hand, in alternating processes."""
    ratios = {}
    for count, times in COUNTS.items():
        rounds = [(_child("map", count), _child("loop", count)) for _ in range(times)]
        assert len({one["made"] for pair in rounds for one in pair}) == 1, "not the same resources"  # noqa: S101 # different resources cannot be compared
        ratios[count] = {
            figure: statistics.median(ours[figure] / theirs[figure] for ours, theirs in rounds)
            for figure in ("seconds", "mebibytes")
        }
    small, large = ratios[1_000], ratios[5_000]
    return [
        _figure("registering 1,000 secrets: time against a loop by hand", small["seconds"], 1.10),
        _figure("registering 1,000 secrets: memory", small["mebibytes"], 1.25),
        _figure("5,000 secrets: time ratio over that of 1,000", large["seconds"] / small["seconds"], 1.10),
        _figure("5,000 secrets: memory ratio over that of 1,000", large["mebibytes"] / small["mebibytes"], 1.10),
    ]  # fmt: skip


def _child(way: str, count: int) -> dict[str, Any]:
    return _measured("bench.registering", way, str(count))


def _measured(module: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _validating() -> bool:
    """Compare `validate` of 10,000 entries with libyaml's loader on the same text."""
    entry = (
        "  k{n}:\n    name: n{n}\n    path: a/b\n    description: entry {n}\n"
        "    generate_random_password: true\n    tags: {{team: x}}\n"
    )
    text = "context_name: x\nsecrets:\n" + "".join(entry.format(n=n) for n in range(10_000))
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.yaml"
        path.write_text(text, "utf-8")
        ratios = []
        for _ in range(ROUNDS):
            ours = _timed(lambda: planner.load_plans(path, "dev"))
            theirs = _timed(lambda: yaml.load(path.read_text("utf-8"), loader))  # noqa: S506 # a safe loader
            ratios.append(ours / theirs)
    return _figure("validating 10,000 entries: time against a bare YAML load", statistics.median(ratios), 4)  # fmt: skip


def _timed(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _starting() -> bool:
    """Measure `validate` of one small map, as a command."""
    command = [sys.executable, "-m", "secrets_component", "validate", "stacks/prod.yaml"]
    seconds = [
        _timed(lambda: subprocess.run(command, cwd=ROOT, check=True, capture_output=True))
        for _ in range(5)
    ]
    return _figure("starting `validate` on a small map: seconds", statistics.median(seconds), 0.4)


def _auditing() -> list[bool]:
    """Audit a made account of 1,000 roles by 1,000 secrets, with its CSV and its page."""
    made = _measured("bench.auditing", "1000")
    return [
        _figure("auditing 1,000 principals by 1,000 secrets: CPU seconds", made["seconds"], 60),
        _figure("auditing 1,000 principals by 1,000 secrets: mebibytes", made["mebibytes"], 1024),
    ]


def _figure(name: str, value: float, limit: float) -> bool:
    good = value <= limit
    print(f"{name}: {value:.2f} (at most {limit:.2f}){'' if good else '  TOO MUCH'}", flush=True)
    return good


if __name__ == "__main__":
    raise SystemExit(main())
