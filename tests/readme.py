"""The README's table of fields, made from the model: `python -m tests.readme` rewrites it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from secrets_component.secret_map import model
from secrets_component.secret_map.schema import map_schema

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- fields -->\n", "<!-- /fields -->"
TITLES = {"SecretMapFile": "Top level", "Entry": "Entries under `secrets`"}


def written(text: str) -> str:
    """Return the README with the table of today's model."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n".join(_sections()) + "\n" + END + after


def without_sources(description: str) -> str:
    """Return a description without the URLs at its end, which would only clutter the table."""
    lines = description.splitlines()
    while lines and (not lines[-1] or lines[-1].startswith("https://")):
        lines.pop()
    return " ".join(lines)


def _sections() -> Iterator[str]:
    """Yield the tables of the blocks in the order of the model, the top level first."""
    definitions = map_schema()["$defs"]
    for name in vars(model):
        # `Fields` are those of an entry.
        if name in definitions and name not in ("Header", "Fields"):
            definition = definitions[name]
            yield from _table(TITLES.get(name, definition["description"]), definition)


def _table(title: str, definition: dict[str, Any]) -> Iterator[str]:
    yield f"\n**{title.rstrip('.')}**\n"
    yield "| field | description |"
    yield "| --- | --- |"
    for field, schema in definition["properties"].items():
        description = without_sources(schema["description"]).replace("|", r"\|")
        yield f"| `{field}` | {description} |"


if __name__ == "__main__":
    README.write_text(written(README.read_text("utf-8")), "utf-8")
