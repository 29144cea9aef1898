"""The README's table of fields, made from the model: `python -m tests.readme` writes it anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from secrets_component.secret_map.schema import map_schema

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- fields -->\n", "<!-- /fields -->"
MAP, ENTRY = "SecretMapFile", "Entry"


def written(text: str) -> str:
    """Give the README with the table of today's model."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n".join(_sections()) + "\n" + END + after


def _sections() -> Iterator[str]:
    definitions = map_schema()["$defs"]
    yield from _table("At the top", definitions[MAP])
    yield from _table("Of an entry under `secrets`", definitions[ENTRY])
    for name, definition in sorted(definitions.items()):
        if name not in (MAP, ENTRY, "Fields"):
            yield from _table(definition.get("description", name), definition)


def _table(title: str, definition: dict[str, Any]) -> Iterator[str]:
    yield f"\n**{title.rstrip('.')}**\n"
    yield "| field | what it says |"
    yield "| --- | --- |"
    for field, schema in definition.get("properties", {}).items():
        description = schema.get("description", "").replace("|", r"\|")
        yield f"| `{field}` | {description} |"


if __name__ == "__main__":
    README.write_text(written(README.read_text("utf-8")), "utf-8")
