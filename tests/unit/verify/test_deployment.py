"""The throw-away project, driven through a stand-in for the Pulumi CLI."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from verify.deployment import Deployment, DeploymentError, UpResult
from verify.interruption import Interrupted, Interruption
from verify.names import Names

SCRIPT = """\
#!{python}
import json, os, signal, sys, time
from pathlib import Path

calls = Path({folder!r})
number = len(list(calls.glob("*.json")))
call = {{"arguments": sys.argv[1:], "cwd": os.getcwd(), "environment": dict(os.environ)}}
(calls / f"{{number:02}}.json").write_text(json.dumps(call))
answers = json.loads((calls / "answers").read_text())
answer = answers.get(sys.argv[1], {{}})
if answer.get("hangs"):
    signal.signal(signal.SIGINT, lambda *_: sys.exit("cancelled"))
    (calls / "hanging").touch()
    time.sleep(60)
print(answer.get("text", ""))
sys.exit(answer.get("code", 0))
"""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Cli:
    """A script in place of the CLI, which remembers its calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "pulumi"
        self.path.write_text(SCRIPT.format(python=sys.executable, folder=str(folder)))
        self.path.chmod(0o755)
        self.answer("none")

    def answer(self, command: str, **answer: Any) -> None:
        """Answer a command with a text and a code from now on."""
        (self.folder / "answers").write_text(json.dumps({command: answer}))

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob("*.json"))]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


