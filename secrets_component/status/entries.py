"""What the account holds of one entry, compared with what the map says. Pure: asks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from secrets_component.lookups.inventory import HeldSecret
from secrets_component.lookups.marks import OWN_FIELDS_LABEL
from secrets_component.lookups.values_in_use import is_kept_from_others
from secrets_component.planning.plan import Empty, Plan, PlannedSecret
from secrets_component.secret_map.references import ReferenceKind

State: TypeAlias = Literal["filled", "empty", "waiting", "missing", "deleted"]
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
    state: State
    held: HeldSecret | None
    writer: str | None
    findings: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of the comparison, and how long a secret may go unread, in days."""

    now: datetime
    unread_days: int


def state_of(plan: Plan, secret: PlannedSecret, held: HeldSecret | None) -> State:
    """Return whether an entry's secret exists and has a value."""
    if held is None:
        return "missing"

    if held.deletion is not None:
        return "deleted"

    if held.is_filled:
        return "filled"

    return "waiting" if _waits(plan, secret) else "empty"


def _waits(plan: Plan, secret: PlannedSecret) -> bool:
    """Return whether the value needs an output of a stack that the map waits for."""
    for reference in secret.value_references:
        if reference.kind is not ReferenceKind.OUTPUT:
            continue

        stack = plan.stacks.get(reference.path[0])
        if stack is not None and stack.when_missing == "wait":
            return True

    return False


def writer_of(held: HeldSecret | None) -> str | None:
    """Return who wrote the current value, as the staging labels of its version say."""
    if held is None or held.current_version is None:
        return None

    if held.is_value_of_map:
        return "the map"

    if OWN_FIELDS_LABEL in held.labels[held.current_version]:
        return "the map and rotation"

    return "others"


def existence_findings(secret: PlannedSecret, state: State, held: HeldSecret | None) -> list[str]:
    """Return what is wrong with a secret that has no value, or will not exist for long."""
    fill = f"aws secretsmanager put-secret-value --secret-id {secret.name} …"
    match state:
        case "missing":
            return ["is missing in the account; `pulumi up` creates it"]
        case "deleted" if held is not None and held.deletion is not None:
            date = held.deletion.astimezone(UTC).date()
            restore = f"aws secretsmanager restore-secret --secret-id {secret.name}"
            return [f"is scheduled for deletion ({date}); `{restore}` restores it with its value"]
        case "waiting":
            names = ", ".join(f"`{reference}`" for reference in secret.value_references)
            return [f"has no value yet; it waits for {names}"]
        case "empty" if secret.owner == "map" and not isinstance(secret.source, Empty):
            return ["is empty; `pulumi up` writes its value"]
        case "empty":
            return [f"is empty; set its value with `{fill}`"]
        case _:
            return []


def drift_findings(secret: PlannedSecret, held: HeldSecret) -> Iterator[str]:
    """Yield what differs from the map, except for key and policy, which need further questions."""
    if is_kept_from_others(secret, held):
        yield (
            "has a value that someone else wrote, and runs keep it; write `owner: map` to replace "
            "it, or `owner: operator` to keep it"
        )
    elif _is_replaced_by_next_run(secret, held):
        yield "has a value that someone else wrote; the next `pulumi up` replaces it"

    wanted = secret.description or ""
    is_left_alone = bool(secret.import_) and not wanted
    if held.description != wanted and not is_left_alone:
        yield f"has the description {_quoted(held.description)}; the map says {_quoted(wanted)}"

    wrong = [key for key, value in secret.tags.items() if held.tags.get(key) != value]
    if wrong:
        names = ", ".join(f"`{key}`" for key in wrong)
        yield f"lacks tags of the map, or has other values: {names}"


def _is_replaced_by_next_run(secret: PlannedSecret, held: HeldSecret) -> bool:
    if secret.owner != "map" or isinstance(secret.source, Empty):
        return False

    return held.is_filled and writer_of(held) == "others"


def _quoted(text: str) -> str:
    return f'"{text}"' if text else "none"


def rotation_findings(secret: PlannedSecret, held: HeldSecret, clock: Clock) -> Iterator[str]:
    """Yield what is wrong with a secret's rotation."""
    if held.pending_version is not None:
        since = ""
        if held.changed is not None:
            since = f" (last change: {minute(held.changed)})"

        yield (
            f"has an unfinished rotation: AWSPENDING is on version {held.pending_version}{since}, "
            "and AWS refuses to rotate it again; `secretsmap rotate` shows why"
        )

    if held.service is not None:
        return

    if secret.rotation is not None and not held.rotates and held.is_filled:
        yield "does not rotate in AWS; `pulumi up` turns rotation on"

    if secret.rotation is None and held.rotates and not secret.import_:
        yield "rotates in AWS, and the map does not say so"

    due = held.next_rotation
    if due is not None and datetime.fromisoformat(due) < clock.now - _LIST_DELAY:
        yield f"should have rotated by {due}, and has not"


def unread_findings(held: HeldSecret, clock: Clock) -> Iterator[str]:
    """Yield that nothing has read a secret for long; a secret that is young enough is left out.

    AWS keeps the day only, and none for a secret that was never read
    (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_SecretListEntry.html).
    """
    limit = clock.now - timedelta(days=clock.unread_days)
    if held.last_read is not None and held.last_read < limit:
        yield f"was last read on {held.last_read.astimezone(UTC).date()}; is it still needed?"

    if held.last_read is None and held.created is not None and held.created < limit:
        yield (
            f"was never read since it was created on {held.created.astimezone(UTC).date()}; is it "
            "needed?"
        )


def minute(time: datetime) -> str:
    """Return a time in UTC, to the minute, as ISO 8601."""
    return time.astimezone(UTC).isoformat(timespec="minutes")
