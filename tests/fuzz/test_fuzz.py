"""A part of the fuzzed maps; `make fuzz` tries many more."""

import pytest

from tests.fuzz.check import finding

PART = 250


@pytest.mark.parametrize("first", range(0, 2000, PART))
def test_damaged_maps_are_planned_or_refused_without_a_value(first: int) -> None:
    assert list(filter(None, map(finding, range(first, first + PART)))) == []
