"""`pulumi up` in the sandbox."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import yaml

from sandbox.environment import Sandbox

_UP = ("up", "--yes", "--skip-preview", "--non-interactive", "--suppress-progress")


class DeployError(Exception):
    """A stack cannot be prepared; the message is one line with the reason."""


def up(sandbox: Sandbox, project: Path, stack: str, *, quiet: bool = False) -> int:
    """Deploy a project's stack; return the CLI's exit code.

    A lock that an interrupted run left behind is removed: the sandbox has one user.
    """
    prepare_stack(sandbox, project, stack)
    command = [*_UP, "--stack", stack]
    if quiet:
        command.append("--suppress-outputs")

    _remove_lock(sandbox, project, stack)
    return pulumi(sandbox, project, command, settings(sandbox, project, stack))


def up_together(sandbox: Sandbox, stacks: Sequence[tuple[Path, str]]) -> list[tuple[Path, str]]:
    """Deploy stacks that do not need each other at the same time; return those that failed.

    Each is a project and a stack of it. What the CLI prints is kept in a file, and shown only where
    it failed.
    """
    for project, stack in stacks:
        prepare_stack(sandbox, project, stack)
        _remove_lock(sandbox, project, stack)

    (sandbox.home / "logs").mkdir(exist_ok=True)
    logs = [sandbox.home / "logs" / f"{name_of(project)}-{stack}.log" for project, stack in stacks]
    failed = []
    with _interrupts_for_the_cli(), contextlib.ExitStack() as files:
        started = []
        for (project, stack), log in zip(stacks, logs, strict=True):
            command = [*_UP, "--stack", stack]
            config = settings(sandbox, project, stack)
            out = files.enter_context(log.open("wb"))
            started.append(_start(sandbox, project, command, config, out))

        for one, log, process in zip(stacks, logs, started, strict=True):
            if process.wait() != 0:
                print(log.read_text("utf-8"))
                failed.append(one)

    return failed


def prepare_stack(
    sandbox: Sandbox, project: Path, stack: str, passphrase: str | None = None
) -> None:
    """Create a stack once, with a copy of its settings.

    `pulumi stack init` writes an encryption salt into the settings next to Pulumi.yaml: it runs in
    a copy of both, so that the user's checkout stays unchanged. What `pulumi config set` has
    written into the copy is kept, except where the project's own settings have another value.

    Raises:
        DeployError: the stack cannot be created.
    """
    path = settings(sandbox, project, stack)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = _read(project / path.name)
    if sandbox.has_stack(name_of(project), stack):
        kept = _read(path)
        config = {**(kept.get("config") or {}), **(written.get("config") or {})}
        path.write_text(yaml.safe_dump({**kept, **written, "config": config}), "utf-8")
        return

    path.write_text(yaml.safe_dump(written), "utf-8")
    shutil.copy(project / "Pulumi.yaml", path.parent)
    made = subprocess.run(
        [sandbox.pulumi, "stack", "init", stack, "--no-select", "--non-interactive"],
        cwd=path.parent,
        env=sandbox.environment(passphrase),
        check=False,
        capture_output=True,
        text=True,
    )
    if made.returncode != 0:
        msg = f"the stack `{stack}` cannot be created: {made.stderr.strip()}"
        raise DeployError(msg)


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}

    return yaml.safe_load(path.read_text("utf-8")) or {}


def settings(sandbox: Sandbox, project: Path, stack: str) -> Path:
    """Return the path of the sandbox's copy of a stack's settings."""
    return sandbox.home / "settings" / name_of(project) / f"Pulumi.{stack}.yaml"


def name_of(project: Path) -> str:
    """Read a project's name."""
    return str(yaml.safe_load((project / "Pulumi.yaml").read_text("utf-8"))["name"])


def pulumi(
    sandbox: Sandbox, project: Path, arguments: Sequence[str], config: Path | None = None
) -> int:
    """Run the CLI with its output to this process's; the CLI handles Ctrl-C."""
    with _interrupts_for_the_cli():
        return _start(sandbox, project, arguments, config, sys.stdout).wait()


@contextlib.contextmanager
def _interrupts_for_the_cli() -> Iterator[None]:
    """Leave Ctrl-C to the CLI, which gets it too and ends in good order."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _start(
    sandbox: Sandbox,
    project: Path,
    arguments: Sequence[str],
    config: Path | None,
    out: IO[Any],
) -> subprocess.Popen[bytes]:
    command = [str(sandbox.pulumi), *arguments]
    if config is not None:
        command += ["--config-file", str(config)]

    return subprocess.Popen(
        command,
        cwd=project,
        env=sandbox.environment(),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 # one thread
        stdout=out,
        stderr=subprocess.STDOUT if out is not sys.stdout else None,
    )


def _remove_lock(sandbox: Sandbox, project: Path, stack: str) -> None:
    locks = sandbox.home / "state" / ".pulumi" / "locks" / "organization" / name_of(project) / stack
    if locks.is_dir() and any(locks.iterdir()):
        print(f"an earlier run of `{stack}` was interrupted; resuming it")
        pulumi(sandbox, project, ["cancel", "--yes", "--stack", stack])
