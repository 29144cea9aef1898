"""A process that calls functions in child processes, and interrupts them where the test asks for it.

Reads one order per line (JSON) and answers each with what became of the child. Just before its n-th
call of AWS or of the database a child gets a signal. By SIGKILL it dies as a function that runs out
of time does: nothing is closed or rolled back by Python. By SIGSTOP it waits, with its connections
open, for the order to go on, as a function does that others overtake. What comes after one call and
what comes before the next is the same to everyone outside, so this reaches every state that an
interruption can leave.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

import boto3
import pg8000.native
import pymysql
from botocore.client import BaseClient

from rotators import handlers

Order = dict[str, Any]


def main() -> None:
    boto3.client("secretsmanager")  # loads the service's description once, for all children
    child = 0
    for line in sys.stdin:
        order = json.loads(line)
        if order == "go on":
            os.kill(child, signal.SIGCONT)
        else:
            child = os.fork()
            if child == 0:
                _interrupt_before_call(order["call"], signal.Signals[order["signal"]])
                os._exit(_work(order))
        _, status = os.waitpid(child, os.WUNTRACED)
        print(json.dumps(_answer(status)), flush=True)


def _answer(status: int) -> str:
    if os.WIFSTOPPED(status):
        return "stopped"
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return "killed"
    return "done" if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0 else "failed"


def _work(order: Order) -> int:
    os.environ.update(order["environment"])
    try:
        for step in order["steps"]:
            event = {
                "Step": step,
                "SecretId": order["secret"],
                "ClientRequestToken": order["token"],
            }
            getattr(handlers, order["function"])(event, None)
    except Exception:  # noqa: BLE001 # the parent is told, whatever it was
        traceback.print_exc()
        return 1
    return 0


def _interrupt_before_call(number: int, interruption: signal.Signals) -> None:
    left = number

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), interruption)
            return call(*args, **kwargs)

        return counting

    for owner, name in (
        (BaseClient, "_make_api_call"),
        (pg8000.native.Connection, "__init__"),
        (pg8000.native.Connection, "run"),
        (pymysql, "connect"),
        (pymysql.cursors.Cursor, "execute"),
    ):
        setattr(owner, name, counted(getattr(owner, name)))


if __name__ == "__main__":
    main()
