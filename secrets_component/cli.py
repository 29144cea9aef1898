"""`python -m secrets_component`: check a map, show its plan, print the map's JSON Schema.

Only `validate --filled` and `plan --live` query AWS. No value of a secret is ever printed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence

from secrets_component.errors import MapFileError, Problem, Report, SecretMapError
from secrets_component.lookups.inventory import AccountError, HeldSecret, Inventory
from secrets_component.planning import neighbours
from secrets_component.planning.plan import Plan, PlannedSecret
from secrets_component.planning.planner import load_plans

OK, INVALID_MAP, USAGE_ERROR = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 on success, 1 if a map has errors, 2 for wrong usage, an unreadable file, or AWS failing.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except BrokenPipeError:  # the reader, such as `head`, has closed the pipe
        sys.stderr.close()
        return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m secrets_component", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--environment",
        metavar="E",
        help="environment for maps that do not set one (`pulumi up` uses the stack's name)",
    )

    validate = commands.add_parser(
        "validate", parents=[common], help="check maps; errors go to stderr"
    )
    validate.add_argument("files", nargs="+", metavar="FILE")
    validate.add_argument(
        "--filled",
        action="store_true",
        help="also query AWS; fail on entries without a value that rotation or an operator is "
        "to fill",
    )
    validate.set_defaults(run=_validate)

    plan = commands.add_parser(
        "plan", parents=[common], help="show what a map will create, without any value"
    )
    plan.add_argument("file", metavar="FILE")
    plan.add_argument("--json", action="store_true", help="print JSON instead of text")
    plan.add_argument(
        "--live", action="store_true", help="also query AWS for the next rotation dates"
    )
    plan.set_defaults(run=_plan)

    schema = commands.add_parser("schema", help="print the JSON Schema of a map")
    schema.set_defaults(run=_schema)
    return parser


def _validate(options: argparse.Namespace) -> int:
    worst = OK
    checked: list[Plan] = []
    for file in options.files:
        plans, code = _load(file, options.environment)
        worst = max(worst, code)
        checked += plans.values()
        for plan in plans.values():
            _print_problems(plan.warnings)
            if options.filled:
                worst = max(worst, _check_filled(plan))

    conflicts = neighbours.problems_of_files(checked)
    _print_problems(conflicts)
    return max(worst, INVALID_MAP) if conflicts else worst


def _check_filled(plan: Plan) -> int:
    """Report the secrets without a value, and return the exit code for them."""
    try:
        held = Inventory().secrets_of(plan)
    except AccountError as error:
        return _fail_on_aws(error)

    report = plan.report()
    _check_values(plan, held, report)
    _print_problems(report.errors)
    return INVALID_MAP if report.errors else OK


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


def _plan(options: argparse.Namespace) -> int:
    from secrets_component.describe import lines  # noqa: PLC0415 # `validate` must start fast without it

    plans, code = _load(options.file, options.environment)
    if code != OK:
        return code

    next_rotations: dict[str, str] = {}
    if options.live:
        try:
            next_rotations = _rotation_dates(plans.values())
        except AccountError as error:
            return _fail_on_aws(error)

    if options.json:
        _print_json_plans(plans, next_rotations)
    else:
        blocks = ["\n".join(lines(plan, next_rotations)) for plan in plans.values()]
        print("\n\n".join(blocks))

    return OK


def _rotation_dates(plans: Iterable[Plan]) -> dict[str, str]:
    """Query AWS for the next rotation dates, by secret name.

    Raises:
        AccountError: AWS cannot be queried.
    """
    dates: dict[str, str] = {}
    for plan in plans:
        for name, secret in Inventory().secrets_of(plan).items():
            if secret.next_rotation:
                dates[name] = secret.next_rotation

    return dates


def _print_json_plans(plans: Mapping[str, Plan], next_rotations: Mapping[str, str]) -> None:
    """Print the plan of a single map as it is, several plans by instance name."""
    from secrets_component.describe import describe  # noqa: PLC0415 # `validate` must start fast without it

    described = {name: describe(plan, next_rotations) for name, plan in plans.items()}
    if len(described) == 1:
        (described,) = described.values()

    print(json.dumps(described, indent=2, ensure_ascii=False))


def _schema(_: argparse.Namespace) -> int:
    from secrets_component.secret_map.schema import map_schema  # noqa: PLC0415 # only this command needs it

    print(json.dumps(map_schema(), indent=2, ensure_ascii=False))
    return OK


def _load(file: str, environment: str | None) -> tuple[dict[str, Plan], int]:
    """Load a file's plans; on failure report why and return no plan with the exit code."""
    try:
        return load_plans(file, environment), OK
    except SecretMapError as error:
        print(error, file=sys.stderr)
        return {}, INVALID_MAP
    except MapFileError as error:
        print(error, file=sys.stderr)
        return {}, USAGE_ERROR
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return {}, USAGE_ERROR


def _print_problems(problems: Iterable[Problem]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)


def _fail_on_aws(error: AccountError) -> int:
    print(f"error: cannot query AWS: {error}", file=sys.stderr)
    return USAGE_ERROR
