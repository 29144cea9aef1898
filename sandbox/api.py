"""Starts and stops the sandbox's AWS API, a background process that outlives `make up`."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any

from sandbox import second_opinion

INSTANCE_PATH = "/sandbox/instance"
"""Where a server returns the id that is in its record."""

MOTO = "moto"
_SERVERS = {MOTO: "sandbox.server", second_opinion.NAME: "sandbox.second_opinion.server"}
_START_SECONDS = 30
_STOP_SECONDS = 10
_ROOT = Path(__file__).parent.parent

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy

Report = Callable[[str], None]


class ApiError(Exception):
    """The AWS API does not start; the message is one line with the reason."""


def running(home: Path) -> str | None:
    """Return the endpoint of this sandbox's API; None if it does not answer."""
    record = _record(home)
    if record is None:
        return None

    endpoint = f"http://127.0.0.1:{record['port']}"
    try:
        with _DIRECT.open(f"{endpoint}{INSTANCE_PATH}", timeout=2) as answer:
            found = json.load(answer)
    except (OSError, ValueError, HTTPException):  # another program may have the port by now
        return None

    if found != {"instance": record["instance"]}:
        return None

    return endpoint


def start(home: Path, port: int, report: Report) -> str:
    """Start the API unless it is running; return its endpoint.

    The API keeps its data in memory. Stacks that were deployed to an earlier one describe resources
    that no longer exist, so they are removed.

    Args:
        home: the sandbox's folder.
        port: the port to listen on, 0 for a free one.
        report: receives one line for each action.

    Raises:
        ApiError: the port is in use, the process ends at once, or another emulator is running than
            `SANDBOX_API` names.
        ToolchainError: `SANDBOX_API=ministack`, which is not installed.
    """
    wanted = emulator()
    endpoint = running(home)
    if endpoint:
        _check_emulator(home, wanted)
        return endpoint

    server = _server(wanted)
    if (home / "state").exists():
        report("the sandbox was stopped and its AWS data were lost; its stacks start from scratch")
        shutil.rmtree(home / "state")

    home.mkdir(parents=True, exist_ok=True)
    log = home / "api.log"
    process = _launch([*server, "--port", str(port), "--home", str(home)], log)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        endpoint = running(home)
        if endpoint:
            return endpoint

        time.sleep(0.05)

    last = (log.read_text("utf-8").strip().splitlines() or ["no message"])[-1]
    msg = f"the sandbox's AWS API does not start: {last}"
    raise ApiError(msg)


def emulator() -> str:
    """Return which emulator is the AWS API: moto, or what `SANDBOX_API` names.

    Raises:
        ApiError: it names no emulator.
    """
    name = os.environ.get("SANDBOX_API") or MOTO
    if name not in _SERVERS:
        msg = f"SANDBOX_API={name}: use {' or '.join(_SERVERS)}"
        raise ApiError(msg)

    return name


def _check_emulator(home: Path, wanted: str) -> None:
    record = _record(home) or {}
    if record.get("emulator") != wanted:
        msg = f"the sandbox runs on {record.get('emulator')}, not {wanted}: run `make down` first"
        raise ApiError(msg)


def _server(name: str) -> list[str]:
    """Return the command that serves an emulator, in the Python that has it."""
    python = Path(sys.executable)
    if name == second_opinion.NAME:
        python = second_opinion.interpreter()

    return [str(python), "-m", _SERVERS[name]]


def _launch(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
        )


def stop(home: Path) -> bool:
    """Stop the API; return whether it was running."""
    record = _record(home)
    if record is None or running(home) is None:
        return False

    with contextlib.suppress(ProcessLookupError):
        os.kill(record["pid"], signal.SIGTERM)

    deadline = time.monotonic() + _STOP_SECONDS
    while running(home) and time.monotonic() < deadline:
        time.sleep(0.05)

    (home / "api.json").unlink(missing_ok=True)
    return True


def write_record(home: Path, port: int, instance: str, name: str) -> None:
    """Write where a server answers, by which the other functions here find it."""
    record = {"port": port, "pid": os.getpid(), "instance": instance, "emulator": name}
    (home / "api.json").write_text(json.dumps(record), "utf-8")


def _record(home: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads((home / "api.json").read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None

    return record
