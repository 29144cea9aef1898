"""Whether Git would show a file to whoever can read the repository."""

from __future__ import annotations

import os
from pathlib import Path

_GIT_SECONDS = 10
_LIST = ("ls-files", "--cached", "--others", "--exclude-standard", "--")


def is_in_git(file: Path) -> bool:
    """Return whether Git tracks a file, or would track it after `git add .`.

    Where Git does not answer, it is taken to: a warning too many is better than one too few. In a
    hook, its variables name the repository of the commit, which may be another one.

    https://git-scm.com/docs/git-ls-files

    Args:
        file: an absolute path without symbolic links; Git does not follow them.
    """
    if not any((folder / ".git").exists() for folder in file.parents):
        return False

    import subprocess  # noqa: PLC0415 # `validate` must start fast without it

    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(  # noqa: S603 # the arguments are these
            ["git", "--literal-pathspecs", *_LIST, file.name],  # noqa: S607 # the user's own Git
            cwd=file.parent,
            env=environment,
            capture_output=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return True

    return done.returncode != 0 or bool(done.stdout)
