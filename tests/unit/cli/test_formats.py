"""The forms in which problems are reported, held against what each format's reader demands."""

import json
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from secrets_component.cli.formats import (
    FORMATS,
    FileReport,
    as_github,
    as_json,
    as_junit,
    as_sarif,
    report_text,
)
from secrets_component.errors import Position, Problem

ERROR = Problem(Position("maps/a.yaml", 3, 5), "`x`: is 100% wrong: a, b")
WARNING = Problem(Position("maps/a.yaml", 9, 1), "`y`: is <odd> & rare", "warning")
MISSING = Problem(Position("no file.yaml", 0, 0), "file not found")
FILES = [
    FileReport("maps/a.yaml", (ERROR, WARNING)),
    FileReport("no file.yaml", (MISSING,), is_unreadable=True),
    FileReport("good.yaml", ()),
]

SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": {"$ref": "#/$defs/run"}},
    },
    "$defs": {
        "run": {
            "type": "object",
            "required": ["tool", "results"],
            "properties": {
                "tool": {"$ref": "#/$defs/tool"},
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
            },
        },
        "tool": {
            "required": ["driver"],
            "properties": {
                "driver": {
                    "required": ["name"],
                    "properties": {
                        "rules": {
                            "type": "array",
                            "uniqueItems": True,
                            "items": {
                                "required": ["id"],
                                "properties": {"shortDescription": {"$ref": "#/$defs/message"}},
                            },
                        }
                    },
                }
            },
        },
        "message": {"required": ["text"], "properties": {"text": {"type": "string"}}},
        "result": {
            "required": ["message", "locations"],
            "properties": {
                "ruleId": {"type": "string"},
                "level": {"enum": ["none", "note", "warning", "error"]},
                "message": {"$ref": "#/$defs/message"},
                "locations": {"type": "array", "items": {"$ref": "#/$defs/location"}},
            },
        },
        "location": {
            "required": ["physicalLocation"],
            "properties": {
                "physicalLocation": {
                    "required": ["artifactLocation"],
                    "properties": {
                        "artifactLocation": {
                            "required": ["uri"],
                            "properties": {"uri": {"pattern": "^[A-Za-z0-9._~:/%+-]+$"}},
                        },
                        "region": {
                            "required": ["startLine", "startColumn"],
                            "properties": {
                                "startLine": {"type": "integer", "minimum": 1},
                                "startColumn": {"type": "integer", "minimum": 1},
                            },
                        },
                    },
                }
            },
        },
    },
}
"""What the standard demands of the parts that are written (sections 3.13 to 3.52)."""


def test_text_is_a_line_for_each_problem() -> None:
    assert report_text(FILES, in_colour=False).splitlines() == [
        str(ERROR),
        str(WARNING),
        str(MISSING),
    ]


def test_text_in_colour_is_the_same_text_between_codes() -> None:
    coloured = report_text(FILES, in_colour=True)
    assert "\x1b[31merror:\x1b[0m" in coloured
    assert "\x1b[33mwarning:\x1b[0m" in coloured
    assert "\x1b[1mmaps/a.yaml:3:5:\x1b[0m" in coloured


def test_json_has_every_problem_with_its_place() -> None:
    made = json.loads(as_json(FILES))
    assert (made["errors"], made["warnings"]) == (2, 1)
    assert [file["file"] for file in made["files"]] == ["maps/a.yaml", "no file.yaml", "good.yaml"]
    assert made["files"][0]["problems"][0] == {
        "line": 3,
        "column": 5,
        "severity": "error",
        "message": ERROR.message,
    }
    assert made["files"][1]["problems"][0]["line"] is None


def test_github_commands_escape_messages_and_properties() -> None:
    odd = Position("a,b:c%.yaml", 1, 2)
    files = [*FILES, FileReport("x", (Problem(odd, "one\r\ntwo: 5%, 6"),))]
    assert as_github(files).splitlines() == [
        "::error file=maps/a.yaml,line=3,col=5::`x`: is 100%25 wrong: a, b",
        "::warning file=maps/a.yaml,line=9,col=1::`y`: is <odd> & rare",
        "::error file=no file.yaml::file not found",
        "::error file=a%2Cb%3Ac%25.yaml,line=1,col=2::one%0D%0Atwo: 5%25, 6",
    ]


def test_sarif_has_what_the_standard_requires() -> None:
    absolute = Problem(Position("/maps/é.yaml", 1, 1), "m")
    made = json.loads(as_sarif([*FILES, FileReport("/maps/é.yaml", (absolute,))]))
    jsonschema.Draft202012Validator(SARIF).validate(made)
    (run,) = made["runs"]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "error", "error"]
    known = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} == known
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert places[0] == {
        "artifactLocation": {"uri": "maps/a.yaml"},
        "region": {"startLine": 3, "startColumn": 5},
    }
    assert places[2] == {"artifactLocation": {"uri": "no%20file.yaml"}}
    assert places[3]["artifactLocation"] == {"uri": "file:///maps/%C3%A9.yaml"}


@pytest.mark.parametrize(("is_strict", "failed"), [(False, [ERROR]), (True, [ERROR, WARNING])])
def test_junit_has_a_case_for_each_file(is_strict: bool, failed: list[Problem]) -> None:
    root = ET.fromstring(as_junit(FILES, is_strict))  # noqa: S314 # our own
    assert root.tag == "testsuites"
    (suite,) = root
    counts = {key: suite.get(key) for key in ("tests", "failures", "errors")}
    assert counts == {"tests": "3", "failures": "1", "errors": "1"}
    wrong, missing, good = suite
    assert {case.tag for case in suite} == {"testcase"}
    assert (wrong.get("name"), wrong.get("classname")) == ("maps/a.yaml", "secretsmap")
    assert wrong[0].tag == "failure"
    assert wrong[0].get("message") == ERROR.message
    assert wrong[0].text == "\n".join(map(str, failed))
    assert [part.tag for part in wrong[1:]] == ([] if is_strict else ["system-out"])
    assert [part.tag for part in missing] == ["error"]
    assert list(good) == []


def test_junit_fails_a_file_with_warnings_only_if_they_count() -> None:
    only = [FileReport("a", (WARNING,))]
    assert ET.fromstring(as_junit(only, False))[0].get("failures") == "0"  # noqa: FBT003, S314
    assert ET.fromstring(as_junit(only, True))[0].get("failures") == "1"  # noqa: FBT003, S314


def test_junit_has_no_characters_that_xml_forbids() -> None:
    odd = [FileReport("a\x00b", (Problem(Position("a\x00b", 1, 1), "m\x1b"),))]
    case = ET.fromstring(as_junit(odd, False))[0][0]  # noqa: FBT003, S314
    assert (case.get("name"), case[0].get("message")) == ("a?b", "m?")


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_says_something_about_no_problems(name: str) -> None:
    assert isinstance(FORMATS[name]([], False), str)  # noqa: FBT003
