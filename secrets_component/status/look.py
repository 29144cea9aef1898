"""Looks at the account once, and asks further only about what that look leaves open.

ListSecrets shows everything but resource policies: one GetResourcePolicy for each secret whose
policy the map knows, and one DescribeKey for each alias that has to be compared with a key's id.
No value of a secret is read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from secrets_component.lookups.drift import differences, minute, stuck_rotation
from secrets_component.lookups.inventory import AccountError, HeldSecret, Inventory
from secrets_component.lookups.marks import Mark
from secrets_component.planning.plan import Plan, PlannedSecret
from secrets_component.secret_map.names import level_prefix
from secrets_component.status.entries import (
    Clock,
    EntryStatus,
    existence_finding,
    overdue_rotation,
    rotation_drift,
    state_of,
    unread_since,
    value_drift,
    writer_of,
)
from secrets_component.status.keys import key_drift, unknown_key
from secrets_component.status.resource_policies import (
    has_policy,
    is_policy_compared,
    policy_drift,
)

_CONNECTIONS = 8
"""GetResourcePolicy calls at a time; AWS allows 50 a second
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html)."""


@dataclass(frozen=True, slots=True)
class StrayStatus:
    """A secret under the map's level that is none of its entries'.

    Attributes:
        finding: why it wants attention; None where it is all right.
        note: what it is, where it is all right.
    """

    held: HeldSecret
    finding: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class MapStatus:
    """A map beside the account, in one region."""

    plan: Plan
    region: str
    entries: tuple[EntryStatus, ...]
    strays: tuple[StrayStatus, ...]

    @property
    def is_absent(self) -> bool:
        """Whether none of the map's secrets exists here, as in the wrong account or region."""
        return bool(self.entries) and all(entry.state == "missing" for entry in self.entries)

    @property
    def findings(self) -> list[tuple[str, str]]:
        """The name or key of each secret that wants attention, and why."""
        found = []
        for entry in self.entries:
            found += [(entry.key, finding) for finding in entry.findings]

        for stray in self.strays:
            if stray.finding is not None:
                found.append((stray.held.name, stray.finding))

        return found


def look_at(plans: Mapping[str, Plan], account: Inventory, clock: Clock) -> dict[str, MapStatus]:
    """Compare the maps of one file with the account, by instance name.

    Raises:
        AccountError: AWS does not answer, or refuses; it needs `secretsmanager:ListSecrets` and
            `secretsmanager:GetResourcePolicy`.
    """
    names = set()
    for plan in plans.values():
        names |= {secret.name for secret in plan.secrets.values()}

    return {key: _MapLook(plan, account, clock, names).status() for key, plan in plans.items()}


