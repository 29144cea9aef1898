"""The maps that a verb is about: a file's plans, and the account that holds their secrets."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from secrets_component.cli.verb import UsageError
from secrets_component.lookups.inventory import Inventory, region_of_environment
from secrets_component.planning.plan import Plan
from secrets_component.planning.planner import load_plans, plans
from secrets_component.secret_map.names import UNKNOWN_ENVIRONMENT
from secrets_component.secret_map.yaml_text import MAX_BYTES, decode_yaml

STANDARD_INPUT = "-"
_STANDARD_INPUT_SHOWN = "<stdin>"
_ATTEMPTS_OF_PEOPLE = 4
"""Somebody waits: a few seconds for an account that does not answer."""


def plans_of(file: str, environment: str | None) -> dict[str, Plan]:
    """Return the plans of a file, or of standard input for `-`, by instance name.

    Raises:
        UsageError: the environment cannot be part of a secret's name.
        MapFileError: the file cannot be read.
        SecretMapError: a map is wrong.
    """
    try:
        if file == STANDARD_INPUT:
            raw = sys.stdin.buffer.read(MAX_BYTES + 1)
            return plans(decode_yaml(raw, _STANDARD_INPUT_SHOWN), environment)

        return load_plans(file, environment)
    except ValueError as error:
        raise UsageError(str(error)) from None


def require_environment(file: str, found: Mapping[str, Plan]) -> None:
    """Refuse maps without an environment, whose secrets have no names to look for.

    Raises:
        UsageError: a map sets no environment, and neither does `--environment`.
    """
    for plan in found.values():
        if plan.environment == UNKNOWN_ENVIRONMENT:
            msg = (
                f"{file}: the map `{plan.name}` sets no `environment`; add "
                "`--environment <name>`, as the Pulumi stack is called"
            )
            raise UsageError(msg)


def open_account(attempts: int = _ATTEMPTS_OF_PEOPLE) -> Inventory:
    """Return the account of the credentials and region that the AWS CLI would use.

    Args:
        attempts: how often a call is made before its failure counts.

    Raises:
        AccountError: there is no region, or no such profile.
    """
    return Inventory(region_of_environment(), (), attempts)
