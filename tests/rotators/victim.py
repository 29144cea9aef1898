"""A process that calls functions in child processes, and kills them where the test asks for it.

Reads one order per line (JSON) and answers each with what became of the child. A child dies by
SIGKILL just before its n-th call of AWS or of the database, as a function that runs out of time
does: nothing is closed or rolled back by Python. What comes after one call and what comes before
the next is the same to everyone outside, so this reaches every state that a kill can leave.
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
from tests.rotators.account import STEPS

Order = dict[str, Any]


def main() -> None:
    boto3.client("secretsmanager")  # loads the service's description once, for all children
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _die_before_call(order["call"])
            os._exit(_work(order))
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        answer = "killed" if killed else {0: "done"}.get(os.WEXITSTATUS(status), "failed")
        print(json.dumps(answer), flush=True)


def _work(order: Order) -> int:
    os.environ.update(order["environment"])
    try:
        for step in STEPS:
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


def _die_before_call(number: int) -> None:
    left = number

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
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
