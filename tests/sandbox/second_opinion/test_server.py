"""The server that ministack runs in; started for real where ministack is installed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox import api, second_opinion
from sandbox.environment import REGION
from sandbox.second_opinion.server import with_instance
from sandbox.toolchain import ToolchainError


def asked(path: str, kind: str = "http") -> list[dict[str, Any]]:
    """What the server sends for a request; the application beneath sends `beneath`."""
    sent: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "beneath"})

    async def receive() -> dict[str, Any]:
        return {}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def ask() -> None:
        await with_instance(application, "one")({"type": kind, "path": path}, receive, send)

    asyncio.run(ask())
    return sent


def test_answers_with_its_instance_at_the_sandboxs_path_only() -> None:
    start, body = asked(api.INSTANCE_PATH)
    assert start["status"] == 200
    assert json.loads(body["body"]) == {"instance": "one"}
    assert asked("/") == [{"type": "beneath"}]
    assert asked(api.INSTANCE_PATH, "lifespan") == [{"type": "beneath"}]


@pytest.fixture
def endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A running ministack."""
    try:
        second_opinion.interpreter()
    except ToolchainError as missing:
        pytest.skip(str(missing))
    monkeypatch.setenv("SANDBOX_API", second_opinion.NAME)
    yield api.start(tmp_path / "home", 0, print)
    assert api.stop(tmp_path / "home")
    assert api.running(tmp_path / "home") is None


def test_serves_ministack_on_loopback_in_the_sandboxs_account(endpoint: str) -> None:
    assert endpoint.startswith("http://127.0.0.1:")
    session = boto3.Session("sandbox", "sandbox", region_name=REGION)
    caller = session.client("sts", endpoint_url=endpoint).get_caller_identity()
    assert caller["Account"] == "123456789012"
    secret = session.client("secretsmanager", endpoint_url=endpoint).create_secret(Name="a")
    assert secret["ARN"].startswith(f"arn:aws:secretsmanager:{REGION}:123456789012:secret:a-")
