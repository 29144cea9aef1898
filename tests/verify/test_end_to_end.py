"""`python -m verify` on the sandbox, as a person runs it on AWS."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox.environment import REGION, Sandbox
from tests.conftest import ROOT, Aws
from verify import maps, surroundings
from verify.account import Account
from verify.deployment import Deployment
from verify.interruption import Interruption
from verify.names import new_run

SECOND_REGION = "eu-west-1"

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(sandbox: Sandbox, tmp_path: Path) -> Start:
    """Start the command in the sandbox's environment, with temporary files of its own."""

    def run(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "verify", *arguments],
            cwd=ROOT,
            env={**sandbox.environment(), "TMPDIR": str(tmp_path), "COLUMNS": "160"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


@pytest.fixture
def interruption() -> Iterator[Interruption]:
    """Listen to signals, and leave them to pytest again."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield Interruption()
    for number, handler in before.items():
        signal.signal(number, handler)


def names_in(aws: Aws) -> set[str]:
    """The names of all that the account holds, whoever has created it."""
    keys = [aws("kms").describe_key(KeyId=one["KeyId"]) for one in aws("kms").list_keys()["Keys"]]
    states = [key["KeyMetadata"] for key in keys]
    pages = aws("secretsmanager").get_paginator("list_secrets")
    secrets = pages.paginate(IncludePlannedDeletion=True).build_full_result()["SecretList"]
    return {
        *(secret["Name"] for secret in secrets),
        *(one["FunctionName"] for one in aws("lambda").list_functions()["Functions"]),
        *(one["RoleName"] for one in aws("iam").list_roles()["Roles"]),
        *(one["Arn"] for one in aws("iam").list_policies(Scope="Local")["Policies"]),
        *(one["logGroupName"] for one in aws("logs").describe_log_groups()["logGroups"]),
        *(one["Name"] for one in aws("events").list_rules()["Rules"]),
        *(one["AliasName"] for one in aws("kms").list_aliases()["Aliases"]),
        *(key["KeyId"] for key in states if key["KeyState"] == "Enabled"),
    }


@pytest.fixture
def leaves_nothing(aws: Aws, tmp_path: Path) -> Iterator[None]:
    """Compare the account and the folder of temporary files before and after a test."""
    before = names_in(aws)
    yield
    assert names_in(aws) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("leaves_nothing")
def test_all_rules_are_as_expected_and_everything_is_removed(start: Start) -> None:
    text, errors = start("whole", "--yes").communicate(timeout=600)
    verdicts = re.findall(r" (ok|DIFFERS|not checked)$", text, re.MULTILINE)
    assert verdicts == ["ok"] * 22 + ["not checked"], text + errors
    # The sandbox has no event history; its providers use boto3, which reports their calls.
    calls = " ".join(text[text.index("API calls of a run") :].split())
    assert "not measured: CloudTrail refuses" in calls
    assert re.search(r"GetCallerIdentity \d", calls)
    assert "22 as expected, 0 differing, 1 not checked" in text


@pytest.mark.usefixtures("leaves_nothing")
def test_interrupted_run_removes_everything(start: Start, aws: Aws) -> None:
    process = start("stop", "--yes")
    deadline = time.monotonic() + 240
    while not any(re.match(r"stop-\w{8}/verify/rotating", name) for name in names_in(aws)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    text, errors = process.communicate(timeout=480)
    assert process.returncode == 130, text + errors
    assert "interrupted by SIGINT" in errors
    assert "still removing what was created; please wait" in errors
    assert "error: left" not in errors


@pytest.mark.usefixtures("leaves_nothing")
def test_killed_run_is_cleaned_by_its_name(
    start: Start,
    sandbox: Sandbox,
    interruption: Interruption,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    names = new_run("kill")
    account = Account(boto3.Session(), "123456789012", "arn:aws:iam::123456789012:user/x")
    made = surroundings.create(account, names)
    deployment = Deployment(sandbox.pulumi, REGION, names, interruption)
    deployment.prepare()
    first = maps.created(names, made.role)
    created = deployment.up(first)
    assert created.error is None
    assert created.changes.count("create secret:Secret") == 5
    second = maps.keyed(first, names, SECOND_REGION)
    changes = deployment.up(second).changes
    assert "update secret:Secret (kmsKeyId)" in changes
    assert deployment.secret_in_state(names.secret("plain"))["recoveryWindowInDays"] == maps.WINDOW
    deployment.remove()
    cleaning = start("--clean", names.run, "--yes")
    text, errors = cleaning.communicate(timeout=240)
    assert cleaning.returncode == 0, text + errors
    assert "removed KMS key" in errors


def test_names_that_exist_are_refused(start: Start, aws: Aws) -> None:
    aws("secretsmanager").create_secret(Name="occupied/verify/a")
    process = start("occupied", "--yes")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors.startswith("error: 1 names with this prefix exist, such as the secret `occupied/")
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [([], "PREFIX is required"), (["try"], "there is no terminal to ask on; set YES=1")],
)
def test_missing_prefix_or_terminal_is_refused(
    start: Start, arguments: list[str], error: str
) -> None:
    process = start(*arguments)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors.startswith(f"error: {error}")


def make(*arguments: str) -> Any:
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    return done.stdout


def test_make_lists_and_passes_the_command_on() -> None:
    assert "make verify-aws " in make("help")
    variables = ("PREFIX=try", "YES=1", f"REPLICA_REGION={SECOND_REGION}")
    assert f"-m verify try --yes --replica-region {SECOND_REGION}" in make(
        "--dry-run", "verify-aws", *variables
    )
