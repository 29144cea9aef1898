"""A function's process has what Lambda gives it, and nothing of this machine or this project."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto.logs.models import logs_backends

from sandbox.rules import invocations
from tests.sandbox.rules.functions_code import wait_until, zipped


def function(code: bytes | None, **changed: Any) -> Any:
    """A function as moto keeps it."""
    settings = {
        "function_name": "tried",
        "function_arn": "arn:aws:lambda:eu-central-1:123456789012:function:tried",
        "run_time": "python3.13",
        "handler": "index.handler",
        "timeout": 20,
        "memory_size": 128,
        "version": "$LATEST",
        "region": "eu-central-1",
        "environment_vars": {},
        "code_bytes": code,
        "logs_backend": logs_backends["123456789012"]["eu-central-1"],
        "logs_group_name": "/aws/lambda/tried",
    }
    return SimpleNamespace(**{**settings, **changed})


def run(code: str, *events: Any, **changed: Any) -> None:
    with invocations.started(function(zipped(index=code), **changed)) as environment:
        for event in events:
            environment.invoke(event)


@pytest.mark.parametrize(
    "module", ["sandbox", "secrets_component", "rotators", "tests", "pulumi", "moto", "pg8000"]
)
def test_a_function_imports_nothing_of_this_project_or_its_packages(module: str) -> None:
    with pytest.raises(invocations.InvocationError, match="ModuleNotFoundError"):
        run(f"import {module}")


def test_a_function_imports_what_lambda_includes() -> None:
    run("import boto3, botocore\ndef handler(*_): boto3.client('secretsmanager')", {})


def test_a_function_has_its_own_variables_and_the_sandbox_for_aws(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("MINE", "mine")
    monkeypatch.setattr(invocations._host, "endpoint", "http://127.0.0.1:1")
    code = """
        import os
        def handler(event, context):
            seen = {k: os.environ.get(k) for k in event}
            assert seen == event, seen
            assert os.environ["CA_BUNDLE"] == os.environ["LAMBDA_TASK_ROOT"] + "/ca.pem"
            assert os.getcwd() == os.environ["LAMBDA_TASK_ROOT"]
    """
    expected = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_REGION": "eu-central-1",
        "OWN": "v",
        "AWS_PROFILE": None,
        "MINE": None,
        "PYTHONPATH": None,
    }
    variables = {"OWN": "v", "CA_BUNDLE": "/var/task/ca.pem", "AWS_REGION": "moon-north-1"}
    run(json_safe(code), expected, environment_vars=variables)


def json_safe(code: str) -> str:
    return "\n".join(line.removeprefix("        ") for line in code.splitlines())


def test_a_handler_learns_of_its_invocation() -> None:
    run(
        "def handler(event, context):\n"
        "    assert event == {'a': [1]}\n"
        "    assert context.function_name == 'tried'\n"
        "    assert context.invoked_function_arn.endswith(':function:tried')\n"
        "    assert 15_000 < context.get_remaining_time_in_millis() <= 20_000\n",
        {"a": [1]},
    )


def test_one_process_serves_the_events_of_one_environment() -> None:
    run(
        "import os\nSEEN = []\n"
        "def handler(event, _):\n"
        "    SEEN.append(os.getpid())\n"
        "    assert SEEN == [os.getpid()] * event\n",
        1,
        2,
        3,
    )


def test_an_error_is_reported_by_its_class_alone() -> None:
    with pytest.raises(invocations.InvocationError) as failed:
        run("def handler(*_): raise ValueError('hunter2')", {})
    assert str(failed.value) == "tried failed: ValueError (its log has the details)"


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


STARTS = """
import pathlib, subprocess
def handler(event, _):
    pathlib.Path(event).write_text(str(subprocess.Popen(["sleep", "60"]).pid))
"""


def test_what_a_function_starts_ends_with_it(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    run(STARTS, str(mark))
    wait_until(lambda: not is_running(int(mark.read_text())), seconds=5)


def test_functions_end_with_the_sandbox_and_none_starts_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invocations, "_host", invocations._Host())
    mark = tmp_path / "pid"
    with invocations.started(function(zipped(index=STARTS))) as environment:
        environment.invoke(str(mark))
        invocations.stop()
        wait_until(lambda: not is_running(int(mark.read_text())), seconds=5)
        with pytest.raises(invocations.InvocationError, match="exited without an answer"):
            environment.invoke(str(mark))
    with pytest.raises(invocations.InvocationError, match="the sandbox stops"):
        run(STARTS, str(mark))


def test_a_function_without_code_says_so() -> None:
    with (
        pytest.raises(invocations.InvocationError, match="tried has no code here; create it with"),
        invocations.started(function(None)),
    ):
        pass


def test_the_event_is_not_on_the_command_line() -> None:
    run(
        "def handler(event, _):\n"
        "    with open('/proc/self/cmdline') as file:\n"
        "        assert event not in file.read()\n",
        "hunter2",
    )


def test_answers_are_not_what_a_function_prints() -> None:
    with pytest.raises(invocations.InvocationError, match="ValueError"):
        run(
            f"def handler(*_):\n    print({json.dumps(json.dumps({'done': True}))})\n    raise ValueError",
            {},
        )


def test_what_a_function_prints_is_in_its_log_group_as_lambda_writes_it() -> None:
    logs = logs_backends["123456789012"]["eu-central-1"]
    code = "def handler(event, _):\n    print('seen', event)\n    raise ValueError('why')"
    with pytest.raises(invocations.InvocationError):
        run(code, 1)
    assert "/aws/lambda/tried" not in logs.groups
    logs.create_log_group("/aws/lambda/tried", {})
    try:
        with pytest.raises(invocations.InvocationError):
            run(code, 2)
        (stream,) = logs.groups["/aws/lambda/tried"].streams.values()
        wait_until(lambda: len(stream.events) > 2)
        lines = [event.message for event in stream.events][:3]
    finally:
        logs.delete_log_group("/aws/lambda/tried")
    assert lines == ["seen 2", "[ERROR] ValueError: why", "Traceback (most recent call last):"]
