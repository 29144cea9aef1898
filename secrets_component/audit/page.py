"""An audit as one HTML page that needs nothing else: a matrix with filters, and its rows.

Principals that are alike in all cells share a row, and secrets a column, so that the page of a
thousand by five hundred stays small. Names are other people's: they get into the page as data only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from secrets_component.audit.declared import AuditedSecret
from secrets_component.audit.gains import NOT_FOLLOWED
from secrets_component.audit.ground import Mask, members_of
from secrets_component.audit.matrix import Audit, AuditRow, MatrixLine
from secrets_component.audit.verdicts import ACTIONS, Outcome

_PAGE = Path(__file__).with_name("page.html")
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
"""What could end the script that the data is in."""


def html_page(audit: Audit) -> str:
    """Return the page of an audit."""
    text = json.dumps(page_data(audit), separators=(",", ":"))
    for character, escaped in _UNSAFE.items():
        text = text.replace(character, escaped)

    return _PAGE.read_text("utf-8").replace("{{data}}", text)


def page_data(audit: Audit) -> dict[str, Any]:
    """Return what the page shows.

    Returns:
        `secrets` and `principals`; `columns`: secrets that are alike; `lines`: principals that are
        alike, with their `cells`, each an action, its columns, the number of its outcome and what
        the map says; `outcomes`; `reads`.
    """
    rows = [line.shown_rows() for line in audit.lines]
    columns = _columns(audit, rows)
    outcomes: dict[Outcome, int] = {}
    lines = _lines_of_page(rows, columns, outcomes)
    account = audit.account
    return {
        "account": account.home.account,
        "region": account.home.region,
        "time": account.time,
        "findings": sum(row.is_finding for row in audit.rows()),
        "actions": ACTIONS,
        "secrets": [_secret_of_page(secret) for secret in audit.secrets],
        "principals": [_principal(line) for line in audit.lines],
        "columns": [list(members_of(column)) for column in columns],
        "lines": lines,
        "outcomes": [_outcome_of_page(outcome) for outcome in outcomes],
        "reads": _reads_of_page(audit),
        "unchecked": audit.unchecked,
        "not_followed": NOT_FOLLOWED,
    }


def _lines_of_page(
    rows: Iterable[Iterable[AuditRow]], columns: list[Mask], outcomes: dict[Outcome, int]
) -> list[dict[str, Any]]:
    """Return the principals that have any cells, joined where all cells are alike."""
    lines: dict[str, dict[str, Any]] = {}
    for number, own in enumerate(rows):
        cells = [_cell(row, columns, outcomes) for row in own]
        if not cells:
            continue

        alike = lines.setdefault(json.dumps(cells), {"principals": [], "cells": cells})
        alike["principals"].append(number)

    return list(lines.values())


def _columns(audit: Audit, rows: Iterable[Iterable[AuditRow]]) -> list[Mask]:
    """Return the sets of secrets that no cell tells apart."""
    masks: dict[Mask, None] = {}
    for own in rows:
        masks |= dict.fromkeys(row.mask for row in own)

    columns = [(1 << len(audit.secrets)) - 1]
    for mask in masks:
        halves = []
        for column in columns:
            halves += [column & mask, column & ~mask]

        columns = [half for half in halves if half]

    return sorted(columns, key=lambda column: column & -column)


def _cell(row: AuditRow, columns: list[Mask], outcomes: dict[Outcome, int]) -> dict[str, Any]:
    return {
        "action": row.action,
        "columns": [number for number, column in enumerate(columns) if column & row.mask],
        "outcome": outcomes.setdefault(row.outcome, len(outcomes)),
        "inMap": row.map_says,
    }


def _reads_of_page(audit: Audit) -> dict[str, dict[str, str]]:
    """Return the days of last reads, by principal and name of the secret."""
    found: dict[str, dict[str, str]] = {}
    for (principal, name), day in audit.account.last_reads.items():
        found.setdefault(principal, {})[name] = day

    return found


def _secret_of_page(secret: AuditedSecret) -> dict[str, Any]:
    stored = secret.stored
    return {"label": secret.label, "name": stored.name, "last_read": stored.last_read}


def _principal(line: MatrixLine) -> dict[str, Any]:
    caller = line.caller
    return {"name": caller.name, "kind": caller.kind, "last_used": caller.last_used}


def _outcome_of_page(outcome: Outcome) -> dict[str, Any]:
    return {
        "state": outcome.state,
        "why": outcome.why,
        "only_if": outcome.assumed,
        "unless": outcome.unless,
    }
