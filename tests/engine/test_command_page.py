"""`docs/command.md`: its commands print what it says, on a deployed map."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from tests.conftest import ROOT, Secrets
from tests.engine.test_readme import BLOCK, matches, run

TEXT = (ROOT / "docs" / "command.md").read_text("utf-8")


def test_commands_print_what_the_page_says(secrets: Secrets, tmp_path: Path) -> None:
    maps = {}
    commands = []
    for block in BLOCK.finditer(TEXT):
        if block["kind"] == "yaml":
            name = block["body"].partition("\n")[0].removeprefix("# ")
            maps[name] = block["body"]
            (tmp_path / name).write_text(block["body"], "utf-8")
        else:
            pieces = re.split(r"^\$ ", block["body"], flags=re.MULTILINE)[1:]
            commands += [piece.partition("\n")[::2] for piece in pieces]
    folder = tmp_path / "bin"
    folder.mkdir()
    script = f'#!/bin/sh\nexec {sys.executable} -m secrets_component "$@"\n'
    (folder / "secretsmap").write_text(script)
    (folder / "secretsmap").chmod(0o755)

    stack = secrets(maps["orders.yaml"])
    stack.up()
    environment = stack.sandbox.environment()
    environment["PATH"] = f"{folder}{os.pathsep}{environment['PATH']}"
    assert len(commands) == 13
    for command, expected in commands:
        printed = run(command, tmp_path, environment)
        assert matches(expected, printed), printed
    stack.pulumi("destroy", "--yes")
