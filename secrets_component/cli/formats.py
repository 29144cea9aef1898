"""The forms in which `validate` reports problems: for people, programs and CI systems."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote
from xml.etree import ElementTree as ET

from secrets_component.cli.terminal import coloured
from secrets_component.errors import Position, Problem


@dataclass(frozen=True, slots=True)
class FileReport:
    """What is found in one file.

    Attributes:
        file: the file as the command line names it.
        problems: what is wrong, in the order in which it is shown.
        is_unreadable: the file cannot be read, which is its one problem.
    """

    file: str
    problems: tuple[Problem, ...]
    is_unreadable: bool = False

    def count(self, severity: str) -> int:
        """Return the number of problems of a severity (`error` or `warning`)."""
        return sum(problem.severity == severity for problem in self.problems)


Files: TypeAlias = Sequence[FileReport]

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES = {
    "error": ("invalid-map", "The map cannot be deployed as it is."),
    "warning": ("unusual-map", "The map can be deployed, but this is rarely meant."),
}
_COLOUR_OF = {"error": "red", "warning": "yellow"}
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""https://www.w3.org/TR/xml/#charsets"""


def report_text(files: Files, *, in_colour: bool) -> str:
    """Return a line for each problem, as compilers print it."""
    lines = []
    for problem in _problems(files):
        place = coloured(f"{problem.position}:", "bold", on=in_colour)
        colour = _COLOUR_OF[problem.severity]
        severity = coloured(f"{problem.severity}:", colour, on=in_colour)
        lines.append(f"{place} {severity} {problem.message}")

    return "\n".join(lines)


def as_json(files: Files) -> str:
    """Return JSON: the problems of each file, and their numbers.

    `line` and `column` are null for what is about a file as a whole.
    """
    listed = []
    for report in files:
        problems = [_json_problem(problem) for problem in report.problems]
        listed.append({"file": report.file, "problems": problems})

    totals = {
        "errors": sum(report.count("error") for report in files),
        "warnings": sum(report.count("warning") for report in files),
    }
    return json.dumps({"files": listed, **totals}, indent=2, ensure_ascii=False)


def _json_problem(problem: Problem) -> dict[str, Any]:
    position = problem.position
    return {
        "line": position.line or None,
        "column": position.column or None,
        "severity": problem.severity,
        "message": problem.message,
    }


def as_github(files: Files) -> str:
    """Return workflow commands, which GitHub shows beside the lines of a pull request.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands; the
    escapes: actions/toolkit, `packages/core/src/command.ts`.
    """
    lines = []
    for problem in _problems(files):
        position = problem.position
        properties = f"file={_escaped_property(position.file)}"
        if position.line:
            properties += f",line={position.line},col={position.column}"

        lines.append(f"::{problem.severity} {properties}::{_escaped_data(problem.message)}")

    return "\n".join(lines)


def _escaped_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped_data(text).replace(":", "%3A").replace(",", "%2C")


def as_sarif(files: Files) -> str:
    """Return a log for code scanning.

    https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
    """
    rules = [{"id": name, "shortDescription": {"text": text}} for name, text in _RULES.values()]
    run = {
        "tool": {"driver": {"name": "secretsmap", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(problem) for problem in _problems(files)],
    }
    log = {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False)


def _sarif_result(problem: Problem) -> dict[str, Any]:
    position = problem.position
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(position)}}
    if position.line:
        place["region"] = {"startLine": position.line, "startColumn": position.column}

    rule, _ = _RULES[problem.severity]
    return {
        "ruleId": rule,
        "level": problem.severity,
        "message": {"text": problem.message},
        "locations": [{"physicalLocation": place}],
    }


def _uri(position: Position) -> str:
    path = Path(position.file)
    if path.is_absolute():
        return path.as_uri()

    return quote(path.as_posix())


def as_junit(files: Files, is_strict: bool) -> str:  # noqa: FBT001 # as all of `FORMATS`
    """Return a JUnit report with one test case for each file.

    The elements that https://github.com/testmoapp/junitxml describes and the schema of Jenkins'
    xUnit plugin (`junit-10.xsd`) allows.
    """
    suite = ET.Element("testsuite", name="secretsmap validate", tests=str(len(files)))
    failures = errors = 0
    for report in files:
        case = ET.SubElement(suite, "testcase", name=_xml_text(report.file), classname="secretsmap")
        failing, other = _by_failing(report.problems, is_strict=is_strict)
        if report.is_unreadable:
            errors += 1
            _add_problems(case, "error", failing)
        elif failing:
            failures += 1
            _add_problems(case, "failure", failing)

        if other:
            ET.SubElement(case, "system-out").text = _lines_of(other)

    suite.set("failures", str(failures))
    suite.set("errors", str(errors))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _by_failing(
    problems: Iterable[Problem], *, is_strict: bool
) -> tuple[list[Problem], list[Problem]]:
    """Sort problems into those that fail a file, and others."""
    failing: list[Problem] = []
    other: list[Problem] = []
    for problem in problems:
        is_failing = is_strict or problem.severity == "error"
        if is_failing:
            failing.append(problem)
        else:
            other.append(problem)

    return failing, other


def _add_problems(case: ET.Element, kind: str, problems: Sequence[Problem]) -> None:
    first = _xml_text(problems[0].message)
    ET.SubElement(case, kind, message=first, type=kind).text = _lines_of(problems)


def _lines_of(problems: Sequence[Problem]) -> str:
    return _xml_text("\n".join(map(str, problems)))


def _xml_text(text: str) -> str:
    return _NOT_IN_XML.sub("?", text)


def _problems(files: Files) -> Iterator[Problem]:
    for report in files:
        yield from report.problems


FORMATS: Mapping[str, Callable[[Files, bool], str]] = {
    "json": lambda files, _: as_json(files),
    "github": lambda files, _: as_github(files),
    "sarif": lambda files, _: as_sarif(files),
    "junit": as_junit,
}
"""The formats for programs by their names on the command line; each is given the problems, and
whether warnings count as errors."""
