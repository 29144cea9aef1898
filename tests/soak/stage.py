"""Stacks that a soak runs, ends with SIGKILL and looks at, in a sandbox of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import boto3

from sandbox import api, deploy
from sandbox.environment import REGION, Sandbox
from sandbox.toolchain import pulumi_cli
from tests.conftest import ROOT, Run, SecretsStack
from tests.soak.model import Held

UP = ("up", "--yes", "--skip-preview", "--json")
_SETTLE = 1.0  # seconds in which a provider that outlives its engine may finish a call


@contextmanager
def own_sandbox(home: Path) -> Iterator[Sandbox]:
    """Start a sandbox, and stop it in the end."""
    cli = pulumi_cli(lambda line: print(line, file=sys.stderr))
    made = Sandbox(home, api.start(home, 0, print), cli)
    made.prepare()
    try:
        yield made
    finally:
        api.stop(home)


def project_in(folder: Path) -> Path:
    """Make a copy of this project's program, which reads `stacks/<stack>.yaml`."""
    folder.mkdir()
    for name in ("Pulumi.yaml", "__main__.py", "Pulumi.dev.yaml"):
        shutil.copy(ROOT / name, folder)

    (folder / "stacks").mkdir()
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


@contextmanager
def soaked_stacks(folder: Path) -> Iterator[Callable[[str], SoakedStack]]:
    """Start a sandbox in a folder; yield what makes a stack in it."""
    with own_sandbox(folder / "home") as sandbox:
        yield partial(SoakedStack, sandbox, project_in(folder / "program"))


class SoakedStack(SecretsStack):
    """A stack whose runs may be killed."""

    def __init__(self, sandbox: Sandbox, project: Path, name: str) -> None:
        (project / f"Pulumi.{name}.yaml").write_bytes((project / "Pulumi.dev.yaml").read_bytes())
        super().__init__(sandbox, project, name, None)
        session = boto3.Session("sandbox", "sandbox", region_name=REGION)
        self.client: Any = session.client("secretsmanager", endpoint_url=sandbox.endpoint)

    def killed_up(self, events: int, delay: float, *, is_engine_first: bool) -> tuple[Run, bool]:
        """Run `up` and end it with SIGKILL; return what it said, and whether it was killed.

        Args:
            events: the number of the engine's events after which it is killed.
            delay: seconds after that event.
            is_engine_first: the CLI ends first, so that the providers may finish a call.
        """
        config = deploy.settings(self.sandbox, self.project, self.name)
        process = subprocess.Popen(
            [str(self.sandbox.pulumi), *UP, "--config-file", str(config), "--stack", self.name,
             "--non-interactive"],
            cwd=self.project,
            env=self.sandbox.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if _is_step(line):
                events -= 1

            if events < 0:
                break

        time.sleep(delay)
        is_killed = process.poll() is None
        if is_engine_first and is_killed:
            os.killpg(process.pid, signal.SIGKILL)
            time.sleep(_SETTLE)

        _kill_session(process.pid)
        said.append(process.stdout.read())
        code = process.wait()
        return Run(code, "".join(said)), code == -signal.SIGKILL

    def unlock(self) -> Run:
        """Remove what a killed run left, as a user does."""
        return self.pulumi("cancel", "--yes", good=False)

    def account(self) -> list[Held]:
        """Return all secrets of the account, with their values."""
        found = []
        pages = self.client.get_paginator("list_secrets").paginate(IncludePlannedDeletion=True)
        for page in pages:
            for listed in page["SecretList"]:
                found.append(self._held(listed))

        return found

    def _held(self, listed: dict[str, Any]) -> Held:
        tags = {tag["Key"]: tag["Value"] for tag in listed.get("Tags") or ()}
        if listed.get("DeletedDate"):
            return Held(listed["ARN"], listed["Name"], None, is_deleted=True, tags=tags)

        value = None
        stages = listed.get("SecretVersionsToStages") or {}
        if any("AWSCURRENT" in labels for labels in stages.values()):
            value = self.client.get_secret_value(SecretId=listed["ARN"])["SecretString"]

        return Held(listed["ARN"], listed["Name"], value, tags=tags)


def says_where(run: Run) -> bool:
    """Return whether a run that failed names a place in the map, or has a line with `error:`."""
    if re.search(r"\.yaml:\d+:\d+: error: ", run.text):
        return True

    told = [e["diagnosticEvent"] for e in run.events if "diagnosticEvent" in e]
    return any(one["severity"] == "error" for one in told) or "error:" in run.text


def steps_in(run: Run) -> int:
    """Return how many of the engine's events a run had after which it can be killed."""
    return sum(_is_step(line) for line in run.text.splitlines())


def _is_step(line: str) -> bool:
    if not line.startswith("{"):
        return False

    return not {"resourcePreEvent", "resOutputsEvent"}.isdisjoint(json.loads(line))


def _kill_session(session: int) -> None:
    """End every process that a run started, whatever its process group is."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue

        try:
            status = (entry / "stat").read_text("utf-8")
            if int(status.rpartition(")")[2].split()[3]) == session:
                os.kill(int(entry.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            continue
