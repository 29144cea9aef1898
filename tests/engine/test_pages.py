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
from tests.conftest import Aws, Live, SecretsStack
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
ELSEWHERE = {"README.md", "audit.md", "command.md", "testing.md", "verify-aws.md"}
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


@pytest.mark.long
def test_secret_moves_to_another_stack_as_docs_limits_says(
    sandbox: Sandbox, project: Path, aws: Aws, live: Live
) -> None:
    client = aws("secretsmanager")
    head = "context_name: split\nenvironment: prod\n"
    old, new = (stack_of(sandbox, project, name) for name in ("prod-all", "prod-rds"))
    old.write(f"{head}name: all\nsecrets: {{a: {{generate_random_password: true}}, b: {{}}}}\n")
    old.up()
    client.put_secret_value(SecretId="split/prod/b", SecretString="theirs")
    before = [live(f"split/prod/{key}") for key in "ab"]

    urn = (
        "urn:pulumi:prod-all::secrets::secretsmap:index:SecretMap$aws:secretsmanager/secret:Secret"
    )
    for key in "ab":
        old.pulumi("state", "delete", f"{urn}::all.{key}", "--target-dependents", "--yes")
        client.untag_resource(SecretId=f"split/prod/{key}", TagKeys=["secretsmap:map"])
    old.write(f"{head}name: all\nsecrets: {{c: {{}}}}\n").up()
    imported = "{owner: operator, import: split/prod/%s}"
    new.write(f"{head}name: rds\nsecrets: {{a: {imported % 'a'}, b: {imported % 'b'}}}\n").up()

    assert [live(f"split/prod/{key}") for key in "ab"] == before
    assert set(new.up().changes) == {"same"}


def stack_of(sandbox: Sandbox, project: Path, name: str) -> SecretsStack:
    settings = (project / "Pulumi.dev.yaml").read_bytes()
    (project / f"Pulumi.{name}.yaml").write_bytes(settings)
    return SecretsStack(sandbox, project, name, None)
