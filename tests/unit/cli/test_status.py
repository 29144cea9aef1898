"""`secretsmap status`: what it prints and how it exits."""

import json
from pathlib import Path

import pytest

from secrets_component.cli import maps
from secrets_component.cli.command import main
from tests.unit.cli.accounts import write
from tests.unit.status.accounts import AccountStub
from tests.unit.status.secrets import held

MAP = "context_name: x\nsecrets: {a: {secret_data: hunter2}}\n"
TWO = (
    "components: {terraform: {secretsmanager: {vars: {context_name: x, secrets: {a: {}}}}, "
    "b: {metadata: {component: secretsmanager}, vars: {context_name: y, secrets: {a: {}}}}}}\n"
)


@pytest.fixture
def _good(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the account be as the map says."""
    monkeypatch.setattr(maps, "Inventory", lambda *_: AccountStub(held("x/dev/a")))


@pytest.mark.usefixtures("_good")
def test_account_as_the_map_says_exits_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", write(tmp_path, MAP), "--environment", "dev"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("secretsmanager in dev, eu-central-1: 1 secret, 0 findings\n  secret ")
    assert ("hunter2" in out, err) == (False, "")


def test_findings_exit_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maps, "Inventory", lambda *_: AccountStub())
    path = write(tmp_path, MAP)
    assert main(["status", path, "--environment", "dev"]) == 1
    finding = "is missing in the account; `pulumi up` creates it"
    assert f"finding: a: {finding}" in capsys.readouterr().out.splitlines()
    assert main(["status", path, "--environment", "dev", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["secrets"][0]["findings"] == [finding]


def test_several_maps_are_keyed_by_instance(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maps, "Inventory", lambda *_: AccountStub())
    path = write(tmp_path, TWO)
    assert main(["status", path, "--environment", "dev", "--json"]) == 1
    assert set(json.loads(capsys.readouterr().out)) == {"secretsmanager", "b"}
    assert main(["status", path, "--environment", "dev"]) == 1
    assert "\n\nb in dev, eu-central-1: 1 secret, 1 finding\n" in capsys.readouterr().out


def test_days_without_a_reader_are_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime, timedelta

    read = datetime.now(UTC) - timedelta(days=8)
    monkeypatch.setattr(maps, "Inventory", lambda *_: AccountStub(held("x/dev/a", last_read=read)))
    command = ["status", write(tmp_path, MAP), "--environment", "dev"]
    assert main(command) == 0
    assert main([*command, "--unread-days", "7"]) == 1
    assert f"was last read on {read.date()}; is it still needed?" in capsys.readouterr().out


def test_map_without_an_environment_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", write(tmp_path, MAP)]) == 2
    assert "add `--environment <name>`" in capsys.readouterr().err
