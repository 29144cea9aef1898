"""The engine tests that run on ministack are there, and each expected failure is explained."""

from __future__ import annotations

import ast

import pytest

from tests.conftest import ROOT
from tests.second_opinion.differences import known
from tests.second_opinion.engine import expected_failures, selected


def test_the_files_are_there() -> None:
    assert selected()
    for path in selected():
        assert (ROOT / path).is_file(), path


@pytest.mark.parametrize("test", expected_failures())
def test_each_expected_failure_is_a_test_and_has_a_reason(test: str) -> None:
    path, _, name = test.partition("::")
    assert path in selected()
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert name.partition("[")[0] in functions
    assert expected_failures()[test] in known()
