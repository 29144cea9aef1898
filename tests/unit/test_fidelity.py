"""`docs/fidelity.md` names rules, sources and tests that exist, and misses no rule."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sandbox.providers.official import TABLE
from sandbox.providers.validators import KINDS

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "fidelity.md").read_text("utf-8")
REFERENCE = re.compile(r"`([\w/]+\.py)::([\w.]+)`")
LINK = re.compile(r"\[([^\]]+)\](?!\()")
OFFICIAL = yaml.safe_load(TABLE.read_text("utf-8"))
HEADERS = ("rule", "type")
WITHOUT_A_RULE = {"install"}  # puts the rules in place


def rows() -> list[list[str]]:
    """The cells of all rows of the tables: rule, where it is, source, tests."""
    found = []
    for line in TEXT.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        is_row = line.startswith("|") and not line.startswith("| ---")
        if is_row and cells[0] not in HEADERS:
            found.append(cells)
    return found


def names_in(path: Path) -> set[str]:
    """The functions, classes and methods that a module defines."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
            if isinstance(node, ast.ClassDef):
                found |= {f"{node.name}.{method}" for method in methods(node)}
    return found


def methods(node: ast.ClassDef) -> Iterator[str]:
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef):
            yield inner.name


def test_each_row_has_a_rule_its_place_a_source_and_a_test() -> None:
    assert len(rows()) > 40
    for row in rows():
        assert len(row) == 4, row
        rule, place, source, test = row
        assert rule, row
        assert source, row
        assert REFERENCE.findall(place), row
        assert REFERENCE.findall(test), row


@pytest.mark.parametrize(("column", "folder"), [(1, "sandbox"), (3, "tests")])
def test_what_a_row_names_exists(column: int, folder: str) -> None:
    for row in rows():
        for file, name in REFERENCE.findall(row[column]):
            path = ROOT / folder / file
            assert path.is_file(), f"{file} in {row[0]}"
            assert name in names_in(path), f"{file}::{name} in {row[0]}"
        assert re.sub(r"[\s,]", "", REFERENCE.sub("", row[column])) == "", row[column]


def test_each_link_is_defined_and_used() -> None:
    defined = set(re.findall(r"^\[([^\]]+)\]: https://", TEXT, re.MULTILINE))
    used = {name for row in rows() for name in LINK.findall(row[2])}
    assert used == defined


def test_each_rule_of_the_sandbox_is_named() -> None:
    named = {(file, name) for row in rows() for file, name in REFERENCE.findall(row[1])}
    named |= {(file, name.partition(".")[0]) for file, name in named}
    missing = []
    for path in sorted((ROOT / "sandbox" / "rules").glob("*.py")):
        for name in sorted(names_in(path) - WITHOUT_A_RULE):
            is_private = any(part.startswith("_") for part in name.split("."))
            if not is_private and (f"rules/{path.name}", name) not in named:
                missing.append(f"rules/{path.name}::{name}")
    assert missing == [], "add a row to docs/fidelity.md for each, or to one that it belongs to"


def in_backticks() -> set[str]:
    return set(re.findall(r"`([^`]+)`", "\n".join(row[0] for row in rows())))


def test_each_fact_of_the_official_table_is_named() -> None:
    kinds = set()
    for facts in OFFICIAL["types"].values():
        for relation in [*facts.get("together", ()), *facts.get("planned", ())]:
            kinds.add(relation["kind"])
    wanted = {*OFFICIAL["types"], *OFFICIAL["rules"], *KINDS, "any", *kinds}
    assert wanted - in_backticks() == set()


def test_a_rule_that_is_not_named_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    without = TEXT.replace("`rules/versions.py::token_in_use`", "`rules/versions.py::move`")
    monkeypatch.setitem(globals(), "TEXT", without)
    with pytest.raises(AssertionError, match="token_in_use"):
        test_each_rule_of_the_sandbox_is_named()
