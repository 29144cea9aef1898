"""The process in which one function runs: the part of Lambda's Python runtime that functions see.

`sandbox.rules.invocations` starts this file as a script, with nothing of this project to import:

    python -I -S lambda_process.py TASK RUNTIME ANSWERS

TASK is the folder with the function's unpacked zip, RUNTIME one with what Lambda's runtime
includes. Events arrive on standard input, one JSON object a line; answers leave on the file
descriptor ANSWERS. Both follow
https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html and python-exceptions.html.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import time
import traceback
import uuid
from collections.abc import Callable
from typing import Any, TextIO

Handler = Callable[[Any, "Context"], Any]


class Context:
    """What a handler is told about its invocation."""

    def __init__(self) -> None:
        """Read the function from the environment."""
        seconds = float(os.environ["SANDBOX_FUNCTION_TIMEOUT"])
        self._deadline = time.monotonic() + seconds
        self.aws_request_id = str(uuid.uuid4())
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.invoked_function_arn = os.environ["SANDBOX_FUNCTION_ARN"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]

    def get_remaining_time_in_millis(self) -> int:
        """Return the time that is left."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def main() -> None:
    """Import the handler, then answer events until there are no more."""
    task, runtime, answers = sys.argv[1:]
    sys.path[:0] = [task, runtime]
    logging.basicConfig(stream=sys.stdout, format="[%(levelname)s] %(message)s")
    with os.fdopen(int(answers), "w", encoding="utf-8") as out:
        try:
            handler = _handler(os.environ["_HANDLER"])
        except BaseException as error:  # noqa: BLE001 # code of a function may raise anything
            _report(out, error)
            return

        _answer(out, {"ready": True})
        for line in sys.stdin:
            _call(out, handler, json.loads(line))


def _handler(name: str) -> Handler:
    module, _, function = name.rpartition(".")
    found: Handler = getattr(importlib.import_module(module.replace("/", ".")), function)
    return found


def _call(out: TextIO, handler: Handler, event: Any) -> None:  # noqa: ANN401 # any event
    try:
        handler(event, Context())
    except BaseException as error:  # noqa: BLE001 # code of a function may raise anything
        _report(out, error)
    else:
        _answer(out, {"done": True})


def _report(out: TextIO, error: BaseException) -> None:
    """Write the error into the function's log as Lambda does; answer with the class alone.

    The form: aws/aws-lambda-python-runtime-interface-client, `awslambdaric/bootstrap.py`,
    `log_error`.
    """
    print(f"[ERROR] {type(error).__name__}: {error}")
    print("Traceback (most recent call last):")
    print("".join(traceback.format_tb(error.__traceback__)), flush=True)
    _answer(out, {"error": type(error).__name__})


def _answer(out: TextIO, answer: dict[str, Any]) -> None:
    sys.stdout.flush()
    print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    main()
