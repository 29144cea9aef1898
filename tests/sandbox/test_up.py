"""`python -m sandbox up` as a user runs it: again, interrupted, in the wrong folder."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox import api
from sandbox.environment import REGION

ROOT = Path(__file__).parent.parent.parent
MANY = 45


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A sandbox's folder, whose API is stopped at the end."""
    folder = tmp_path_factory.mktemp("up") / "home"
    yield folder
    api.stop(folder)


@pytest.fixture
def start(home: Path, project: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start `python -m sandbox` on the project's copy, in a terminal's process group of its own."""

    def run(*arguments: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "sandbox", *(arguments or ("up", "--project", str(project)))],
            cwd=ROOT,
            env={**os.environ, "SANDBOX_HOME": str(home), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    return run


@pytest.fixture
def up(start: Callable[..., subprocess.Popen[str]]) -> Callable[..., tuple[int, str]]:
    """Run `up` to its end; return exit code and text."""

    def run(*arguments: str, **variables: str) -> tuple[int, str]:
        process = start(*arguments, **variables)
        text, _ = process.communicate(timeout=180)
        return process.returncode, text

    return run


def write(project: Path, entries: str) -> None:
    text = f"context_name: up\nenvironment: dev\nsecrets:\n{entries}"
    (project / "stacks" / "dev.yaml").write_text(text, "utf-8")


def secrets_manager(home: Path) -> Any:
    session = boto3.Session("sandbox", "sandbox", region_name=REGION)
    return session.client("secretsmanager", endpoint_url=api.running(home))


def names(home: Path) -> list[str]:
    """The names of a sandbox's secrets that have a value."""
    pages = secrets_manager(home).get_paginator("list_secrets").paginate()
    found = [secret for page in pages for secret in page["SecretList"]]
    return [secret["Name"] for secret in found if secret.get("SecretVersionsToStages")]


def live_values(home: Path) -> dict[str, str]:
    """The value of every secret of a sandbox that has one, by name."""
    read = secrets_manager(home).get_secret_value
    return {name: read(SecretId=name)["SecretString"] for name in names(home)}


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a project with its content; Python's own cache aside."""
    found = (path for path in folder.rglob("*") if ".venv" not in path.parts)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in found
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture
def whole(project: Path) -> Path:
    """The project with the guide's map and the examples that it builds on."""
    shutil.copy(ROOT / "stacks" / "dev.yaml", project / "stacks")
    for name in ("kms", "functions", "rds"):
        shutil.copytree(ROOT / "examples" / name, project / "examples" / name)
    shutil.copytree(ROOT / "rotators", project / "rotators")
    return project


CHANGES = re.compile(r"\d+ (created|updated|deleted|replaced)")


def test_up_finishes_the_circle_and_a_second_one_changes_nothing(
    home: Path, whole: Path, up: Any
) -> None:
    arguments = ("up", "--project", str(whole), "--examples", str(whole / "examples"))
    before = files(whole)
    code, text = up(*arguments)
    assert code == 0, text
    assert "myapp/dev: 5 secrets, 5 with a value, 1 rotating\n" in text
    values = live_values(home)
    master = values["myapp/dev/rds/master-password"]
    assert values["myapp/dev/connections/database-url"].startswith(f"postgresql://app:{master}@")
    shown = re.search(
        r"^  secretsmap rotate .*dev.yaml (\w+) --environment dev$", text, re.MULTILINE
    )
    assert shown is not None
    assert shown[1] == "api_key"

    code, text = up(*arguments)
    assert (code, CHANGES.search(text)) == (0, None), text
    assert re.search(r"\d+ unchanged", text)
    assert live_values(home) == values
    assert not any(value in text for value in values.values())
    assert files(whole) == before


def test_an_up_after_ctrl_c_goes_on_from_there(
    home: Path, project: Path, start: Any, up: Any
) -> None:
    write(project, "".join(f"  s{n}: {{generate_random_password: true}}\n" for n in range(MANY)))
    process = start()
    said = list(itertools.islice(lines_that_say("SecretVersion .* created", process), 3))
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 1, (said, text)
    assert "Traceback" not in text
    values = live_values(home)
    assert 0 < len(values) < MANY
    code, text = up()
    assert code == 0, text
    after = live_values(home)
    assert len(after) == MANY
    assert {name: after[name] for name in values} == values
    assert not list(home.glob("state/**/*.attrs")), "a kill while it is written ends all later runs"
    code, text = up()
    assert (code, CHANGES.search(text)) == (0, None), text


def lines_that_say(pattern: str, process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    yield from (line for line in process.stdout if re.search(pattern, line))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_an_interrupt_before_the_engine_runs_is_one_line(
    project: Path, home: Path, start: Any
) -> None:
    write(project, "  text: {secret_data: v}\n")
    process = start()
    wait_until((home / "api.log").exists)
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=120)
    assert (process.returncode, text) == (
        1,
        "error: interrupted; run again to resume\n",
    )


def test_a_folder_without_a_project_is_wrong_usage(tmp_path: Path, home: Path, up: Any) -> None:
    for folder in (tmp_path / "absent", home.parent):
        code, text = up("up", "--project", str(folder))
        assert (code, text) == (2, f"error: {folder}: no Pulumi.yaml there\n")
    assert not home.exists()


PROGRAM = """
import json, os
import pulumi
pulumi.export("seen", {k: v for k, v in os.environ.items() if k.startswith(("PULUMI_", "AWS_"))})
"""


def test_nothing_of_the_users_own_login_reaches_it(home: Path, project: Path, up: Any) -> None:
    (project / "__main__.py").write_text(PROGRAM, "utf-8")
    mine = {
        "PULUMI_ACCESS_TOKEN": "pul-mine",
        "PULUMI_BACKEND_URL": "https://api.example.com",
        "PULUMI_CONFIG_PASSPHRASE": "mine",
        "PULUMI_CONFIG_PASSPHRASE_FILE": "/nowhere/mine",
        "PULUMI_STACK": "mine",
        "PULUMI_HOME": "/nowhere/mine",
        "AWS_PROFILE": "mine",
        "AWS_ACCESS_KEY_ID": "AKIAMINE",
        "AWS_SECRET_ACCESS_KEY": "mine",
        "AWS_SESSION_TOKEN": "mine",
        "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/mine",
        "AWS_ENDPOINT_URL": "https://example.com",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": "https://example.com",
        "AWS_REGION": "mine-1",
    }
    code, text = up(**mine)
    assert code == 0, text
    state = (home / "state" / ".pulumi" / "stacks" / "secrets" / "dev.json").read_text("utf-8")
    (stack,) = json.loads(state)["checkpoint"]["latest"]["resources"][:1]
    seen = stack["outputs"]["seen"]
    assert not any("mine" in value.lower() or "example.com" in value for value in seen.values())
    assert {"PULUMI_ACCESS_TOKEN", "PULUMI_STACK", "AWS_PROFILE", "AWS_SESSION_TOKEN"}.isdisjoint(
        seen
    )
    assert seen["AWS_ENDPOINT_URL"] == api.running(home)


def test_env_prints_what_a_shell_sets_and_forgets(up: Any) -> None:
    code, text = up("env", AWS_PROFILE="mine", PULUMI_ACCESS_TOKEN="mine")
    assert code == 0, text
    lines = text.splitlines()
    assert {line.partition(" ")[0] for line in lines} == {"export", "unset"}
    assert "unset AWS_PROFILE" in lines
    assert "unset PULUMI_ACCESS_TOKEN" in lines
    names = [line.partition("=")[0].removeprefix("export ") for line in lines]
    assert {"AWS_ENDPOINT_URL", "PULUMI_BACKEND_URL", "PULUMI_STACK", "PATH"} <= set(names)
    assert "mine" not in text
