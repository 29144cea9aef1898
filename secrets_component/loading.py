"""Maps inside a Pulumi program: the stack gives the environment, errors end it in plain text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import yaml

from secrets_component.errors import MapFileError, SecretMapError
from secrets_component.planning import planner
from secrets_component.planning.plan import Plan
from secrets_component.secret_map import yaml_text


def load_secret_maps(path: str | Path, environment: str | None = None) -> dict[str, Plan]:
    """Load every secret map of a file, by instance name.

    Args:
        path: the YAML file; a relative path starts where `pulumi` runs the program.
        environment: the environment of maps that do not name their own. Default: the stack's name.

    Raises:
        pulumi.RunError: the file cannot be read or a map is wrong, with every problem at its place.
    """
    return _planned(lambda: planner.load_plans(path, environment or pulumi.get_stack()))


def load_secret_map(
    path: str | Path, environment: str | None = None, instance: str | None = None
) -> Plan:
    """Load the secret map of a file; `instance` chooses one where the file has several.

    Raises:
        pulumi.RunError: as `load_secret_maps`; or no instance, or not just one, fits.
    """
    maps = load_secret_maps(path, environment)
    if instance is None and len(maps) == 1:
        return next(iter(maps.values()))
    if instance not in maps:
        known = ", ".join(f"`{name}`" for name in maps)
        msg = f"{path}: name one of its maps with `instance=`: {known}"
        raise pulumi.RunError(msg)
    return maps[instance]


def plan_of(secret_map: Any, environment: str | None) -> Plan:  # noqa: ANN401 # see SecretMapArgs
    """Give the plan of what a program passed: a loaded map, or a map's own data.

    Raises:
        pulumi.RunError: the data is no map, or a wrong one.
    """
    if isinstance(secret_map, Plan):
        return secret_map
    if not isinstance(secret_map, Mapping):
        msg = (
            "`secret_map` must be what `load_secret_map` returns, or a map's data; never an Output"
        )
        raise pulumi.RunError(msg)
    text = yaml.safe_dump(dict(secret_map), sort_keys=False, allow_unicode=True)
    document = yaml_text.parse(text, "secret_map")
    plans = _planned(lambda: planner.plans(document, environment or pulumi.get_stack()))
    return next(iter(plans.values()))


def _planned(make: Callable[[], dict[str, Plan]]) -> dict[str, Plan]:
    try:
        return make()
    except (SecretMapError, MapFileError, ValueError) as error:
        raise pulumi.RunError(str(error)) from None
