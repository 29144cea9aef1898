"""The README's commands and the programs of `docs/consumers.md`, run in a copy of the checkout."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.environment import Sandbox
from tests import pages
from tests.conftest import MakeStack, Secrets
from tests.pages import BLOCK, ROOT, matches

__all__ = ["BLOCK", "matches", "run"]  # what the tests of other pages use

TEXT = (ROOT / "README.md").read_text("utf-8")
CONSUMERS = (ROOT / "docs" / "consumers.md").read_text("utf-8")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Path]:
    """A copy of what git tracks, and the maps that the README writes."""
    folder = tmp_path_factory.mktemp("checkout")
    tracked = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    for name in tracked.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)  # make compares the lock's time
    (folder / ".venv").symlink_to(ROOT / ".venv")
    for name, body in pages.files(TEXT).items():
        (folder / name).write_text(body, "utf-8")
    yield folder
    subprocess.run(["make", "clean"], cwd=folder, capture_output=True)


def run(command: str, folder: Path, environment: dict[str, str]) -> str:
    """Run a command as a newcomer's shell does; its errors stand in its output."""
    done = subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        return done.communicate(timeout=240)[0]
    finally:
        if done.poll() is None:
            os.killpg(done.pid, signal.SIGKILL)


@pytest.mark.parametrize(("command", "expected"), list(pages.commands(TEXT)))
def test_command_prints_what_the_readme_says(
    checkout: Path, sandbox: Sandbox, command: str, expected: str
) -> None:
    if command.startswith(("git clone", "python3 -m venv")):
        pytest.skip("the checkout and its .venv are there")
    environment = dict(os.environ) if command.startswith("make") else sandbox.environment()
    printed = run(command, checkout, environment)
    assert matches(expected, printed), printed


def program_with(name: str) -> str:
    """Return the program of `docs/consumers.md` that uses a name."""
    found = [block.body for block in pages.blocks(CONSUMERS) if block.kind == "python"]
    return next(body for body in found if name in body)


def test_own_program_deploys(checkout: Path, make_stack: MakeStack) -> None:
    program = program_with("SecretMapArgs")
    folder = checkout / "own"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: own\nruntime: python\n")
    (folder / "__main__.py").write_text(program)
    shutil.copy(checkout / "shop.yaml", folder)
    stack = make_stack(folder, "prod")
    stack.up()
    assert ":secret:shop/prod/rds/database_url-" in stack.outputs()["database_url_arn"]


def test_consumer_gets_arns(checkout: Path, secrets: Secrets, make_stack: MakeStack) -> None:
    producer = secrets((checkout / "shop.yaml").read_text("utf-8"))
    producer.up()
    program = program_with("SecretMapReference")
    folder = checkout / "consumer"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: readme-consumer\nruntime: python\n")
    stack = f"organization/secrets/{producer.name}"
    exports = "import pulumi\npulumi.export('environment', environment)\npulumi.export('container', container)\n"
    (folder / "__main__.py").write_text(program.replace("acme/secrets/prod", stack) + exports)
    consumer = make_stack(folder)
    consumer.up()
    arns, found = producer.outputs()["secret_arns"], consumer.outputs()
    assert found["environment"] == {"API_KEY_SECRET_ARN": arns["payment_api_key"]}
    assert found["container"] == [
        {"name": "DB_PASSWORD", "valueFrom": arns["service_login"] + ":password::"}
    ]
