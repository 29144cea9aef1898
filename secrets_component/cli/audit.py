"""`secretsmap audit`: who can do what with which secret, and whether the map says so."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from secrets_component.audit.answers import Answers, AnswersError, load_answers, save_answers
from secrets_component.cli.maps import open_account, plans_of, require_environment
from secrets_component.cli.verb import FINDINGS, OK, UsageError, Verb, add_environment
from secrets_component.errors import did_you_mean
from secrets_component.planning.plan import Plan

if TYPE_CHECKING:
    from secrets_component.audit.matrix import Audit

_REPORTS = ("text", "json", "csv", "html")
_ATTEMPTS_OF_AUDITS = 8
"""An audit of a large account makes so many calls that AWS may throttle some."""


def _show_audit(options: argparse.Namespace) -> int:
    plans = plans_of(options.file, options.environment)
    require_environment(options.file, plans)
    _check_usage(options, plans)
    try:
        found = _audit_of(options, plans)
    except AnswersError as error:
        raise UsageError(str(error)) from None

    is_narrow = bool(options.secret or options.principal)
    for line in _printed(found, options.format, is_narrow=is_narrow):
        print(line)

    return FINDINGS if found.has_findings else OK


def _check_usage(options: argparse.Namespace, plans: Mapping[str, Plan]) -> None:
    """Refuse what cannot be asked.

    Raises:
        UsageError: with what to write instead.
    """
    if options.save and options.saved:
        msg = "`--save` keeps what AWS answers now, `--from` asks nothing; leave one of them out"
        raise UsageError(msg)

    keys: dict[str, None] = {}
    for plan in plans.values():
        keys |= dict.fromkeys(plan.secrets)

    if options.secret and options.secret not in keys:
        msg = f"{options.file} has no entry `{options.secret}`{did_you_mean(options.secret, keys)}"
        raise UsageError(msg)


def _audit_of(options: argparse.Namespace, plans: Mapping[str, Plan]) -> Audit:
    """Return the audit that the options ask for.

    Raises:
        UsageError: there is nothing to audit.
        AnswersError: saved answers cannot be read, or answers not be saved.
        AccountError: AWS does not answer, or refuses.
    """
    from secrets_component.audit.account import Account  # noqa: PLC0415 # `--help` starts without it
    from secrets_component.audit.matrix import audit  # noqa: PLC0415

    found = audit(plans, Account.of(_answers(options, plans)), options.secret, options.principal)
    if not found.secrets:
        msg = f"none of the secrets of {options.file} exists in the account yet"
        raise UsageError(msg)

    if not found.lines:
        msg = f"neither the account nor a policy of the secrets names `{options.principal}`"
        raise UsageError(msg)

    return found


def _answers(options: argparse.Namespace, plans: Mapping[str, Plan]) -> Answers:
    if options.saved:
        return load_answers(options.saved)

    from secrets_component.audit.reading import AccountReader  # noqa: PLC0415 # offline needs no SDK

    answers = AccountReader(open_account(_ATTEMPTS_OF_AUDITS)).read(plans.values())
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


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a map's file, or `-` for standard input")
    add_environment(parser)
    parser.add_argument("--secret", metavar="KEY", help="only this entry of the map")
    parser.add_argument(
        "--principal", metavar="ARN", help="only this user, role, account, service, or `*`"
    )
    parser.add_argument("--format", choices=_REPORTS, default="text")
    parser.add_argument("--save", metavar="DIR", type=Path, help="save AWS's answers in a folder")
    parser.add_argument(
        "--from",
        metavar="DIR",
        type=Path,
        dest="saved",
        help="use saved answers; AWS is not queried",
    )


AUDIT = Verb(
    description="Show who can do what with which secret, by which statement, and whether the map "
    "says so.",
    examples="""\
  secretsmap audit shop.yaml --environment prod
      lists findings first: access that the map does not grant
  secretsmap audit shop.yaml --environment prod --format html > audit.html
      writes a page with a matrix and filters
  secretsmap audit shop.yaml --environment prod --save answers
      saves AWS's answers; `--from answers` uses them again without AWS""",
    add_arguments=_add_arguments,
    run=_show_audit,
)
