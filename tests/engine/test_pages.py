"""Pages of docs/ whose commands deploy: each runs from top to bottom in a project of its own."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.environment import Sandbox
from tests import pages
from tests.conftest import Aws
from tests.engine.test_readme import run
from tests.pages import DOCS
from tests.unit.test_pages import PAGES, files_of, offline, write_files


def existing_secrets(aws: Aws) -> None:
    """Create what `docs/adoption.md` supposes."""
    client = aws("secretsmanager")
    client.create_secret(Name="legacy.ftpLogin", SecretString="kept")
    client.create_secret(Name="billing/prod/api-key", Description="of billing", SecretString="kept")


def nothing(_: Aws) -> None:
    """Prepare nothing."""


DEPLOYED: dict[str, Callable[[Aws], None]] = {
    "start.md": nothing,
    "adoption.md": existing_secrets,
    "recipes.md": nothing,
}
ELSEWHERE = {"README.md", "audit.md", "command.md", "verify-aws.md"}
"""Pages whose commands other tests run, or show what no sandbox has."""

CASES = [
    "start.md",
    pytest.param("adoption.md", marks=pytest.mark.long),
    pytest.param("recipes.md", marks=pytest.mark.long),
]


@pytest.mark.parametrize("name", CASES)
def test_page_runs_from_top_to_bottom(
    name: str, project: Path, sandbox: Sandbox, aws: Aws, tmp_path: Path
) -> None:
    page = DOCS / name
    write_files(page, project)
    settings = project / "Pulumi.yaml"
    settings.write_text(re.sub(r"^name: .*", f"name: {page.stem}", settings.read_text("utf-8")))
    DEPLOYED[name](aws)
    environment = environment_with_command(sandbox, tmp_path / "bin")
    for command, expected in pages.commands(page.read_text("utf-8")):
        printed = run(command, project, environment)
        assert pages.matches(expected, printed), f"$ {command}\n{printed}"


def environment_with_command(sandbox: Sandbox, folder: Path) -> dict[str, str]:
    """Return the sandbox's environment with `secretsmap` on its PATH."""
    folder.mkdir()
    script = folder / "secretsmap"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m secrets_component "$@"\n')
    script.chmod(0o755)
    found = sandbox.environment() | {"OAUTH_CLIENT_SECRET": "made up"}
    return found | {"PATH": f"{folder}{os.pathsep}{found['PATH']}"}


def test_every_command_of_the_pages_is_run() -> None:
    missed = []
    for page in PAGES:
        if page.name not in DEPLOYED.keys() | ELSEWHERE:
            for command, _ in pages.commands(page.read_text("utf-8")):
                if not offline(command):
                    missed.append(f"{page.name}: {command}")
    assert missed == [], "add the page to DEPLOYED, or to ELSEWHERE with a test of its own"


def test_pages_that_deploy_show_maps() -> None:
    for name in DEPLOYED:
        assert files_of((DOCS / name).read_text("utf-8"))
