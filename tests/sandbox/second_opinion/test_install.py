"""Where ministack is installed, and what is said where it is not."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from sandbox import second_opinion
from sandbox.second_opinion.__main__ import main
from sandbox.toolchain import ToolchainError

LOCK = Path(second_opinion.__file__).with_name("requirements.lock")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's cache in which nothing is installed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "secretsmap"


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that install it, which only create the interpreter here."""
    ran: list[list[str]] = []

    def run(command: list[str]) -> None:
        ran.append(command)
        if command[1:3] == ["-m", "venv"]:
            (Path(command[3]) / "bin").mkdir(parents=True)
            (Path(command[3]) / "bin" / "python").touch()

    monkeypatch.setattr(second_opinion, "_run", run)
    return ran


def quiet(line: str) -> None:
    """Report nothing."""


def test_missing_ministack_is_one_line_with_the_command() -> None:
    with pytest.raises(ToolchainError) as missing:
        second_opinion.interpreter()
    text = str(missing.value)
    assert f"{second_opinion.NAME} {second_opinion.version()} is not installed" in text
    assert second_opinion.INSTALL in text
    assert "\n" not in text


def test_installs_once_into_the_users_cache_by_hash(cache: Path, commands: list[list[str]]) -> None:
    found = second_opinion.install(quiet)
    assert found.is_relative_to(cache)
    assert second_opinion.install(quiet) == second_opinion.interpreter() == found
    made, installed = commands
    assert made == [sys.executable, "-m", "venv", str(found.parent.parent)]
    assert {"--require-hashes", str(LOCK)} <= set(installed)


def test_interrupted_installation_begins_again(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(command: list[str]) -> None:
        msg = "no network"
        raise ToolchainError(msg)

    with monkeypatch.context() as broken:
        broken.setattr(second_opinion, "_run", fail)
        with pytest.raises(ToolchainError, match="no network"):
            second_opinion.install(quiet)
    with pytest.raises(ToolchainError, match="not installed"):
        second_opinion.interpreter()
    second_opinion.install(quiet)
    assert len(commands) == 2


def test_failed_installation_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert main() == 1
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith("error: ministack cannot be installed: ")


def test_another_lock_is_another_folder(
    tmp_path: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = second_opinion.install(quiet)
    changed = tmp_path / "requirements.lock"
    changed.write_text(LOCK.read_text("utf-8") + "# changed\n", "utf-8")
    monkeypatch.setattr(second_opinion, "_LOCK", changed)
    assert second_opinion.install(quiet) != first


def test_every_package_of_the_lock_has_a_hash() -> None:
    blocks = re.split(r"^(?=[a-z0-9])", LOCK.read_text("utf-8"), flags=re.MULTILINE)
    packages = [block for block in blocks if "==" in block.splitlines()[0]]
    assert len(packages) > 5
    assert all("--hash=sha256:" in block for block in packages)
