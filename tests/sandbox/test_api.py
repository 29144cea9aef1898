"""The life of the AWS API: started, found again, stopped, and never confused with another."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import boto3
import pytest

from sandbox import api, second_opinion
from sandbox.environment import REGION, Sandbox
from sandbox.toolchain import ToolchainError


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A sandbox's folder, whose API is stopped at the end."""
    yield tmp_path / "home"
    api.stop(tmp_path / "home")


def record(home: Path) -> dict[str, int]:
    return dict(json.loads((home / "api.json").read_text("utf-8")))


def quiet(line: str) -> None:
    """Report nothing."""


def wait_for(pid: int) -> None:
    """Wait for the end of a child."""
    with contextlib.suppress(ChildProcessError):  # the subprocess module may have waited already
        os.waitpid(pid, 0)


def secret_names(endpoint: str) -> list[str]:
    session = boto3.Session("sandbox", "sandbox", region_name=REGION)
    client = session.client("secretsmanager", endpoint_url=endpoint)
    return [secret["Name"] for secret in client.list_secrets()["SecretList"]]


def test_starts_once_and_is_found_again(home: Path) -> None:
    assert api.running(home) is None
    endpoint = api.start(home, 0, quiet)
    assert endpoint.startswith("http://127.0.0.1:")
    pid = record(home)["pid"]
    assert api.start(home, 0, quiet) == api.running(home) == endpoint
    assert record(home)["pid"] == pid


def test_stops_and_leaves_no_process(home: Path) -> None:
    api.start(home, 0, quiet)
    pid = record(home)["pid"]
    assert api.stop(home) is True
    assert api.running(home) is None
    wait_for(pid)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert api.stop(home) is False


def test_is_reached_from_this_machine_only(home: Path) -> None:
    port = int(api.start(home, 0, quiet).rpartition(":")[2])
    with socket.socket() as outside, pytest.raises(OSError, match="refused"):
        outside.connect((own_address(), port))


def own_address() -> str:
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no other address")
        return str(asked.getsockname()[0])


def test_a_port_in_use_is_one_clear_line(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(api.ApiError) as refused:
            api.start(home, port, quiet)
    expected = f"port {port} is in use; set another with PORT=…"
    assert str(refused.value) == f"the sandbox's AWS API does not start: {expected}"


def test_listens_on_the_given_port(home: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert api.start(home, port, quiet) == f"http://127.0.0.1:{port}"


def test_two_sandboxes_know_nothing_of_each_other(home: Path, sandbox: Sandbox) -> None:
    endpoint = api.start(home, 0, quiet)
    assert endpoint != sandbox.endpoint
    session = boto3.Session("sandbox", "sandbox", region_name=REGION)
    client = session.client("secretsmanager", endpoint_url=endpoint)
    client.create_secret(Name="only/here", SecretString="v")
    assert secret_names(endpoint) == ["only/here"]
    assert "only/here" not in secret_names(sandbox.endpoint)
    api.stop(home)
    assert api.running(sandbox.home) == sandbox.endpoint


def test_a_record_of_a_dead_process_is_no_running_sandbox(home: Path) -> None:
    api.start(home, 0, quiet)
    before = record(home)
    os.kill(before["pid"], signal.SIGKILL)
    wait_for(before["pid"])
    assert api.running(home) is None
    assert api.stop(home) is False
    api.start(home, 0, quiet)
    assert record(home)["pid"] != before["pid"]


def test_another_sandbox_at_the_recorded_port_is_not_taken_for_it(
    home: Path, sandbox: Sandbox
) -> None:
    home.mkdir()
    other = {**record(sandbox.home), "instance": "an earlier one", "pid": os.getpid()}
    (home / "api.json").write_text(json.dumps(other), "utf-8")
    assert api.running(home) is None
    assert api.stop(home) is False  # and this process lives


@pytest.mark.parametrize(
    "answer", [b"220 mail ready\r\n", b"HTTP/1.0 200 OK\r\n\r\n[]", b"HTTP/1.0 404 No\r\n\r\n", b""]
)
def test_another_program_at_the_recorded_port_is_not_taken_for_it(
    home: Path, answer: bytes
) -> None:
    home.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as other:

        def serve() -> None:
            connection, _ = other.accept()
            connection.recv(1000)
            connection.sendall(answer)
            connection.close()

        threading.Thread(target=serve, daemon=True).start()
        found = {"port": other.getsockname()[1], "pid": os.getpid(), "instance": "x"}
        (home / "api.json").write_text(json.dumps(found), "utf-8")
        assert api.running(home) is None


@pytest.mark.parametrize("text", ["", "{", '{"port": 1'])
def test_a_record_that_was_cut_off_is_none(home: Path, text: str) -> None:
    home.mkdir()
    (home / "api.json").write_text(text, "utf-8")
    assert api.running(home) is None


def test_stacks_of_a_stopped_sandbox_are_removed_and_reported(home: Path) -> None:
    reported: list[str] = []
    api.start(home, 0, reported.append)
    (home / "state").mkdir()
    (home / "state" / "stack.json").write_text("{}", "utf-8")
    api.start(home, 0, reported.append)
    assert (home / "state" / "stack.json").exists()
    assert reported == []
    api.stop(home)
    api.start(home, 0, reported.append)
    assert not (home / "state").exists()
    assert reported == [
        "the sandbox was stopped and its AWS data were lost; its stacks start from scratch"
    ]


def test_proxies_of_the_user_are_bypassed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(502)

    with HTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.server_port}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        endpoint = api.start(home, 0, quiet)
        made = Sandbox(home, endpoint, Path("/nowhere/pulumi")).environment()
        no_proxy = {"no": made["no_proxy"]}
        bypass = urllib.request.proxy_bypass_environment  # type: ignore[attr-defined] # typeshed lacks it
        assert bypass("127.0.0.1", no_proxy)
        assert made["no_proxy"] == made["NO_PROXY"]
        proxy.shutdown()
    assert asked == []


def test_an_interrupted_terminal_leaves_the_api_alive(home: Path) -> None:
    api.start(home, 0, quiet)
    assert os.getpgid(record(home)["pid"]) != os.getpgid(0)


def test_unknown_emulator_is_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_API", "aws")
    with pytest.raises(api.ApiError, match="SANDBOX_API=aws: use moto or ministack"):
        api.start(home, 0, quiet)


def test_missing_emulator_leaves_the_stacks(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_API", second_opinion.NAME)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (home / "state").mkdir(parents=True)
    with pytest.raises(ToolchainError, match="is not installed: run "):
        api.start(home, 0, quiet)
    assert (home / "state").is_dir()


def test_another_emulator_that_is_running_is_not_taken_for_the_wanted_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.start(home, 0, quiet)
    monkeypatch.setenv("SANDBOX_API", second_opinion.NAME)
    with pytest.raises(api.ApiError) as refused:
        api.start(home, 0, quiet)
    text = "the sandbox runs on moto, not ministack: run `make down` first"
    assert str(refused.value) == text
    assert api.running(home)
