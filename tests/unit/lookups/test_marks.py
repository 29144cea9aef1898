"""The tags that say whose a secret is."""

from __future__ import annotations

import pytest

from secrets_component.lookups.marks import Mark, map_mark

TAGS = {"secretsmap:map": "p/dev/m", "secretsmap:key": "a", "secretsmap:state": "s", "team": "t"}


def test_mark_is_read_from_the_tags() -> None:
    assert Mark.of(TAGS) == Mark("p/dev/m", "a", "s")
    assert Mark.of({**TAGS, "secretsmap:adopted": "true"}) == Mark(
        "p/dev/m", "a", "s", is_adopted=True
    )


@pytest.mark.parametrize("missing", ["secretsmap:map", "secretsmap:key"])
def test_secret_without_map_or_key_has_no_mark(missing: str) -> None:
    assert Mark.of({key: value for key, value in TAGS.items() if key != missing}) is None


def test_mark_of_a_map_has_the_characters_that_aws_allows() -> None:
    assert map_mark("p", "dev", "my map") == "p/dev/my map"
    assert map_mark("p", "dev", "a,b#ü") == "p/dev/a_b__"
    assert len(map_mark("p", "dev", "m" * 300)) == 256
