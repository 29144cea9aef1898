"""The simulator: installed into the user's cache, and run as a process of its own.

`@cloud-copilot/iam-simulate` is AGPL-3.0: nothing of it is part of this project, or is imported.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from sandbox.toolchain import cache_directory

_HERE = Path(__file__).parent
_FILES = ("package.json", "package-lock.json", "simulate.mjs")
_BATCH = 5_000
"""Simulations per process: all of their answers are held in memory."""


class SimulatorError(Exception):
    """The simulator is not there, or does not take what it is asked."""


def install() -> Path:
    """Install the pinned simulator, unless it is there already; return its folder.

    Raises:
        SimulatorError: Node.js or the npm registry is missing.
    """
    lock = json.loads((_HERE / "package-lock.json").read_text("utf-8"))
    packages = lock["packages"]
    version = packages["node_modules/@cloud-copilot/iam-simulate"]["version"]
    folder = cache_directory() / f"iam-simulate-{version}"
    is_installed = (folder / "node_modules" / ".package-lock.json").is_file()  # npm writes it last
    folder.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        shutil.copy(_HERE / name, folder)

    if not is_installed:
        _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)

    return folder


def judge(simulations: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the simulator's verdict on each request: `Allowed`, `ExplicitlyDenied` or the third.

    Raises:
        SimulatorError: it refuses a policy or request, or does not look at a key of the context.
    """
    folder = install()
    rest = iter(simulations)
    while batch := list(islice(rest, _BATCH)):
        text = "".join(json.dumps(simulation) + "\n" for simulation in batch)
        answers = _run(["node", "simulate.mjs"], folder, text).splitlines()
        for simulation, line in zip(batch, answers, strict=True):
            yield _verdict(simulation, json.loads(line))


def _verdict(simulation: dict[str, Any], answer: dict[str, Any]) -> str:
    problem = answer.get("errors") or answer.get("ignored")
    if problem:
        msg = f"{json.dumps(problem)} in {json.dumps(simulation)}"
        raise SimulatorError(msg)

    return str(answer["verdict"])


def _run(command: list[str], folder: Path, given: str = "") -> str:
    program = shutil.which(command[0])
    if program is None:
        msg = f"`{command[0]}` is needed: install Node.js 20 or newer"
        raise SimulatorError(msg)

    done = subprocess.run(
        [program, *command[1:]],
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        env={**os.environ, "TZ": "UTC"},
    )
    if done.returncode != 0:
        msg = f"`{' '.join(command)}` failed: {done.stderr.strip()[-2000:]}"
        raise SimulatorError(msg)

    return done.stdout
