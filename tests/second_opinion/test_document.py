"""docs/second-opinion.md is what the differences say."""

from __future__ import annotations

import pytest

from tests.second_opinion import document
from tests.second_opinion.differences import known


def test_the_page_is_the_one_that_the_differences_make() -> None:
    if document.FILE.read_text("utf-8") != document.text():
        pytest.fail(
            "run `.venv/bin/python -m tests.second_opinion sandbox`: the page is older than "
            "differences.yaml or the answers",
            pytrace=False,
        )


def test_each_difference_is_on_the_page() -> None:
    page = document.text()
    for name, difference in known().items():
        assert difference.about in page, name
