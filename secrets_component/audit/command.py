"""`secretsmap audit`: its arguments, what it prints, and how it ends."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from secrets_component.audit.answers import Answers, AnswersError, load_answers, save_answers
from secrets_component.errors import MapFileError, SecretMapError, did_you_mean
from secrets_component.lookups.inventory import AccountError
from secrets_component.planning.plan import Plan
from secrets_component.planning.planner import load_plans
from secrets_component.secret_map.names import UNKNOWN_ENVIRONMENT

if TYPE_CHECKING:
    from secrets_component.audit.matrix import Audit

_GOOD, _FINDINGS, _USAGE, _INTERRUPTED = 0, 1, 2, 130
_FORMATS = ("text", "json", "csv", "html")


def add_audit_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `audit`, besides `--environment`."""
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--secret", metavar="KEY", help="only this entry of the map")
    parser.add_argument(
        "--principal", metavar="ARN", help="only this user, role, account, service, or `*`"
    )
    parser.add_argument("--format", choices=_FORMATS, default="text")
    parser.add_argument("--save", metavar="DIR", type=Path, help="keep AWS's answers in a folder")
    parser.add_argument(
        "--from", metavar="DIR", type=Path, dest="saved", help="judge saved answers; ask nothing"
    )
    parser.set_defaults(run=run_audit)


def run_audit(options: argparse.Namespace) -> int:
    """Audit an account, and return the exit code.

    Returns:
        0 if the map names everybody who can; 1 if it does not, or has errors; 2 for wrong usage, an
        unreadable file, or AWS failing; 130 after Ctrl-C.
    """
    try:
        return _run(options)
    except SecretMapError as error:
        return _ended(str(error), _FINDINGS)
    except MapFileError as error:
        return _ended(str(error), _USAGE)
    except (AnswersError, ValueError) as error:
        return _ended(f"error: {error}", _USAGE)
    except AccountError as error:
        return _ended(f"error: cannot query AWS: {error}", _USAGE)
    except KeyboardInterrupt:
        return _ended("interrupted", _INTERRUPTED)


def _run(options: argparse.Namespace) -> int:
    from secrets_component.audit.account import Account  # noqa: PLC0415 # other verbs start without it
    from secrets_component.audit.matrix import audit  # noqa: PLC0415

    plans = load_plans(options.file, options.environment)
    _check_usage(options, plans)
    account = Account.of(_answers(options, plans))
    found = audit(plans, account, options.secret, options.principal)
    if not found.secrets:
        msg = f"none of the secrets of {options.file} exists in the account yet"
        raise ValueError(msg)

    if not found.lines:
        msg = f"neither the account nor a policy of the secrets names `{options.principal}`"
        raise ValueError(msg)

    is_narrow = bool(options.secret or options.principal)
    for line in _printed(found, options.format, is_narrow=is_narrow):
        print(line)

    return _FINDINGS if found.has_findings else _GOOD


def _check_usage(options: argparse.Namespace, plans: dict[str, Plan]) -> None:
    """Refuse what cannot be asked.

    Raises:
        ValueError: with what to write instead.
    """
    if options.save and options.saved:
        msg = "`--save` keeps what AWS answers now, `--from` asks nothing; leave one of them out"
        raise ValueError(msg)

    keys: dict[str, None] = {}
    for plan in plans.values():
        keys |= dict.fromkeys(plan.secrets)
        if plan.environment == UNKNOWN_ENVIRONMENT:
            msg = f"the map `{plan.name}` sets no `environment`; add `--environment <name>`"
            raise ValueError(msg)

    if options.secret and options.secret not in keys:
        msg = f"{options.file} has no entry `{options.secret}`{did_you_mean(options.secret, keys)}"
        raise ValueError(msg)


def _answers(options: argparse.Namespace, plans: dict[str, Plan]) -> Answers:
    if options.saved:
        return load_answers(options.saved)

    from secrets_component.audit.reading import AccountReader  # noqa: PLC0415 # offline needs no SDK

    answers = AccountReader().read(plans.values())
    if options.save:
        save_answers(answers, options.save)

    return answers


def _printed(found: Audit, kind: str, *, is_narrow: bool) -> Iterator[str]:
    from secrets_component.audit import page, tables, text  # noqa: PLC0415

    match kind:
        case "json":
            return tables.json_lines(found, with_silent=is_narrow)
        case "csv":
            return tables.csv_lines(found, with_silent=is_narrow)
        case "html":
            return iter([page.html_page(found)])
        case _:
            return text.text_lines(found)


def _ended(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code
