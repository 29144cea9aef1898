"""Finds the values that a run would leave behind: renames, other regions, keys that changed.

Another name, path or region is another secret. Where its value is the map's, the new secret gets
the same; where someone else wrote it, the value would stay in the secret that goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from secrets_component.arns import Home
from secrets_component.errors import Finding
from secrets_component.lookups.holdings import Holdings
from secrets_component.lookups.inventory import HeldSecret
from secrets_component.lookups.marks import MAP_TAG, Mark
from secrets_component.lookups.values_in_use import moves_along
from secrets_component.planning.key_policies import under_created_key
from secrets_component.planning.plan import Empty, Generated, Plan, PlannedSecret, is_aws_managed
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY


@dataclass(frozen=True, slots=True)
class Moves:
    """What a run does to the names of a map's secrets.

    Attributes:
        names: the name in AWS that each entry's secret will have.
        waiting: the keys of the entries whose value waits for a reference.
        map_mark: the map's own mark.
        state: the id of its state.
    """

    plan: Plan
    holdings: Holdings
    names: Mapping[str, str]
    waiting: Collection[str]
    map_mark: str
    state: str | None

    def problems(self) -> Iterator[Finding]:
        """Yield what would lose a value, or stop the run half-way, each at its entry."""
        for secret in self.plan.secrets.values():
            problem = (
                self._taken_key(secret)
                or self._abandoned_value(secret)
                or self._unfinished_rename(secret)
                or self._taken_name(secret)
                or self._changed_key(secret)
                or self._left_key(secret)
            )
            if problem:
                yield secret.place, problem

    def _taken_key(self, secret: PlannedSecret) -> str | None:
        """Refuse to give an entry the key of another one that the state still has.

        The engine looks a resource up by its name first and by its aliases then: it would take the
        removed entry's secret for this one's, and delete this one's.
        """
        present = (self.holdings.own.get(secret.key), *self.holdings.superseded.get(secret.key, ()))
        by_key = {held.mark.key: held for held in present if held is not None and held.mark}
        removed, kept = by_key.get(secret.key), by_key.get(secret.renamed_from or "")
        if removed is None or kept is None:
            return None

        if removed.name == self.names[secret.key]:
            return None  # a rename of key and name that did not finish

        message = (
            f"`{removed.name}` is still the secret of the key `{secret.key}`; remove that entry in "
            f"a run of its own, then rename `{secret.renamed_from}`"
        )
        if removed.mark is not None and removed.mark.is_adopted:
            message += (
                f", after `aws secretsmanager untag-resource --secret-id {removed.name} "
                f"--tag-keys {MAP_TAG}`"
            )

        return message

    def _abandoned_value(self, secret: PlannedSecret) -> str | None:
        """Refuse a rename that leaves a value behind."""
        held = self.holdings.own.get(secret.key)
        if held is not None and self._leaves_behind(secret, held):
            return _left_behind(secret, held, self.names[secret.key])

        for older in self.holdings.superseded.get(secret.key, ()):
            if self._leaves_behind(secret, older):
                return _left_in_older(secret, older, self.holdings.own[secret.key])

        return None

    def _leaves_behind(self, secret: PlannedSecret, held: HeldSecret) -> bool:
        if held.name == self.names[secret.key]:
            return False

        if secret.allow_loss is not None:
            return False

        return not moves_along(secret, held, is_waiting=secret.key in self.waiting)

    def _unfinished_rename(self, secret: PlannedSecret) -> str | None:
        """Refuse to take a rename back that ended half-way.

        The state still deletes the older secret, even if that were adopted again.
        """
        name = self.names[secret.key]
        for older in self.holdings.superseded.get(secret.key, ()):
            if older.name == name:
                newer = self.holdings.own[secret.key].name
                return (
                    f"the rename of `{name}` to `{newer}` is not finished; write the new name "
                    "again, deploy, and rename it back after that"
                )

        return None

    def _taken_name(self, secret: PlannedSecret) -> str | None:
        """Refuse a name that a living secret has which is not this entry's."""
        name = self.names[secret.key]
        held = self.holdings.named.get(name)
        if held is None:
            return None

        if held.deletion is not None:
            return None

        mark = held.mark
        if mark is None or not mark.belongs_to(self.map_mark, self.state):
            return self._foreign_secret(secret, held, mark)

        if mark.key in (secret.key, secret.renamed_from):
            return _unknown_to_state(secret, name)

        if mark.key in self.plan.secrets:
            return (
                f"`{name}` is still the name of the entry `{mark.key}`, which moves to "
                f"`{self.names[mark.key]}` in this run; deploy that move first, then this one"
            )

        return (
            f"`{name}` belongs to the entry `{mark.key}`, which was removed; write "
            f"`renamed_from: {mark.key}` to keep it, or give this entry another `name`"
        )

    def _foreign_secret(
        self, secret: PlannedSecret, held: HeldSecret, mark: Mark | None
    ) -> str | None:
        if mark is not None:
            return _of_another_map(self.map_mark, held, mark)

        if secret.import_ or held.service:
            return None  # adopted in words, or refused for what manages it

        return (
            f"`{held.name}` exists already and is not managed by this map; write "
            f"`import: {held.name}` with `owner: operator` to adopt it with its value (or "
            "`owner: map` to overwrite that), or choose another `name`"
        )

    def _changed_key(self, secret: PlannedSecret) -> str | None:
        """Refuse to remove one entry and add its likely successor in the same run."""
        if secret.key in self.holdings.own:
            return None

        if secret.allow_loss is not None or secret.import_:
            return None

        folder = _folder(self.names[secret.key])
        for removed in self.holdings.removed:
            if _folder(removed.name) != folder:
                continue

            old = removed.mark
            if old is not None and _loses_value(secret, removed):
                return (
                    f"the entry `{old.key}` is removed and this one is added; if it is the same "
                    f"secret, write `renamed_from: {old.key}` and the name it had; if not, remove "
                    f"`{old.key}` in a run of its own, or write `allow_loss: <reason>` here"
                )

        return None

    def _left_key(self, secret: PlannedSecret) -> str | None:
        """Refuse to move a secret off the key that it was adopted with, as `import` goes.

        Its readers may have no right to use another one.
        """
        held = self.holdings.own.get(secret.key)
        if held is None or secret.is_adopted or secret.is_key_written:
            return None

        if held.mark is None or not held.mark.is_imported:
            return None

        if not held.has_own_key and is_aws_managed(secret.kms_key):
            return None

        kept = held.kms_key or AWS_MANAGED_KEY
        return (
            f"`{held.name}` was adopted with the key `{kept}`; without `import` it would move to "
            f"the map's key, and its description and tags would be removed; write "
            f"`kms_key_id: {kept}` to keep its key, or the `kms_key_id` that you want"
        )


