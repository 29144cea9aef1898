"""Runs the zip of a Python function, in a process of its own.

What Lambda gives a function: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
and configuration-envvars.html. Differences: this machine's Python runs it, whatever version of
Python the function names; no layers, memory limit, network or role; no retries.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import logging
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from moto.logs.exceptions import ResourceNotFoundException

logger = logging.getLogger("sandbox.functions")

_PROCESS = Path(__file__).with_name("lambda_process.py")
_TASK_ROOT = "/var/task"  # where Lambda unpacks the zip
_START_SECONDS = 60  # Lambda: 10; this machine may be busy
# Lambda's Python runtimes include boto3 with what it needs, and nothing else
# (https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html).
_INCLUDED = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")
_PYTHON = re.compile(r"python3\.\d+")


class InvocationError(Exception):
    """The function did not run to its end; the message says why, without what it worked on."""


@dataclass
class _Host:
    """Where functions find the AWS API, and those that run now."""

    endpoint: str = ""
    is_stopped: bool = False
    processes: set[subprocess.Popen[str]] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


_host = _Host()


def serve_at(endpoint: str) -> None:
    """Tell functions where the AWS API is."""
    _host.endpoint = endpoint


def stop() -> None:
    """End every function that runs; to be called when the API stops."""
    with _host.lock:
        _host.is_stopped = True
        running = list(_host.processes)

    for process in running:
        _kill(process)


class Environment:
    """A function's process, ready for events, as Lambda's execution environment."""

    def __init__(self, function: Any, process: subprocess.Popen[str], answers: IO[bytes]) -> None:  # noqa: ANN401 # moto's class
        """Keep the process and the pipe on which it answers."""
        self._name = function.function_name
        self._timeout = float(function.timeout)
        self._process = process
        self._answers = answers

    def wait_until_ready(self) -> None:
        """Wait for the import of the handler."""
        self._answer(_START_SECONDS)

    def invoke(self, event: Any) -> None:  # noqa: ANN401 # any JSON value
        """Call the handler with an event.

        Raises:
            InvocationError: it raised, took longer than the function's timeout, or ended.
        """
        if self._process.stdin is None:
            msg = f"{self._name} takes no events"
            raise InvocationError(msg)

        with contextlib.suppress(BrokenPipeError):  # it has ended: reported below
            self._process.stdin.write(json.dumps(event) + "\n")
            self._process.stdin.flush()

        self._answer(self._timeout)

    def _answer(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        line = b""
        while not line.endswith(b"\n"):
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._answers], [], [], left)[0]:
                msg = f"{self._name} timed out after {seconds:.2f} seconds"
                raise InvocationError(msg)

            part = self._answers.readline()
            if not part:
                msg = f"{self._name} exited without an answer"
                raise InvocationError(msg)

            line += part

        error = json.loads(line).get("error")
        if error:
            msg = f"{self._name} failed: {error} (its log has the details)"
            raise InvocationError(msg)


@contextlib.contextmanager
def started(function: Any) -> Iterator[Environment]:  # noqa: ANN401 # moto's class
    """Unpack a function's zip and start it.

    Raises:
        InvocationError: it is not a Python function, it has no zip, or its handler does not import.
    """
    with tempfile.TemporaryDirectory(prefix="sandbox-function-") as folder:
        task, runtime = Path(folder) / "task", Path(folder) / "runtime"
        _unpack(function, task)
        _include(runtime)
        read, write = os.pipe()
        with os.fdopen(read, "rb", buffering=0) as answers:
            try:
                process = _launch(function, task, runtime, write)
            finally:
                os.close(write)

            log = threading.Thread(target=_log, args=(function, process), daemon=True)
            log.start()
            try:
                environment = Environment(function, process, answers)
                environment.wait_until_ready()
                yield environment
            finally:
                _end(process)
                log.join(timeout=1)


def _unpack(function: Any, task: Path) -> None:  # noqa: ANN401 # moto's class
    if not _PYTHON.fullmatch(function.run_time or ""):
        msg = (
            f"{function.function_name} has the runtime {function.run_time or 'of an image'}; "
            "the sandbox runs Python functions only"
        )
        raise InvocationError(msg)

    code = getattr(function, "code_bytes", None)
    if not code:
        msg = f"{function.function_name} has no code here; create it with `Code.ZipFile`"
        raise InvocationError(msg)

    try:
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            archive.extractall(task)
    except zipfile.BadZipFile:
        msg = f"the code of {function.function_name} is not a zip"
        raise InvocationError(msg) from None

    task.mkdir(exist_ok=True)  # a zip may be empty


def _include(runtime: Path) -> None:
    """Link what Lambda's runtime includes; nothing else of this environment can be imported."""
    runtime.mkdir()
    for name in _INCLUDED:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue

        source = Path(spec.origin)
        if spec.submodule_search_locations:
            source = source.parent

        (runtime / source.name).symlink_to(source)


def _launch(function: Any, task: Path, runtime: Path, answers: int) -> subprocess.Popen[str]:  # noqa: ANN401 # moto's class
    with _host.lock:
        if _host.is_stopped:
            msg = f"{function.function_name} cannot start: the sandbox stops"
            raise InvocationError(msg)

        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_PROCESS), str(task), str(runtime), str(answers)],
            cwd=task,
            env=_environment(function, task),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            pass_fds=[answers],
            start_new_session=True,
        )
        _host.processes.add(process)
        return process


def _environment(function: Any, task: Path) -> dict[str, str]:  # noqa: ANN401 # moto's class
    """Return the function's own variables, then what Lambda sets, which a function cannot."""
    variables = {}
    for key, value in (function.environment_vars or {}).items():
        variables[key] = value
        if value == _TASK_ROOT or value.startswith(f"{_TASK_ROOT}/"):
            variables[key] = str(task) + value.removeprefix(_TASK_ROOT)

    return {
        **variables,
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "en_US.UTF-8",
        "PYTHONUTF8": "1",
        "TZ": ":UTC",
        "_HANDLER": function.handler,
        "LAMBDA_TASK_ROOT": str(task),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "SANDBOX_FUNCTION_ARN": function.function_arn,
        "SANDBOX_FUNCTION_TIMEOUT": str(function.timeout),
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ENDPOINT_URL": _host.endpoint,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def _log(function: Any, process: subprocess.Popen[str]) -> None:  # noqa: ANN401 # moto's class
    """Copy what a function prints into the sandbox's log and into the function's log group."""
    for line in process.stdout or ():
        if line.strip():
            logger.info("%s: %s", function.function_name, line.rstrip())
            _put_log_event(function, line.rstrip())


def _put_log_event(function: Any, message: str) -> None:  # noqa: ANN401 # moto's class
    """Write a line into the function's log group, if there is one.

    Lambda would create it for a role that may
    (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html); no role is looked
    at here, and a group must not come back after its deletion.
    """
    logs, group = function.logs_backend, function.logs_group_name
    stream = f"{time.strftime('%Y/%m/%d')}/[{function.version}]sandbox"
    event = {"timestamp": int(time.time() * 1000), "message": message}
    with contextlib.suppress(ResourceNotFoundException):
        logs.ensure_log_stream(group, stream)
        logs.put_log_events(group, stream, [event])


def _end(process: subprocess.Popen[str]) -> None:
    _kill(process)
    process.wait()
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()

    with _host.lock:
        _host.processes.discard(process)


def _kill(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
