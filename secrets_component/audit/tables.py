"""An audit as JSON and CSV: one row for each principal, secret and action.

Cells that are denied because nothing allows them, as most are, are left out unless they are asked
for.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from secrets_component.audit.gains import NOT_FOLLOWED
from secrets_component.audit.ground import members_of
from secrets_component.audit.matrix import Audit, AuditRow

Cell: TypeAlias = str | bool | tuple[str, ...] | None
COLUMNS = (
    "principal", "kind", "secret", "name", "action", "verdict", "in_map", "finding", "why",
    "statements", "only_if", "unless", "secret_last_read", "principal_last_used",
    "principal_last_read",
)  # fmt: skip
"""`verdict` is `allowed`, `key refuses` or `denied`; `in_map` is `yes`, `no` or `root user`."""
_FORMULA = ("=", "+", "-", "@")


def cells(audit: Audit, *, with_silent: bool) -> Iterator[Mapping[str, Cell]]:
    """Yield the rows of an audit.

    Args:
        audit: the audit.
        with_silent: also what is denied because nothing allows it.
    """
    for line in audit.lines:
        rows = line.shown_rows()
        if with_silent:
            rows = list(line.rows())

        for row in rows:
            yield from _cells_of(row, audit)


def _cells_of(row: AuditRow, audit: Audit) -> Iterator[Mapping[str, Cell]]:
    outcome = row.outcome
    for position in members_of(row.mask):
        secret = audit.secrets[position]
        values: tuple[Cell, ...] = (
            row.caller, row.kind, secret.label, secret.stored.name, row.action, outcome.state,
            row.map_says, row.is_finding, outcome.why, outcome.statements, outcome.assumed,
            outcome.unless, secret.stored.last_read, row.last_used,
            audit.last_read_by(row, position),
        )  # fmt: skip
        yield dict(zip(COLUMNS, values, strict=True))


def json_lines(audit: Audit, *, with_silent: bool) -> Iterator[str]:
    """Yield an audit as one JSON object, a row a line."""
    account = audit.account
    head = {
        "account": account.home.account,
        "region": account.home.region,
        "time": account.time,
        "secrets": len(audit.secrets),
        "principals": len(audit.lines),
        "unchecked": audit.unchecked,
        "not_followed": NOT_FOLLOWED,
    }
    yield json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}") + ',\n "rows": ['
    last: str | None = None
    for cell in cells(audit, with_silent=with_silent):
        if last is not None:
            yield f"{last},"

        last = f"  {json.dumps(cell, ensure_ascii=False)}"

    if last is not None:
        yield last

    yield " ]\n}"


def csv_lines(audit: Audit, *, with_silent: bool) -> Iterator[str]:
    """Yield an audit as CSV; lists are joined with ` | `."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="")
    yield ",".join(COLUMNS)
    for cell in cells(audit, with_silent=with_silent):
        writer.writerow([_as_csv(value) for value in cell.values()])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _as_csv(value: Cell) -> str:
    """Return a value as a cell; one that a spreadsheet would run as a formula gets a `'`.

    https://owasp.org/www-community/attacks/CSV_Injection: names of principals are other people's.
    """
    if value is None:
        return ""

    if isinstance(value, bool):
        return str(value).lower()

    text = value if isinstance(value, str) else " | ".join(value)
    if text.startswith(_FORMULA):
        return f"'{text}"

    return text
