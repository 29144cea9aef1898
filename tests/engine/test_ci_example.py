"""The workflow and the hook of `examples/ci`: each `run:` step does what the example says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from secrets_component.cli.command import main
from tests.conftest import ROOT, Aws, Secrets, SecretsStack

CI = ROOT / "examples" / "ci"
WORKFLOW = yaml.safe_load((CI / "secrets.yml").read_text("utf-8"))
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
INSTALLS = "install"  # by pip, which the tests have done
MAP = """\
context_name: ci
environment: prod
secrets:
  a: {generate_random_password: true}
"""


def step(job: str, name: str) -> str:
    """Return the script of a step."""
    (found,) = (one for one in WORKFLOW["jobs"][job]["steps"] if one.get("name") == name)
    return str(found["run"])


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A folder with the commands that a runner has: `secretsmap`, and a `gh` that only notes."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, line in {
        "secretsmap": f'PYTHONPATH={ROOT} exec {sys.executable} -m secrets_component "$@"',
        "gh": f'echo "$@" > {tmp_path}/gh',
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / name).chmod(0o755)
    return folder


def run(script: str, stack: SecretsStack, commands: Path, **more: str) -> Any:
    """Run a step as GitHub's runner does, in the folder of the program."""
    environment = stack.sandbox.environment()
    environment["PATH"] = f"{commands}{os.pathsep}{environment['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-c", script.replace("--stack prod", f"--stack {stack.name}")],
        cwd=stack.project,
        env={**environment, **more},
        capture_output=True,
        text=True,
    )


def test_every_step_with_a_script_is_tried_here() -> None:
    named = set()
    for job, content in WORKFLOW["jobs"].items():
        for one in content["steps"]:
            assert ("run" in one) != ("uses" in one)
            if "run" in one and one["name"] != INSTALLS:
                named.add((job, one["name"]))
    assert named == {("validate", "validate"), ("preview", "preview"), ("preview", "comment"), ("drift", "drift")}  # fmt: skip


def test_steps_check_preview_and_find_drift(
    secrets: Secrets, aws: Aws, commands: Path, tmp_path: Path
) -> None:
    stack = secrets(MAP)
    summary = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    assert run(step("validate", "validate"), stack, commands).returncode == 0
    (stack.project / "stacks" / "prod.yaml").write_text(MAP)

    done = run(step("preview", "preview"), stack, commands)
    assert done.returncode == 0, done.stderr
    shown = (stack.project / "preview.md").read_text("utf-8")
    assert shown.startswith("Preview of `prod`; secret values are never shown.\n```\n")
    assert "aws:secretsmanager/secret:Secret" in shown
    assert run(step("preview", "comment"), stack, commands, PULL_REQUEST="7").returncode == 0
    assert (tmp_path / "gh").read_text() == (
        "pr comment 7 --body-file preview.md --edit-last --create-if-none\n"
    )

    assert run(step("drift", "drift"), stack, commands, **summary).returncode == 1
    stack.up()
    assert run(step("drift", "drift"), stack, commands, **summary).returncode == 0
    aws("secretsmanager").update_secret(SecretId="ci/prod/a", Description="changed by hand")
    assert run(step("drift", "drift"), stack, commands, **summary).returncode == 1
    assert "changed by hand" in (tmp_path / "summary").read_text()
    stack.pulumi("destroy", "--yes")


def test_steps_fail_where_the_map_is_wrong(secrets: Secrets, commands: Path) -> None:
    stack = secrets("context_name: ci\nsecret: {}\n")
    done = run(step("validate", "validate"), stack, commands)
    assert (done.returncode, done.stdout) == (
        1,
        f"::error file=stacks/{stack.name}.yaml,line=2,col=1::unknown key `secret`; did you mean "
        "`secrets`?\n",
    )
    assert run(step("preview", "preview"), stack, commands).returncode != 0


def test_hook_checks_the_maps_that_it_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert {"id", "name", "entry", "language"} <= set(HOOK)
    example = yaml.safe_load((CI / "pre-commit.yaml").read_text("utf-8"))
    (used,) = example["repos"][0]["hooks"]
    assert used["id"] == HOOK["id"]
    files = [str(path.relative_to(ROOT)) for path in (ROOT / "stacks").glob("*.yaml")]
    assert [name for name in [*files, "Pulumi.yaml"] if re.search(HOOK["files"], name)] == files
    command, *arguments = shlex.split(HOOK["entry"])
    assert command == "secretsmap"
    assert main([*arguments, *used["args"], *(str(ROOT / name) for name in files)]) == 0
    plain = tmp_path / "plain.yaml"
    plain.write_text("context_name: a\nsecrets: {api_key: {secret_data: written-out}}\n", "utf-8")
    assert main([*arguments, *used["args"], str(plain)]) == 1
    assert " warning: `secret_data`: is a secret in plain text" in capsys.readouterr().err
