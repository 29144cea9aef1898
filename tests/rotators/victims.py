"""Starts victims (`victim.py`), and orders them to rotate and to be interrupted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.rotators.account import STEPS, Secret

PROGRAM = Path(__file__).parent / "victim.py"
ENVIRONMENT = ("AWS_", "CA_BUNDLE", "PASSWORD_")


class Victim:
    """A process that calls functions in child processes, one at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def order(
        self,
        function: str,
        secret: Secret,
        token: str,
        *,
        call: int = 0,
        signal: str = "SIGKILL",
        steps: Sequence[str] = STEPS,
    ) -> None:
        """Begin the steps, to be interrupted before the given call; before none by default."""
        self._say(
            {
                "function": function,
                "secret": secret.arn,
                "token": token,
                "call": call,
                "signal": signal,
                "steps": steps,
                "environment": {k: v for k, v in os.environ.items() if k.startswith(ENVIRONMENT)},
            }
        )

    def go_on(self) -> str:
        """Let a stopped child go on; return what became of it."""
        self._say("go on")
        return self.answer()

    def answer(self) -> str:
        """Return what became of the child: done, failed, stopped or killed."""
        assert self._process.stdout is not None
        return str(json.loads(self._process.stdout.readline()))

    def _say(self, order: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()


@contextmanager
def started() -> Iterator[Victim]:
    root = str(PROGRAM.parent.parent.parent)
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    with subprocess.Popen(
        [sys.executable, str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path, "AWS_DEFAULT_REGION": "eu-central-1"},
    ) as process:
        yield Victim(process)
