"""What the account holds of one entry, compared with what the map says. Pure: asks nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from secrets_component.lookups.inventory import HeldSecret
from secrets_component.lookups.marks import OWN_FIELDS_LABEL
from secrets_component.lookups.values_in_use import is_kept_from_others
from secrets_component.planning.plan import Empty, Plan, PlannedSecret
from secrets_component.secret_map.references import ReferenceKind

EntryState: TypeAlias = Literal["filled", "empty", "waiting", "missing", "deleted"]
"""`waiting` for another stack's output; `deleted`: scheduled for deletion."""

_LIST_DELAY = timedelta(minutes=5)
"""AWS, of ListSecrets: "it might not reflect changes from the last five minutes"
(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html)."""


@dataclass(frozen=True, slots=True)
class EntryStatus:
    """One entry beside its secret.

    Attributes:
        held: the secret; None if it is missing.
        writer: who wrote the current value; None if there is none.
        findings: what is not as the map says or wants attention; each begins with a verb.
        notes: what could not be compared, and what is worth knowing.
    """

    key: str
    name: str
    state: EntryState
    held: HeldSecret | None
    writer: str | None
    findings: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of the comparison, and how long a secret may go unread, in days."""

    now: datetime
    unread_days: int


def state_of(plan: Plan, secret: PlannedSecret, held: HeldSecret | None) -> EntryState:
    """Return whether an entry's secret exists and has a value."""
    if held is None:
        return "missing"

    if held.deletion is not None:
        return "deleted"

    if held.is_filled:
        return "filled"

    if _waits(plan, secret):
        return "waiting"

    return "empty"


def _waits(plan: Plan, secret: PlannedSecret) -> bool:
    """Return whether the value needs an output of a stack that the map waits for."""
    needed = {
        reference.path[0]
        for reference in secret.value_references
        if reference.kind is ReferenceKind.OUTPUT
    }
    waited_for = {
        component for component, stack in plan.stacks.items() if stack.when_missing == "wait"
    }
    return not needed.isdisjoint(waited_for)


def writer_of(held: HeldSecret | None) -> str | None:
    """Return who wrote the current value, as the staging labels of its version say."""
    if held is None or held.current_version is None:
        return None

    if held.is_value_of_map:
        return "the map"

    if OWN_FIELDS_LABEL in held.labels[held.current_version]:
        return "the map and rotation"

    return "others"


def existence_finding(
    secret: PlannedSecret, state: EntryState, held: HeldSecret | None
) -> str | None:
    """Explain that a secret has no value, or will not exist for long; None if all is well."""
    match state:
        case "missing":
            return "is missing in the account; `pulumi up` creates it"
        case "deleted":
            restore = f"aws secretsmanager restore-secret --secret-id {secret.name}"
            date = _utc_day(held.deletion if held is not None else None)
            return f"is scheduled for deletion ({date}); `{restore}` restores it with its value"
        case "waiting":
            names = ", ".join(f"`{reference}`" for reference in secret.value_references)
            return f"has no value yet; it waits for {names}"
        case "empty":
            return _what_fills(secret)
        case _:
            return None


def _what_fills(secret: PlannedSecret) -> str:
    is_filled_by_map = secret.owner == "map" and not isinstance(secret.source, Empty)
    if is_filled_by_map:
        return "is empty; `pulumi up` writes its value"

    command = f"aws secretsmanager put-secret-value --secret-id {secret.name} …"
    return f"is empty; set its value with `{command}`"


def value_drift(secret: PlannedSecret, held: HeldSecret) -> str | None:
    """Explain that someone else wrote a value that the map owns; None where nobody did."""
    if is_kept_from_others(secret, held):
        return (
            "has a value that someone else wrote, and runs keep it; write `owner: map` to replace "
            "it, or `owner: operator` to keep it"
        )

    is_owned_by_map = secret.owner == "map" and not isinstance(secret.source, Empty)
    if is_owned_by_map and writer_of(held) == "others":
        return "has a value that someone else wrote; the next `pulumi up` replaces it"

    return None


def rotation_drift(secret: PlannedSecret, held: HeldSecret) -> str | None:
    """Explain that rotation is on in AWS and off in the map, or the reverse.

    AWS turns rotation on once a secret has a value. Services rotate their secrets by themselves.
    """
    if held.service is not None:
        return None

    is_off = secret.rotation is not None and not held.rotates
    if is_off and held.is_filled:
        return "does not rotate in AWS; `pulumi up` turns rotation on"

    is_unknown = secret.rotation is None and held.rotates
    if is_unknown and not secret.import_:
        return "rotates in AWS, and the map does not say so"

    return None


def overdue_rotation(held: HeldSecret, clock: Clock) -> str | None:
    """Explain that a secret should have rotated by now; None if it should not."""
    due = held.next_rotation
    if due is None:
        return None

    if datetime.fromisoformat(due) >= clock.now - _LIST_DELAY:
        return None

    return f"should have rotated by {due}, and has not"


def unread_since(held: HeldSecret, clock: Clock) -> str | None:
    """Explain that nothing has read a secret for long; a secret that is young enough is left out.

    AWS keeps the day only, and none for a secret that was never read
    (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_SecretListEntry.html).
    """
    known = held.last_read or held.created
    if known is None:
        return None

    if known >= clock.now - timedelta(days=clock.unread_days):
        return None

    if held.last_read is None:
        return f"was never read since it was created on {_utc_day(known)}; is it needed?"

    return f"was last read on {_utc_day(known)}; is it still needed?"


def _utc_day(time: datetime | None) -> str:
    if time is None:
        return "-"

    return str(time.astimezone(UTC).date())
