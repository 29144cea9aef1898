"""The command itself: its help, and how every verb ends."""

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from secrets_component import __main__ as entry
from secrets_component.cli import command, maps
from secrets_component.cli.command import main
from tests.unit.cli.accounts import ROOT, AccountStub, use, write


@pytest.mark.parametrize("command", [["validate", "--filled"], ["plan", "--live"]])
def test_account_that_cannot_be_queried_exits_2(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
) -> None:
    path = write(tmp_path, "context_name: x\nsecrets: {a: {}}\n")
    use(monkeypatch, AccountStub(failure="You must specify a region."))
    assert main([*command, path, "--environment", "dev"]) == 2
    assert capsys.readouterr() == (
        "",
        "error: cannot query AWS: You must specify a region.\n",
    )


def test_validate_starts_without_pulumi_and_the_aws_sdk() -> None:
    program = (
        "import sys; from secrets_component.cli.command import main; code = main(sys.argv[1:]); "
        "assert not {'pulumi', 'boto3', 'botocore'} & set(sys.modules); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "validate", "stacks/prod.yaml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_module_runs_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "secrets_component", "validate", "nothing.yaml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (2, "nothing.yaml: error: file not found\n")


def test_installed_command_is_the_module() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, name = scripts["secretsmap"].partition(":")
    assert getattr(importlib.import_module(module), name) is entry.run


@pytest.mark.parametrize("verb", command._VERBS)
def test_help_of_each_verb_has_examples_that_call_it(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    examples = printed.partition("examples:\n")[2].splitlines()
    assert examples[0].startswith(f"  secretsmap {verb}")
    assert printed.startswith(f"usage: secretsmap {verb}")


def test_help_lists_the_verbs_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = capsys.readouterr().out
    for verb, summary in command._VERBS.items():
        assert re.search(rf"^ +{verb} +{re.escape(summary)}$", printed, re.MULTILINE)
    assert "exit codes: 0 good; 1 findings" in printed


def test_ctrl_c_ends_with_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(maps, "load_plans", interrupt)
    assert main(["plan", "map.yaml"]) == 130
    assert capsys.readouterr() == ("", "interrupted\n")
