"""The Python programs that the README and the pages show, by page and file."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(r"^```(?P<kind>python|yaml)\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"# ([\w.-]+)\n")


def blocks_of(page: Path) -> dict[str, str]:
    """Return the files that a page shows: those without a name in their first line are numbered."""
    files = {}
    for number, block in enumerate(_BLOCK.finditer(page.read_text("utf-8")), 1):
        named = _NAME.match(block["body"])
        name = named[1] if named else f"program_{number}.{block['kind'][:2]}"
        files[name] = block["body"]

    return files


def programs() -> dict[str, dict[str, str]]:
    """Return the programs that use the package, by page and file."""
    found: dict[str, dict[str, str]] = {}
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        files = {}
        for name, body in blocks_of(page).items():
            if name.endswith(".py") and re.search(r"^(?:import|from) ", body, re.MULTILINE):
                files[name] = body

        if files:
            found[str(page.relative_to(ROOT))] = files

    return found
