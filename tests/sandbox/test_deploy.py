"""Preparing and repairing stacks of the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import deploy
from sandbox.environment import Sandbox


@pytest.mark.parametrize(
    ("cut", "kept", "restored"),
    [("", '{"a": 1}', '{"a": 1}'), ('{"a": [', '{"a": 1}', '{"a": 1}'), ("{}", '{"a": 1}', "{}")],
    ids=["empty", "cut off", "whole"],
)
def test_checkpoint_that_a_kill_cut_off_is_the_one_before(
    tmp_path: Path, cut: str, kept: str, restored: str
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: p\n", "utf-8")
    checkpoint = tmp_path / "state" / ".pulumi" / "stacks" / "p" / "dev.json"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_text(cut, "utf-8")
    checkpoint.with_name("dev.json.bak").write_text(kept, "utf-8")
    sandbox = Sandbox(tmp_path, "http://127.0.0.1:1", Path("pulumi"))
    deploy.restore_checkpoint(sandbox, tmp_path, "dev")
    assert checkpoint.read_text("utf-8") == restored
