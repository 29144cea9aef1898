"""Maps inside a Pulumi program: the stack gives the environment, errors end it in plain text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import yaml

from secrets_component.errors import MapFileError, SecretMapError
from secrets_component.planning.plan import Plan
from secrets_component.planning.planner import load_plans, plans
from secrets_component.secret_map import yaml_text


def load_secret_maps(path: str | Path, environment: str | None = None) -> dict[str, Plan]:
    """Load every secret map of a file, by instance name.

    Args:
        path: the YAML file; relative paths start at the directory in which `pulumi` runs the
            program.
        environment: the environment of maps that do not set one. Default: the stack's name.

    Raises:
        pulumi.RunError: the file cannot be read or a map is wrong; every problem with its position.
    """
    return _planned(lambda: load_plans(path, environment or pulumi.get_stack()))


def load_secret_map(
    path: str | Path, environment: str | None = None, instance: str | None = None
) -> Plan:
    """Load the secret map of a file; `instance` chooses one where the file has several.

    Raises:
        pulumi.RunError: as `load_secret_maps`; or the file has several maps and `instance` is not
            one of them.
    """
    maps = load_secret_maps(path, environment)
    if instance is None and len(maps) == 1:
        (only,) = maps.values()
        return only

    if instance not in maps:
        known = ", ".join(f"`{name}`" for name in maps)
        msg = f"{path}: choose one of its maps with `instance=`: {known}"
        raise pulumi.RunError(msg)

    return maps[instance]


def plan_of(secret_map: Any, environment: str | None) -> Plan:  # noqa: ANN401 # see SecretMapArgs
    """Return the plan of what a program passes: a loaded map, or a map's own data.

    Raises:
        pulumi.RunError: the data is not a map, or a wrong one.
    """
    if isinstance(secret_map, Plan):
        return secret_map

    if not isinstance(secret_map, Mapping):
        msg = (
            "`secret_map` must be what `load_secret_map` returns, or a map's data; never an Output"
        )
        raise pulumi.RunError(msg)

    text = yaml.safe_dump(dict(secret_map), sort_keys=False, allow_unicode=True)
    document = yaml_text.parse_yaml(text, "secret_map")
    (plan, *_) = _planned(lambda: plans(document, environment or pulumi.get_stack())).values()
    return plan


def _planned(make: Callable[[], dict[str, Plan]]) -> dict[str, Plan]:
    try:
        return make()
    except (SecretMapError, MapFileError, ValueError) as error:
        raise pulumi.RunError(str(error)) from None
