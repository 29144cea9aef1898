"""Which of the account's secrets belong to which entry of a map, by the marks that they carry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from secrets_component.lookups.inventory import HeldSecret
from secrets_component.planning.plan import Plan

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MarkedSecrets:
    """What carries the id of a map's state.

    Attributes:
        of_entries: the living secrets of each entry, the newest first.
        removed: the living secrets whose entries are gone.
        scheduled: the secrets that are scheduled for deletion.
    """

    of_entries: Mapping[str, Sequence[HeldSecret]] = field(default_factory=dict)
    removed: tuple[HeldSecret, ...] = ()
    scheduled: tuple[HeldSecret, ...] = ()


@dataclass(frozen=True, slots=True)
class Holdings:
    """The account's secrets, as they concern one map.

    Attributes:
        own: the secret that each entry has now, under whatever name, by the entry's key.
        superseded: older secrets of the same entry, left by a rename that has not ended.
        removed: the map's secrets whose entries are gone.
        scheduled: the map's secrets that are scheduled for deletion: they can still come back.
        named: what has an entry's name in AWS and is not its own, by that name.
    """

    own: Mapping[str, HeldSecret] = field(default_factory=dict)
    superseded: Mapping[str, tuple[HeldSecret, ...]] = field(default_factory=dict)
    removed: tuple[HeldSecret, ...] = ()
    scheduled: tuple[HeldSecret, ...] = ()
    named: Mapping[str, HeldSecret] = field(default_factory=dict)


def own_marks(plan: Plan, listed: Iterable[HeldSecret]) -> MarkedSecrets:
    """Sort a map's secrets by entry.

    Args:
        plan: the map.
        listed: the secrets that carry the id of the map's state.
    """
    keys = {}
    for entry in plan.secrets.values():
        keys[entry.renamed_from or entry.key] = entry.key
        keys[entry.key] = entry.key

    found: dict[str, list[HeldSecret]] = {}
    removed, scheduled = [], []
    for secret in sorted(listed, key=_age, reverse=True):
        mark = secret.mark
        if mark is None:
            continue

        if secret.deletion is not None:
            scheduled.append(secret)
        elif mark.key in keys:
            found.setdefault(keys[mark.key], []).append(secret)
        elif not mark.is_adopted:
            removed.append(secret)

    return MarkedSecrets(found, tuple(removed), tuple(scheduled))


def _age(secret: HeldSecret) -> datetime:
    return secret.created or _LONG_AGO


def names_to_look_up(
    plan: Plan, own: Mapping[str, HeldSecret], adopted: Mapping[str, str]
) -> set[str]:
    """Return the names in AWS that may belong to others: those that an entry does not have yet."""
    wanted = set()
    for key, secret in plan.secrets.items():
        name = adopted.get(key, secret.name)
        held = own.get(key)
        if held is None or held.name != name:
            wanted.add(name)

    return wanted
