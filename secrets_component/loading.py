"""Maps inside a Pulumi program: the stack gives the environment, errors end it in plain text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi

from secrets_component.errors import MapFileError, SecretMapError
from secrets_component.planning.plan import Plan
from secrets_component.planning.planner import load_plans, plans
from secrets_component.secret_map.program_data import read_data

_DATA = "secret_map"
"""What a program's own data is called in its problems, after the argument that it is passed as."""


def load_secret_maps(path: str | Path, environment: str | None = None) -> dict[str, Plan]:
    """Load every secret map of a file, by instance name.

    Args:
        path: the YAML file; relative paths start at the directory in which `pulumi` runs the
            program.
        environment: the environment of maps that do not set one. Default: the stack's name.

    Raises:
        pulumi.RunError: the file cannot be read or a map is wrong; every problem with its position.
    """
    maps = _planned(lambda: load_plans(path, environment or pulumi.get_stack()))
    for plan in maps.values():
        _warn(plan)

    return maps


def load_secret_map(
    path: str | Path, environment: str | None = None, instance: str | None = None
) -> Plan:
    """Load the secret map of a file; `instance` chooses one where the file has several.

    Raises:
        pulumi.RunError: as `load_secret_maps`; or the file has several maps and `instance` is not
            one of them.
    """
    maps = _planned(lambda: load_plans(path, environment or pulumi.get_stack()))
    if instance is None and len(maps) == 1:
        (instance,) = maps

    if instance not in maps:
        msg = f"{path}: choose one of its maps with `instance=`: {_choices(maps)}"
        raise pulumi.RunError(msg)

    _warn(maps[instance])
    return maps[instance]


def plan_of(secret_map: Any, environment: str | None) -> Plan:  # noqa: ANN401 # see SecretMapArgs
    """Return the plan of what a program passes: a loaded map, or a map's own data.

    Raises:
        pulumi.RunError: the data is not a map, or a wrong one.
    """
    if isinstance(secret_map, Plan):
        _warn_of_other_environment(secret_map, environment)
        return secret_map

    if not isinstance(secret_map, Mapping):
        msg = (
            "`secret_map` must be what `load_secret_map` returns, or a map's data; never an Output"
        )
        raise pulumi.RunError(msg)

    maps = _planned(lambda: plans(read_data(secret_map, _DATA), environment or pulumi.get_stack()))
    if len(maps) > 1:
        msg = (
            f"`{_DATA}` has several maps: {_choices(maps)}; make a SecretMap of the `vars` of each"
        )
        raise pulumi.RunError(msg)

    (plan,) = maps.values()
    _warn(plan)
    return plan


def _warn_of_other_environment(plan: Plan, environment: str | None) -> None:
    if environment is None or environment == plan.environment:
        return

    message = (
        f"`environment` is `{environment}`, but the map is loaded for `{plan.environment}` already "
        "and stays so; pass the environment to `load_secret_map`"
    )
    pulumi.log.warn(message)


def _choices(maps: Mapping[str, Plan]) -> str:
    return ", ".join(f"`{name}`" for name in maps)


def _warn(plan: Plan) -> None:
    for warning in plan.warnings:
        pulumi.log.warn(str(warning))


def _planned(make: Callable[[], dict[str, Plan]]) -> dict[str, Plan]:
    try:
        return make()
    except (SecretMapError, MapFileError, ValueError) as error:
        raise pulumi.RunError(str(error)) from None
