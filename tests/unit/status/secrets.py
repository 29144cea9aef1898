"""Secrets as an account holds them, for entries of the map `x` in `dev`."""

from datetime import UTC, datetime
from typing import Any

from secrets_component.lookups.inventory import HeldSecret
from secrets_component.lookups.marks import VALUE_LABEL
from secrets_component.planning.plan import Plan, PlannedSecret
from secrets_component.status.entries import Clock
from tests.maps_of_tests import plan_of

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
CLOCK = Clock(NOW, 90)
V1, V2 = "1" * 32, "2" * 32
BY_MAP = {V1: ["AWSCURRENT", VALUE_LABEL]}
BY_OTHERS = {V1: ["AWSPREVIOUS", VALUE_LABEL], V2: ["AWSCURRENT"]}
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:rotate"
ROTATES = f"rotation_automatically: true, rotation_lambda_arn: '{FUNCTION}'"


def arn(name: str) -> str:
    return f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{name}-AbCdEf"


def held(
    name: str = "x/dev/a", labels: dict[str, list[str]] | None = None, **more: Any
) -> HeldSecret:
    """A secret with the map's value; `labels` are those of other versions."""
    labels = BY_MAP if labels is None else labels
    is_filled = any("AWSCURRENT" in some for some in labels.values())
    given = {"deletion": None, "next_rotation": None, "service": None, **more}
    return HeldSecret(name=name, arn=arn(name), is_filled=is_filled, labels=labels, **given)


def plan(entries: str, top: str = "") -> Plan:
    return plan_of(f"context_name: x\n{top}secrets:\n  {entries}\n")


def entry(fields: str, top: str = "") -> PlannedSecret:
    return plan(f"a: {{{fields}}}", top).secrets["a"]
