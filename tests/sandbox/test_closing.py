"""The last lines of `make up`, over a sandbox in which not everything is there yet."""

import shutil
from pathlib import Path

import pytest

from sandbox import closing
from sandbox.environment import Sandbox

MAP = """\
context_name: shop
stacks: {rds: {stack: o/rds/dev, when_missing: wait}}
secrets:
  url: {secret_data: "http://${output.rds.host}"}
  by_hand: {owner: operator}
  key: {secret_data: v, rotation_automatically: true, rotation_lambda_arn: "${output.rds.f}"}
"""
FILLED = {"SecretVersionsToStages": {"v": ["AWSCURRENT"]}}


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A sandbox with one filled secret of the map; its project is `tmp_path`."""
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "dev.yaml").write_text(MAP)
    (tmp_path / "Pulumi.yaml").write_text("name: p\n")
    held = {"shop/dev/key": FILLED, "shop/dev/url": {}, "shop/dev/by_hand": {}, "other": FILLED}
    outputs = {
        "waiting": {"url": ["${output.rds.host}"]},
        "waiting_rotations": {"key": ["${output.rds.f}"]},
    }
    monkeypatch.setattr(closing, "_held", lambda _: held)
    monkeypatch.setattr(Sandbox, "outputs", lambda *_: outputs)
    monkeypatch.chdir(tmp_path)
    return Sandbox(tmp_path, "http://127.0.0.1:1", Path("/bin/pulumi"))


def test_lines_name_what_waits_and_why(sandbox: Sandbox, tmp_path: Path) -> None:
    lines = list(closing.closing_lines(sandbox, tmp_path, "dev"))
    assert lines[1:5] == [
        "shop/dev: 3 secrets, 1 with a value, 0 rotating",
        "  url waits for ${output.rds.host}",
        "  by_hand has no value yet: an operator sets it",
        "  the rotation of key waits for ${output.rds.f}",
    ]
    assert "  secretsmap status stacks/dev.yaml --environment dev" in lines
    assert not any("secretsmap rotate" in line for line in lines)


@pytest.mark.parametrize("shim", [None, "exit 127"])
def test_without_the_aws_cli_python_reads_the_secret(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shim: str | None
) -> None:
    (tmp_path / "bin").mkdir()
    if shim:
        (tmp_path / "bin" / "aws").write_text(f"#!{shutil.which('sh')}\n{shim}\n")
        (tmp_path / "bin" / "aws").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    text = "\n".join(closing.closing_lines(sandbox, tmp_path, "dev"))
    assert "  python -c " in text
    assert "shop/dev/key" in text
    assert "aws secretsmanager" not in text
