"""`secretsmap rotate` on a deployed map: the shipped function really runs, and fails where it must."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from tests.conftest import ROOT, Aws, Live, Secrets, SecretsStack
from tests.sandbox.rules.functions_code import FAILS, deploy, zipped

MAP = """\
context_name: {context}
environment: e1
secrets:
  pw:
    generate_random_password: true
    rotation_automatically: true
    {rotation}
"""
HOSTED = "rotation: {function: generated-password}"


def start(stack: SecretsStack, *more: str) -> subprocess.Popen[str]:
    file = stack.project / "stacks" / f"{stack.name}.yaml"
    return subprocess.Popen(
        [sys.executable, "-m", "secrets_component", "rotate", str(file), "pw", *more],
        cwd=ROOT,
        env=stack.sandbox.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def rotate(stack: SecretsStack, *more: str) -> tuple[int, str, str]:
    """Return the exit code and what the command prints."""
    with start(stack, *more) as process:
        out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_rotation_is_followed_through_its_steps_and_shown_where_it_stops(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    stack = secrets(MAP.format(context="turned", rotation=HOSTED))
    stack.up()
    arn = stack.outputs()["secret_arns"]["pw"]
    first = live(arn)
    code, out, err = rotate(stack)
    assert (code, err) == (0, "")
    second = live(arn)
    assert second != first
    lines = out.splitlines()
    assert lines[0].startswith("rotating turned/e1/pw to version ")
    assert lines[1:5] == [
        f"  {step} done" for step in ("createSecret", "setSecret", "testSecret", "finishSecret")
    ]
    assert lines[5].startswith("turned/e1/pw has a new value: version ")

    function = aws("secretsmanager").describe_secret(SecretId=arn)["RotationLambdaARN"]
    broken = zipped(rotators="raise ValueError('hunter2')")
    aws("lambda").update_function_code(FunctionName=function, ZipFile=broken)
    code, out, err = rotate(stack)
    assert (code, live(arn)) == (1, second)
    assert err.startswith("error: stopped between createSecret and finishSecret: ValueError; ")
    assert f"log is /aws/lambda/{function.rpartition(':')[2]}; readers keep the old value" in err
    code, out, again = rotate(stack)
    assert (code, again) == (1, err)
    assert out.startswith("AWS carries on the unfinished rotation to version ")
    assert not [value for value in (first, second, "hunter2") if value in out + err]
    stack.pulumi("destroy", "--yes")


@pytest.mark.long
def test_own_function_is_shown_by_the_type_of_its_error(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    arn = deploy(aws, FAILS)
    aws("logs").create_log_group(logGroupName=f"/aws/lambda/{arn.rpartition(':')[2]}")
    stack = secrets(MAP.format(context="foreign", rotation=f"rotation_lambda_arn: '{arn}'"))
    stack.up()
    code, _, err = rotate(stack)
    assert code == 1
    assert err.startswith("error: stopped between createSecret and finishSecret: AssertionError; ")
    assert "no such user" not in err
    stack.pulumi("destroy", "--yes")


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.long
def test_ctrl_c_ends_it_without_a_traceback(secrets: Secrets, aws: Aws) -> None:
    slow = "import time\ndef handler(*_): time.sleep(20)"
    stack = secrets(
        MAP.format(context="ended", rotation=f"rotation_lambda_arn: '{deploy(aws, slow)}'")
    )
    stack.up()
    with start(stack) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("rotating ended/e1/pw ")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "interrupted\n")
    assert "a rotation that has begun goes on" in out
    code, out, err = rotate(stack, "--timeout", "3")
    assert code == 1
    assert err.startswith("error: not finished after 3 seconds: ")
