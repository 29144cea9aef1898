"""What the provider tries again as the official one does, how often, and that it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from sandbox.providers import retries
from sandbox.providers.cloud import Cloud
from sandbox.providers.protocol import ProviderError
from sandbox.providers.retries import until_known

GOOD = {"ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a-AbCdEf", "Name": "a"}


class Faulty(ThreadingHTTPServer):
    """An AWS that answers its first requests with a fault; `requests` holds what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.faults = 0
        self.fault: tuple[int, str] | None = None  # None: the connection is cut
        self.requests: list[dict[str, Any]] = []


class Answers(BaseHTTPRequestHandler):
    server: Faulty

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(json.loads(body))
        if len(self.server.requests) > self.server.faults:
            self.answer(200, GOOD)
        elif self.server.fault is None:
            self.connection.close()
        else:
            status, code = self.server.fault
            self.answer(status, {"__type": code, "message": "later"})

    def answer(self, status: int, content: Any) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def faulty() -> Iterator[Faulty]:
    with Faulty() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def ask(faulty: Faulty, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """A request to the faulty AWS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{faulty.server_port}")
    connected = Cloud({})
    return lambda: connected.call("secretsmanager", "create_secret", Name="a", KmsKeyId=None)


PASSING = [
    (400, "ThrottlingException"),
    (400, "TooManyRequestsException"),
    (400, "LimitExceededException"),
    (500, "InternalServiceError"),
    (503, "ServiceUnavailable"),
    None,
]


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_a_passing_fault_is_survived_24_times(
    faulty: Faulty, ask: Callable[[], Any], fault: tuple[int, str] | None
) -> None:
    faulty.faults, faulty.fault = 24, fault
    assert ask()["Name"] == "a"
    assert len(faulty.requests) == 25


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_a_fault_that_stays_fails_after_25_attempts(
    faulty: Faulty, ask: Callable[[], Any], fault: tuple[int, str] | None
) -> None:
    faulty.faults, faulty.fault = 1000, fault
    with pytest.raises(ProviderError) as failed:
        ask()
    assert len(faulty.requests) == 25
    assert fault is None or fault[1] in str(failed.value)


def test_a_refusal_is_not_repeated(faulty: Faulty, ask: Callable[[], Any]) -> None:
    faulty.faults, faulty.fault = 1, (400, "InvalidParameterException")
    with pytest.raises(ProviderError, match="InvalidParameterException"):
        ask()
    assert len(faulty.requests) == 1


def test_what_does_not_exist_is_found_out_despite_faults(
    faulty: Faulty, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{faulty.server_port}")
    faulty.faults, faulty.fault = 3, (503, "ServiceUnavailable")
    assert Cloud({}).find("secretsmanager", "describe_secret", SecretId="a")["Name"] == "a"


def test_an_endpoint_that_refuses_connections_is_given_up_after_9_attempts(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Faulty() as unused:
        port = unused.server_port
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    start = time.monotonic()
    with pytest.raises(ProviderError, match="exceeded maximum number of attempts, 9: "):
        Cloud({}).call("sts", "get_caller_identity")
    assert time.monotonic() - start < 5


class Counted:
    """A request that fails some times; `count` is how often it was made."""

    def __init__(self, failures: int, text: str) -> None:
        self.count, self._failures, self._text = 0, failures, text

    def __call__(self) -> str:
        self.count += 1
        if self.count <= self._failures:
            raise ProviderError(self._text)
        return "good"


def test_what_aws_does_not_know_yet_is_tried_again(short_retry: float) -> None:
    request = Counted(2, "not yet")
    assert until_known(request, lambda error: str(error) == "not yet") == "good"
    assert request.count == 3


def test_what_aws_never_knows_ends(short_retry: float) -> None:
    request = Counted(1000, "not yet")
    start = time.monotonic()
    with pytest.raises(ProviderError, match="not yet"):
        until_known(request, lambda _: True)
    assert short_retry / 2 < time.monotonic() - start < short_retry * 5
    assert request.count > 2


def test_another_failure_ends_at_once(short_retry: float) -> None:
    request = Counted(1, "never")
    with pytest.raises(ProviderError, match="never"):
        until_known(request, lambda error: str(error) == "not yet")
    assert request.count == 1


def test_waits_are_short_enough_for_a_test() -> None:
    assert retries.PROPAGATION_SECONDS <= 2
