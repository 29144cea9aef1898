"""What the verbs of the command share: their shape, exit codes and options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

OK, FINDINGS, USAGE_ERROR, INTERRUPTED = 0, 1, 2, 130
"""Exit codes: 1 for findings and errors in a map; 2 for wrong usage, an unreadable file, or AWS
that cannot be queried; 130 after Ctrl-C, as shells have it."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb of the command.

    Attributes:
        description: what it does, at the top of its help.
        examples: command lines, each with what it is for: the end of its help.
        add_arguments: adds its arguments to its parser.
        run: carries it out and returns the exit code.
    """

    description: str
    examples: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


class UsageError(Exception):
    """The command is used wrongly; the message is one line that says what to write instead."""


def add_environment(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the environment of maps that do not."""
    parser.add_argument(
        "--environment",
        metavar="E",
        help="environment for maps that do not set one (`pulumi up` uses the stack's name)",
    )
