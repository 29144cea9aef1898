"""The second opinion: ministack, an AWS emulator that other people wrote, in place of moto.

`SANDBOX_API=ministack` starts it instead of moto's server, and without a rule of this project in
front of it: an answer of ours would be no second opinion. Where it lacks a call, the call fails.
It is installed on request only, from a lock of its own into an environment of its own in the user's
cache: it pins another botocore than moto uses here, and nothing else needs it.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from sandbox.toolchain import Report, ToolchainError, cache_directory, locked

NAME = "ministack"
INSTALL = ".venv/bin/python -m sandbox.second_opinion"
_LOCK = Path(__file__).with_name("requirements.lock")


def version() -> str:
    """Return the version that the lock pins."""
    found = re.search(rf"^{NAME}==(\S+)", _LOCK.read_text("utf-8"), re.MULTILINE)
    if found is None:
        msg = f"{_LOCK}: no version of {NAME}"
        raise ToolchainError(msg)

    return found[1]


def interpreter() -> Path:
    """Return the Python that has ministack.

    Raises:
        ToolchainError: it is not installed; the message is one line with the command.
    """
    home = _home()
    if not _is_complete(home):
        msg = f"{NAME} {version()} is not installed: run `{INSTALL}`"
        raise ToolchainError(msg)

    return home / "bin" / "python"


def install(report: Report) -> Path:
    """Install what the lock pins, each file checked by its hash; return the Python that has it.

    Args:
        report: receives one line for each step that takes time.

    Raises:
        ToolchainError: it cannot be installed.
    """
    home = _home()
    home.parent.mkdir(parents=True, exist_ok=True)
    with locked(home.with_suffix(".lock"), NAME, report):
        if not _is_complete(home):
            report(f"installing {NAME} {version()} into {home}: about half a minute")
            shutil.rmtree(home, ignore_errors=True)
            _run([sys.executable, "-m", "venv", str(home)])
            pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
            _run([*pip, "install", "--quiet", "--require-hashes", "-r", str(_LOCK)])
            _mark(home).touch()

    return interpreter()


def _home() -> Path:
    """Return the folder of this lock's environment; another lock has another."""
    digest = hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:12]
    return cache_directory() / f"{NAME}-{digest}"


def _mark(home: Path) -> Path:
    return home / ".complete"


def _is_complete(home: Path) -> bool:
    return _mark(home).is_file() and (home / "bin" / "python").exists()


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        msg = f"{NAME} cannot be installed: {last}"
        raise ToolchainError(msg)
