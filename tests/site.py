"""The site of docs/: `python -m tests.site` builds it into build/site; `make docs` calls this.

The pages link to files of the repository, which the site does not have: in the copy that it is built
from, these links are plain text.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.pages import DEFINITION, DOCS, ROOT

COPY = ROOT / "build" / "docs"
_OUTSIDE = re.compile(r"\[(?P<text>[^\]]+)\]\(\.\./[^)\s]+\)")


def copy_pages(folder: Path) -> None:
    """Copy docs/ to a folder, without the links that lead out of it."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS, folder)
    for page in folder.glob("*.md"):
        page.write_text(without_outside_links(page.read_text("utf-8")), "utf-8")


def without_outside_links(text: str) -> str:
    """Return a page whose links out of docs/ are plain text."""
    text = _OUTSIDE.sub(in_repository, text)
    for definition in DEFINITION.finditer(text):
        if definition["target"].startswith("../"):
            text = text.replace(definition[0], "").replace(
                f"[{definition['name']}]", definition["name"]
            )
    return text


def in_repository(link: re.Match[str]) -> str:
    """Return the text of a link, as code if it is a path."""
    text = link["text"]
    return f"`{text}`" if re.fullmatch(r"[\w./-]*/[\w./-]*", text) else text


def build() -> int:
    """Build the site; a broken link or anchor, or a page that is not there, is an error."""
    copy_pages(COPY)
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    return subprocess.run(command, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(build())
