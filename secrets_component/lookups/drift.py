"""What others have changed of a secret: its description, its tags, a rotation that has not ended.

Pure: it compares what the look at the account has found. Whoever calls it knows whether a secret is
adopted, renamed or waits for its first run.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from secrets_component.lookups.inventory import HeldSecret
from secrets_component.planning.plan import PlannedSecret


def differences(secret: PlannedSecret, held: HeldSecret) -> Iterator[str]:
    """Yield how a secret differs from its entry, apart from its value; each begins with a verb."""
    for found in (description_drift(secret, held), tag_drift(secret, held)):
        if found is not None:
            yield found


def description_drift(secret: PlannedSecret, held: HeldSecret) -> str | None:
    """Explain that a secret has another description; None if it has not.

    The description of an adopted secret stays as it is where its entry has none.
    """
    wanted = secret.description or ""
    is_left_alone = bool(secret.import_) and not wanted
    if held.description == wanted or is_left_alone:
        return None

    return f"has the description {_quoted(held.description)}; the map says {_quoted(wanted)}"


def _quoted(text: str) -> str:
    if not text:
        return "none"

    return f'"{text}"'


def tag_drift(secret: PlannedSecret, held: HeldSecret) -> str | None:
    """Explain which of the map's tags a secret lacks, or has with other values.

    Others are left alone: the provider's `defaultTags` are not known here.
    """
    wrong = [key for key, value in secret.tags.items() if held.tags.get(key) != value]
    if not wrong:
        return None

    names = ", ".join(f"`{key}`" for key in wrong)
    return f"lacks tags of the map, or has other values: {names}"


def stuck_rotation(held: HeldSecret) -> str | None:
    """Explain that a rotation was begun and not finished; None if none was."""
    if held.pending_version is None:
        return None

    since = ""
    if held.changed is not None:
        since = f" (last change: {minute(held.changed)})"

    return (
        f"has an unfinished rotation: AWSPENDING is on version {held.pending_version}{since}, and "
        "AWS refuses to rotate it again; `secretsmap rotate` shows why"
    )


def minute(time: datetime) -> str:
    """Return a time in UTC, to the minute, as ISO 8601."""
    return time.astimezone(UTC).isoformat(timespec="minutes")