class _MapLook:
    def __init__(
        self, plan: Plan, account: Inventory, clock: Clock, known_names: Collection[str]
    ) -> None:
        self._plan = plan
        self._known_names = known_names
        self._account = account
        self._clock = clock
        self._held = {secret.name: secret for secret in account.of_level(plan)}
        self._own_maps = _maps_of(self._held[name] for name in known_names if name in self._held)
        self._key_ids: dict[str, str | AccountError] = {}
        self._policies = self._read_policies()

    def status(self) -> MapStatus:
        entries = tuple(self._entry(secret) for secret in self._plan.secrets.values())
        return MapStatus(self._plan, self._account.region, entries, tuple(self._strays()))

    def _read_policies(self) -> dict[str, str | None]:
        """Read the policies that the map knows of living secrets, by the names of the secrets."""
        arns = {}
        for secret in self._plan.secrets.values():
            held = self._held.get(secret.name)
            if held is None or held.deletion is not None:
                continue

            if is_policy_compared(secret):
                arns[held.name] = held.arn

        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            policies = pool.map(self._account.resource_policy, arns.values())
            return dict(zip(arns, policies, strict=True))

    def _entry(self, secret: PlannedSecret) -> EntryStatus:
        held = self._held.get(secret.name)
        state = state_of(self._plan, secret, held)
        findings = [existence_finding(secret, state, held)]
        notes: list[str | None] = []
        if held is None:
            notes += self._former_names(secret)
        elif state != "deleted":
            key_difference, key_note = self._compare_key(secret, held)
            policy_difference, policy_note = self._compare_policy(secret, held)
            findings += _differences(secret, held, self._clock)
            findings += [key_difference, policy_difference]
            notes += [key_note, policy_note, *_notes_on(held)]

        return EntryStatus(
            key=secret.key,
            name=secret.name,
            state=state,
            held=held,
            writer=writer_of(held),
            findings=tuple(filter(None, findings)),
            notes=tuple(filter(None, notes)),
        )

    def _compare_key(
        self, secret: PlannedSecret, held: HeldSecret
    ) -> tuple[str | None, str | None]:
        """Return how the key differs, and why it was not compared."""
        reference = unknown_key(secret)
        if reference is not None:
            return None, f"key not compared: `{reference}` is known to `pulumi up` only"

        try:
            return key_drift(secret, held, self._key_id), None
        except AccountError as error:
            return None, f"key not compared: {error}"

    def _key_id(self, alias: str) -> str:
        """Return the id of a key by its alias, which AWS is asked for once.

        Raises:
            AccountError: there is no such alias, or AWS does not say.
        """
        if alias not in self._key_ids:
            try:
                self._key_ids[alias] = self._account.key_id(alias)
            except AccountError as error:
                self._key_ids[alias] = error

        found = self._key_ids[alias]
        if isinstance(found, AccountError):
            raise found

        return found

    def _compare_policy(
        self, secret: PlannedSecret, held: HeldSecret
    ) -> tuple[str | None, str | None]:
        """Return how the resource policy differs, and why it was not compared."""
        if secret.name in self._policies:
            return policy_drift(secret, held, self._policies[secret.name]), None

        if has_policy(secret):
            return None, "resource policy not compared: it names principals by references"

        return None, None

    def _former_names(self, secret: PlannedSecret) -> Iterator[str]:
        """Yield where the entry's secret is, if it has another name than the map gives it."""
        keys = (secret.key, secret.renamed_from)
        for held in self._held.values():
            mark = held.mark
            if mark is None or held.deletion is not None:
                continue

            if held.name in self._known_names:
                continue

            if self._is_of_others(mark):
                continue

            if mark.key in keys:
                yield f"the entry's secret is `{held.name}`; `pulumi up` moves it to its new name"

    def _is_of_others(self, mark: Mark) -> bool:
        """Return whether a secret belongs to another map, as far as this one's mark is known.

        The mark names the Pulumi project and stack, which the map does not; it is read from the
        secrets that have the entries' names.
        """
        return bool(self._own_maps) and mark.map not in self._own_maps

    def _strays(self) -> Iterator[StrayStatus]:
        level = level_prefix(self._plan.context, self._plan.environment)
        for name, held in sorted(self._held.items()):
            is_known = name in self._known_names
            if name.startswith(level) and not is_known:
                yield _stray(held, self._own_maps)


def _maps_of(secrets: Iterable[HeldSecret]) -> set[str]:
    maps: set[str] = set()
    for held in secrets:
        if held.mark is not None:
            maps.add(held.mark.map)

    return maps


def _stray(held: HeldSecret, own_maps: Collection[str]) -> StrayStatus:
    mark = held.mark
    if held.deletion is not None:
        return StrayStatus(held, note=f"is scheduled for deletion ({minute(held.deletion)})")

    if held.service is not None:
        return StrayStatus(held, note=f"is managed by the AWS service `{held.service}`")

    if mark is None:
        return StrayStatus(held, finding="is under the map's level, and no map has created it")

    if mark.map not in own_maps:
        return StrayStatus(held, note=f"belongs to the map `{mark.map}`")

    return StrayStatus(
        held, finding=f"is of the entry `{mark.key}`, which this map no longer has under that name"
    )


def _differences(secret: PlannedSecret, held: HeldSecret, clock: Clock) -> list[str | None]:
    """Return what the look alone shows of a living secret; None for each thing that is right."""
    return [
        value_drift(secret, held),
        *differences(secret, held),
        stuck_rotation(held),
        rotation_drift(secret, held),
        overdue_rotation(held, clock),
        unread_since(held, clock),
    ]


def _notes_on(held: HeldSecret) -> Iterator[str]:
    if held.service is not None:
        yield f"is managed by the AWS service `{held.service}`, which alone rotates it"

    has_rotated = held.last_rotation is not None
    if held.rotates and not has_rotated:
        yield "has never rotated"
