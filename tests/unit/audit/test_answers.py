"""Saved answers: a folder of JSON files, read back as they were."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from secrets_component.audit.answers import AnswersError, load_answers, save_answers
from tests.unit.audit.accounts import answers_of, role, secret


def test_saved_answers_are_read_back_with_dates_as_text(tmp_path: Path) -> None:
    read = datetime(2026, 11, 1, tzinfo=UTC)
    answers = answers_of(role("app"), secrets=[secret("shop/dev/a", LastAccessedDate=read)])
    save_answers(answers, tmp_path / "new" / "folder")
    loaded = load_answers(tmp_path / "new" / "folder")
    assert loaded.authorization == answers.authorization
    assert loaded.secrets[0]["LastAccessedDate"] == "2026-11-01T00:00:00+00:00"
    assert sorted(file.name for file in (tmp_path / "new" / "folder").iterdir()) == [
        "authorization.json", "caller.json", "keys.json", "organization.json", "reads.json", "secrets.json", "unchecked.json",
    ]  # fmt: skip


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(AnswersError) as missing:
        load_answers(tmp_path)
    assert str(missing.value) == (
        f"`{tmp_path}/caller.json` does not exist; write it with `--save {tmp_path}`"
    )
    save_answers(answers_of(), tmp_path)
    (tmp_path / "secrets.json").write_text("{not json")
    with pytest.raises(AnswersError, match=r"secrets.json` is not JSON; write it again"):
        load_answers(tmp_path)
    (tmp_path / "secrets.json").write_text('{"a": 1}')
    with pytest.raises(AnswersError, match=r"secrets.json` is not what `--save` writes"):
        load_answers(tmp_path)


def test_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AnswersError, match=r"^cannot write `.*/file`: File exists$"):
        save_answers(answers_of(), tmp_path / "file")
