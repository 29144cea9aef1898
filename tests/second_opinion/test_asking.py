"""How a probe's placeholders are filled, and what an answer that no client reads becomes."""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from typing import Any

import pytest

from tests.second_opinion import Step
from tests.second_opinion.asking import Asker, filled

GIVEN = {"<name>": "probe-1", "<account>": "123456789012"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("x/<name>", "x/probe-1"),
        ("<3 times a>", "aaa"),
        (["<account>", 7], ["123456789012", 7]),
        ("<1.Key.Id>", "id-1"),
        ("<1.Key.None>", "missing"),
        ({"ResourcePolicy": {"a": "<name>"}}, {"ResourcePolicy": json.dumps({"a": "probe-1"})}),
        ({"RotationRules": {"a": "<name>"}}, {"RotationRules": {"a": "probe-1"}}),
    ],
)
def test_placeholders_are_filled(written: Any, expected: Any) -> None:
    assert filled(written, GIVEN, [{"Key": {"Id": "id-1"}}]) == expected


def test_a_function_is_a_zip() -> None:
    packed = filled("<zip>", GIVEN, [])
    assert zipfile.ZipFile(BytesIO(packed)).namelist() == ["index.py"]
    assert filled("<zip>", GIVEN, []) == packed


@pytest.fixture
def broken() -> Iterator[str]:
    """An API that answers everything with a page."""

    class Broken(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(500)
            self.end_headers()
            self.wfile.write(b"<!doctype html>")

        def log_message(self, *arguments: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Broken) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("service", ["sns", "secretsmanager"])
def test_a_failure_of_the_emulator_is_recorded_as_one(broken: str, service: str) -> None:
    operation = {"sns": "list_topics", "secretsmanager": "list_secrets"}[service]
    (answer,) = Asker(broken).ask([Step(service, operation, {})])
    assert answer["refused"] in {"InternalFailure", "500"}
