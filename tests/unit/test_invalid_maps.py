"""What `validate` reports about common mistakes, word for word."""

from pathlib import Path

import pytest

from tests import invalid_maps

VALUES = ("hunter2", "271828")


@pytest.mark.parametrize("path", invalid_maps.maps(), ids=lambda path: path.stem)
def test_mistake_is_reported_as_reviewed(path: Path) -> None:
    reviewed = path.with_suffix(".txt")
    committed = reviewed.read_text("utf-8") if reviewed.exists() else ""
    assert invalid_maps.report_of(path).splitlines() == committed.splitlines(), (
        f"run `{invalid_maps.COMMAND}` and review the diff of {reviewed.name}"
    )


def test_each_report_has_a_map() -> None:
    reports = {path.stem for path in invalid_maps.FOLDER.glob("*.txt")}
    assert reports == {path.stem for path in invalid_maps.maps()}


def test_no_report_holds_a_value_of_its_map() -> None:
    maps = "".join(path.read_text("utf-8") for path in invalid_maps.maps())
    reports = "".join(path.read_text("utf-8") for path in invalid_maps.FOLDER.glob("*.txt"))
    for value in VALUES:
        assert value in maps
        assert value not in reports
