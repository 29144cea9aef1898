"""An audit as text: findings first, then the rest in short."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from secrets_component.audit.gains import NOT_FOLLOWED
from secrets_component.audit.ground import Mask, members_of
from secrets_component.audit.matrix import Audit, AuditRow
from secrets_component.audit.verdicts import Outcome

_MAX_LABELS = 8
_MAX_UNCHECKED = 30


def text_lines(audit: Audit) -> Iterator[str]:
    """Yield an audit as lines of text."""
    account, names = audit.account, len(audit.lines)
    yield (
        f"account {account.home.account} in {account.home.region}, {account.time}: "
        f"{_counted(len(audit.secrets), 'secret')}, {_counted(names, 'principal')}"
    )
    rows = [row for row in audit.rows() if row.is_shown and row.kind != "root"]
    findings = [row for row in rows if row.is_finding]
    if not findings:
        yield "no findings: nobody can do what the map does not say"

    yield from _section("findings: they can do what the map does not say", findings, audit, _whole)
    yield from _section("refused by the key only", rows, audit, _whole, _is_refused_by_key)
    yield from _section("in the map, but denied", rows, audit, _whole, _is_missing)
    yield from _section("as the map says", rows, audit, _nothing, _is_as_said)
    yield from _list("not checked", list(audit.unchecked))
    yield from _list("not followed", list(NOT_FOLLOWED))


def _is_refused_by_key(row: AuditRow) -> bool:
    if row.is_in_map:
        return False

    return row.outcome.state == "key refuses"


def _is_missing(row: AuditRow) -> bool:
    if not row.is_in_map:
        return False

    if row.action in ("gain", "change policy"):
        return False  # a map never says that somebody is to do these

    return row.outcome.state != "allowed"


def _is_as_said(row: AuditRow) -> bool:
    if not row.is_in_map:
        return False

    return row.outcome.state == "allowed"


def _section(
    title: str,
    rows: Iterable[AuditRow],
    audit: Audit,
    describe: Callable[[Outcome], Iterator[str]],
    is_in: Callable[[AuditRow], bool] = lambda _: True,
) -> Iterator[str]:
    """Yield a section: a block for each principal; nothing where it has none."""
    shown = [row for row in rows if is_in(row)]
    if not shown:
        return

    yield ""
    yield title
    for caller, group in groupby(shown, key=lambda row: row.caller):
        some = list(group)
        yield f"  {_name(caller)} ({_kind_and_use(some[0])})"
        alike: dict[tuple[Mask, Outcome], list[AuditRow]] = {}
        for row in some:
            alike.setdefault((row.mask, row.outcome), []).append(row)

        for those in alike.values():
            actions = ", ".join(row.action for row in those)
            yield f"    {actions}: {_labels(those[0], audit)}{_last_read(those[0], audit)}"
            yield from describe(those[0].outcome)


def _name(caller: str) -> str:
    if caller == "*":
        return "everyone (`*`)"

    return caller


def _kind_and_use(row: AuditRow) -> str:
    if row.last_used is None:
        return row.kind

    return f"{row.kind}, last used {row.last_used}"


def _whole(outcome: Outcome) -> Iterator[str]:
    yield f"      {outcome.why}"
    if outcome.assumed:
        yield f"      only if the request meets the conditions on {', '.join(outcome.assumed)}"

    for place in outcome.unless:
        yield f"      unless it is denied by {place}"


def _nothing(_: Outcome) -> Iterator[str]:
    return iter(())


def _last_read(row: AuditRow, audit: Audit) -> str:
    """Return when the caller last read any of the secrets, where CloudTrail knows."""
    days = [audit.last_read_by(row, position) or "" for position in members_of(row.mask)]
    newest = max(days)
    if not newest:
        return ""

    return f" (last read by it on {newest})"


def _labels(row: AuditRow, audit: Audit) -> str:
    labels = audit.labels(row.mask)
    if len(labels) == len(audit.secrets) > 1:
        return f"all {len(labels)} secrets"

    shown = ", ".join(labels[:_MAX_LABELS])
    if len(labels) > _MAX_LABELS:
        return f"{shown} and {len(labels) - _MAX_LABELS} more"

    return shown


def _list(title: str, items: list[str]) -> Iterator[str]:
    if not items:
        return

    yield ""
    yield title
    for item in items[:_MAX_UNCHECKED]:
        yield f"  - {item}"

    if len(items) > _MAX_UNCHECKED:
        yield f"  - and {len(items) - _MAX_UNCHECKED} more; `--format json` has all"


def _counted(number: int, noun: str) -> str:
    if number == 1:
        return f"{number:,} {noun}"

    return f"{number:,} {noun}s"
