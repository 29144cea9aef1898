"""The committed snapshots are what the program registers now, and hold no secret value."""

import base64
import difflib
from pathlib import Path

import pytest

from tests import snapshots

NEEDLE = "Zq7NeedleOfASecret"
BINARY = base64.b64encode(NEEDLE.encode()).decode()
EVERY_SOURCE = f"""\
context_name: x
stacks: {{rds: o/rds/dev}}
secrets:
  text: {{secret_data: {NEEDLE}}}
  json: {{secret_data: '{{"a": "{NEEDLE}", "b": [{{"c": "{NEEDLE}"}}]}}'}}
  list: {{secret_data: '["{NEEDLE}"]'}}
  mapping: {{secret_data: {{a: {NEEDLE}, b: {{c: {NEEDLE}}}}}}}
  binary: {{secret_binary: {BINARY}}}
  first: {{secret_data: {NEEDLE}, owner: operator}}
  fields:
    owner: operator
    rotated_fields: [password]
    random: {{password: {{}}}}
    secret_data: {{host: {NEEDLE}, password: "${{random.password}}"}}
  generated: {{generate_random_password: true}}
  built: {{secret_data: "{NEEDLE}${{output.secretsmanager.generated_passwords.generated}}"}}
  variable: {{secret_data: "${{env.NEEDLE}}"}}
  plain_output: {{secret_data: "${{output.rds.plain}}"}}
  secret_output: {{secret_data: {{password: "${{output.rds.password}}"}}}}
"""


@pytest.mark.parametrize("name", snapshots.SCENARIOS)
def test_snapshot_is_as_reviewed(name: str) -> None:
    path = snapshots.path_of(name)
    committed = path.read_text("utf-8") if path.exists() else ""
    lines = difflib.unified_diff(
        committed.splitlines(), snapshots.text_of(name).splitlines(), lineterm="", n=6
    )
    changed = "\n".join(lines)
    if changed:
        where = path.relative_to(snapshots.ROOT)
        pytest.fail(f"run `{snapshots.COMMAND}`, review {where}:\n{changed}", pytrace=False)


def test_each_snapshot_has_a_scenario() -> None:
    names = {path.stem for path in snapshots.FOLDER.glob("*.json")}
    assert names == set(snapshots.SCENARIOS)


@pytest.fixture
def everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The snapshot of a map with a needle in every place that a secret value comes from."""
    monkeypatch.setenv("NEEDLE", NEEDLE)
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "dev.yaml").write_text(EVERY_SOURCE, "utf-8")
    stacks = {"o/rds/dev": {"plain": NEEDLE, "password": NEEDLE}}
    scenario = snapshots.Scenario("dev", stacks, secret_outputs=("password",))
    return snapshots.taken(scenario, snapshots.ROOT / "__main__.py", tmp_path)


def test_no_secret_value_is_in_a_snapshot(everything: dict[str, object]) -> None:
    text = snapshots.as_text(everything)
    assert NEEDLE not in text
    assert BINARY not in text


def test_blanked_values_keep_the_names_of_their_fields(everything: dict[str, object]) -> None:
    resources = everything["resources"]
    assert isinstance(resources, dict)
    versions = resources["aws:secretsmanager/secretVersion:SecretVersion"]
    inputs = {name: version["inputs"] for name, version in versions.items()}
    name = "secretsmanager"
    assert inputs[f"{name}.text"]["secretString"] == "<secret>"
    assert inputs[f"{name}.json"]["secretString"] == {"a": "<secret>", "b": [{"c": "<secret>"}]}
    assert inputs[f"{name}.binary"]["secretBinary"] == "<secret>"
    assert inputs[f"{name}.built"]["secretString"] == "<secret>"
    assert inputs[f"{name}.generated"]["secretString"] == f"<generated {name}.generated>"
    assert inputs[f"{name}.fields.fields"]["secretStringWo"] == {
        "host": "<secret>",
        "password": f"<generated {name}.fields.password>",
    }
