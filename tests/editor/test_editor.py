"""What editors and Mermaid show of a map, as they answered (`make editor`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.editor import record, typed
from tests.editor.questions import COMPLETIONS, HOVERS, MISTAKES
from tests.editor.server import EditorError, install, version
from tests.maps_of_repository import valid_maps

RECORDED = record.read()
STALE = f"run `{record.COMMAND}` and review the diff of {record.VERDICTS.name}"


def test_record_is_of_the_schema_of_today() -> None:
    assert RECORDED["schema"] == record.digest(record.schema_text()), STALE
    assert RECORDED["server"] == version(), STALE


def test_record_has_the_maps_of_the_repository() -> None:
    """A map that is new or has changed is held to the schema by `test_schema.py`."""
    lasting = {name for name in valid_maps() if name.startswith(record.LASTING)}
    assert lasting <= RECORDED["maps"].keys(), STALE
    assert any(name.startswith("README.md#") for name in RECORDED["maps"])


def test_record_is_of_the_graphs_of_today() -> None:
    today = {name: record.digest(text) for name, text in record.graphs().items()}
    assert {name: asked["graph"] for name, asked in RECORDED["graphs"].items()} == today, STALE


def test_record_is_of_the_programs_of_today() -> None:
    today = {page: typed.digest(files) for page, files in typed.shown().items()}
    recorded = {page: asked["programs"] for page, asked in RECORDED["programs"].items()}
    assert recorded == today, STALE


def test_record_has_every_question() -> None:
    assert RECORDED["completions"].keys() == COMPLETIONS.keys(), STALE
    assert RECORDED["hovers"].keys() == HOVERS.keys(), STALE
    assert RECORDED["mistakes"].keys() == MISTAKES.keys(), STALE


def test_no_map_has_a_red_line_and_every_answer_is_right() -> None:
    assert record.problems(RECORDED) == []


@pytest.mark.parametrize(("name", "question"), COMPLETIONS.items(), ids=COMPLETIONS)
def test_completion_offers_keys_and_values(name: str, question: object) -> None:
    offered = RECORDED["completions"][name]["offered"]
    assert COMPLETIONS[name] is question
    assert COMPLETIONS[name].offered.items() <= offered.items()
    assert not any("null" in text for text in offered.values())


@pytest.mark.parametrize("name", HOVERS)
def test_hover_shows_the_sentence_of_the_field(name: str) -> None:
    assert HOVERS[name].sentence in RECORDED["hovers"][name]["shown"]


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_has_a_red_line(name: str) -> None:
    assert RECORDED["mistakes"][name]["shown"]


def test_missing_node_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(EditorError, match=r"^`npm` is needed: install Node.js 20 or newer$"):
        install()
