"""What a soak knows: the map, and the values that somebody else wrote into its secrets.

It says where each value must be after a run; it does not foresee what the run does, and imports
nothing of the product.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Fields = dict[str, Any]

WITH_VALUE = ("secret_data", "generate_random_password")


@dataclass
class Entry:
    """One entry of the map.

    Attributes:
        identity: the entry's number, which no edit changes.
        fields: its fields as the map has them.
    """

    identity: int
    fields: Fields = field(default_factory=dict)

    @property
    def is_overwritten_in_words(self) -> bool:
        """Whether the map replaces a value of others here, as the entry says."""
        has_value = any(name in self.fields for name in WITH_VALUE)
        return self.fields.get("owner") == "map" and has_value

    @property
    def is_written_by_map(self) -> bool:
        """Whether the value is the map's as long as nobody else writes one."""
        has_value = any(name in self.fields for name in WITH_VALUE)
        return self.fields.get("owner", "map") == "map" and has_value


@dataclass
class Map:
    """A secret map as a file holds it: one entry a line, so that positions mean something."""

    context: str
    label: str = "soaked"
    has_key: bool = False
    is_broken: bool = False
    entries: dict[str, Entry] = field(default_factory=dict)

    def copy(self) -> Map:
        return copy.deepcopy(self)

    def text(self) -> str:
        lines = [f"context_name: {self.context}", f"name: {self.label}"]
        if self.has_key:
            lines.append("kms: {create: true}")

        lines.append("secrets:" if self.entries else "secrets: {}")
        for key, entry in self.entries.items():
            lines.append(f"  {key}: {json.dumps(entry.fields)}")

        if self.is_broken:  # AWS refuses it when other secrets are written already
            lines.append("  zz_broken: {kms_key_id: alias/typo}")

        return "\n".join(lines) + "\n"

    def name_of(self, key: str, stage: str) -> str:
        """Return the name in AWS of an entry's secret."""
        fields = self.entries[key].fields
        if "import" in fields:
            return str(fields["import"])

        parts = [self.context, stage, fields.get("path", ""), fields.get("name", key)]
        return "/".join(filter(None, parts))

    def names(self, stage: str) -> dict[str, int]:
        """Return the names of all secrets of the map, and whose they are."""
        return {self.name_of(key, stage): e.identity for key, e in self.entries.items()}

    def with_identity(self, identity: int) -> Entry | None:
        return next((e for e in self.entries.values() if e.identity == identity), None)


@dataclass(frozen=True)
class Held:
    """A secret in AWS; `value` is None where it is empty, or scheduled for deletion."""

    arn: str
    name: str
    value: str | None
    is_deleted: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Guarded:
    """A value that somebody else wrote, and where.

    Attributes:
        identity: the entry's number; None for a secret that no entry has adopted yet.
        arn: the secret it was written into.
        value: the value, which no other secret ever had.
        may_go: a run has started whose map said that the value may be replaced.
        may_be_deleted: a run has started whose map no longer had the entry.
        is_adopted: the secret is older than its entry, and must outlive it.
    """

    identity: int | None
    arn: str
    value: str
    may_go: bool = False
    may_be_deleted: bool = False
    is_adopted: bool = False


class Ledger:
    """The values of others, and the findings about them."""

    def __init__(self) -> None:
        self.guarded: dict[str, Guarded] = {}

    def wrote(
        self, identity: int | None, arn: str, value: str, *, is_adopted: bool = False
    ) -> None:
        older = self.guarded.get(arn)
        is_adopted = is_adopted or (older is not None and older.is_adopted)
        self.guarded[arn] = Guarded(identity, arn, value, is_adopted=is_adopted)

    def run_starts(self, running: Map, stage: str, account: Iterable[Held]) -> None:
        """Note what the run may do to each value, as its map says."""
        owners = running.names(stage)
        held_by = {held.arn: held for held in account}
        for arn, one in self.guarded.items():
            held = held_by[arn]
            if one.identity is None or running.with_identity(one.identity) is None:
                one.identity = owners.get(held.name, one.identity)

            if one.identity is None:
                continue

            entry = running.with_identity(one.identity)
            allows_loss = entry is not None and "allow_loss" in entry.fields
            is_in_words = entry is not None and entry.is_overwritten_in_words
            one.may_go = allows_loss or is_in_words
            one.may_be_deleted = held.is_deleted or allows_loss or entry is None

    def losses(self, account: Iterable[Held]) -> list[str]:
        """Return the values that are no longer where they were; forget those that might go."""
        by_arn = {held.arn: held for held in account}
        found = []
        for arn, one in list(self.guarded.items()):
            held = by_arn.get(arn)
            if held is None:
                found.append(f"the secret of `{one.value}` ({arn}) was deleted at once")
                del self.guarded[arn]
            elif held.is_deleted:
                if not one.may_be_deleted or one.is_adopted:
                    found.append(f"the secret of `{one.value}` ({arn}) is scheduled for deletion")
                    del self.guarded[arn]
            elif held.value is None or one.value not in held.value:
                if not one.may_go:
                    found.append(f"`{one.value}` in {arn} was overwritten")

                del self.guarded[arn]

        return found

    def misplaced(self, running: Map, stage: str, account: Iterable[Held]) -> list[str]:
        """Return the values that their entry's secret does not have after a run that ended well."""
        living = {held.name: held for held in account if not held.is_deleted}
        found = []
        for key, entry in running.entries.items():
            name = running.name_of(key, stage)
            for one in self.guarded.values():
                if one.identity != entry.identity or one.may_go:
                    continue

                held = living.get(name)
                if held is None or held.value is None or one.value not in held.value:
                    found.append(f"`{name}` does not have `{one.value}`, written by others")

        return found
