"""The table as a user reads it."""

from verify.table import Row, Seen, render, summary

GOOD = Row("a rule", "yes", "some page", Seen("yes", is_expected=True))
BAD = Row("another rule", "yes", "some other page", Seen("no", is_expected=False))
OPEN = Row("a third rule", "yes", "a third page", Seen("no trail", is_expected=None))


def test_each_rule_has_a_verdict() -> None:
    lines = render([GOOD, BAD, OPEN], 100).splitlines()
    assert lines[0].split() == ["rule", "expected", "seen"]
    assert lines[2].endswith("ok")
    assert lines[3].endswith("DIFFERS")
    assert lines[4].endswith("not checked")


def test_only_rules_that_differ_have_their_source_below() -> None:
    text = render([GOOD, BAD, OPEN], 100)
    assert "source of `another rule`: some other page" in text
    assert "some page" not in text
    assert "a third page" not in text


def test_long_cells_are_wrapped_into_their_columns() -> None:
    long = Row("word " * 30, "x", "s", Seen("seen " * 30, is_expected=True))
    lines = render([long], 80).splitlines()
    assert len(lines) > 5
    assert all(len(line) <= 80 for line in lines)
    assert lines[2].startswith("word")
    assert lines[3].startswith("word")


def test_summary_counts_every_verdict() -> None:
    assert summary([GOOD, GOOD, BAD, OPEN]) == "2 as expected, 1 differing, 1 not checked"
