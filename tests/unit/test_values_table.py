"""`docs/values.md` says what happens: each row of its table of places, and its map."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from secrets_component.secret_map import places, references
from secrets_component.secret_map.escapes import Escape
from secrets_component.secret_map.model import (
    RandomBytes,
    RandomKeyPair,
    RandomPassword,
    RandomUuid,
)
from tests.maps_of_tests import plan_of

TEXT = (Path(__file__).parent.parent.parent / "docs" / "values.md").read_text("utf-8")
VALUES = {
    "${env.P}": "a'b\"c\\d/e@f }",
    "${env.H}": "db.example:5432",
    "${env.N}": "5432",
    "${env.E}": "",
}


def rows(header: str) -> list[list[str]]:
    """The cells of the table that begins with a header, without the header."""
    lines = iter(TEXT.splitlines())
    for line in lines:
        if line.startswith(f"| {header} |"):
            break
    next(lines)
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return found


PLACES = [(row[1].strip("`"), row[3].strip("`")) for row in rows("place")]


@pytest.mark.parametrize(("written", "stored"), PLACES)
def test_place_gets_what_its_row_says(written: str, stored: str) -> None:
    bad: list[references.BadReference] = []
    template = references.parse_value(written, bad)
    assert bad == []
    assert references.render(template, lambda reference: VALUES[str(reference)]) == stored


def test_values_of_the_examples_are_named() -> None:
    for reference, value in VALUES.items():
        named = f"`{reference}` is `{value}`" if value else f"`{reference}`\nis empty"
        assert named in TEXT


def test_every_escape_has_a_row() -> None:
    seen: set[Escape] = set()
    for written, _ in PLACES:
        marked = written
        names = re.findall(r"\$\{env\.\w\}", written)
        for index, name in enumerate(names):
            marked = marked.replace(name, places.mark(index), 1)
        found, _ = places.escapes_of(marked, len(names))
        for escapes in found:
            seen |= set(escapes)
    assert seen == set(Escape)


def test_every_kind_has_a_row() -> None:
    kinds: list[str] = []
    for block in (RandomPassword, RandomBytes, RandomUuid, RandomKeyPair):
        kinds += get_args(block.model_fields["kind"].annotation)
    assert [row[0].strip("`") for row in rows("kind")] == kinds


def test_map_is_a_good_one(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    (tmp_path / "maps" / "certs").mkdir(parents=True)
    for name in ("maps/certs/server.pem", "maps/certs/store.p12", "server.key"):
        (tmp_path / name).write_text("v")
    text = block.replace("/run/secrets", str(tmp_path))
    plan = plan_of(text, file=str(tmp_path / "maps" / "shop.yaml"))
    assert plan.warnings == ()
    assert plan.secrets["deploy_key"].key_pairs == ("deploy_key.key",)
