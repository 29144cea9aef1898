"""`python -m sandbox.server`: moto's AWS API with AWS's rules added, on loopback only."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from sandbox import api, rules
from sandbox.rules import api_events, identities, invocations

Application = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]


def main() -> int:
    """Serve until SIGTERM or SIGINT; return 1 if the port is in use."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the port; default: a free one")
    parser.add_argument("--home", type=Path, help="folder for `api.json`: port, process, instance")
    options = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line per request
    logging.getLogger("sandbox").setLevel(logging.INFO)  # what functions print
    rules.install()
    instance = str(uuid.uuid4())
    moto = identities.enforced(DomainDispatcherApplication(create_backend_app))
    application = with_instance(api_events.reported(moto), instance)
    try:
        server = make_server(
            "127.0.0.1",
            options.port,
            application,
            threaded=True,
            request_handler=MotoRequestHandler,
        )
    except (OSError, SystemExit):
        print(f"port {options.port} is in use; set another with PORT=…", file=sys.stderr)
        return 1

    if options.home:
        api.write_record(options.home, server.server_port, instance, api.MOTO)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())

    endpoint = f"http://127.0.0.1:{server.server_port}"
    invocations.serve_at(endpoint)
    print(f"listening on {endpoint}", flush=True)
    server.serve_forever()
    invocations.stop()
    return 0


def with_instance(application: Any, instance: str) -> Application:  # noqa: ANN401 # moto has no types
    """Also return this server's id, so that a stack's state can be tied to it."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == api.INSTANCE_PATH:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps({"instance": instance}).encode()]

        found: Iterable[bytes] = application(environ, start_response)
        return found

    return answer


if __name__ == "__main__":
    raise SystemExit(main())
