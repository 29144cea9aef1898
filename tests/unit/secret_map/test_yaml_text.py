"""YAML text → plain data: what a map may not contain is reported at its position."""

from pathlib import Path

import pytest

from secrets_component.errors import MapFileError, MapSyntaxError
from secrets_component.secret_map import yaml_text

REFUSED = [
    ("", "m:1:1: error: the map is empty; it needs at least `context_name` and `secrets`"),
    ("- a\n", "m:1:1: error: expected a mapping at the top level (`context_name: …`), got a list"),
    ("a\n", "m:1:1: error: expected a mapping at the top level (`context_name: …`), got a single value"),
    ("a:\n\tb: 1\n", "m:2:1: error: tabs are not allowed for indentation; use spaces"),
    ("a: 1\nb: 2\na: 3\n", "m:3:1: error: duplicate key `a`; remove or rename one"),
    ("a: !!python/name:os.system x\n", "m:1:4: error: YAML tags (`!…`) are not allowed; quote the value if it is a string"),
    ("a: !env HUNTER2\n", "m:1:4: error: Atmos's function `!env` is not run here; write `${env.<NAME>}`"),
    ("a: !terraform.output rds endpoint\n", "m:1:4: error: Atmos's function `!terraform.output` is not run here; write `${output.<component>.<name>}`"),
    ("a: !store [x]\n", "m:1:4: error: Atmos's function `!store` is not run here; write `${output.<component>.<name>}` or `${config.<key>}`"),
    ("a: !Ref hunter2\n", "m:1:4: error: YAML tags (`!…`) are not allowed; quote the value if it is a string"),
    ("a: *hunter2\n", "m:1:4: error: a value that starts with `*` is a YAML alias; quote it if it is a string"),
    ("a: &x [*x]\n", "m:1:4: error: an alias that contains itself"),
    ('a: "b\n', "m:1:4: error: this quoted string or bracket is never closed"),
    ("a: [b\nc: d\n", "m:1:4: error: this bracket or brace is never closed"),
    ("a: 1\n---\nb: 2\n", "m:2:1: error: a map must be a single YAML document; remove `---`"),
    ("1: a\n", "m:1:1: error: keys must be strings; quote this key"),
    ("a: \x01\n", "m:1:4: error: control characters are not allowed; remove this one"),
    ("\ud800: a", "m:1:1: error: an unpaired surrogate, which UTF-8 cannot encode"),
    ("a: %b\n", "m:1:4: error: a plain value cannot start with this character; quote the value"),
    ("a: * b\n", "m:1:5: error: a value that starts with `*`, `&` or `!` must be quoted"),
    ('a: "\\q"\n', "m:1:5: error: unknown escape in a double-quoted string; write `\\\\` for a backslash"),
    ("a: b: c\n", "m:1:5: error: unexpected `: `; quote the value or fix the indentation"),
    ("a: 1\nb\nc: 2\n", "m:3:1: error: a key without `:`; fix the indentation or add the colon"),
    ("a:\n  b: 1\n c: 2\n", "m:3:2: error: does not match the lines above; fix the indentation"),
    ("a:\n  - b\n  c: d\n", "m:3:3: error: does not match the list above; fix the indentation"),
    ("a: [b, }\n", "m:1:8: error: a value is missing here; close the bracket or quote the value"),
    ("a: &x 1\nb: &x 2\n", "m:2:4: error: this anchor is already defined; rename it"),
    ("%YAML 2.0\n---\na: 1\n", "m:1:1: error: invalid YAML; fix the indentation or quote the value"),
    ("a: !!int b\n", "m:1:4: error: not a valid int; quote the value if it is a string"),
    ("a: !!bool yes\n", "m:1:4: error: not a valid bool; quote the value if it is a string"),
    ("a: !!null b\n", "m:1:4: error: not a valid null; quote the value if it is a string"),
    ("a: !!map [b]\n", "m:1:4: error: YAML tags (`!…`) are not allowed; quote the value if it is a string"),
    ("a: !!seq {b: c}\n", "m:1:4: error: YAML tags (`!…`) are not allowed; quote the value if it is a string"),
    ("? !!str [a]\n: b\n", "m:1:3: error: keys must be strings; quote this key"),
    ("a: {<<: b}\n", "m:1:9: error: `<<` must be a mapping or a list of mappings"),
    ("a: {<<: !x {b: c}}\n", "m:1:9: error: YAML tags (`!…`) are not allowed; quote the value if it is a string"),
    ("a: {b, b}\n", "m:1:8: error: duplicate key; remove or rename one"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_refuses_with_place_and_remedy(text: str, message: str) -> None:
    with pytest.raises(MapSyntaxError) as refused:
        yaml_text.parse_yaml(text, "m")
    assert str(refused.value) == message


@pytest.mark.parametrize("opening", ["[", "{", "- ", "{a: "])
def test_bounds_depth_instead_of_crashing(opening: str) -> None:
    with pytest.raises(MapSyntaxError, match="nested deeper than 64 levels"):
        yaml_text.parse_yaml(opening * 100_000, "m")


def test_bounds_the_expansion_of_aliases() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(MapSyntaxError, match="more than 250,000 values once aliases"):
        yaml_text.parse_yaml("\n".join(lines), "m")


def test_bounds_the_text_that_aliases_expand_to() -> None:
    text = "a: &a " + "x" * 1_000_000 + "\nb: [" + ", ".join(["*a"] * 100) + "]\n"
    with pytest.raises(MapSyntaxError, match="more than 20 MiB of text once aliases"):
        yaml_text.parse_yaml(text, "m")


def test_bounds_the_number_of_keys_and_values() -> None:
    with pytest.raises(MapSyntaxError, match="more than 250,000 keys and values; split the map"):
        yaml_text.parse_yaml("a: [" + "b," * 250_000 + "]\n", "m")


@pytest.mark.parametrize("text", ["a: {" + "b," * 1000 + "}", "a: [" + "!x b," * 1000 + "]"])
def test_bounds_the_problems_that_are_shown(text: str) -> None:
    with pytest.raises(MapSyntaxError) as refused:
        yaml_text.parse_yaml(text, "m")
    assert len(refused.value.problems) == 201
    assert "only 200 errors are shown; fix these first" in str(refused.value)


@pytest.mark.parametrize(
    ("number", "is_respelled"),
    [
        *[
            ("12e5", True),
            ("1.10", True),
            ("0x1F", True),
            ("0o17", True),
            ("+5", True),
            ("1.", True),
        ],
        *[("-0", True), (".5", True), ("1E3", True), ("0.30000000000000004e0", True)],
        *[("12", False), ("-12", False), ("1.5", False), ("0.1", False), ("1e+16", False)],
        *[("true", False), ("~", False), ("'1.10'", False), ("0x", False), ("9" * 40, False)],
    ],
)
def test_number_knows_whether_json_spells_it_otherwise(number: str, is_respelled: bool) -> None:
    document = yaml_text.parse_yaml(f"a: {{b: [x, {number}]}}\n", "m")
    assert document.is_respelled(("a", "b", 1)) is is_respelled


def test_only_a_number_is_respelled() -> None:
    document = yaml_text.parse_yaml("a: {b: 1.10}\n", "m")
    assert not document.is_respelled(("a",))
    assert not document.is_respelled(("c",))


def test_bounds_the_size(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_text("a: " + "x" * yaml_text.MAX_BYTES)
    with pytest.raises(MapSyntaxError, match="exceeds 5 MiB"):
        yaml_text.read_yaml(large)


def test_reports_all_problems_at_once() -> None:
    with pytest.raises(MapSyntaxError) as refused:
        yaml_text.parse_yaml("a: !x 1\nb: 2\nb: 3\n1: c\n", "m")
    assert [problem.position.line for problem in refused.value.problems] == [1, 3, 4]


def test_reads_plain_words_as_yaml_1_2() -> None:
    text = "a: 012345670123\nb: 2012-10-17\nc: yes\nd: 12:30:45\ne: 123\nf: true\ng:\nh: 1.5\n"
    assert yaml_text.parse_yaml(text, "m").data == {
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
    document = yaml_text.parse_yaml("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n", "m")
    assert document.data["use"] == {"x": 1, "y": 3}
    assert str(document.position(("use", "y"))) == "m:4:6"
    assert str(document.position(("use", "x"))) == "m:1:14"


def test_merged_mappings_earlier_in_a_list_win_in_data_and_position() -> None:
    document = yaml_text.parse_yaml("x: &x {k: 1}\ny: &y {k: 2}\nuse: {<<: [*x, *y]}\n", "m")
    assert document.data["use"] == {"k": 1}
    assert str(document.position(("use", "k"))) == "m:1:11"


def test_position_follows_keys_and_indexes_as_far_as_they_exist() -> None:
    document = yaml_text.parse_yaml("a:\n  - b: 1\n  - c: 2\n", "m")
    assert str(document.position(("a", 1, "c"))) == "m:3:8"
    assert str(document.position(("a", 1, "c"), of_key=True)) == "m:3:5"
    assert str(document.position(("a", 1, "unknown"))) == "m:3:5"
    assert str(document.position(("a", 7))) == "m:2:3"
    assert str(document.position()) == "m:1:1"


def test_position_of_text_is_inside_the_value_only() -> None:
    document = yaml_text.parse_yaml("x: word\na: |\n  one\n  word word\nb: word\n", "m")
    assert str(document.position_of_text(("a",), "word")) == "m:4:3"
    assert document.position_of_text(("a",), "missing") is None
    assert document.position_of_text(("c",), "word") is None


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("? context_name", "m:1:15"),
        ("? <<", "m:1:5"),
        ("a: 1\n? b", "m:2:4"),
        ("a: 1\n? b\n", "m:3:1"),
        ("a: {b: [", "m:1:9"),
    ],
)
def test_problem_at_the_end_of_the_text_is_inside_it(text: str, position: str) -> None:
    try:
        document = yaml_text.parse_yaml(text, "m")
    except MapSyntaxError as error:
        found = error.problems[0].position
    else:
        found = document.position((list(document.data)[-1],))
    assert str(found) == position


def test_reads_the_same_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib
    import sys

    text = "a: [1, yes, ~]\nb: {c: 'd', e: 012}\n"
    expected = yaml_text.parse_yaml(text, "m").data
    monkeypatch.setitem(sys.modules, "yaml._yaml", None)
    try:
        plain = importlib.reload(yaml_text)
        assert not plain.HAS_LIBYAML
        assert plain.parse_yaml(text, "m").data == expected
    finally:
        monkeypatch.undo()
        importlib.reload(yaml_text)


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(MapFileError, match=r"nothing.yaml: error: file not found"):
        yaml_text.read_yaml(tmp_path / "nothing.yaml")
    with pytest.raises(MapFileError, match="is a directory"):
        yaml_text.read_yaml(tmp_path)


def test_file_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(MapSyntaxError, match=r"latin.yaml:2:7: error: the file is not valid UTF-8"):
        yaml_text.read_yaml(path)
