"""`secretsmap plan`: what it prints."""

import json
from pathlib import Path

import pytest

from secrets_component.cli.command import main
from tests.unit.cli.accounts import FULL, MAPS, AccountStub, held, use, write


def test_plan_as_json_holds_the_contract_and_no_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(
        "context_name: x\nsecrets:\n"
        "  b: {secret_data: 'hunter2 ${output.secretsmanager.generated_passwords.a}'}\n"
        "  a: {generate_random_password: true, replicas: [{region: eu-west-1}]}\n"
    )
    assert main(["plan", str(path), "--environment", "dev", "--json"]) == 0
    text = capsys.readouterr().out
    assert "hunter2" not in text
    made = json.loads(text)
    assert made["order"] == ["a", "b"]
    assert [secret["name"] for secret in made["secrets"]] == ["x/dev/b", "x/dev/a"]
    assert made["secrets"][1] == {
        "key": "a",
        "name": "x/dev/a",
        "source": "generated",
        "owner": "map",
        "kms_key": None,
        "rotation": None,
        "on_rotate": [],
        "replicas": [{"region": "eu-west-1", "kms_key": None}],
        "references": [],
        "policy": None,
    }


def test_plan_of_the_guide_is_as_reviewed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", FULL, "--environment", "dev"]) == 0
    assert capsys.readouterr().out == (MAPS / "guide-full.plan").read_text()


def test_plan_of_several_maps_is_keyed_by_instance(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = (f"vars: {{context_name: {name}, secrets: {{a: {{}}}}}}" for name in "xy")
    path = tmp_path / "map.yaml"
    path.write_text(
        f"components: {{terraform: {{secretsmanager: {{{one}}}, "
        f"b: {{metadata: {{component: secretsmanager}}, {two}}}}}}}\n"
    )
    assert main(["plan", str(path), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"secretsmanager", "b"}


def test_live_plan_shows_the_next_rotation_of_secrets_that_rotate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    function = "arn:aws:lambda:eu-central-1:123456789012:function:rotate"
    rotation = f"rotation_automatically: true, rotation_lambda_arn: '{function}'"
    path = write(
        tmp_path,
        f"context_name: x\nsecrets:\n  a: {{secret_data: v, {rotation}}}\n  b: {{secret_data: v}}\n",
    )
    date = "2026-12-01T08:00+00:00"
    account = AccountStub(held("x/dev/a", next_rotation=date), held("x/dev/b"))
    use(monkeypatch, account)
    assert main(["plan", "--live", path, "--environment", "dev"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("next rotation: ") == 1
    assert f"    next rotation: {date}\n" in printed


def test_live_needs_an_environment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "context_name: x\nsecrets: {a: {}}\n")
    assert main(["plan", "--live", path]) == 2
    assert "add `--environment <name>`" in capsys.readouterr().err


def test_graph_is_printed_as_mermaid(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", FULL, "--environment", "dev", "--graph"]) == 0
    assert capsys.readouterr().out == (MAPS / "guide-full.mmd").read_text()


def test_graph_has_no_dates(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", FULL, "--environment", "dev", "--graph", "--live"]) == 2
    assert "`--live` has no effect with `--graph`" in capsys.readouterr().err
