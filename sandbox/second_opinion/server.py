"""`python -m sandbox.second_opinion.server`: ministack on loopback only, as the sandbox's AWS API.

It runs in ministack's own environment, so it imports nothing of the sandbox that needs moto. All
that is added is the answer at the path by which the sandbox finds its API again.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import signal
import socket
import sys
import uuid
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from sandbox import api
from sandbox.second_opinion import NAME

_ACCOUNT = "123456789012"  # moto's
_SETTINGS = {
    "MINISTACK_ACCOUNT_ID": _ACCOUNT,
    "PERSIST_STATE": "0",
    "S3_PERSIST": "0",
    "AUTH": "false",
    "SFTP_ENABLED": "0",
    "IOT_MTLS_ENABLED": "0",  # else it listens on a second port
    "LOG_LEVEL": "WARNING",
}

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def main() -> int:
    """Serve until SIGTERM or SIGINT; return 1 if the port is in use."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.second_opinion.server")
    parser.add_argument("--port", type=int, default=0, help="the port; default: a free one")
    parser.add_argument("--home", type=Path, required=True, help="folder for `api.json`")
    options = parser.parse_args()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", options.port))
        except OSError:
            print(f"port {options.port} is in use; set another with PORT=…", file=sys.stderr)
            return 1

        port = listener.getsockname()[1]
        os.environ.update(_SETTINGS, GATEWAY_PORT=str(port))  # read when ministack is imported
        instance = str(uuid.uuid4())
        application = with_instance(importlib.import_module("ministack.app").app, instance)
        api.write_record(options.home, port, instance, NAME)
        asyncio.run(_serve(application, listener))

    return 0


def with_instance(application: Application, instance: str) -> Application:
    """Also return this server's id, so that a stack's state can be tied to it."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != api.INSTANCE_PATH:
            await application(scope, receive, send)
            return

        head = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        body = json.dumps({"instance": instance}).encode()
        await send({"type": "http.response.body", "body": body})

    return answer


async def _serve(application: Application, listener: socket.socket) -> None:
    config = importlib.import_module("hypercorn.config").Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.loglevel = _SETTINGS["LOG_LEVEL"]
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)

    serve = importlib.import_module("hypercorn.asyncio").serve
    await serve(application, config, shutdown_trigger=stopped.wait)


if __name__ == "__main__":
    raise SystemExit(main())
