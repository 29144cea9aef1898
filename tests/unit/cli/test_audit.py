"""`secretsmap audit`: exit codes, formats, and one line for each thing that goes wrong."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from secrets_component.audit import reading
from secrets_component.audit.answers import Answers, save_answers
from secrets_component.cli import command as cli
from secrets_component.cli import maps
from secrets_component.lookups.inventory import AccountError
from tests.unit.audit.accounts import MAP, READ_ALL, allow, answers_of, role, role_arn, secret
from tests.unit.cli.accounts import write

SECRETS = [secret("shop/dev/a"), secret("shop/dev/rds/b")]
Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "map.yaml").write_text(MAP)

    def made(*arguments: str, answers: Answers | None = None, environment: str = "dev") -> int:
        options = ["audit", str(tmp_path / "map.yaml"), "--environment", environment, *arguments]
        if answers is not None:
            save_answers(answers, tmp_path / "kept")
            options += ["--from", str(tmp_path / "kept")]
        return cli.main(options)

    return made


def answering(monkeypatch: pytest.MonkeyPatch, outcome: Any) -> None:
    """Let AWS answer so, or fail so."""

    def read(_: Any, plans: Any) -> Answers:
        assert [plan.name for plan in plans] == ["secretsmanager"]
        if isinstance(outcome, BaseException):
            raise outcome
        assert isinstance(outcome, Answers)
        return outcome

    monkeypatch.setattr(maps, "Inventory", lambda *_: None)
    monkeypatch.setattr(reading.AccountReader, "read", read)


def test_finding_exits_1_and_none_exits_0(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(answers=answers_of(role("app"), secrets=SECRETS)) == 0
    assert "no findings" in capsys.readouterr().out
    strange = answers_of(role("app", allow(READ_ALL[0])), secrets=SECRETS)
    assert run(answers=strange) == 1
    assert "findings: they can do what the map does not say" in capsys.readouterr().out


def test_each_format_is_what_it_says(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    strange = answers_of(role("app", allow(READ_ALL[0])), secrets=SECRETS)
    assert run("--format", "json", answers=strange) == 1
    assert any(row["finding"] for row in json.loads(capsys.readouterr().out)["rows"])
    assert run("--format", "csv", answers=strange) == 1
    assert "true" in {
        row["finding"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))
    }
    assert run("--format", "html", answers=strange) == 1
    assert capsys.readouterr().out.startswith("<!doctype html>")


def test_filters_narrow_and_show_what_is_denied(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = answers_of(role("app", allow(READ_ALL[0])), role("other"), secrets=SECRETS)
    other = role_arn("other")
    assert run("--principal", other, "--secret", "b", "--format", "json", answers=answers) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {(row["principal"], row["secret"], row["verdict"]) for row in rows} == {
        (other, "b", "denied")
    }


def test_answers_are_kept_and_judged_again(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answering(monkeypatch, answers_of(role("app", allow(READ_ALL[0])), secrets=SECRETS))
    assert run("--save", str(tmp_path / "new")) == 1
    first = capsys.readouterr().out
    answering(monkeypatch, AssertionError("AWS was asked"))
    assert run("--from", str(tmp_path / "new")) == 1
    assert capsys.readouterr().out == first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--secret", "aa"], "has no entry `aa`"),
        (["--principal", "arn:aws:iam::1:role/x"], "neither the account nor a policy of the secrets names `arn:aws:iam::1:role/x`"),
        (["--save", "x"], "`--save` keeps what AWS answers now, `--from` asks nothing; leave one of them out"),
    ],
)  # fmt: skip
def test_wrong_usage_exits_2(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(*arguments, answers=answers_of(secrets=SECRETS)) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1


def test_map_that_is_not_deployed_exits_2(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(answers=answers_of()) == 2
    assert "exists in the account yet" in capsys.readouterr().err


def test_errors_of_the_map_and_of_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("context_name: x\nsecrets: {a: {nmae: b}}\n")
    assert cli.main(["audit", str(bad), "--from", str(tmp_path)]) == 1
    assert "bad.yaml:2:15: error: unknown key `nmae`" in capsys.readouterr().err
    assert cli.main(["audit", str(tmp_path / "none.yaml")]) == 2
    assert "file not found" in capsys.readouterr().err
    bad.write_text("context_name: x\nsecrets: {a: {}}\n")
    assert cli.main(["audit", str(bad), "--from", str(tmp_path)]) == 2
    assert "sets no `environment`; add `--environment <name>`" in capsys.readouterr().err
    assert cli.main(["audit", str(bad), "--environment", "dev", "--from", str(tmp_path)]) == 2
    assert "caller.json` does not exist" in capsys.readouterr().err


def test_aws_that_cannot_be_asked_exits_2(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, AccountError("An error occurred (AccessDenied): not authorized"))
    assert run() == 2
    assert capsys.readouterr() == (
        "",
        "error: cannot query AWS: An error occurred (AccessDenied): not authorized\n",
    )


def test_ctrl_c_keeps_nothing(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answering(monkeypatch, KeyboardInterrupt())
    assert run("--save", str(tmp_path / "new")) == 130
    assert capsys.readouterr() == ("", "interrupted\n")
    assert not (tmp_path / "new").exists()


def test_refusal_of_aws_has_advice(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, AccountError("expired.", code="ExpiredTokenException"))
    assert run() == 2
    assert capsys.readouterr().err.startswith("error: cannot query AWS: expired; sign in (`aws sso")


def test_map_comes_from_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    save_answers(answers_of(role("app"), secrets=SECRETS), tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(MAP.encode())))
    assert cli.main(["audit", "-", "--environment", "dev", "--from", str(tmp_path)]) == 0
    assert "no findings" in capsys.readouterr().out


def test_unknown_policy_version_is_said_and_not_evaluated(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    app = role("app", allow("*"))
    app["RolePolicyList"][0]["PolicyDocument"]["Version"] = "2030-01-01"
    assert run(answers=answers_of(app, secrets=SECRETS)) == 0
    out = capsys.readouterr().out
    assert (
        "policy `own (inline, role/app)` is not evaluated: unknown policy version `2030-01-01`"
        in out
    )


def test_help_has_the_arguments_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["audit", "--help"])
    shown = capsys.readouterr().out
    for option in ("--secret KEY", "--principal ARN", "--format {text,json,csv,html}", "--save DIR", "--from DIR"):  # fmt: skip
        assert option in shown


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["audit", "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "--format html > audit.html" in told
    assert "--environment" in told


def test_folder_without_answers_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "context_name: x\nsecrets: {a: {secret_data: hunter2}}\n")
    assert cli.main(["audit", path, "--environment", "dev", "--from", str(tmp_path / "none")]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("error: ")
    assert "hunter2" not in told.out + told.err
