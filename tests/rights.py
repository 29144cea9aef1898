"""The deployer's rights as tables, made from `docs/deployer-rights.yaml`.

`python -m tests.rights` rewrites the tables in `docs/deployer-rights.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DOCS = Path(__file__).parent.parent / "docs"
TABLE, PAGE = DOCS / "deployer-rights.yaml", DOCS / "deployer-rights.md"
BEGIN, END = "<!-- rights -->\n", "<!-- /rights -->"


@dataclass(frozen=True)
class Need:
    """What needs a right: a type, a module or AWS itself, in which step, and who says so."""

    by: str
    step: str
    source: str


@dataclass(frozen=True)
class DeployerRight:
    """An action in a statement of the template."""

    statement: str
    action: str
    needs: tuple[Need, ...]
    is_official_only: bool


@cache
def table() -> dict[str, Any]:
    """Return the file's content."""
    return dict(yaml.safe_load(TABLE.read_text("utf-8")))


def rights() -> list[DeployerRight]:
    """Return all rights in the order of the file."""
    found = []
    for statement, actions in table()["rights"].items():
        for action, facts in actions.items():
            needs = tuple(Need(**need) for need in facts["needed"])
            is_official_only = facts.get("official", False)
            found.append(DeployerRight(statement, action, needs, is_official_only))
    return found


def written(text: str) -> str:
    """Return the page with the tables of today's file."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n".join(_sections()) + "\n" + END + after


def _sections() -> Iterator[str]:
    """Yield the two tables, and what their links mean."""
    yield "\n| statement | is about |"
    yield "| --- | --- |"
    for statement, resource in table()["resources"].items():
        about = resource["about"].removesuffix(".")
        if "without_resource" in resource:
            about = f"`*`: {resource['without_resource']}"
        yield f"| `{statement}` | {about} |"

    yield "\n| action | statement | needed by, in the step | only by the official provider |"
    yield "| --- | --- | --- | --- |"
    for right in rights():
        needs = "; ".join(f"`{one.by}`, {one.step} ([{one.source}])" for one in right.needs)
        mark = "yes" if right.is_official_only else ""
        yield f"| `{right.action}` | `{right.statement}` | {needs} | {mark} |"

    yield ""
    for name, source in sorted(table()["sources"].items()):
        yield f"[{name}]: {_link(source)}"


def _link(source: str) -> str:
    """Return a source's address: a page's, a file's of this checkout, or one on GitHub."""
    if source.startswith("https://"):
        return source
    if source.startswith("secrets_component/"):
        return f"../{source}"
    return f"https://github.com/{source}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