def problems_of_region(
    plan: Plan,
    home: Home,
    region: str,
    elsewhere: Mapping[str, HeldSecret],
    waiting: Collection[str],
) -> Iterator[Finding]:
    """Yield the entries whose values would stay behind in the region that the map had before.

    Args:
        plan: the map.
        home: the region that the map has now.
        region: the one it had.
        elsewhere: the map's living secrets there that are not here, by entry.
        waiting: the keys of the entries whose value waits for a reference.
    """
    for key, held in elsewhere.items():
        secret = plan.secrets[key]
        moves = moves_along(secret, held, is_waiting=key in waiting)
        if moves or secret.allow_loss is not None:
            continue

        message = (
            f"`{secret.name}` is in region `{region}`; a new one in `{home.region}` would not "
            f"have the value written by {writer(secret)}; set `aws:region` to `{region}`, or use "
            f"another stack for `{home.region}`"
        )
        yield secret.place, message


def window_problem_of_key(plan: Plan, holdings: Holdings, now: datetime) -> str | None:
    """Explain that the map's key could be deleted before secrets that can still be restored.

    Entries that are gone no longer say how long that is: AWS does.
    """
    if plan.created_key is None:
        return None

    keys = set()
    for secret in under_created_key(plan):
        held = holdings.own.get(secret.key)
        if held is not None and held.has_own_key:
            keys.add(held.kms_key)

    days = timedelta(days=plan.created_key.deletion_window_in_days)
    for removed in holdings.scheduled:
        if removed.kms_key in keys and removed.deletion and removed.deletion > now + days:
            return (
                f"`{removed.name}` can be restored until {removed.deletion:%Y-%m-%d}, for which it "
                f"needs this key; write at least {(removed.deletion - now).days + 1} days"
            )

    return None


def writer(secret: PlannedSecret) -> str:
    """Return who writes a value that is not the map's."""
    return {"rotation": "rotation", "operator": "an operator"}.get(secret.owner, "someone else")


def _left_behind(secret: PlannedSecret, held: HeldSecret, name: str) -> str:
    mends = "add an entry under a new key, copy the value, then remove this one"
    if secret.import_ is None and not _same_level(held.name, name):
        mends += f" (or keep the secret: `import: {held.name}`)"

    if held.mark is not None and held.mark.is_adopted:
        mends += (
            "; if it left the map earlier, remove its mark: `aws secretsmanager untag-resource "
            f"--secret-id {held.name} --tag-keys {MAP_TAG}`"
        )

    return (
        f"renaming `{held.name}` to `{name}` creates a new secret without the value written by "
        f"{writer(secret)}; {mends}"
    )


def _left_in_older(secret: PlannedSecret, older: HeldSecret, newer: HeldSecret) -> str:
    """Explain how to end a rename; to take it back is impossible (see `_unfinished_rename`)."""
    return (
        f"the rename of `{older.name}` to `{newer.name}` is not finished, and the old secret has a "
        f"value written by {writer(secret)}; copy it to `{newer.name}`, then write that name and "
        "`allow_loss: copied`"
    )


def _same_level(one: str, other: str) -> bool:
    return one.split("/")[:2] == other.split("/")[:2]


def _unknown_to_state(secret: PlannedSecret, name: str) -> str | None:
    if secret.is_adopted:
        return None

    return (
        f"`{name}` was created by this map, but is not in the stack's state; write "
        f"`import: {name}` with `owner: operator` to keep its value, or `owner: map` to replace it"
    )


def _of_another_map(map_mark: str, held: HeldSecret, mark: Mark) -> str:
    stack, _, component = map_mark.rpartition("/")
    other_stack, _, other = mark.map.rpartition("/")
    if other_stack == stack:
        return (
            f"`{held.name}` belongs to the map `{other}` of this stack; if `{component}` is its "
            f"new label, write `name: {other}` to keep it, or remove it there first"
        )

    return (
        f"`{held.name}` belongs to the map `{mark.map}`; remove it there first, then its mark: "
        f"`aws secretsmanager untag-resource --secret-id {held.name} --tag-keys {MAP_TAG}`"
    )


def _loses_value(secret: PlannedSecret, removed: HeldSecret) -> bool:
    """Return whether a new entry would not have the value of a secret that goes."""
    if not removed.is_filled:
        return False

    if not removed.is_value_of_map:
        return True

    makes_new_value = isinstance(secret.source, Generated | Empty)
    return makes_new_value or bool(secret.generated_values)


def _folder(name: str) -> str:
    return name.rpartition("/")[0]
