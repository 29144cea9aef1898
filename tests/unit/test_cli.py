"""`python -m secrets_component`: what it prints and how it exits."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from secrets_component import cli
from secrets_component.lookups.inventory import AccountError, HeldSecret
from secrets_component.planning.plan import Plan

ROOT = Path(__file__).parent.parent.parent
MAPS = ROOT / "tests" / "maps"
FULL = str(MAPS / "guide-full.yaml")

FILL = "`aws secretsmanager put-secret-value --secret-id x/dev/{} …`"


class AccountStub:
    """An account that holds the secrets of a test, or cannot be queried."""

    def __init__(self, *secrets: HeldSecret, failure: str | None = None) -> None:
        self._secrets, self._failure = secrets, failure

    def __call__(self) -> "AccountStub":
        return self

    def secrets_of(self, _: Plan) -> dict[str, HeldSecret]:
        if self._failure:
            raise AccountError(self._failure)
        return {secret.name: secret for secret in self._secrets}


def held(name: str, *, is_filled: bool = True, next_rotation: str | None = None) -> HeldSecret:
    return HeldSecret(name, f"arn:{name}", None, is_filled, next_rotation, None)


def write(folder: Path, text: str) -> str:
    path = folder / "map.yaml"
    path.write_text(text)
    return str(path)


def test_validate_prints_nothing_for_a_valid_map(capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(ROOT / "stacks" / "prod.yaml"), str(MAPS / "guide-database.yaml")]
    assert cli.main(["validate", *files]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["guide-full", "guide-oauth"])
def test_guides_secrets_in_plain_text_are_warnings(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["validate", str(MAPS / f"{name}.yaml")]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count(" is a secret in plain text: ") == 1
    assert " error: " not in err


def test_validate_reports_every_problem_of_every_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("context_name: x\nsecrets: {a: {nmae: b, secret_data: 5}}\n")
    assert cli.main(["validate", str(bad), FULL, str(bad)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[:2] == [
        f"{bad}:2:15: error: unknown key `nmae`; did you mean `name`?",
        f"{bad}:2:37: error: `secret_data`: expected a string or a mapping; "
        "quote a number, list or boolean",
    ]


def test_validate_checks_files_against_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("context_name: x\nsecrets: {a: {}}\n")
    two.write_text("context_name: x\nsecrets: {b: {name: a}}\n")
    files = [str(one), str(two)]
    assert cli.main(["validate", *files, "--environment", "dev"]) == 1
    assert capsys.readouterr().err == (
        f"{two}:2:11: error: the map `secretsmanager` in `{one}` has the same secret name `x/dev/a`; "
        "change `name`, `path` or the context\n"
    )
    assert cli.main(["validate", *files]) == 0


def test_unreadable_file_and_wrong_usage_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["validate", str(tmp_path / "no.yaml")]) == 2
    assert "file not found" in capsys.readouterr().err
    assert cli.main(["validate", str(tmp_path)]) == 2
    assert cli.main(["validate", FULL, "--environment", "no good"]) == 2
    with pytest.raises(SystemExit) as ended:
        cli.main(["validate"])
    assert ended.value.code == 2


def test_plan_as_json_holds_the_contract_and_no_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(
        "context_name: x\nsecrets:\n"
        "  b: {secret_data: 'hunter2 ${output.secretsmanager.generated_passwords.a}'}\n"
        "  a: {generate_random_password: true, replicas: [{region: eu-west-1}]}\n"
    )
    assert cli.main(["plan", str(path), "--environment", "dev", "--json"]) == 0
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
    assert cli.main(["plan", FULL, "--environment", "dev"]) == 0
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
    assert cli.main(["plan", str(path), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"secretsmanager", "b"}


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
    monkeypatch.setattr(cli, "Inventory", account)
    assert cli.main(["validate", "--filled", path, "--environment", "dev"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{path}:3:3: error: `x/dev/missing` does not exist yet; deploy the map, then set its "
        f"value with {FILL.format('missing')}",
        f"{path}:4:3: error: `x/dev/empty` is empty; set its value with {FILL.format('empty')}",
    ]


def test_filled_exits_0_if_every_secret_has_a_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "context_name: x\nsecrets: {a: {owner: operator}}\n")
    monkeypatch.setattr(cli, "Inventory", AccountStub(held("x/dev/a")))
    assert cli.main(["validate", "--filled", path, "--environment", "dev"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("command", [["validate", "--filled"], ["plan", "--live"]])
def test_account_that_cannot_be_queried_exits_2(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
) -> None:
    path = write(tmp_path, "context_name: x\nsecrets: {a: {}}\n")
    monkeypatch.setattr(cli, "Inventory", AccountStub(failure="You must specify a region."))
    assert cli.main([*command, path]) == 2
    assert capsys.readouterr() == (
        "",
        "error: cannot query AWS: You must specify a region.\n",
    )


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
    monkeypatch.setattr(cli, "Inventory", account)
    assert cli.main(["plan", "--live", path, "--environment", "dev"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("next rotation: ") == 1
    assert f"    next rotation: {date}\n" in printed


def test_schema_accepts_the_maps_and_refuses_an_unknown_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in [*MAPS.glob("*.yaml"), *(ROOT / "stacks").glob("*.yaml")]:
        validator.validate(yaml.safe_load(path.read_text()))
    good = {"context_name": "x", "stacks": {"r": "o/r/d"}, "secrets": {"a": {"import": "b"}}}
    validator.validate(good)
    for wrong in ({"nmae": "b"}, {"rotation_days": 0}, {"secret_data": 5}):
        assert not validator.is_valid({"context_name": "x", "secrets": {"a": wrong}})
        atmos = {"vars": {"context_name": "x", "secrets": {"a": wrong}}}
        assert not validator.is_valid({"components": {"terraform": {"secretsmanager": atmos}}})


def test_validate_starts_without_pulumi() -> None:
    program = (
        "import sys; from secrets_component import cli; code = cli.main(sys.argv[1:]); "
        "assert not [m for m in sys.modules if m.startswith('pulumi')]; sys.exit(code)"
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
