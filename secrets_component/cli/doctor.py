"""`secretsmap doctor`: why something does not work, and what to write or run."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from secrets_component.arns import Arn
from secrets_component.cli.maps import open_account, plans_of, require_environment
from secrets_component.cli.terminal import coloured, has_colours
from secrets_component.cli.verb import FINDINGS, OK, UsageError, Verb, add_environment
from secrets_component.doctor.printing import diagnosis_data, diagnosis_lines
from secrets_component.doctor.results import Diagnosis
from secrets_component.doctor.visit import Question, diagnose
from secrets_component.errors import did_you_mean
from secrets_component.iam.requests import caller_of
from secrets_component.planning.plan import Plan
from secrets_component.status.entries import Clock

_NO_LIMIT_OF_READS = 0
_COLOURS_OF_RESULTS = {"ok": "green", "warning": "yellow", "failed": "red"}


def _show_diagnosis(options: argparse.Namespace) -> int:
    plans = plans_of(options.file, options.environment)
    require_environment(options.file, plans)
    _check_options(options, plans)
    question = Question(options.secret, options.principal, options.error)
    clock = Clock(datetime.now(UTC), _NO_LIMIT_OF_READS)
    found = diagnose(plans, open_account(), question, clock)
    if options.json:
        print(json.dumps(diagnosis_data(found), indent=2, ensure_ascii=False))
    else:
        _print_diagnosis(found)

    return OK if found.result == "ok" else FINDINGS


def _check_options(options: argparse.Namespace, plans: Mapping[str, Plan]) -> None:
    """Refuse what cannot be asked.

    Raises:
        UsageError: with what to write instead.
    """
    keys: dict[str, None] = {}
    for instance, plan in plans.items():
        for key in plan.secrets:
            keys |= {key: None, f"{instance}.{key}": None}

    if options.secret is not None and options.secret not in keys:
        msg = f"{options.file}: no entry `{options.secret}`{did_you_mean(options.secret, keys)}"
        raise UsageError(msg)

    if options.principal is not None:
        _check_caller(options.principal)


def _check_caller(principal: str) -> None:
    try:
        Arn.parse(principal)  # not a service or `*`, which `audit` is for
        caller_of(principal)
    except ValueError as error:
        msg = f"`--principal`: {error}"
        raise UsageError(msg) from None


def _print_diagnosis(found: Diagnosis) -> None:
    in_colour = has_colours(sys.stdout)
    for result, line in diagnosis_lines(found):
        shown = line
        if result is not None:
            word = coloured(result, _COLOURS_OF_RESULTS[result], on=in_colour)
            shown = line.replace(result, word, 1)

        print(shown)


def _add_doctor_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a map's file, or `-` for standard input")
    add_environment(parser)
    parser.add_argument(
        "--secret",
        metavar="KEY",
        help="only this entry; `<instance>.<key>` if the file has several maps",
    )
    parser.add_argument(
        "--principal", metavar="ARN", help="why this user, role or session can or cannot read"
    )
    parser.add_argument("--error", metavar="TEXT", help="the error that somebody got")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


DOCTOR = Verb(
    description="Find out why something does not work: cause, evidence, and what to write or run. "
    "No value of a secret is read.",
    examples="""\
  secretsmap doctor stacks/prod.yaml                     everything that the map needs
  secretsmap doctor stacks/prod.yaml --secret api_key --principal arn:aws:iam::111122223333:role/app
  secretsmap doctor stacks/prod.yaml --error "$(pbpaste)" the cause of an error message""",
    add_arguments=_add_doctor_arguments,
    run=_show_diagnosis,
)
