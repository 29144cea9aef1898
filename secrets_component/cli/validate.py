"""`secretsmap validate`: every problem of every map, before anything is created."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence

from secrets_component.cli.formats import FORMATS, FileReport, report_text
from secrets_component.cli.map_files import map_files
from secrets_component.cli.maps import open_account, plans_of, require_environment
from secrets_component.cli.terminal import has_colours
from secrets_component.cli.verb import FINDINGS, OK, USAGE_ERROR, Verb, add_environment
from secrets_component.errors import MapFileError, Position, Problem, Report, SecretMapError
from secrets_component.lookups.inventory import HeldSecret
from secrets_component.planning import neighbours
from secrets_component.planning.plan import Plan, PlannedSecret


def _validate(options: argparse.Namespace) -> int:
    """Check the files, and print what is found even if AWS then cannot be queried."""
    reports: list[FileReport] = []
    checked: list[Plan] = []
    try:
        for file in map_files(options.files):
            reports.append(_check(file, options, checked))

        reports += _file_conflicts(checked)
    finally:
        _print_reports(reports, options)

    return _exit_code(reports, is_strict=options.strict)


def _file_conflicts(checked: Sequence[Plan]) -> list[FileReport]:
    """Return what the maps of several files have in common that only one may have."""
    found: dict[str, list[Problem]] = {}
    for problem in neighbours.problems_of_files(checked):
        found.setdefault(problem.position.file, []).append(problem)

    return [FileReport(file, tuple(problems)) for file, problems in found.items()]


def _check(file: str, options: argparse.Namespace, checked: list[Plan]) -> FileReport:
    """Return the problems of one file, and add its maps to those that are checked."""
    try:
        found = plans_of(file, options.environment)
    except SecretMapError as error:
        return FileReport(file, error.problems)
    except MapFileError as error:
        message = str(error).removeprefix(f"{file}: error: ")
        return FileReport(file, (Problem(Position(file, 0, 0), message),), is_unreadable=True)

    problems: list[Problem] = []
    checked += found.values()
    for plan in found.values():
        problems += plan.warnings

    if options.filled:
        require_environment(file, found)
        for plan in found.values():
            problems += _empty_secrets(plan)

    return FileReport(file, tuple(problems))


def _print_reports(reports: Sequence[FileReport], options: argparse.Namespace) -> None:
    if options.format != "text":
        print(FORMATS[options.format](reports, options.strict))
        return

    text = report_text(reports, in_colour=has_colours(sys.stderr))
    if text:
        print(text, file=sys.stderr)


def _exit_code(reports: Iterable[FileReport], *, is_strict: bool) -> int:
    worst = OK
    for report in reports:
        if report.is_unreadable:
            worst = USAGE_ERROR
        elif report.count("error") or (is_strict and report.problems):
            worst = max(worst, FINDINGS)

    return worst


def _empty_secrets(plan: Plan) -> list[Problem]:
    """Return an error for each secret without a value.

    Raises:
        AccountError: AWS cannot be queried.
    """
    report = plan.report()
    _check_values(plan, open_account().secrets_of(plan), report)
    return report.errors


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
    if secret.owner != "map":
        return False

    return secret.source.kind not in ("none", "imported")


def _add_validate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a map's file, a folder with maps, or `-` for standard input",
    )
    add_environment(parser)
    parser.add_argument("--strict", action="store_true", help="count warnings as findings (exit 1)")
    parser.add_argument(
        "--format",
        choices=("text", *FORMATS),
        default="text",
        help="text goes to standard error (default), all others to standard output",
    )
    parser.add_argument(
        "--filled",
        action="store_true",
        help="also query AWS; fail on entries without a value that rotation or an operator is "
        "to fill",
    )


VALIDATE = Verb(
    description="Check maps; problems go to standard error as FILE:LINE:COLUMN.",
    examples="""\
  secretsmap validate stacks                       all maps in a folder
  secretsmap validate --strict a.yaml b.yaml       warnings fail as well
  git show main:stacks/prod.yaml | secretsmap validate -
  secretsmap validate --format sarif stacks > secretsmap.sarif
  secretsmap validate --filled stacks/prod.yaml    also: does every secret have a value in AWS?""",
    add_arguments=_add_validate_arguments,
    run=_validate,
)
