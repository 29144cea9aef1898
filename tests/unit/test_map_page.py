"""`docs/map.md`: it is made from the model, and each of its examples is part of a good map."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import map_page
from tests.certificates import CERTIFICATE
from tests.map_page import EXAMPLES, PAGE, places, without_sources
from tests.maps_of_tests import plan_of

TEXT = PAGE.read_text("utf-8")


def test_page_is_made_from_the_model() -> None:
    assert map_page.written(TEXT) == TEXT, "run `python -m tests.map_page`"


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yaml")), ids=lambda file: file.stem)
def test_examples_are_parts_of_good_maps(file: Path, tmp_path: Path) -> None:
    (tmp_path / "global-bundle.pem").write_text(CERTIFICATE)
    plan = plan_of(file.read_text("utf-8"), file=str(tmp_path / file.name))
    assert plan.secrets
    assert plan.warnings == ()


def test_every_field_has_an_example() -> None:
    missing = re.findall(r"^### (.+)\n\n.*\n\n```yaml\n```$", map_page.written(TEXT), re.MULTILINE)
    assert missing == [], "write them in a map under tests/map_examples"


def test_fields_of_all_blocks_are_on_the_page() -> None:
    assert len(places()) > 15
    for path in ("kms.create", "secrets.<key>.on_rotate[].lambda", "stacks.<component>.stack"):
        assert f"\n### `{path}`\n" in TEXT


def test_description_has_no_urls() -> None:
    assert without_sources("One,\ntwo.\n\nhttps://a\nhttps://b") == "One, two."
    assert without_sources("See https://a for more.") == "See https://a for more."
