"""The identity of the stack's state, kept by the engine itself.

A mark in AWS says which project and stack made a secret. That is not enough to know that it is in
*this* state: the state may be lost, or two backends may have a stack of one name. So each map keeps
a `Stash` in the state, a resource of the engine that exists nowhere else, before it creates
anything in AWS. Its id goes into the marks; its output is what the first run gave it, for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime import settings
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.sync_await import _sync_await  # what `pulumi.runtime.invoke` waits with

from secrets_component.arns import Home


@dataclass(frozen=True, slots=True)
class StateRecord:
    """What the state remembers of a map.

    Attributes:
        id: the identity of the state.
        known_id: the same, where an earlier run made it; None in the first preview, and in mocks.
        first_region: the region in which the map was first deployed; None in mocks.
    """

    id: pulumi.Output[str]
    known_id: str | None
    first_region: str | None


def keep(name: str, home: Home, parent: pulumi.ComponentResource) -> StateRecord:
    """Read the map's record from the state; create it in the map's first run.

    Args:
        name: the component's logical name.
        home: where the map's secrets are.
        parent: the component.
    """
    options = pulumi.ResourceOptions(parent=parent, ignore_changes=["input"])
    stash = pulumi.Stash(name, input={"region": home.region}, opts=options)
    if isinstance(settings.get_monitor(), MockMonitor):
        return StateRecord(stash.id, None, None)

    known_id: str | None = _sync_await(stash.id.future())
    first: dict[str, Any] | None = _sync_await(stash.output.future())
    return StateRecord(stash.id, known_id, (first or {}).get("region"))
