"""Whether Git has a file, or would take it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from secrets_component.planning.version_control import is_in_git


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a tracked, a forgotten, an ignored and an ignored but tracked file."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("*.secret\n")
    for name in ("tracked", "forgotten", "a.secret", "added.secret", ":(top)x"):
        (tmp_path / name).write_text("v")
    git(tmp_path, "add", "tracked")
    git(tmp_path, "add", "--force", "added.secret")
    return tmp_path.resolve()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("tracked", True),
        ("forgotten", True),
        ("added.secret", True),
        (":(top)x", True),
        ("a.secret", False),
    ],
)
def test_tracked_file_and_one_that_would_be_added(repository: Path, name: str, found: bool) -> None:
    assert is_in_git(repository / name) is found


def test_file_outside_of_a_repository_is_in_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("v")
    assert not is_in_git(tmp_path / "a")


def test_variables_of_a_hook_name_no_other_repository(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert is_in_git(repository / "tracked")
    assert not is_in_git(repository / "a.secret")


def test_without_an_answer_of_git_the_file_is_taken_to_be_in_it(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert is_in_git(repository / "a.secret")


def test_broken_repository_is_taken_to_have_the_file(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "a").write_text("v")
    assert is_in_git(tmp_path / "a")
