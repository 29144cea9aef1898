"""`secretsmap plan`: what a map will create."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping

from secrets_component.cli.maps import open_account, plans_of, require_environment
from secrets_component.cli.verb import OK, UsageError, Verb, add_environment
from secrets_component.describe import describe, lines
from secrets_component.graph import mermaid
from secrets_component.planning.plan import Plan


def _show_plan(options: argparse.Namespace) -> int:
    if options.graph and options.live:
        msg = "`--live` has no effect with `--graph`: the picture has no dates"
        raise UsageError(msg)

    plans = plans_of(options.file, options.environment)
    if options.graph:
        print("\n".join(mermaid(plans.values())))
        return OK

    next_rotations: dict[str, str] = {}
    if options.live:
        require_environment(options.file, plans)
        next_rotations = _rotation_dates(plans)

    if options.json:
        _print_json_plans(plans, next_rotations)
    else:
        blocks = ["\n".join(lines(plan, next_rotations)) for plan in plans.values()]
        print("\n\n".join(blocks))

    return OK


def _rotation_dates(plans: Mapping[str, Plan]) -> dict[str, str]:
    """Query AWS for the next rotation dates, by secret name.

    Raises:
        AccountError: AWS cannot be queried.
    """
    account = open_account()
    dates: dict[str, str] = {}
    for plan in plans.values():
        for name, secret in account.secrets_of(plan).items():
            if secret.next_rotation:
                dates[name] = secret.next_rotation

    return dates


def _print_json_plans(plans: Mapping[str, Plan], next_rotations: Mapping[str, str]) -> None:
    """Print the plan of a single map as it is, several plans by instance name."""
    described = {name: describe(plan, next_rotations) for name, plan in plans.items()}
    if len(described) == 1:
        (described,) = described.values()

    print(json.dumps(described, indent=2, ensure_ascii=False))


def _add_plan_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    add_environment(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON instead of text")
    form.add_argument(
        "--graph", action="store_true", help="print a Mermaid flowchart of the references"
    )
    parser.add_argument(
        "--live", action="store_true", help="also query AWS for the next rotation dates"
    )


PLAN = Verb(
    description="Show what a map will create, without any value.",
    examples="""\
  secretsmap plan stacks/prod.yaml
  secretsmap plan shop.yaml --environment prod     a map that sets no environment
  secretsmap plan stacks/prod.yaml --live          with the next rotation dates from AWS
  secretsmap plan stacks/prod.yaml --graph         as a picture, for a page in Markdown
  secretsmap plan stacks/prod.yaml --json | jq -r '.secrets[].name'""",
    add_arguments=_add_plan_arguments,
    run=_show_plan,
)
