"""The examples, deployed once beside one map, by people without the map's passphrase."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.environment import Sandbox
from tests.conftest import Aws, MakeStack, Stack
from tests.consumers.readers_map import EXAMPLES, MAP, ROOT


@pytest.fixture(scope="session")
def arns(make_stack: MakeStack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The ARNs of a deployed map's secrets."""
    project = tmp_path_factory.mktemp("producer")
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, project)
    shutil.copy(ROOT / "Pulumi.dev.yaml", project / "Pulumi.readers.yaml")
    (project / ".venv").symlink_to(ROOT / ".venv")
    (project / "stacks").mkdir()
    (project / "stacks" / "readers.yaml").write_text(
        yaml.safe_dump(MAP, allow_unicode=True), "utf-8"
    )
    stack = make_stack(project, "readers")
    stack.up()
    return dict(stack.outputs()["secret_arns"])


@pytest.fixture(scope="session")
def example(
    arns: dict[str, str], make_stack: MakeStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Stack]]:
    """Deploy an example, once, under a passphrase of its own; return its stack."""
    deployed: dict[str, Stack] = {}

    def deploy(name: str) -> Stack:
        if name not in deployed:
            folder = tmp_path_factory.mktemp("examples") / name
            shutil.copytree(EXAMPLES / name, folder)
            project = yaml.safe_load((folder / "Pulumi.yaml").read_text())
            project["runtime"]["options"]["virtualenv"] = str(ROOT / ".venv")
            (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
            settings = yaml.safe_load((folder / "Pulumi.dev.yaml").read_text())
            settings["config"][f"{project['name']}:secrets"] = "organization/secrets/readers"
            (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump(settings))
            stack = make_stack(folder, "dev", "the consumer's own passphrase")
            stack.up()
            deployed[name] = stack
        return deployed[name]

    yield deploy
    for stack in deployed.values():
        stack.pulumi("destroy", "--yes", "--skip-preview")


@pytest.fixture(scope="session")
def as_role(sandbox: Sandbox, aws: Aws) -> Callable[[str], dict[str, str]]:
    """The environment of a program that runs under a role, whose policies the sandbox enforces."""

    def environment(role_arn: str) -> dict[str, str]:
        made = aws("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
        return {
            **sandbox.environment(),
            "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
            "AWS_SESSION_TOKEN": made["SessionToken"],
        }

    return environment


@pytest.fixture(scope="session")
def run() -> Callable[..., str]:
    """Run a command; give what it prints, or fail with what it said."""

    def command(*words: str | Path, **options: Any) -> str:
        done = subprocess.run(
            [str(word) for word in words], capture_output=True, text=True, timeout=300, **options
        )
        assert done.returncode == 0, done.stderr or done.stdout
        return done.stdout

    return command


@pytest.fixture(scope="session")
def node_packages(run: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the Node client with its locked packages."""
    folder = tmp_path_factory.mktemp("node") / "client"
    shutil.copytree(EXAMPLES / "clients" / "node", folder)
    run("npm", "ci", "--no-audit", "--no-fund", cwd=folder)
    return folder


@pytest.fixture(scope="session")
def python_packages(run: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A `PYTHONPATH` with what the Python examples ask for."""
    folder = tmp_path_factory.mktemp("python")
    files = (
        EXAMPLES / "clients/python/requirements.txt",
        EXAMPLES / "lambda/python/requirements.txt",
    )
    wanted = [word for file in files for word in ("-r", file)]
    run(sys.executable, "-m", "pip", "install", "--quiet", "--target", folder, *wanted, cwd=os.sep)
    return str(folder)


@pytest.fixture
def external_api() -> Iterator[tuple[str, list[str]]]:
    """An API on this machine that wants a key; its address, and the keys that callers sent."""
    keys: list[str] = []

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            keys.append(self.headers["x-api-key"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", keys
    server.shutdown()
    server.server_close()
