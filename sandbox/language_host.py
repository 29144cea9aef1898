"""`pulumi-language-python` for a Pulumi CLI that was built from its Go module and has none.

The SDK's automation module holds a language server for inline programs; this executable serves it
to the engine and runs the program directory's `__main__.py` in it. Where the official language host
is installed, that one is used and this one is not on PATH.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from concurrent import futures
from functools import partial
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2, language_pb2_grpc


class ProgramHost(LanguageServer):
    """Runs the program that the engine names, in this process."""

    def __init__(self, engine_address: str) -> None:
        """Keep the engine's address, which programs log to."""
        super().__init__(lambda: None)
        self._engine_address = engine_address

    def Run(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802 # gRPC's own names and untyped messages
        """Run the program once; a preview is a run of its own."""
        directory = Path(request.info.program_directory or request.pwd)
        program = directory / (request.info.entry_point or ".")
        os.chdir(request.pwd or directory)
        sys.path.insert(0, str(directory))
        request.args[:] = [self._engine_address]
        self.program = partial(_run_program, program)
        response = super().Run(request, context)  # type: ignore[no-untyped-call] # the SDK has no types here
        if response.error:  # it is logged already; `bail` keeps the engine from reporting it again
            return language_pb2.RunResponse(bail=True)

        return response

    def InstallDependencies(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Install nothing: `make setup` has done so."""
        return iter(())

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Ask nothing."""
        return language_pb2.RuntimeOptionsResponse()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Stop with the engine."""
        return empty_pb2.Empty()


def _run_program(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


def main() -> None:
    """Serve until the engine ends this process; its address is the last argument."""
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=4),
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(ProgramHost(sys.argv[-1]), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.stop(grace=None))

    server.wait_for_termination()
    sys.stdout.flush()
    os._exit(0)  # a program that the engine gave up on may wait for an answer forever


if __name__ == "__main__":
    main()
