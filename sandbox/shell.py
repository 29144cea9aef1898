"""The commands that `make env` puts on the PATH: `pulumi` and `secretsmap`.

Run as `python -m sandbox.shell HOME PULUMI ARGUMENT…`, it is `pulumi` with the sandbox's copy of a
stack's settings. Without that, the CLI would write the encryption salt into the user's checkout.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox import deploy
from sandbox.environment import Sandbox

_WITH_SETTINGS = ("up", "update", "preview", "refresh", "destroy", "config", "watch", "import")
_SCRIPT = '#!/bin/sh\nexec {command} "$@"\n'


def write_commands(sandbox: Sandbox) -> Path:
    """Write the commands; return their folder."""
    folder = sandbox.home / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    wrapped = [sys.executable, "-m", "sandbox.shell", str(sandbox.home), str(sandbox.pulumi)]
    commands = {
        "pulumi": wrapped,
        "secretsmap": [sys.executable, "-m", "secrets_component"],
    }
    for name, command in commands.items():
        script = folder / name
        script.write_text(_SCRIPT.format(command=shlex.join(command)), "utf-8")
        script.chmod(0o755)

    return folder


def main() -> None:
    """Become the CLI, with the settings of the stack that it is called for."""
    home, pulumi, *arguments = sys.argv[1:]
    sandbox = Sandbox(Path(home), os.environ.get("AWS_ENDPOINT_URL", ""), Path(pulumi))
    os.execv(pulumi, [pulumi, *with_settings(sandbox, arguments)])  # noqa: S606 # no shell wanted


def with_settings(sandbox: Sandbox, arguments: Sequence[str]) -> list[str]:
    """Return the CLI's arguments with `--config-file`, where the sandbox has the stack."""
    project = _project(Path(_option(arguments, "--cwd", "-C") or Path.cwd()).resolve())
    stack = _option(arguments, "--stack", "-s") or os.environ.get("PULUMI_STACK")
    is_given = _option(arguments, "--config-file", "--config-file") is not None
    takes_settings = any(one in _WITH_SETTINGS for one in arguments)
    if is_given or not takes_settings or project is None or stack is None:
        return [*arguments]

    if not sandbox.has_stack(deploy.name_of(project), stack):
        return [*arguments]

    deploy.prepare_stack(sandbox, project, stack)
    return [*arguments, "--config-file", str(deploy.settings(sandbox, project, stack))]


def _option(arguments: Sequence[str], long: str, short: str) -> str | None:
    """Return the value of an option, written `--long X`, `--long=X` or `-s X`."""
    for position, argument in enumerate(arguments):
        if argument.startswith(f"{long}="):
            return argument.removeprefix(f"{long}=")

        if argument in (long, short) and position + 1 < len(arguments):
            return arguments[position + 1]

    return None


def _project(folder: Path) -> Path | None:
    """Return the project that a folder belongs to, as the CLI finds it."""
    for candidate in (folder, *folder.parents):
        if (candidate / "Pulumi.yaml").is_file():
            return candidate

    return None


if __name__ == "__main__":
    main()
