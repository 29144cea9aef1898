"""The throw-away Pulumi project: its program is this repository's, its state a temporary folder.

Nothing of the user's own Pulumi login is read or changed: backend, credentials and the log that the
CLI writes of each run are below the temporary folder. Only the folder of downloaded plugins is the
user's, so that the official providers are not downloaded again. State and log are encrypted with a
passphrase that this process keeps in memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from verify.interruption import Interruption
from verify.names import ENVIRONMENT, Names

_ROOT = Path(__file__).parent.parent
_PROJECT = "secretsmap-verify"
_STACK = ENVIRONMENT
_KEPT = ("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "PULUMI_SKIP_UPDATE_CHECK")
_UNWANTED = ("PULUMI_", "TF_LOG")  # the user's login, and logs, which may contain values
_NO_ATTRIBUTES = "?metadata=skip"  # or else a killed run cannot be taken up again ("EOF")
_STOP_SECONDS = 300  # the CLI waits for the calls that are under way
_COLOR = re.compile(r"<\{%[^%]*%\}>")

Map = Mapping[str, Any]


class DeploymentError(Exception):
    """The project cannot be prepared; the message is one line with the reason."""


@dataclass(frozen=True, slots=True)
class UpResult:
    """One finished `pulumi up`.

    Attributes:
        error: the first line of what failed; None where the run succeeded.
        changes: what it did to resources, such as `update secret:Secret (kmsKeyId)`.
    """

    error: str | None
    changes: tuple[str, ...]


class Deployment:
    """A project whose map is written anew for each step."""

    def __init__(self, cli: Path, region: str, names: Names, interruption: Interruption) -> None:
        """Create the project's folder; `prepare` makes its stack."""
        self._interruption = interruption
        self._cli = cli
        self._folder = Path(tempfile.mkdtemp(prefix=f"{names.run}-"))
        self._passphrase = secrets.token_hex(16)
        self._is_prepared = False
        self._region = region

    def prepare(self) -> None:
        """Write the project, and create its stack in the temporary folder.

        Raises:
            DeploymentError: the CLI refuses.
        """
        home = self._folder / "pulumi"
        plugins = _user_home() / "plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        for folder in (home, self._folder / "state", self._folder / "stacks"):
            folder.mkdir()

        (home / "plugins").symlink_to(plugins)
        shutil.copy(_ROOT / "__main__.py", self._folder)
        options = {"toolchain": "pip", "virtualenv": sys.prefix}
        project = {"name": _PROJECT, "runtime": {"name": "python", "options": options}}
        settings = {"config": {"aws:region": self._region}}
        _write(self._folder / "Pulumi.yaml", project)
        _write(self._folder / f"Pulumi.{_STACK}.yaml", settings)
        code, text = self._pulumi("stack", "init", _STACK, "--no-select")
        if code != 0:
            msg = f"`pulumi stack init` failed: {_plain_error(text)}"
            raise DeploymentError(msg)

        self._is_prepared = True

    def up(
        self, secret_map: Map, *arguments: str, variables: Mapping[str, str] | None = None
    ) -> UpResult:
        """Deploy a map.

        Args:
            secret_map: the map of this step.
            arguments: further arguments of `pulumi up`.
            variables: further environment variables.
        """
        _write(self._folder / "stacks" / f"{_STACK}.yaml", secret_map)
        code, text = self._pulumi(
            "up", "--yes", "--skip-preview", "--json", *arguments, variables=variables
        )
        events = _events(text)
        error = None
        if code != 0:
            error = _first_error(events) or _plain_error(text)

        return UpResult(error, _changes(events))

    def secret_in_state(self, name: str) -> Map:
        """Return what the state holds of a secret; values in it are encrypted."""
        _, text = self._pulumi("stack", "export")
        for resource in json.loads(text)["deployment"].get("resources", []):
            outputs = resource.get("outputs", {})
            is_secret = resource["type"] == "aws:secretsmanager/secret:Secret"
            if is_secret and outputs.get("name") == name:
                return dict(outputs)

        return {}

    def destroy(self) -> str | None:
        """Destroy the stack, also after a run that was interrupted; return what failed."""
        if not self._is_prepared:
            return None

        self._pulumi("cancel", "--yes")  # an interrupted run may have left its lock
        code, text = self._pulumi("destroy", "--yes", "--skip-preview", "--json")
        if code == 0:
            return None

        return _first_error(_events(text)) or _plain_error(text)

    def remove(self) -> None:
        """Remove the project's folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _pulumi(
        self, *arguments: str, variables: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Run the CLI to its end; if this process is interrupted, the CLI cancels its run."""
        stack: tuple[str, ...] = ()
        if arguments[:2] != ("stack", "init"):
            stack = ("--stack", _STACK)

        command = [str(self._cli), *arguments, *stack, "--non-interactive"]
        started: list[subprocess.Popen[str]] = []
        try:
            with self._interruption.deferred():
                started.append(self._start(command, variables or {}))

            text = _output(started[0])
        finally:
            for process in started:
                _stop(process)

        return started[0].returncode, text

    def _start(self, command: list[str], variables: Mapping[str, str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self._folder,
            env={**self._environment(), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C reaches this process alone
        )

    def _environment(self) -> dict[str, str]:
        kept = {}
        for name, value in os.environ.items():
            if name in _KEPT or not name.startswith(_UNWANTED):
                kept[name] = value

        python_path = [str(_ROOT), kept.get("PYTHONPATH", "")]
        return {
            **kept,
            "PYTHONPATH": os.pathsep.join(filter(None, python_path)),
            "PULUMI_HOME": str(self._folder / "pulumi"),
            "PULUMI_BACKEND_URL": f"file://{self._folder / 'state'}{_NO_ATTRIBUTES}",
            "PULUMI_CONFIG_PASSPHRASE": self._passphrase,
        }


def _user_home() -> Path:
    written = os.environ.get("PULUMI_HOME")
    return Path(written) if written else Path.home() / ".pulumi"


def _write(path: Path, content: Map) -> None:
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False), "utf-8")


def _output(process: subprocess.Popen[str]) -> str:
    """Wait for the end of a process and return what it printed.

    It wakes up each second: a signal that arrives right before a call that blocks is handled only
    once the call returns.
    """
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=1)[0]


def _stop(process: subprocess.Popen[str]) -> None:
    """End a run that is still under way: it finishes the calls that it has started."""
    if process.poll() is not None:
        return

    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _events(text: str) -> list[Map]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def _first_error(events: list[Map]) -> str | None:
    for event in events:
        told = event.get("diagnosticEvent", {})
        if told.get("severity") == "error":
            return _one_line(_COLOR.sub("", told["message"]))

    return None


def _plain_error(text: str) -> str:
    """Return the error of a command that ended before its first event."""
    for line in text.splitlines():
        if line.startswith("error: "):
            return _one_line(line)

    return "it did not say why"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _changes(events: list[Map]) -> tuple[str, ...]:
    """Return the steps that changed a resource, with the names of the properties."""
    found = []
    for event in events:
        step = event.get("resourcePreEvent", {}).get("metadata")
        if step and step["op"] not in ("same", "refresh", "read"):
            fields = ", ".join(step.get("diffs") or [])
            suffix = f" ({fields})" if fields else ""
            found.append(f"{step['op']} {step['type'].rpartition('/')[2]}{suffix}")

    return tuple(found)
