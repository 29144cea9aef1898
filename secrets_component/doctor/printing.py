"""A diagnosis as text, and as JSON data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from secrets_component.doctor.results import Check, Diagnosis, Result, Section

_WIDTH = len("warning")
_MAX_UNSEEN = 8


def diagnosis_lines(found: Diagnosis) -> Iterator[tuple[Result | None, str]]:
    """Yield the lines of a report, each with the result that its first word is, if it is one."""
    maps = ", ".join(found.maps)
    yield None, f"{maps} in account {found.account}, {found.region}: {found.result}"
    for section in found.sections:
        yield from _of_section(section)


def _of_section(section: Section) -> Iterator[tuple[Result | None, str]]:
    yield None, ""
    yield None, section.title
    for check in section.checks:
        word = check.result.ljust(_WIDTH)
        yield check.result, f"  {word}  {check.about}: {check.text}{_cause(check)}"
        for line in check.evidence:
            yield None, f"    seen: {line}"

        if check.advice is not None:
            yield None, f"    do: {check.advice}"

    for line in section.unseen[:_MAX_UNSEEN]:
        yield None, f"  not seen: {line}"

    if len(section.unseen) > _MAX_UNSEEN:
        more = len(section.unseen) - _MAX_UNSEEN
        yield None, f"  not seen: {more} more things; `--json` has all"


def _cause(check: Check) -> str:
    if check.cause is None:
        return ""

    return f" [{check.cause}]"


def diagnosis_data(found: Diagnosis) -> dict[str, Any]:
    """Return a diagnosis as JSON data; what is not there is null."""
    return {
        "result": found.result,
        "maps": list(found.maps),
        "account": found.account,
        "region": found.region,
        "causes": list(found.causes),
        "sections": [_section_data(section) for section in found.sections],
    }


def _section_data(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "result": section.result,
        "checks": [_check_data(check) for check in section.checks],
        "not_seen": list(section.unseen),
    }


def _check_data(check: Check) -> dict[str, Any]:
    return {
        "result": check.result,
        "about": check.about,
        "text": check.text,
        "cause": check.cause,
        "evidence": list(check.evidence),
        "advice": check.advice,
    }
