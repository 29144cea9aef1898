"""`python -m secrets_component`: check a map, show its plan, print the map's JSON Schema.

Nothing here needs Pulumi or AWS, and no value of a secret is ever printed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from secrets_component.describe import describe, lines
from secrets_component.errors import MapFileError, SecretMapError
from secrets_component.planning.plan import Plan
from secrets_component.planning.planner import load_plans

if TYPE_CHECKING:
    from secrets_component.lookups.inventory import HeldSecret

OK, INVALID_MAP, USAGE_ERROR = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 where all is good, 1 for errors in a map, 2 for wrong usage or an unreadable file.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        sys.stderr.close()
        return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m secrets_component", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--environment",
        metavar="E",
        help="the environment of maps that do not name theirs (`pulumi up` takes the stack's)",
    )

    validate = commands.add_parser(
        "validate", parents=[common], help="check maps; errors go to stderr"
    )
    validate.add_argument("files", nargs="+", metavar="FILE")
    validate.add_argument(
        "--filled",
        action="store_true",
        help="ask AWS too: an entry that someone else fills and that has no value is an error",
    )
    validate.set_defaults(run=_validate)

    plan = commands.add_parser(
        "plan", parents=[common], help="show what a map will create, without any value"
    )
    plan.add_argument("file", metavar="FILE")
    plan.add_argument("--json", action="store_true", help="print JSON instead of a table")
    plan.add_argument("--live", action="store_true", help="ask AWS too: when each rotates next")
    plan.set_defaults(run=_plan)

    schema = commands.add_parser("schema", help="print the JSON Schema of a map")
    schema.set_defaults(run=_schema)
    return parser


def _validate(options: argparse.Namespace) -> int:
    worst = OK
    for file in options.files:
        plans, code = _load(file, options.environment)
        worst = max(worst, code)
        for plan in plans.values():
            for warning in plan.warnings:
                print(warning, file=sys.stderr)
            if options.filled:
                worst = max(worst, _check_filled(plan))
    return worst


def _held(plan: Plan) -> dict[str, HeldSecret] | None:
    """Ask the account what it holds of a plan, or tell why it cannot be asked."""
    from secrets_component.lookups.inventory import AccountError, Inventory  # noqa: PLC0415 # slow to import

    try:
        return Inventory().secrets_of(plan)
    except AccountError as error:
        print(f"error: AWS cannot be asked: {error}", file=sys.stderr)
        return None


def _check_filled(plan: Plan) -> int:
    """Tell which entries that the map does not fill have no value in the account."""
    held = _held(plan)
    if held is None:
        return USAGE_ERROR
    report = plan.report()
    for secret in plan.secrets.values():
        found = held.get(secret.name)
        if secret.owner == "map" and secret.source.kind not in ("none", "imported"):
            continue
        if found is None or not found.is_filled:
            fill = f"fill it with `aws secretsmanager put-secret-value --secret-id {secret.name} …`"
            state = "is not there yet; deploy the map, then" if found is None else "is empty;"
            report.error(secret.place, f"`{secret.name}` {state} {fill}")
    for problem in report.errors:
        print(problem, file=sys.stderr)
    return INVALID_MAP if report.errors else OK


def _plan(options: argparse.Namespace) -> int:
    plans, code = _load(options.file, options.environment)
    if code != OK:
        return code
    next_rotations: dict[str, str] = {}
    if options.live:
        for plan in plans.values():
            held = _held(plan)
            if held is None:
                return USAGE_ERROR
            next_rotations |= {
                name: secret.next_rotation for name, secret in held.items() if secret.next_rotation
            }
    if options.json:
        described = {i: describe(plan, next_rotations) for i, plan in plans.items()}
        single = next(iter(described.values())) if len(described) == 1 else described
        print(json.dumps(single, indent=2, ensure_ascii=False))
    else:
        print("\n\n".join("\n".join(lines(plan, next_rotations)) for plan in plans.values()))
    return OK


def _schema(_: argparse.Namespace) -> int:
    from secrets_component.secret_map.schema import map_schema  # noqa: PLC0415 # only this command needs it

    print(json.dumps(map_schema(), indent=2, ensure_ascii=False))
    return OK


def _load(file: str, environment: str | None) -> tuple[dict[str, Plan], int]:
    """Load a file's plans, or tell what is wrong and give the exit code."""
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
