"""The `pulumi` of `make env`: it adds the sandbox's settings, and writes none into the checkout."""

import json
from pathlib import Path

import pytest

from sandbox.environment import Sandbox
from sandbox.shell import with_settings, write_commands


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """A sandbox that has the stack `dev` of the project `p`."""
    made = Sandbox(tmp_path / "home", "http://127.0.0.1:1", Path("/bin/pulumi"))
    stack = made.home / "state" / ".pulumi" / "stacks" / "p" / "dev.json"
    stack.parent.mkdir(parents=True)
    stack.write_text(json.dumps({"checkpoint": {}}))
    return made


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the project `p`, in which the command runs."""
    folder = tmp_path / "p" / "stacks"
    folder.mkdir(parents=True)
    (folder.parent / "Pulumi.yaml").write_text("name: p\n")
    monkeypatch.chdir(folder)
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    return folder


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(
    "arguments", [["up", "-s", "dev"], ["preview", "--stack=dev"], ["--stack", "dev", "config"]]
)
def test_stack_of_the_sandbox_gets_its_settings(sandbox: Sandbox, arguments: list[str]) -> None:
    copy = sandbox.home / "settings" / "p" / "Pulumi.dev.yaml"
    assert with_settings(sandbox, arguments) == [*arguments, "--config-file", str(copy)]


def test_stack_comes_from_the_environment_and_project_from_the_option(
    sandbox: Sandbox, inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    monkeypatch.setenv("PULUMI_STACK", "dev")
    assert "--config-file" in with_settings(sandbox, ["up", "-C", str(inside)])


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(
    "arguments",
    [["up"], ["up", "-s", "other"], ["stack", "-s", "dev"], ["up", "-s", "dev", "--config-file=x"]],
)
def test_any_other_command_is_left_as_it_is(sandbox: Sandbox, arguments: list[str]) -> None:
    assert with_settings(sandbox, arguments) == arguments


def test_settings_that_a_user_sets_are_kept(sandbox: Sandbox, inside: Path) -> None:
    copy = sandbox.home / "settings" / "p" / "Pulumi.dev.yaml"
    copy.parent.mkdir(parents=True)
    copy.write_text("encryptionsalt: s\nconfig: {p:own: 1, aws:region: old}\n")
    (inside.parent / "Pulumi.dev.yaml").write_text("config: {aws:region: new}\n")
    with_settings(sandbox, ["up", "-s", "dev"])
    assert copy.read_text() == "config:\n  aws:region: new\n  p:own: 1\nencryptionsalt: s\n"


def test_commands_are_executable(sandbox: Sandbox) -> None:
    folder = write_commands(sandbox)
    assert {path.name for path in folder.iterdir()} == {"pulumi", "secretsmap"}
    assert all(path.stat().st_mode & 0o111 == 0o111 for path in folder.iterdir())
