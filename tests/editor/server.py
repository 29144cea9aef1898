"""yaml-language-server: installed into the user's cache, and driven over its standard streams.

Protocol: https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.toolchain import cache_directory

HERE = Path(__file__).parent
_FILES = ("package.json", "package-lock.json", "check.mjs", "graph.mjs")
_PACKAGE = "yaml-language-server"


class EditorError(Exception):
    """The language server is not there, or does not answer."""


def version() -> str:
    """Return the version of the language server that is installed and asked."""
    lock = json.loads((HERE / "package-lock.json").read_text("utf-8"))
    return str(lock["packages"][f"node_modules/{_PACKAGE}"]["version"])


def install() -> Path:
    """Install the pinned packages, unless they are there already; return their folder.

    Raises:
        EditorError: Node.js or the npm registry is missing.
    """
    lock = (HERE / "package-lock.json").read_bytes()
    folder = cache_directory() / f"{_PACKAGE}-{hashlib.sha256(lock).hexdigest()[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        shutil.copy(HERE / name, folder)

    is_installed = (folder / "node_modules" / ".package-lock.json").is_file()  # npm writes it last
    if not is_installed:
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)

    return folder


def run(command: list[str], folder: Path, given: str = "") -> str:
    """Run one of Node's programs in a folder, and return what it prints.

    Raises:
        EditorError: it is not installed, or it failed.
    """
    done = subprocess.run(
        [program(command[0]), *command[1:]],
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        msg = f"`{' '.join(command)}` failed: {done.stderr.strip()[-2000:]}"
        raise EditorError(msg)

    return done.stdout


def program(name: str) -> str:
    """Return the path of one of Node's programs.

    Raises:
        EditorError: it is not installed.
    """
    found = shutil.which(name)
    if found is None:
        msg = f"`{name}` is needed: install Node.js 20 or newer"
        raise EditorError(msg)

    return found


class LanguageServer:
    """One running server, which has a schema for every file it is asked about."""

    def __init__(self, process: subprocess.Popen[bytes], schema: Path) -> None:
        self._process = process
        self._settings = {
            "yaml": {
                "schemas": {schema.as_uri(): "*.yaml"},
                "schemaStore": {"enable": False},
                "validate": True,
                "hover": True,
                "completion": True,
            }
        }
        self._last = 0
        self._diagnostics: dict[str, list[dict[str, Any]]] = {}

    def start(self) -> None:
        capabilities = {
            "workspace": {"configuration": True, "didChangeConfiguration": {}},
            "textDocument": {
                "completion": {"completionItem": {"snippetSupport": True}},
                "hover": {"contentFormat": ["markdown"]},
                "publishDiagnostics": {},
            },
        }
        self._ask(
            "initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": capabilities}
        )
        self._tell("initialized", {})
        self._tell("workspace/didChangeConfiguration", {"settings": self._settings})

    def stop(self) -> None:
        self._ask("shutdown", None)
        self._tell("exit", None)
        self._process.wait(timeout=10)

    def open(self, name: str, text: str) -> list[dict[str, Any]]:
        """Open a file, and return what the server finds wrong with it."""
        uri = self._uri(name)
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._diagnostics.pop(uri, None)
        self._tell("textDocument/didOpen", {"textDocument": document})
        while uri not in self._diagnostics:
            self._handle(self._read())

        return self._diagnostics[uri]

    def complete(self, name: str, line: int, character: int) -> list[dict[str, Any]]:
        """Return what the server offers at a place in an open file, both counted from 0."""
        answer = self._ask("textDocument/completion", self._place(name, line, character))
        items: list[dict[str, Any]] = answer["items"] if isinstance(answer, dict) else answer
        return items

    def hover(self, name: str, line: int, character: int) -> str:
        """Return what the server shows at a place in an open file; empty if nothing."""
        answer = self._ask("textDocument/hover", self._place(name, line, character))
        return str(answer["contents"]["value"]) if answer else ""

    def _place(self, name: str, line: int, character: int) -> dict[str, Any]:
        return {
            "textDocument": {"uri": self._uri(name)},
            "position": {"line": line, "character": character},
        }

    def _uri(self, name: str) -> str:
        return f"file:///maps/{name}"

    def _ask(self, method: str, parameters: Any) -> Any:
        self._last += 1
        self._write({"id": self._last, "method": method, "params": parameters})
        while True:
            message = self._read()
            if message.get("id") == self._last and "method" not in message:
                if "error" in message:
                    msg = f"`{method}`: {message['error']['message']}"
                    raise EditorError(msg)
                return message.get("result")
            self._handle(message)

    def _tell(self, method: str, parameters: Any) -> None:
        self._write({"method": method, "params": parameters})

    def _handle(self, message: Mapping[str, Any]) -> None:
        """Keep diagnostics, and answer what the server asks."""
        match message.get("method"):
            case "textDocument/publishDiagnostics":
                parameters = message["params"]
                self._diagnostics[parameters["uri"]] = parameters["diagnostics"]
            case "workspace/configuration":
                sections = [item.get("section") for item in message["params"]["items"]]
                answer = [self._settings.get(section, {}) for section in sections]
                self._write({"id": message["id"], "result": answer})
            case _ if "id" in message and "method" in message:
                self._write({"id": message["id"], "result": None})

    def _write(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            msg = "the language server ended"
            raise EditorError(msg)
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message


@contextmanager
def language_server(schema: Path) -> Iterator[LanguageServer]:
    """Run a language server that has a schema for all files.

    Raises:
        EditorError: Node.js or the npm registry is missing.
    """
    folder = install()
    command = [program("node"), f"node_modules/{_PACKAGE}/bin/{_PACKAGE}", "--stdio"]
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        server = LanguageServer(process, schema)
        try:
            server.start()
            yield server
            server.stop()
        finally:
            process.kill()
