"""`python -m sandbox.second_opinion`: install ministack into the user's cache."""

from __future__ import annotations

import sys

from sandbox.second_opinion import install
from sandbox.toolchain import ToolchainError


def main() -> int:
    """Install it once; return 1 if that fails."""
    try:
        install(lambda line: print(line, file=sys.stderr, flush=True))
    except ToolchainError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1

    return 0


if __name__ == "__main__":
    raise SystemExit(main())
