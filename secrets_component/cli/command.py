"""The command itself: its verbs, its help, and how every verb ends.

A verb is registered in `_VERBS` and `_verb`, and nowhere else. Only the module of the verb that is
called is imported, so that `validate` starts without what the others need.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from secrets_component.cli.advice import with_advice
from secrets_component.cli.verb import (
    FINDINGS,
    INTERRUPTED,
    OK,
    USAGE_ERROR,
    UsageError,
    Verb,
)
from secrets_component.errors import MapFileError, SecretMapError
from secrets_component.lookups.inventory import AccountError

_DESCRIPTION = "Check secret maps, show what they create, and compare them with an AWS account."
_EXIT_CODES = """\
exit codes: 0 good; 1 findings, or errors in a map; 2 wrong usage, an unreadable file, or AWS that
cannot be queried; 130 after Ctrl-C. No value of a secret is ever printed.

completion: source <(secretsmap --completion bash), in ~/.bashrc; zsh and fish alike"""

_VERBS = {
    "validate": "check maps",
    "plan": "show what a map will create, without any value",
    "status": "compare a map with what the account holds",
    "audit": "show who can do what with which secret",
    "doctor": "find out why something does not work",
    "rotate": "rotate one secret now, and follow it",
    "schema": "print the JSON Schema of a map",
}
"""The help line of each verb, in the order of the help."""


def _verb(name: str) -> Verb:
    """Import a verb."""
    match name:
        case "validate":
            from secrets_component.cli.validate import VALIDATE  # noqa: PLC0415

            return VALIDATE
        case "plan":
            from secrets_component.cli.plan import PLAN  # noqa: PLC0415

            return PLAN
        case "status":
            from secrets_component.cli.status import STATUS  # noqa: PLC0415

            return STATUS
        case "audit":
            from secrets_component.cli.audit import AUDIT  # noqa: PLC0415

            return AUDIT
        case "doctor":
            from secrets_component.cli.doctor import DOCTOR  # noqa: PLC0415

            return DOCTOR
        case "rotate":
            from secrets_component.cli.rotate import ROTATE  # noqa: PLC0415

            return ROTATE
        case _:
            from secrets_component.cli.schema import SCHEMA  # noqa: PLC0415

            return SCHEMA


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        arguments: what follows the command's name; default: the process's own.

    Returns:
        The exit code; see `verb`.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = _parser(words).parse_args(words)
        return int(options.run(options))
    except BrokenPipeError:  # the reader, such as `head`, has closed the pipe
        sys.stderr.close()
        return OK
    except KeyboardInterrupt:
        return _end_with("interrupted", INTERRUPTED)
    except SecretMapError as error:
        return _end_with(str(error), FINDINGS)
    except MapFileError as error:
        return _end_with(str(error), USAGE_ERROR)
    except UsageError as error:
        return _end_with(f"error: {error}", USAGE_ERROR)
    except AccountError as error:
        return _end_with(f"error: cannot query AWS: {with_advice(error)}", USAGE_ERROR)


def _end_with(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser, complete for the verb that is among the words."""
    parser = argparse.ArgumentParser(
        prog="secretsmap",
        description=_DESCRIPTION,
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--completion",
        action=_PrintCompletion,
        choices=("bash", "zsh", "fish"),
        help="print a script that completes this command in a shell, and exit",
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    called = next((word for word in words if word in _VERBS), None)
    for name, summary in _VERBS.items():
        own = verbs.add_parser(
            name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name == called:
            _complete(own, _verb(name))

    return parser


def _complete(parser: argparse.ArgumentParser, verb: Verb) -> None:
    parser.description = verb.description
    parser.epilog = f"examples:\n{verb.examples}"
    verb.add_arguments(parser)
    parser.set_defaults(run=verb.run)


class _PrintCompletion(argparse.Action):
    """Prints the completion of a shell instead of running a verb."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        _namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        _option: str | None = None,
    ) -> None:
        from secrets_component.cli.completion import completion_script, words_of  # noqa: PLC0415

        known = {}
        for name, summary in _VERBS.items():
            own = argparse.ArgumentParser(add_help=False)
            _complete(own, _verb(name))
            known[name] = words_of(summary, own)

        print(completion_script(str(values), known), end="")
        parser.exit()
