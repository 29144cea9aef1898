"""`secretsmap validate`: what it prints and how it exits."""

import io
from pathlib import Path

import pytest

from secrets_component.cli import formats
from secrets_component.cli.command import main
from tests.unit.cli.accounts import FULL, MAPS, ROOT, AccountStub, held, use, write

FILL = "`aws secretsmanager put-secret-value --secret-id x/dev/{} …`"


def test_validate_prints_nothing_for_a_valid_map(capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(ROOT / "stacks" / "prod.yaml"), str(MAPS / "guide-database.yaml")]
    assert main(["validate", *files]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["guide-full", "guide-oauth"])
def test_guides_secrets_in_plain_text_are_warnings(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(MAPS / f"{name}.yaml")]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count(" is a secret in plain text: ") == 1
    assert " error: " not in err


def test_validate_reports_every_problem_of_every_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("context_name: x\nsecrets: {a: {nmae: b, secret_data: 5}}\n")
    assert main(["validate", str(bad), FULL, str(bad)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[:2] == [
        f"{bad}:2:15: error: unknown key `nmae`; did you mean `name`?",
        f"{bad}:2:37: error: `secret_data`: expected a string or a mapping; "
        "quote a number, list or boolean",
    ]


def test_unreadable_file_and_wrong_usage_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(tmp_path / "no.yaml")]) == 2
    assert "file not found" in capsys.readouterr().err
    assert main(["validate", str(tmp_path)]) == 2
    assert main(["validate", FULL, "--environment", "no good"]) == 2
    with pytest.raises(SystemExit) as ended:
        main(["validate"])
    assert ended.value.code == 2


def test_filled_reports_secrets_without_a_value_that_the_map_does_not_fill(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(
        tmp_path,
        "context_name: x\nsecrets:\n"
        "  missing: {owner: operator}\n"
        "  empty: {}\n"
        "  filled: {owner: operator}\n"
        "  written: {secret_data: v}\n",
    )
    account = AccountStub(held("x/dev/empty", is_filled=False), held("x/dev/filled"))
    use(monkeypatch, account)
    assert main(["validate", "--filled", path, "--environment", "dev"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{path}:3:3: error: `x/dev/missing` does not exist yet; deploy the map, then set its "
        f"value with {FILL.format('missing')}",
        f"{path}:4:3: error: `x/dev/empty` is empty; set its value with {FILL.format('empty')}",
    ]


def test_filled_exits_0_if_every_secret_has_a_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "context_name: x\nsecrets: {a: {owner: operator}}\n")
    use(monkeypatch, AccountStub(held("x/dev/a")))
    assert main(["validate", "--filled", path, "--environment", "dev"]) == 0
    assert capsys.readouterr() == ("", "")


WARNED = "context_name: x\nsecrets: {a: {secret_data: v, recovery_window_in_days: 0}}\n"


def test_warnings_fail_with_strict_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, WARNED)
    assert main(["validate", path]) == 0
    lenient = capsys.readouterr().err
    assert main(["validate", "--strict", path]) == 1
    assert capsys.readouterr().err == lenient
    assert lenient.count(" warning: ") == 1


def test_standard_input_is_a_map(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"context_name: x\nsecret: {}\n")))
    assert main(["validate", "-"]) == 1
    assert capsys.readouterr().err == (
        "<stdin>:2:1: error: unknown key `secret`; did you mean `secrets`?\n"
    )


def test_folder_is_all_maps_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("context_name: x\nsecrets: {c: {nmae: d}}\n")
    assert main(["validate", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("unknown key `nmae`") == 2


@pytest.mark.parametrize("name", formats.FORMATS)
def test_formats_for_programs_go_to_standard_output_with_the_same_exit_codes(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, WARNED)
    assert main(["validate", "--format", name, path]) == 0
    out, err = capsys.readouterr()
    assert ("`recovery_window_in_days`" in out, err) == (True, "")
    assert main(["validate", "--format", name, "--strict", path]) == 1
    assert main(["validate", "--format", name, "nothing.yaml"]) == 2
    assert "file not found" in capsys.readouterr().out


def test_unreadable_file_outweighs_errors_of_others(tmp_path: Path) -> None:
    path = write(tmp_path, "context_name: x\nsecret: {}\n")
    assert main(["validate", "nothing.yaml", path]) == 2


def test_problems_are_printed_even_if_aws_then_cannot_be_queried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong, good = tmp_path / "wrong.yaml", tmp_path / "good.yaml"
    wrong.write_text("context_name: x\nsecret: {}\n")
    good.write_text("context_name: x\nenvironment: dev\nsecrets: {a: {}}\n")
    use(monkeypatch, AccountStub(failure="no"))
    assert main(["validate", "--filled", str(wrong), str(good)]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"{wrong}:2:1: error: unknown key `secret`")
    assert second == "error: cannot query AWS: no"


def test_filled_needs_an_environment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "context_name: x\nsecrets: {a: {}}\n")
    assert main(["validate", "--filled", path]) == 2
    assert capsys.readouterr().err.startswith(
        f"error: {path}: the map `secretsmanager` sets no `en"
    )


class Terminal(io.StringIO):
    """A standard error that a person reads."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("no_color", "is_coloured"), [("", True), ("1", False)])
def test_problems_are_coloured_on_a_terminal_unless_refused(
    no_color: str, is_coloured: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm")
    assert main(["validate", write(tmp_path, WARNED)]) == 0
    assert ("\x1b[33mwarning:\x1b[0m" in screen.getvalue()) is is_coloured
    assert ("\x1b" in screen.getvalue()) is is_coloured


def test_validate_checks_files_against_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("context_name: x\nsecrets: {a: {}}\n")
    two.write_text("context_name: x\nsecrets: {b: {name: a}}\n")
    files = [str(one), str(two)]
    assert main(["validate", *files, "--environment", "dev"]) == 1
    assert capsys.readouterr().err == (
        f"{two}:2:11: error: the map `secretsmanager` in `{one}` has the same secret name `x/dev/a`; "
        "change `name`, `path` or the context\n"
    )
    assert main(["validate", *files]) == 0
