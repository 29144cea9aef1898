"""docs/monitoring.md says what the detections are, and its maps are valid."""

from __future__ import annotations

import re

import pytest

from tests import monitoring
from tests.maps_of_tests import plan_of

PAGE = monitoring.PAGE.read_text("utf-8")
MAPS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_table_is_made_from_the_detections() -> None:
    assert monitoring.written(PAGE) == PAGE, "run `python -m tests.monitoring`"


@pytest.mark.parametrize("text", MAPS)
def test_map_of_the_page_is_valid(text: str) -> None:
    assert plan_of(text).watch.names


def test_page_has_maps() -> None:
    assert MAPS
