"""microburst in front of the sandbox's AWS API."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

KINDS: Mapping[str, Mapping[str, Any]] = {
    "throttled": {"error": {"code": "ThrottlingException", "status": 400}},
    "500": {"error": {"code": "InternalFailure", "status": 500}},
    "504": {"error": {"code": "GatewayTimeout", "status": 504}},
    "reset": {"reset": True},
    "cut off": {"response": {"abort_frac": 0.5}},  # AWS has done it, and nobody hears of it
}
"""What goes wrong, as a rule of microburst's."""

_START_SECONDS = 30
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class FaultyApi:
    """The proxy's address, and what goes wrong behind it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._faults_before = 0

    def set_faults(self, kind: str, probability: float) -> None:
        """Let a part of all calls go wrong from now on."""
        self._rules([{"service": "*", "probability": probability, **KINDS[kind]}])

    def end_faults(self) -> int:
        """Let all calls pass; return how many went wrong since the faults were set."""
        with _DIRECT.open(f"{self.endpoint}/_microburst/stats", timeout=10) as answer:
            faulted = int(json.load(answer)["requests"]["faulted"])

        self._rules([])
        since = faulted - self._faults_before
        self._faults_before = faulted
        return since

    def _rules(self, rules: list[Mapping[str, Any]]) -> None:
        request = urllib.request.Request(  # noqa: S310 # the proxy's own address
            f"{self.endpoint}/_microburst/rules",
            json.dumps(rules).encode(),
            {"Content-Type": "application/json"},
            method="POST",
        )
        _DIRECT.open(request, timeout=10).close()


@contextmanager
def faulty_api(upstream: str) -> Iterator[FaultyApi]:
    """Start the proxy, without faults, and stop it in the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    command = [str(Path(sys.executable).with_name("microburst")), "--upstream", upstream]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        api = FaultyApi(f"http://127.0.0.1:{port}")
        _wait_for(api)
        yield api
    finally:
        process.kill()
        process.wait()


def _wait_for(api: FaultyApi) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            _DIRECT.open(f"{api.endpoint}/_microburst/health", timeout=2).close()
        except OSError:
            assert time.monotonic() < deadline, "microburst does not start"
            time.sleep(0.1)
        else:
            return
