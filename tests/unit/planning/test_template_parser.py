"""Strings of a map as templates, and where those that cannot be read are reported."""

from __future__ import annotations

import pytest

from secrets_component.errors import Report
from secrets_component.planning.template_parser import TemplateParser
from secrets_component.secret_map.references import ReferenceKind
from tests.maps_of_tests import plan_of, problems_of

MAP = """\
context_name: x
secrets:
  a:
    description: "${opened and $${more"
    tags: {one: "good", two: "${two"}
"""
DESCRIPTION = ("secrets", "a", "description")
OPEN = "${opened and $${more"


@pytest.fixture
def report() -> Report:
    """A report on MAP, whose strings a test hands to the parser."""
    return plan_of(MAP).report()


@pytest.fixture
def parser(report: Report) -> TemplateParser:
    return TemplateParser(report, frozenset({"secretsmanager", "mine"}))


def test_field_keeps_its_text_around_the_reference(parser: TemplateParser, report: Report) -> None:
    template = parser.field("key/${output.kms.id}!", DESCRIPTION)
    assert str(template) == "key/${output.kms.id}!"
    assert [str(reference) for reference in template.references] == ["${output.kms.id}"]
    assert report.errors == []


@pytest.mark.parametrize(
    ("component", "kind"),
    [
        ("secretsmanager", ReferenceKind.SELF),
        ("mine", ReferenceKind.SELF),
        ("rds", ReferenceKind.OUTPUT),
    ],
)
def test_component_name_of_the_map_makes_a_self_reference(
    parser: TemplateParser, component: str, kind: ReferenceKind
) -> None:
    template = parser.field(f"${{output.{component}.secret_arns.a}}", DESCRIPTION)
    assert [reference.kind for reference in template.references] == [kind]


def test_unreadable_reference_in_a_field_is_reported_at_it(
    parser: TemplateParser, report: Report
) -> None:
    parser.field(OPEN, DESCRIPTION)
    (problem,) = report.errors
    assert str(problem).startswith("m:4:19: error: `description`: `${` is never closed")


def test_absent_field_has_no_template(parser: TemplateParser, report: Report) -> None:
    assert parser.optional(None, DESCRIPTION) is None
    assert report.errors == []


def test_empty_field_is_not_absent(parser: TemplateParser) -> None:
    assert str(parser.optional("", DESCRIPTION)) == ""


def test_unreadable_reference_in_an_optional_field_is_reported(
    parser: TemplateParser, report: Report
) -> None:
    parser.optional(OPEN, DESCRIPTION)
    assert [str(problem.position) for problem in report.errors] == ["m:4:19"]


def test_items_of_a_list_keep_their_order(parser: TemplateParser) -> None:
    templates = parser.fields(["b", "${env.A}"], DESCRIPTION)
    assert [str(template) for template in templates] == ["b", "${env.A}"]


def test_unreadable_item_of_a_list_is_reported_at_that_item() -> None:
    fields = "readers: ['111122223333', '${env.A']"
    (problem,) = problems_of(f"context_name: x\nsecrets: {{a: {{access: {{{fields}}}}}}}\n")
    assert problem.startswith("m:2:51: error: `readers`: `${` is never closed")


@pytest.mark.parametrize(
    ("text", "is_json"),
    [('{"host": "${output.rds.host}"}', True), ("host=${output.rds.host}", False), ("5", False)],
)
def test_value_knows_whether_it_is_json(parser: TemplateParser, text: str, is_json: bool) -> None:
    assert parser.value(text, DESCRIPTION).is_json is is_json


def test_unreadable_reference_in_a_value_is_reported_at_it(
    parser: TemplateParser, report: Report
) -> None:
    parser.value(OPEN, DESCRIPTION)
    assert [str(problem.position) for problem in report.errors] == ["m:4:19"]


def test_structure_has_the_references_of_all_its_strings(parser: TemplateParser) -> None:
    structure = parser.structure(
        {"a": "${env.A}", "l": ["${env.B}", 5], "m": {"c": "${env.A}"}}, DESCRIPTION
    )
    assert [str(reference) for reference in structure.references] == ["${env.A}", "${env.B}"]


def test_unreadable_reference_in_a_structure_is_reported_inside_of_it(
    parser: TemplateParser, report: Report
) -> None:
    parser.structure({"one": "good", "two": "${two"}, ("secrets", "a", "tags"))
    (problem,) = report.errors
    assert str(problem).startswith("m:5:31: error: `tags`: `${` is never closed")


def test_every_unreadable_reference_of_a_string_is_reported(
    parser: TemplateParser, report: Report
) -> None:
    parser.field("${one} and ${two}", DESCRIPTION)
    assert len(report.errors) == 2


def test_text_of_an_unreadable_reference_is_not_repeated(
    parser: TemplateParser, report: Report
) -> None:
    parser.field("${hunter2}", DESCRIPTION)
    (problem,) = report.errors
    assert "hunter2" not in str(problem)
