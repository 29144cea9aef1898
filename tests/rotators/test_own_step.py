"""The example of a rotation function of your own, against a service that issues keys."""

from __future__ import annotations

import importlib.util
import itertools
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rotators import RotationError, build
from tests.rotators.account import Secret

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "rotation" / "api_key.py"


class KeyService(BaseHTTPRequestHandler):
    """Issues, lists and revokes keys, for callers with a valid one."""

    keys: dict[str, str]
    numbers = itertools.count(1)

    def do_GET(self) -> None:
        self._answer({"ids": sorted(self.keys)})

    def do_POST(self) -> None:
        if self._may():
            number = str(next(self.numbers))
            self.keys[number] = f"key-{number}"
        self._answer({"id": max(self.keys, key=int), "key": self.keys[max(self.keys, key=int)]})

    def do_DELETE(self) -> None:
        if self._may():
            del self.keys[self.path.rpartition("/")[2]]
        self._answer({})

    def _may(self) -> bool:
        return self.headers["Authorization"].removeprefix("Bearer ") in self.keys.values()

    def _answer(self, body: dict[str, Any]) -> None:
        self.send_response(200 if self._may() else 403)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the base class's name
        """Log nothing."""


@pytest.fixture
def service() -> Iterator[tuple[str, dict[str, str]]]:
    """The service's endpoint and its keys, of which it has one."""
    keys = {"0": "key-0"}
    kind = type("Service", (KeyService,), {"keys": keys})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}", keys
        server.shutdown()


@pytest.fixture
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("api_key", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_previous_key_stays_valid_until_the_next_rotation(
    service: tuple[str, dict[str, str]], example: ModuleType, new_secret: Callable[[str], Secret]
) -> None:
    endpoint, keys = service
    secret = new_secret(json.dumps({"endpoint": endpoint, "id": "0", "key": "key-0"}))
    for _ in range(3):
        before = secret.fields()
        secret.rotate(example.lambda_handler)
        assert set(keys.values()) == {before["key"], secret.fields()["key"]}


def test_key_that_was_issued_and_never_stored_is_revoked(
    service: tuple[str, dict[str, str]],
    example: ModuleType,
    new_secret: Callable[[str], Secret],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    endpoint, keys = service
    secret = new_secret(json.dumps({"endpoint": endpoint, "id": "0", "key": "key-0"}))

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr("rotators.versions.Versions.put_pending", killed)
        with pytest.raises(KeyboardInterrupt):
            secret.rotate(example.lambda_handler)
    assert len(keys) == 2
    secret.rotate(example.lambda_handler)
    assert set(keys.values()) == {"key-0", secret.fields()["key"]}


def test_refusal_of_the_service_is_reported_without_the_key(
    service: tuple[str, dict[str, str]],
    example: ModuleType,
    new_secret: Callable[[str], Secret],
    caplog: pytest.LogCaptureFixture,
) -> None:
    endpoint, _ = service
    secret = new_secret(json.dumps({"endpoint": endpoint, "id": "0", "key": "wrong-key"}))
    with pytest.raises(RotationError, match="GET /keys is refused with status 403"):
        secret.rotate(example.lambda_handler)
    assert "wrong-key" not in caplog.text


def test_own_module_travels_in_the_zip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_install", lambda target: None)
    monkeypatch.setattr("sys.argv", ["build", str(tmp_path / "z.zip"), "--add", str(EXAMPLE)])
    assert build.main() == 0
    with zipfile.ZipFile(tmp_path / "z.zip") as archive:
        assert archive.read("api_key.py") == EXAMPLE.read_bytes()
