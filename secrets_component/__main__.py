"""Entry point of `secretsmap` and of `python -m secrets_component`."""

import gc

from secrets_component.cli.command import main


def run() -> int:
    """Run the command of this process, and return its exit code."""
    gc.disable()  # a run is short and builds one large tree; collection would double its time
    return main()


if __name__ == "__main__":
    raise SystemExit(run())
