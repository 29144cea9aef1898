"""`secretsmap doctor`: its options, what it prints and how it exits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from secrets_component.cli import doctor, maps
from secrets_component.cli.command import main
from secrets_component.doctor.results import Check, Diagnosis, Section
from secrets_component.doctor.visit import Question
from tests.unit.cli.accounts import write

MAP = "context_name: x\nenvironment: dev\nsecrets: {api_key: {secret_data: hunter2}}\n"
ROLE = "arn:aws:iam::123456789012:role/app"
asked: list[Question] = []


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Check]:
    """The checks that a visit makes."""
    checks = [Check("ok", "api_key", "exists and has a value")]
    asked.clear()

    def diagnose(_: Any, __: Any, question: Question, ___: Any) -> Diagnosis:
        asked.append(question)
        return Diagnosis(("m",), "123456789012", "eu-central-1", (Section("s", tuple(checks)),))

    monkeypatch.setattr(doctor, "diagnose", diagnose)
    monkeypatch.setattr(maps, "Inventory", lambda *_: None)
    return checks


@pytest.mark.parametrize(("result", "code"), [("ok", 0), ("warning", 1), ("failed", 1)])
def test_worst_result_is_the_exit_code(
    result: Any, code: int, found: list[Check], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found.append(Check(result, "k", "t"))
    assert main(["doctor", write(tmp_path, MAP)]) == code
    out = capsys.readouterr().out
    assert out.startswith(f"m in account 123456789012, eu-central-1: {result}\n\ns\n  ok ")
    assert "hunter2" not in out


@pytest.mark.usefixtures("found")
def test_json_is_the_diagnosis(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", write(tmp_path, MAP), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sections"][0]["title"] == "s"


@pytest.mark.usefixtures("found")
def test_options_are_the_question(tmp_path: Path) -> None:
    options = ["--secret", "api_key", "--principal", ROLE, "--error", "e"]
    assert main(["doctor", write(tmp_path, MAP), *options]) == 0
    assert asked == [Question("api_key", ROLE, "e")]


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--secret", "apikey"], "no entry `apikey`; did you mean `api_key`?"),
        (
            ["--principal", "arn:aws:s3:::b"],
            "`--principal`: `arn:aws:s3:::b` cannot make a request",
        ),
        (["--principal", "arn:x"], "`--principal`: expected an ARN"),
        (["--principal", "*"], "`--principal`: expected an ARN"),
        (["--principal", "app"], "`--principal`: expected an ARN"),
    ],
)
def test_wrong_usage_is_one_line(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", write(tmp_path, MAP), *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err


def test_map_without_an_environment_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", write(tmp_path, MAP.replace("environment: dev\n", ""))]) == 2
    assert "add `--environment <name>`" in capsys.readouterr().err


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["doctor", "--help"])
    assert '--error "$(pbpaste)"' in capsys.readouterr().out
