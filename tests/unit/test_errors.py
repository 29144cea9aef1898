"""Errors in secret maps: positions, wording, order, and what is never repeated."""

from __future__ import annotations

from typing import Literal

import pytest

from secrets_component.errors import (
    KeyPath,
    MapSyntaxError,
    MapValueError,
    Position,
    Problem,
    Report,
    SecretMapError,
    did_you_mean,
    shown,
)
from tests.maps_of_tests import plan_of

MAP = """\
context_name: x
stacks: {rds: o/rds/dev}
alarms: {topic_arn: "${output.rds.topic}"}
secrets:
  a:
    secret_data: "user at ${output.rds.host}"
    replicas: [{region: eu-west-1}]
    tags: {team: t}
  b: {description: d}
"""


def report() -> Report:
    """A report on MAP, without problems."""
    return plan_of(MAP).report()


def errors(found: Report) -> list[str]:
    return [str(problem) for problem in found.errors]


def test_position_is_written_as_file_line_and_column() -> None:
    assert str(Position("maps/dev.yaml", 3, 14)) == "maps/dev.yaml:3:14"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), "secret_map"),
        (("secrets", "a", "replicas", 0, "region"), "secret_map.secrets.a.replicas[0].region"),
        (("secrets", "hunter 2"), "secret_map.secrets.…"),
    ],
)
def test_position_in_data_is_the_path_of_its_keys(path: KeyPath, text: str) -> None:
    assert str(Position.in_data("secret_map", path)) == text


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_problem_is_one_line_with_its_severity(severity: Literal["error", "warning"]) -> None:
    problem = Problem(Position("m", 1, 2), "is wrong; write `a`", severity)
    assert str(problem) == f"m:1:2: {severity}: is wrong; write `a`"


def test_problem_is_an_error_unless_stated() -> None:
    assert Problem(Position("m", 1, 1), "is wrong").severity == "error"


def test_problems_are_sorted_by_line_and_column_as_numbers() -> None:
    positions = [Position("m", 10, 1), Position("m", 9, 12), Position("m", 9, 2)]
    error = SecretMapError(Problem(position, "is wrong") for position in positions)
    assert str(error).splitlines() == [
        "m:9:2: error: is wrong",
        "m:9:12: error: is wrong",
        "m:10:1: error: is wrong",
    ]


def test_problems_are_sorted_by_file_first() -> None:
    error = SecretMapError(
        [Problem(Position("b", 1, 1), "is wrong"), Problem(Position("a", 2, 1), "is wrong")]
    )
    assert [problem.position.file for problem in error.problems] == ["a", "b"]


def test_same_problem_at_the_same_position_is_reported_once() -> None:
    position = Position("m", 1, 1)
    error = SecretMapError(
        [Problem(position, "one"), Problem(position, "two"), Problem(position, "one")]
    )
    assert str(error) == "m:1:1: error: one\nm:1:1: error: two"


@pytest.mark.parametrize("kind", [MapSyntaxError, MapValueError])
def test_every_error_of_a_map_can_be_caught_as_one(kind: type[SecretMapError]) -> None:
    with pytest.raises(SecretMapError, match=r"^m:1:1: error: is wrong$"):
        raise kind([Problem(Position("m", 1, 1), "is wrong")])


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("context_name",), "m:1:1: error: `context_name`: is wrong"),
        (("alarms", "topic_arn"), "m:3:10: error: `topic_arn`: is wrong"),
        (("secrets",), "m:4:1: error: `secrets`: is wrong"),
        (("secrets", "a"), "m:5:3: error: is wrong"),
        (("secrets", "a", "secret_data"), "m:6:5: error: `secret_data`: is wrong"),
        (("secrets", "a", "replicas", 0), "m:7:16: error: `replicas`: is wrong"),
        (("secrets", "a", "replicas", 0, "region"), "m:7:17: error: `region`: is wrong"),
        ((), "m:1:1: error: is wrong"),
    ],
)
def test_message_starts_with_its_field_unless_it_is_about_an_entry(
    path: KeyPath, line: str
) -> None:
    found = report()
    found.error(path, "is wrong")
    assert errors(found) == [line]


def test_key_that_could_be_a_secret_is_not_named() -> None:
    found = report()
    found.error(("secrets", "a", "tags", "hunter2!"), "is wrong")
    assert errors(found) == ["m:8:5: error: is wrong"]


def test_error_at_a_value_points_behind_the_key() -> None:
    found = report()
    found.error(("context_name",), "is wrong", at_value=True)
    assert errors(found) == ["m:1:15: error: `context_name`: is wrong"]


def test_bare_error_does_not_repeat_its_field() -> None:
    found = report()
    found.error(("context_name",), "unknown key `context_name`", bare=True)
    assert errors(found) == ["m:1:1: error: unknown key `context_name`"]


def test_field_that_the_map_does_not_have_is_reported_at_its_entry() -> None:
    found = report()
    found.error(("secrets", "b", "name"), "is missing")
    assert errors(found) == ["m:9:3: error: `name`: is missing"]


def test_warning_is_kept_apart_from_errors() -> None:
    found = report()
    found.warn(("secrets", "a", "secret_data"), "is odd")
    assert found.errors == []
    assert [str(warning) for warning in found.warnings] == ["m:6:5: warning: `secret_data`: is odd"]


