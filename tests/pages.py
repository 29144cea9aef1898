"""The pages that a user reads, taken apart: code blocks, files, commands, headings and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"(?:#|//) (?P<name>[\w./-]+\.[\w.]+)\n")
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
DEFINITION = re.compile(r"^\[(?P<name>[^\]]+)\]: (?P<target>\S+)$", re.MULTILINE)
_HEADING = re.compile(r"^#+ +(?P<text>.*?) *$", re.MULTILINE)
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One code block.

    Attributes:
        kind: the language after the backticks.
        body: its text.
    """

    kind: str
    body: str

    @property
    def name(self) -> str:
        """The file that it shows, which its first line names as a comment; empty for others."""
        named = _NAME.match(self.body)
        return named["name"] if named else ""


def blocks(text: str) -> list[Block]:
    """Return the code blocks of a page."""
    return [Block(found["kind"], found["body"]) for found in BLOCK.finditer(text)]


def files(text: str) -> dict[str, str]:
    """Return the files that a page shows, by name."""
    return {block.name: block.body for block in blocks(text) if block.name}


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command with the output that is written below it."""
    for block in blocks(text):
        if block.kind == "console":
            for piece in re.split(r"^\$ ", block.body, flags=re.MULTILINE)[1:]:
                command, _, output = piece.partition("\n")
                yield command, output


def matches(expected: str, printed: str) -> bool:
    """Compare line by line; a line `…` stands for any lines, `…` in a line for any text."""
    wanted = "".join(
        r"(?:.*\n)*?" if line == "…" else re.escape(line.rstrip()).replace("…", ".*") + " *\n"
        for line in expected.splitlines()
    )
    return re.fullmatch(wanted, printed.rstrip() + "\n" if printed.strip() else "") is not None


def links(text: str) -> list[str]:
    """Return the targets of the links and images of a page, those in code left out."""
    prose = _CODE.sub("", text)
    inline = [found["target"] for found in _LINK.finditer(prose)]
    return inline + [found["target"] for found in DEFINITION.finditer(prose)]


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings that GitHub and the site agree on.

    GitHub keeps each space as a hyphen, the site makes one of several.
    """
    found = set()
    for heading in _HEADING.finditer(re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)):
        words = re.sub(r"[^\w\s-]", "", _plain(heading["text"])).strip().lower()
        on_github, on_site = words.replace(" ", "-"), re.sub(r"[-\s]+", "-", words)
        if on_github == on_site:
            found.add(on_site)
    return found


def _plain(heading: str) -> str:
    """Return a heading without its markup."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