@pytest.fixture
def interruption() -> Iterator[Interruption]:
    """Listen to signals, and leave them to pytest again."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield Interruption()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def made(
    cli: Cli, interruption: Interruption, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Deployment:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "own"))
    return Deployment(cli.path, "eu-west-1", Names("try-0123abcd"), interruption)


@pytest.fixture
def deployment(made: Deployment) -> Deployment:
    made.prepare()
    return made


def event(**content: Any) -> str:
    return json.dumps(content)


def step(op: str, kind: str, *diffs: str) -> str:
    metadata = {"op": op, "type": kind, "diffs": list(diffs)}
    return event(resourcePreEvent={"metadata": metadata})


def test_project_is_this_repositorys_program_in_a_folder_of_its_own(
    deployment: Deployment, cli: Cli
) -> None:
    folder = Path(cli.calls[0]["cwd"])
    assert folder.name.startswith("try-0123abcd-")
    assert (folder / "__main__.py").read_text() == Path("__main__.py").read_text()
    project = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    assert project["runtime"]["options"]["virtualenv"] == sys.prefix
    settings = yaml.safe_load((folder / "Pulumi.verify.yaml").read_text())
    assert settings == {"config": {"aws:region": "eu-west-1"}}
    deployment.remove()
    assert not folder.exists()


def test_users_login_and_logs_stay_out(
    made: Deployment, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "theirs")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "https://theirs")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "theirs")
    monkeypatch.setenv("TF_LOG", "DEBUG")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    made.prepare()
    found = cli.calls[0]["environment"]
    folder = cli.calls[0]["cwd"]
    assert found["PULUMI_BACKEND_URL"] == f"file://{folder}/state?metadata=skip"
    assert found["PULUMI_HOME"] == f"{folder}/pulumi"
    assert found["AWS_PROFILE"] == "mine"
    assert not {"PULUMI_ACCESS_TOKEN", "TF_LOG"} & found.keys()
    assert len(found["PULUMI_CONFIG_PASSPHRASE"]) == 32


def test_downloaded_plugins_are_the_users(deployment: Deployment, cli: Cli, tmp_path: Path) -> None:
    home = Path(cli.calls[0]["environment"]["PULUMI_HOME"])
    assert (home / "plugins").resolve() == tmp_path / "own" / "plugins"
    deployment.remove()
    assert (tmp_path / "own" / "plugins").is_dir()


def test_passphrase_is_in_no_file(deployment: Deployment, cli: Cli) -> None:
    deployment.up({"context_name": "try-0123abcd"})
    secret = cli.calls[0]["environment"]["PULUMI_CONFIG_PASSPHRASE"]
    files = [path for path in Path(cli.calls[0]["cwd"]).rglob("*") if path.is_file()]
    assert not [path for path in files if secret in path.read_text()]


def test_refusal_of_the_stack_is_one_line(made: Deployment, cli: Cli) -> None:
    cli.answer("stack", text="error: no\nmore", code=255)
    with pytest.raises(DeploymentError, match=r"^`pulumi stack init` failed: error: no$"):
        made.prepare()


def test_up_writes_the_map_and_passes_arguments_and_variables(
    deployment: Deployment, cli: Cli
) -> None:
    result = deployment.up({"context_name": "x"}, "--refresh", variables={"MARK": "here"})
    call = cli.calls[-1]
    assert call["arguments"][:5] == ["up", "--yes", "--skip-preview", "--json", "--refresh"]
    assert call["environment"]["MARK"] == "here"
    written = Path(call["cwd"]) / "stacks" / "verify.yaml"
    assert yaml.safe_load(written.read_text()) == {"context_name": "x"}
    assert result == UpResult(None, ())


def test_changes_are_steps_with_the_names_of_their_properties(
    deployment: Deployment, cli: Cli
) -> None:
    text = "\n".join(
        [
            step("same", "pulumi:pulumi:Stack"),
            step("refresh", "aws:kms/key:Key"),
            step("update", "aws:secretsmanager/secret:Secret", "kmsKeyId", "tags"),
            step("create", "aws:kms/alias:Alias"),
        ]
    )
    cli.answer("up", text=text)
    changes = deployment.up({}).changes
    assert changes == ("update secret:Secret (kmsKeyId, tags)", "create alias:Alias")


def test_error_is_the_first_that_the_engine_reports(deployment: Deployment, cli: Cli) -> None:
    told = {"severity": "error", "message": "<{%reset%}>denied:\n  key<{%reset%}>\n"}
    note = {"severity": "info", "message": "note"}
    text = "\n".join([event(diagnosticEvent=note), event(diagnosticEvent=told)])
    cli.answer("up", text=text, code=255)
    assert deployment.up({}).error == "denied: key"


@pytest.mark.parametrize(
    ("text", "error"),
    [("error: no plugin\n", "error: no plugin"), ("", "it did not say why")],
)
def test_error_before_the_first_event_is_reported_too(
    deployment: Deployment, cli: Cli, text: str, error: str
) -> None:
    cli.answer("up", text=text, code=1)
    assert deployment.up({}).error == error


def test_secret_in_the_state_is_found_by_its_name(deployment: Deployment, cli: Cli) -> None:
    kind = "aws:secretsmanager/secret:Secret"
    resources = [
        {"type": "pulumi:pulumi:Stack"},
        {"type": kind, "outputs": {"name": "a", "recoveryWindowInDays": 7}},
    ]
    cli.answer("stack", text=json.dumps({"deployment": {"resources": resources}}))
    assert deployment.secret_in_state("a")["recoveryWindowInDays"] == 7
    assert deployment.secret_in_state("b") == {}
    assert "--show-secrets" not in cli.calls[-1]["arguments"]


def test_destroy_removes_a_lock_first_and_returns_what_failed(
    deployment: Deployment, cli: Cli
) -> None:
    assert deployment.destroy() is None
    assert [call["arguments"][0] for call in cli.calls[-2:]] == ["cancel", "destroy"]
    told = {"severity": "error", "message": "denied"}
    cli.answer("destroy", text=event(diagnosticEvent=told), code=255)
    assert deployment.destroy() == "denied"


def test_project_without_a_stack_has_nothing_to_destroy(made: Deployment, cli: Cli) -> None:
    assert made.destroy() is None
    assert cli.calls == []


def test_interruption_lets_the_cli_cancel_its_run(deployment: Deployment, cli: Cli) -> None:
    cli.answer("up", hangs=True)

    def interrupt_when_hanging() -> None:
        while not (cli.folder / "hanging").exists():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=interrupt_when_hanging, daemon=True).start()
    start = time.monotonic()
    with pytest.raises(Interrupted):
        deployment.up({})
    assert time.monotonic() - start < 30


def test_process_that_starts_while_a_signal_arrives_is_ended_as_well(
    deployment: Deployment, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.answer("up", hangs=True)
    started: list[subprocess.Popen[str]] = []
    plain = Deployment._start

    def interrupted_start(*arguments: Any) -> subprocess.Popen[str]:
        os.kill(os.getpid(), signal.SIGINT)
        started.append(plain(*arguments))
        return started[0]

    monkeypatch.setattr(Deployment, "_start", interrupted_start)
    with pytest.raises(Interrupted):
        deployment.up({})
    assert started[0].poll() is not None
