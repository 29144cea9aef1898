"""Ask Event Ruler about every pattern of the unit tests and every event in them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from moto.events.models import EventPattern

from secrets_component.planning import detections
from secrets_component.planning.detections import CATALOGUE
from secrets_component.resources.events import new_value
from tests.cloudtrail import ACCOUNT, role
from tests.unit.planning.test_detections import CASES, read, watched
from tests.unit.resources.test_events import ARN, label_event

HERE = Path(__file__).parent
READERS = 400


def main() -> int:
    """Return 1 if a pattern is not valid or the matchers differ, 2 if the judge cannot be built."""
    asked = list(_questions())
    with tempfile.TemporaryDirectory() as folder:
        try:
            answers = _answers(Path(folder), asked)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"error: the judge cannot be built or run: {error}", file=sys.stderr)
            return 2

    differences = 0
    for (pattern, events), answer in zip(asked, answers, strict=True):
        rule = EventPattern.load(pattern)
        moto = [rule.matches_event(event) for event in events]
        if answer != moto:
            differences += 1
            print(f"differs: {pattern}\n  Event Ruler: {answer}\n  moto: {moto}")

    matches = sum(len(events) for _, events in asked)
    print(f"{len(asked)} patterns, {matches} matches, {differences} patterns differ")
    return min(differences, 1)


def _questions() -> Iterator[tuple[str, list[Any]]]:
    """Yield each pattern with the events that it is held against."""
    events = [event for taken, near in CASES.values() for event in (*taken, *near)]
    for detection in CATALOGUE.values():
        for pattern in detections.patterns(detection, watched()):
            yield pattern, events

    names = [f"shop-prod-{number % 7}-service-{number}-execution" for number in range(READERS)]
    names += ["shop", "shop-prod", "shop-prod-3"]
    many = watched(*(f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in names))
    callers = [*names[::5], *(f"{name}x" for name in names[::9]), *names[-3:], "a", "shop-"]
    for pattern in detections.patterns(CATALOGUE["unexpected_read"], many):
        yield pattern, [read(role(name)) for name in callers]

    label_events = [label_event(), label_event(resources=[]), label_event(source="my.app")]
    yield new_value(ARN), label_events


def _answers(folder: Path, asked: list[tuple[str, list[Any]]]) -> list[Any]:
    """Build the judge and ask it."""
    project = folder / "judge"
    shutil.copytree(HERE, project, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    build = ("mvn", "--quiet", "compile", "dependency:build-classpath", "-Dmdep.outputFile=path")
    subprocess.run(build, cwd=project, check=True)
    path = f"{project / 'target' / 'classes'}:{(project / 'path').read_text('utf-8').strip()}"
    lines = [json.dumps({"pattern": pattern, "events": events}) for pattern, events in asked]
    done = subprocess.run(
        ("java", "-cp", path, "Judge"),
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


if __name__ == "__main__":
    raise SystemExit(main())
