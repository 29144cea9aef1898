"""docs/second-opinion.md, made from the differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandbox import second_opinion
from tests.second_opinion import COMMAND, ROOT, services
from tests.second_opinion.answers import read
from tests.second_opinion.differences import (
    Difference,
    Place,
    known,
    recorded_places,
)
from tests.second_opinion.engine import expected_failures, selected

FILE = ROOT / "docs" / "second-opinion.md"

_INTRODUCTION = """\
# A second opinion on the API

The sandbox's AWS is moto with the rules in `sandbox/rules`. [ministack](https://pypi.org/project/ministack/)
(MIT) is an AWS emulator that other people wrote. `{command}` asks both the same calls and runs the
engine tests on ministack as well; where the two answer differently, AWS's own documentation decides.

None of the sandbox's rules is put in front of ministack: with them it would be no second opinion.
What it lacks or does differently fails a test there, and that test is listed below. ministack {version}
is installed by that command only, from hashes, into the user's cache; `make setup` does not need it.
`SANDBOX_API=ministack make up` deploys to it.

{calls} calls in {probes} series were asked of both: {alike} were answered alike, {other} differently.
`make test` holds the sandbox to all of these answers without ministack. This page is generated from
`tests/second_opinion/differences.yaml`.
"""

_SECTIONS = {
    "ministack": "ministack is right",
    "neither": "Neither is right",
    "unsettled": "AWS's documentation does not settle it",
    "both": "Both are right",
    "sandbox": "The sandbox is right",
}


def text() -> str:
    """Return the page."""
    differences = known()
    found = list(recorded_places())
    parts = [_introduction(found)]
    for right, title in _SECTIONS.items():
        rows = {n: one for n, one in differences.items() if one.right == right}
        if rows:
            parts.append(f"## {title}\n\n" + _table(rows, found, differences))

    parts.append(_engine(differences))
    return "\n".join(parts)


def _introduction(found: list[Place]) -> str:
    probes = [steps for service in services() for steps in read(service)["probes"].values()]
    calls = sum(len(steps) for steps in probes)
    other = len({" ".join(place.path.split(" ")[:-1]) for place in found})
    return _INTRODUCTION.format(
        command=COMMAND,
        version=second_opinion.version(),
        calls=calls,
        probes=len(probes),
        alike=calls - other,
        other=other,
    )


def _table(
    rows: Mapping[str, Difference], found: list[Place], differences: Mapping[str, Difference]
) -> str:
    lines = [
        "| behaviour | sandbox | ministack | AWS | what was done |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in rows.values():
        aws = f"{one.aws} ({_linked(one.source)})"
        lines.append(f"| {one.about} | {one.sandbox} | {one.ministack} | {aws} | {one.done} |")

    return "\n".join(lines) + "\n"


def _linked(source: str) -> str:
    if source.startswith("https://"):
        return f"[source]({source})"

    return source


def _engine(differences: Mapping[str, Difference]) -> str:
    return "\n".join(_engine_lines(differences)) + "\n"


def _engine_lines(differences: Mapping[str, Difference]) -> Iterator[str]:
    failures = expected_failures()
    yield "## Engine tests on ministack"
    yield ""
    yield f"`{COMMAND}` runs {', '.join(f'`{path}`' for path in selected())} on ministack."
    yield "These tests fail there, each for a difference above; the command fails if one passes."
    yield ""
    yield "| test | difference |"
    yield "| --- | --- |"
    for test, difference in failures.items():
        yield f"| `{test}` | {differences[difference].about} |"
