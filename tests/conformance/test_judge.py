"""The judge is built once and kept by its source; a fake Go builds a fake judge here."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from sandbox import conformance
from sandbox.conformance import Answer, Question, ask
from sandbox.providers.official import facts
from sandbox.toolchain import ToolchainError
from tests.sandbox.test_toolchain import program

SECRET = "aws:secretsmanager/secret:Secret"
QUESTION = Question(SECRET, "a", "eu-central-1", {"name": "a"})
ANSWERS = '[{"inputs": {"name": "a"}, "diffs": ["name"], "deleteBeforeReplace": true}]'
JUDGE = f"cat >/dev/null; echo '{ANSWERS}'"
BUILDS = 'while [ "$1" != -o ]; do shift; done; cp "$JUDGE" "$2"'


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty cache, a Go that copies a fake judge, and the source of one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("JUDGE", str(program(tmp_path / "judge", JUDGE)))
    program(tmp_path / "bin" / "go", BUILDS)
    source = tmp_path / "source"
    source.mkdir()
    for name in ("go.mod", "go.sum", "main.go"):
        shutil.copy(Path(conformance.__file__).parent / name, source)
    monkeypatch.setattr(conformance, "_GO_MODULE", source)
    return tmp_path


def asked() -> tuple[list[Answer], list[str]]:
    reported: list[str] = []
    found = {SECRET: facts()[SECRET]}
    return ask(found, [QUESTION], reported.append), reported


def test_judge_is_built_once(machine: Path) -> None:
    answers, reported = asked()
    assert answers == [Answer(inputs={"name": "a"}, diffs=("name",), deletes_first=True)]
    assert (
        reported[0] == "building the judge from Pulumi's bridge: 3 to 8 minutes, once per machine"
    )
    assert asked() == (answers, [])


def test_another_source_is_another_judge(machine: Path) -> None:
    asked()
    with (machine / "source" / "main.go").open("a") as source:
        source.write("// changed\n")
    assert len(asked()[1]) == 2
    assert len(list((machine / "cache" / "secretsmap" / "conformance").glob("[!.]*"))) == 2


def test_failed_build_is_reported_with_its_last_line(machine: Path) -> None:
    program(machine / "bin" / "go", "echo first >&2; echo no such module >&2; exit 1")
    with pytest.raises(ToolchainError, match=r"^the judge cannot be built: no such module$"):
        asked()


def test_machine_without_go_is_told_what_to_install(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(machine / "nothing"))
    monkeypatch.setattr(sys, "executable", str(program(machine / "python", "exit 1")))
    with pytest.raises(ToolchainError, match=r"^there is no Go to build the judge: install it"):
        asked()


def test_judge_that_fails_is_reported(machine: Path) -> None:
    program(machine / "judge", "cat >/dev/null; echo panic >&2; exit 1")
    with pytest.raises(ToolchainError, match=r"^the judge failed: panic$"):
        asked()
