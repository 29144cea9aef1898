"""YAML text → plain data: what a map may not hold is told at its place."""

import pytest

from secrets_component.errors import MapFileError, MapSyntaxError
from secrets_component.secret_map import yaml_text

REFUSED = [
    ("", "m:1:1: error: the map is empty; it needs at least `context_name` and `secrets`"),
    ("- a\n", "m:1:1: error: a list at the top; a secret map is a mapping (`context_name: …`)"),
    ("a\n", "m:1:1: error: a single value at the top; a secret map is a mapping (`context_name: …`)"),
    ("a:\n\tb: 1\n", "m:2:1: error: a tab in the indentation; YAML wants blanks"),
    ("a: 1\nb: 2\na: 3\n", "m:3:1: error: duplicate key `a`; YAML would keep only the last one"),
    ("a: !!python/name:os.system x\n", "m:1:4: error: a YAML tag (`!…`), which a map may not use; quote the value if it is text"),
    ("a: !Ref hunter2\n", "m:1:4: error: a YAML tag (`!…`), which a map may not use; quote the value if it is text"),
    ("a: *hunter2\n", "m:1:4: error: a value that starts with `*` is a YAML alias; quote it if it is text"),
    ("a: &x [*x]\n", "m:1:4: error: an alias that contains itself"),
    ('a: "b\n', "m:1:4: error: a quoted text or bracket that is opened here is never closed"),
    ("a: [b\nc: d\n", "m:1:4: error: a bracket or brace that is opened here is never closed"),
    ("a: 1\n---\nb: 2\n", "m:2:1: error: a second document (`---`); a map is one document"),
    ("1: a\n", "m:1:1: error: a key that is not text; write it in quotes"),
    ("a: \x01\n", "m:1:4: error: a control character, which YAML does not allow"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_refuses_with_place_and_remedy(text: str, message: str) -> None:
    with pytest.raises(MapSyntaxError) as refused:
        yaml_text.parse(text, "m")
    assert str(refused.value) == message


@pytest.mark.parametrize("opening", ["[", "{", "- ", "{a: "])
def test_bounds_depth_instead_of_crashing(opening: str) -> None:
    with pytest.raises(MapSyntaxError, match="nested deeper than 64 levels"):
        yaml_text.parse(opening * 100_000, "m")


def test_bounds_the_expansion_of_aliases() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(MapSyntaxError, match="more than 1,000,000 values once aliases"):
        yaml_text.parse("\n".join(lines), "m")


def test_bounds_the_size(tmp_path) -> None:
    large = tmp_path / "large.yaml"
    large.write_text("a: " + "x" * yaml_text.MAX_BYTES)
    with pytest.raises(MapSyntaxError, match="larger than 5 MiB"):
        yaml_text.read(large)


def test_tells_all_problems_at_once() -> None:
    with pytest.raises(MapSyntaxError) as refused:
        yaml_text.parse("a: !x 1\nb: 2\nb: 3\n1: c\n", "m")
    assert [problem.position.line for problem in refused.value.problems] == [1, 3, 4]


def test_reads_plain_words_as_yaml_1_2() -> None:
    text = "a: 012345670123\nb: 2012-10-17\nc: yes\nd: 12:30:45\ne: 123\nf: true\ng:\nh: 1.5\n"
    assert yaml_text.parse(text, "m").data == {
        "a": "012345670123",
        "b": "2012-10-17",
        "c": "yes",
        "d": "12:30:45",
        "e": 123,
        "f": True,
        "g": None,
        "h": 1.5,
    }


def test_merge_keys_keep_the_explicit_value_and_its_place() -> None:
    document = yaml_text.parse("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n", "m")
    assert document.data["use"] == {"x": 1, "y": 3}
    assert str(document.position(("use", "y"))) == "m:4:6"
    assert str(document.position(("use", "x"))) == "m:1:14"


def test_reads_the_same_without_libyaml(monkeypatch) -> None:
    import importlib
    import sys

    text = "a: [1, yes, ~]\nb: {c: 'd', e: 012}\n"
    expected = yaml_text.parse(text, "m").data
    monkeypatch.setitem(sys.modules, "yaml._yaml", None)
    try:
        plain = importlib.reload(yaml_text)
        assert not plain.HAS_LIBYAML
        assert plain.parse(text, "m").data == expected
    finally:
        monkeypatch.undo()
        importlib.reload(yaml_text)


def test_file_that_cannot_be_read(tmp_path) -> None:
    with pytest.raises(MapFileError, match=r"nothing.yaml: error: no such file"):
        yaml_text.read(tmp_path / "nothing.yaml")
    with pytest.raises(MapFileError, match="is a folder"):
        yaml_text.read(tmp_path)


def test_file_that_is_not_utf_8(tmp_path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(MapSyntaxError, match=r"latin.yaml:2:7: error: the text is not UTF-8"):
        yaml_text.read(path)
