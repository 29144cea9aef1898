"""`docs/practices.md` has the ten practices, and the tests and verbs that it names exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from secrets_component.cli.command import _VERBS
from secrets_component.doctor.causes import CAUSES

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "practices.md").read_text("utf-8")
TESTS = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)
PRACTICES = (
    "Hierarchical organization", "Encryption", "Least privilege", "Rotation", "Distribution",
    "Monitoring", "Access control", "Cross-account access", "Documentation", "References",
)  # fmt: skip
"""In the order of the guide."""


def rows() -> list[list[str]]:
    found = [line.strip("|").split("|") for line in TEXT.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in found[2:]]


def test_each_practice_has_a_row_that_says_what_checks_it() -> None:
    assert [row[0] for row in rows()] == [
        f"{number}. {practice}" for number, practice in enumerate(PRACTICES, 1)
    ]
    for row in rows():
        assert all(row)
        assert "::test_" in row[3], row[0]


@pytest.mark.parametrize(("file", "test"), TESTS)
def test_named_test_exists(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_named_verbs_and_causes_exist() -> None:
    assert set(re.findall(r"secretsmap (\w+)", TEXT)) <= set(_VERBS)
    for causes in re.findall(r"`secretsmap doctor` \(([^)]*`[^)]*)\)", TEXT):
        assert set(re.findall(r"`([\w-]+)`", causes)) <= set(CAUSES)
