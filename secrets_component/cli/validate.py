"""`secretsmap validate`: every problem of every map, before anything is created."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping

from secrets_component.cli.maps import open_account, plans_of, require_environment
from secrets_component.cli.verb import FINDINGS, OK, USAGE_ERROR, Verb, add_environment
from secrets_component.errors import MapFileError, Problem, Report, SecretMapError
from secrets_component.lookups.inventory import HeldSecret
from secrets_component.planning.plan import Plan, PlannedSecret


def _validate(options: argparse.Namespace) -> int:
    worst = OK
    for file in options.files:
        worst = max(worst, _check(file, options))

    return worst


def _check(file: str, options: argparse.Namespace) -> int:
    """Report the problems of one file, and return the exit code for them."""
    try:
        plans = plans_of(file, options.environment)
    except SecretMapError as error:
        _print_problems(error.problems)
        return FINDINGS
    except MapFileError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR

    worst = OK
    for plan in plans.values():
        _print_problems(plan.warnings)

    if options.filled:
        require_environment(file, plans)
        for plan in plans.values():
            worst = max(worst, _check_filled(plan))

    return worst


def _check_filled(plan: Plan) -> int:
    """Report the secrets without a value, and return the exit code for them."""
    report = plan.report()
    _check_values(plan, open_account().secrets_of(plan), report)
    _print_problems(report.errors)
    return FINDINGS if report.errors else OK


def _check_values(plan: Plan, held: Mapping[str, HeldSecret], report: Report) -> None:
    """Report the secrets that the map does not fill and that have no value in the account."""
    for secret in plan.secrets.values():
        if _is_filled_by_map(secret):
            continue

        found = held.get(secret.name)
        command = f"aws secretsmanager put-secret-value --secret-id {secret.name} …"
        if found is None:
            message = f"does not exist yet; deploy the map, then set its value with `{command}`"
        elif not found.is_filled:
            message = f"is empty; set its value with `{command}`"
        else:
            continue

        report.error(secret.place, f"`{secret.name}` {message}")


def _is_filled_by_map(secret: PlannedSecret) -> bool:
    return secret.owner == "map" and secret.source.kind not in ("none", "imported")


def _print_problems(problems: Iterable[Problem]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)


def _add_validate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE")
    add_environment(parser)
    parser.add_argument(
        "--filled",
        action="store_true",
        help="also query AWS; fail on entries without a value that rotation or an operator is "
        "to fill",
    )


VALIDATE = Verb(
    description="Check maps; problems go to standard error as FILE:LINE:COLUMN.",
    examples="""\
  secretsmap validate stacks/prod.yaml
  secretsmap validate --filled stacks/prod.yaml    also: has every secret a value in AWS?""",
    add_arguments=_add_validate_arguments,
    run=_validate,
)
