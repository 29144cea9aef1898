"""Who wrote the value that a secret has now, and what this run may do to it.

One rule: a run never replaces a value in use that the map did not write, unless the entry says
`owner: map`. Whoever wrote it is read from AWS: the last version that the map wrote carries its
staging label.
"""

from __future__ import annotations

from secrets_component.lookups.inventory import HeldSecret
from secrets_component.lookups.marks import OWN_FIELDS_LABEL, WHOLE_VALUE_LABELS
from secrets_component.planning.plan import Empty, PlannedSecret

_LABELS = {*WHOLE_VALUE_LABELS, OWN_FIELDS_LABEL}


def may_write(secret: PlannedSecret, held: HeldSecret | None) -> bool:
    """Return whether this run may make the map's value the current one.

    Args:
        secret: the entry.
        held: what it has in the account; None if it has nothing yet.
    """
    if secret.owner != "map":
        return False

    if secret.is_owner_written:
        return True

    if held is None:
        return True

    if not held.is_filled:
        return True

    return held.is_value_of_map


def has_version_of_map(held: HeldSecret) -> bool:
    """Return whether the map has ever written a value that the secret still has."""
    return any(not _LABELS.isdisjoint(labels) for labels in held.labels.values())


def moves_along(secret: PlannedSecret, held: HeldSecret, *, is_waiting: bool) -> bool:
    """Return whether a new secret of the entry would have the value that the present one has.

    Args:
        secret: the entry.
        held: the secret that the entry has now.
        is_waiting: a reference of the entry's value has no value in this run.
    """
    if not held.is_filled:
        return True

    if is_waiting:
        return False

    if isinstance(secret.source, Empty):
        return False

    return held.is_value_of_map


def is_kept_from_others(secret: PlannedSecret, held: HeldSecret | None) -> bool:
    """Return whether the map has a value that it would write, had not someone else written one."""
    if held is None:
        return False

    if isinstance(secret.source, Empty):
        return False

    if secret.owner != "map":
        return False

    return not may_write(secret, held)