def test_warning_at_a_value_points_behind_the_key() -> None:
    found = report()
    found.warn(("secrets", "a", "secret_data"), "is odd", at_value=True)
    assert [str(warning.position) for warning in found.warnings] == ["m:6:18"]


def test_error_at_text_points_into_the_value() -> None:
    found = report()
    found.error_at_text(("secrets", "a", "secret_data"), "${output.rds.host}", "is wrong")
    assert errors(found) == ["m:6:27: error: `secret_data`: is wrong"]


def test_error_at_text_that_is_not_found_points_at_the_value() -> None:
    found = report()
    found.error_at_text(("secrets", "a", "secret_data"), "${output.rds.port}", "is wrong")
    assert errors(found) == ["m:6:18: error: `secret_data`: is wrong"]


@pytest.mark.parametrize(
    ("entry", "reference", "place"),
    [
        ("a", "${output.rds.host}", "6:27"),  # in the entry
        ("b", "${output.rds.topic}", "3:22"),  # elsewhere in the map
        ("b", "${output.rds.port}", "9:3"),  # nowhere: the entry's key
    ],
)
def test_reference_is_searched_in_its_entry_then_in_the_map(
    entry: str, reference: str, place: str
) -> None:
    found = report()
    found.error_in_reference(("secrets", entry), reference, "has no value")
    assert errors(found) == [f"m:{place}: error: `{reference}`: has no value"]


def test_reference_in_its_entry_comes_before_the_same_one_above() -> None:
    text = MAP.replace("rds.host", "rds.topic")
    found = plan_of(text).report()
    found.error_in_reference(("secrets", "a"), "${output.rds.topic}", "has no value")
    assert [problem.position.line for problem in found.errors] == [6]


def test_findings_of_a_block_are_added_below_its_path() -> None:
    found = report()
    findings = [(("secret_data",), "is wrong"), (("replicas", 0, "region"), "is wrong, too")]
    found.add(findings, ("secrets", "a"))
    assert errors(found) == [
        "m:6:5: error: `secret_data`: is wrong",
        "m:7:17: error: `region`: is wrong, too",
    ]


def test_findings_without_a_path_are_those_of_the_map() -> None:
    found = report()
    found.add([(("context_name",), "is wrong")])
    assert errors(found) == ["m:1:1: error: `context_name`: is wrong"]


def test_problems_of_other_files_keep_their_position() -> None:
    found = report()
    found.extend([Problem(Position("own.json.tpl", 2, 3), "is not JSON")])
    assert errors(found) == ["own.json.tpl:2:3: error: is not JSON"]


@pytest.mark.parametrize(
    "word", ["name", "_name", "kms-key.id:1", "A9", "secretsmanager", "a" * 64]
)
def test_identifier_is_shown(word: str) -> None:
    assert shown(word) == f" `{word}`"


@pytest.mark.parametrize(
    "word",
    ["", "9a", "-a", "hunter 2", "p@ss", "a/b", "ü", "a\n", "$ecret", "a=b", "a" * 65],
)
def test_word_that_is_no_identifier_is_never_shown(word: str) -> None:
    assert shown(word) == ""


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("nmae", "; did you mean `name`?"),
        ("secret-data", "; did you mean `secret_data`?"),
        ("region", ""),
        ("", ""),
    ],
)
def test_nearest_known_word_is_suggested(word: str, hint: str) -> None:
    assert did_you_mean(word, ["name", "path", "secret_data"]) == hint


def test_nothing_is_suggested_without_known_words() -> None:
    assert did_you_mean("name", []) == ""


def test_very_long_word_is_compared_by_its_beginning() -> None:
    known = ["a" * 64]
    assert did_you_mean("a" * 1_000_000, known) == f"; did you mean `{known[0]}`?"


def test_problems_beyond_the_first_two_hundred_are_left_out_with_a_word() -> None:
    found = report()
    for number in range(201):
        assert not found.is_full
        found.error(("secrets", "a"), f"problem {number}")
        found.warn(("secrets", "a"), f"warning {number}")
    assert found.is_full
    found.error(("secrets", "a"), "one more")
    found.error_at_text(("secrets", "a"), "x", "one more")
    found.error_in_reference(("secrets", "a"), "${x}", "one more")
    found.warn(("secrets", "a"), "one more")
    assert len(found.errors) == len(found.warnings) == 201
    assert str(found.errors[-1]) == "m:1:1: error: only 200 errors are shown; fix these first"
    assert str(found.warnings[-1]) == "m:1:1: warning: only 200 warnings are shown; fix these first"


def test_warning_about_a_part_of_a_value_points_at_it() -> None:
    found = report()
    found.warn_at_text(("secrets", "a", "secret_data"), "at", "is odd")
    found.warn_at_text(("secrets", "a", "secret_data"), "hunter2", "is odd")
    assert [str(one.position) for one in found.warnings] == ["m:6:24", "m:6:18"]


def test_suggestion_is_never_what_could_be_a_value() -> None:
    assert did_you_mean("databse", ["database"]) == "; did you mean `database`?"
    assert did_you_mean("rds/replca", ["rds/replica"]) == "; did you mean `rds/replica`?"
    assert did_you_mean("S3cret!A=x y", ["S3cret!A=x z"]) == ""
