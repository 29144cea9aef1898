"""What the stack exported in its last run, for secrets that version 0.1 made, without a mark.

The engine writes its state while the program runs. Where that is a file, a reader can find it half
written (`failed to load checkpoint`), so it is read once, and again if that fails.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime import settings

from secrets_component.lookups.reference_values import read_stack
from secrets_component.planning.plan import PlannedSecret

_READS = 20
_PAUSE = 0.1  # seconds
_HALF_WRITTEN = "failed to load checkpoint"
_read: WeakKeyDictionary[Any, Mapping[str, Any]] = WeakKeyDictionary()
"""The exports by the engine's address, which is another object in every run of a process."""


def read_exports(parent: pulumi.Resource) -> Mapping[str, Any]:
    """Return what this stack exported last time, by output; empty before the first run.

    Raises:
        pulumi.RunError: the stack cannot be read.
    """
    monitor = settings.get_monitor()
    if monitor not in _read:
        _read[monitor] = _read_patiently(parent)

    return _read[monitor]


def _read_patiently(parent: pulumi.Resource) -> Mapping[str, Any]:
    own = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    for attempt in range(1, _READS + 1):
        try:
            return read_stack(own, parent).values or {}
        except pulumi.RunError as error:
            is_passing = _HALF_WRITTEN in str(error)
            if not is_passing or attempt == _READS:
                raise

            time.sleep(_PAUSE)

    return {}


def exported_for(
    exports: Mapping[str, Any], output: str, instance: str, secret: PlannedSecret
) -> str | None:
    """Return what an output held for an entry, in a stack of one map or several."""
    found: Mapping[str, Any] = exports.get(output) or {}
    of_instance = found.get(instance)
    if isinstance(of_instance, Mapping):
        found = of_instance

    value = found.get(secret.key)
    if value is None and secret.renamed_from is not None:
        value = found.get(secret.renamed_from)

    if isinstance(value, str):
        return value

    return None
