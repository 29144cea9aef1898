"""Pyright over the programs that the README and the pages show, as an editor runs it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.editor import record
from tests.editor.server import program
from tests.programs import ROOT, programs

WRONG = {
    "wrong.py": "from secrets_component import SecretMap\n\n\n"
    "def names(secrets: SecretMap) -> str:\n    secrets.exports()\n    return 1\n"
}
"""A program in which Pyright must find two mistakes, or it found nothing because it looked at
nothing."""


def shown() -> dict[str, dict[str, str]]:
    """Return the programs that Pyright is asked about, by page and file."""
    return {**programs(), "a wrong program": WRONG}


def checked(packages: Path) -> dict[str, Any]:
    """Return what Pyright says of each page's programs.

    Args:
        packages: the folder that Pyright is installed in.

    Raises:
        EditorError: Node.js is not installed.
    """
    answers = {}
    for page, files in shown().items():
        found = _diagnostics(packages, files)
        problems = found
        if files == WRONG:
            problems = [] if len(found) == 2 else ["its two mistakes are not found"]

        answers[page] = {"programs": digest(files), "shown": found, "problems": problems}

    return answers


def digest(files: dict[str, str]) -> str:
    """Return what tells some files from others."""
    return record.digest(json.dumps(files))


def _diagnostics(packages: Path, files: dict[str, str]) -> list[str]:
    command = [program("node"), str(packages / "node_modules" / "pyright" / "index.js")]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, body in files.items():
            (folder / name).write_text(body, "utf-8")

        settings = {"typeCheckingMode": "standard", "extraPaths": [str(ROOT)]}
        (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
        done = subprocess.run(
            [*command, "--pythonpath", sys.executable, "--outputjson"],
            cwd=folder,
            capture_output=True,
            text=True,
        )

    found = []
    for one in json.loads(done.stdout)["generalDiagnostics"]:
        line = one["range"]["start"]["line"] + 1
        found.append(f"{Path(one['file']).name}:{line}: {one.get('rule', one['severity'])}")

    return sorted(found)
