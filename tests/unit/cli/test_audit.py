"""`secretsmap audit`, as the command registers it; what it does is tested with its own room."""

from __future__ import annotations

from pathlib import Path

import pytest

from secrets_component.cli.command import main
from tests.unit.cli.accounts import write


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["audit", "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "--format html > audit.html" in told
    assert "--environment" in told


def test_folder_without_answers_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "context_name: x\nsecrets: {a: {secret_data: hunter2}}\n")
    assert main(["audit", path, "--environment", "dev", "--from", str(tmp_path / "none")]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("error: ")
    assert "hunter2" not in told.out + told.err
