"""A map's status as a table, and as JSON data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

from secrets_component.lookups.drift import minute
from secrets_component.status.entries import EntryStatus
from secrets_component.status.look import MapStatus, StrayStatus

_HEADINGS = ("secret", "state", "value by", "last rotation", "next rotation", "last read")


def status_lines(status: MapStatus) -> Iterator[str]:
    """Yield the table of a map's secrets, then findings and notes, a line each."""
    plan = status.plan
    entries, findings = len(status.entries), len(status.findings)
    counts = f"{entries} {_noun('secret', entries)}, {findings} {_noun('finding', findings)}"
    yield f"{plan.name} in {plan.environment}, {status.region}: {counts}"
    yield from _table([_HEADINGS, *(_row(entry) for entry in status.entries)])
    for name, finding in status.findings:
        yield f"finding: {name}: {finding}"

    for name, note in _notes(status):
        yield f"note: {name}: {note}"

    if status.is_absent:
        yield f"note: no secret of the map exists in {status.region}; are account and region right?"


def _noun(word: str, count: int) -> str:
    if count == 1:
        return word

    return f"{word}s"


def _row(entry: EntryStatus) -> tuple[str, ...]:
    held = entry.held
    last_rotation = next_rotation = last_read = "-"
    if held is not None:
        last_read = "never"
        if held.rotates:
            last_rotation = "never"
            next_rotation = held.next_rotation or "-"

        if held.last_rotation is not None:
            last_rotation = minute(held.last_rotation)

        if held.last_read is not None:
            last_read = str(held.last_read.astimezone(UTC).date())

    return entry.key, entry.state, entry.writer or "-", last_rotation, next_rotation, last_read


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield "  " + "  ".join(cells).rstrip()


def _notes(status: MapStatus) -> Iterator[tuple[str, str]]:
    for entry in status.entries:
        for note in entry.notes:
            yield entry.key, note

    for stray in status.strays:
        if stray.note is not None:
            yield stray.held.name, stray.note


def status_data(status: MapStatus) -> dict[str, Any]:
    """Return a map's status as JSON data; times are ISO 8601 in UTC, what is not there is null."""
    return {
        "map": status.plan.name,
        "environment": status.plan.environment,
        "region": status.region,
        "findings": len(status.findings),
        "secrets": [_entry_data(entry) for entry in status.entries],
        "others": [_stray_data(stray) for stray in status.strays],
    }


def _entry_data(entry: EntryStatus) -> dict[str, Any]:
    found: dict[str, Any] = {
        "key": entry.key,
        "name": entry.name,
        "state": entry.state,
        "value_by": entry.writer,
        "arn": None,
        "rotates": False,
        "last_rotation": None,
        "next_rotation": None,
        "last_read": None,
        "deletion": None,
        "service": None,
    }
    held = entry.held
    if held is not None:
        found |= {
            "arn": held.arn,
            "rotates": held.rotates,
            "next_rotation": held.next_rotation,
            "service": held.service,
        }
        if held.last_rotation is not None:
            found["last_rotation"] = minute(held.last_rotation)

        if held.last_read is not None:
            found["last_read"] = str(held.last_read.astimezone(UTC).date())

        if held.deletion is not None:
            found["deletion"] = minute(held.deletion)

    return {**found, "findings": list(entry.findings), "notes": list(entry.notes)}


def _stray_data(stray: StrayStatus) -> dict[str, Any]:
    findings = [stray.finding] if stray.finding is not None else []
    notes = [stray.note] if stray.note is not None else []
    return {
        "name": stray.held.name,
        "arn": stray.held.arn,
        "findings": findings,
        "notes": notes,
    }
