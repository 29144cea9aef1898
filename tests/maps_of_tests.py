"""A map's text → its plan, or every problem in it."""

from __future__ import annotations

import textwrap

import pytest

from secrets_component.errors import SecretMapError
from secrets_component.planning.plan import Plan
from secrets_component.planning.planner import plans
from secrets_component.secret_map.yaml_text import parse_yaml


def plan_of(text: str, environment: str | None = "dev", file: str = "m") -> Plan:
    """Return the plan of the first map in a text."""
    return next(iter(plans(parse_yaml(textwrap.dedent(text), file), environment).values()))


def problems_of(text: str, environment: str | None = "dev", file: str = "m") -> list[str]:
    """Return what is reported about a map that is refused, a line each."""
    with pytest.raises(SecretMapError) as refused:
        plan_of(text, environment, file)
    return str(refused.value).splitlines()
