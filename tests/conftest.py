"""The sandbox, started once per run, and stacks in it that tests deploy and look at."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox import api, deploy
from sandbox.environment import REGION, Sandbox
from sandbox.toolchain import pulumi_cli

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Run:
    """One finished `pulumi` command."""

    code: int
    text: str

    @property
    def diagnostics(self) -> str:
        """What the run said to its user; of a `--json` run only that."""
        told = [e["diagnosticEvent"] for e in self.events if "diagnosticEvent" in e]
        errors = [event["message"] for event in told if event["severity"] != "debug"]
        return "\n".join(errors) or self.text

    @property
    def events(self) -> list[dict[str, Any]]:
        """The engine's events, of a command that was given `--json`."""
        return [json.loads(line) for line in self.text.splitlines() if line.startswith("{")]

    @property
    def steps(self) -> list[tuple[str, str]]:
        """The finished steps in their order, as operation and type."""
        done = (e["resOutputsEvent"]["metadata"] for e in self.events if "resOutputsEvent" in e)
        return [(step["op"], step["type"]) for step in done]

    @property
    def changes(self) -> dict[str, int]:
        """The last event's count of steps by kind, such as `{"same": 3, "create": 1}`."""
        found = [event["summaryEvent"] for event in self.events if "summaryEvent" in event]
        return dict(found[-1]["resourceChanges"])


class Stack:
    """One stack of one project in the sandbox, driven through the real CLI."""

    def __init__(self, sandbox: Sandbox, project: Path, name: str, passphrase: str | None) -> None:
        self.sandbox, self.project, self.name = sandbox, project, name
        self.passphrase = passphrase
        deploy.prepare_stack(sandbox, project, name, passphrase)

    def pulumi(self, *arguments: str, good: bool = True, **extra: str) -> Run:
        config = deploy.settings(self.sandbox, self.project, self.name)
        if arguments[0] in ("up", "preview", "refresh", "destroy", "config"):
            arguments = (*arguments, "--config-file", str(config))
        done = subprocess.run(
            [str(self.sandbox.pulumi), *arguments, "--stack", self.name, "--non-interactive"],
            cwd=self.project,
            env={**self.sandbox.environment(self.passphrase), **extra},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
        )
        run = Run(done.returncode, done.stdout)
        if good and run.code != 0:
            pytest.fail(run.diagnostics, pytrace=False)
        return run

    def up(self, *arguments: str, good: bool = True, **extra: str) -> Run:
        return self.pulumi(
            "up", "--yes", "--skip-preview", "--json", *arguments, good=good, **extra
        )

    def outputs(self) -> dict[str, Any]:
        return dict(json.loads(self.pulumi("stack", "output", "--json", "--show-secrets").text))

    def state(self) -> str:
        project = deploy.name_of(self.project)
        return (
            self.sandbox.home / "state" / ".pulumi" / "stacks" / project / f"{self.name}.json"
        ).read_text("utf-8")


class SecretsStack(Stack):
    """A stack of this project's own program, over a map that a test writes."""

    def write(self, text: str) -> SecretsStack:
        (self.project / "stacks" / f"{self.name}.yaml").write_text(textwrap.dedent(text), "utf-8")
        return self


Aws = Callable[[str], Any]
"""The fixture `aws`: the name of a service to its client, whose methods boto3 makes at run time."""
Live = Callable[[str], str]
MakeStack = Callable[..., Stack]
Secrets = Callable[[str], SecretsStack]


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    home = tmp_path_factory.mktemp("sandbox")
    cli = pulumi_cli(lambda line: print(line, file=sys.stderr))
    made = Sandbox(home, api.start(home, 0, print), cli)
    made.prepare()
    yield made
    api.stop(home)


@pytest.fixture(scope="session")
def aws(sandbox: Sandbox) -> Aws:
    """A boto3 client of a service of the sandbox."""
    session = boto3.Session("sandbox", "sandbox", region_name=REGION)
    return lambda service: session.client(service, endpoint_url=sandbox.endpoint)


@pytest.fixture
def live(aws: Aws) -> Live:
    """The live value of a secret, by name or ARN."""
    client = aws("secretsmanager")
    return lambda name: str(client.get_secret_value(SecretId=name)["SecretString"])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of this project's program, so that a test may write its own maps."""
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copy(ROOT / "Pulumi.dev.yaml", tmp_path / "Pulumi.dev.yaml")
    (tmp_path / "stacks").mkdir()
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    return tmp_path


@pytest.fixture(scope="session")
def make_stack(sandbox: Sandbox) -> MakeStack:
    """Make a stack of any project; `passphrase` is another key than the sandbox's own."""
    return lambda path, name="dev", passphrase=None: Stack(sandbox, path, name, passphrase)


@pytest.fixture
def secrets(sandbox: Sandbox, project: Path, request: pytest.FixtureRequest) -> Secrets:
    """Make a stack from a map's text; its `context_name` is the test's own, as is its stack."""
    test, _, case = request.node.name.removeprefix("test_").partition("[")
    name = test.replace("_", "-")[:60]
    if case:
        name += f"-{zlib.crc32(case.encode()):x}"
    (project / f"Pulumi.{name}.yaml").write_bytes((project / "Pulumi.dev.yaml").read_bytes())
    return lambda text: SecretsStack(sandbox, project, name, None).write(text)


@pytest.fixture(scope="session")
def rotator(aws: Aws) -> str:
    """The ARN of a rotation function; nothing calls it, tests write as it would."""
    role = aws("iam").create_role(RoleName="rotator", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    return str(
        aws("lambda").create_function(
            FunctionName="rotator",
            Role=role,
            Runtime="python3.11",
            Handler="x.y",
            Code={"ZipFile": b"PK\x05\x06" + b"\x00" * 18},
        )["FunctionArn"]
    )
