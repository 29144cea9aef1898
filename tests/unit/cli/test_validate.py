"""`secretsmap validate`: what it prints and how it exits."""

from pathlib import Path

import pytest

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
