"""What the language server answered, as it is kept in `verdicts.json`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from secrets_component.secret_map.schema import map_schema

VERDICTS = Path(__file__).parent / "verdicts.json"
COMMAND = "make editor"


def schema_text() -> str:
    """Return the schema as the command prints it."""
    return json.dumps(map_schema(), indent=2, ensure_ascii=False)


def digest(text: str) -> str:
    """Return what tells a text from others."""
    return hashlib.sha256(text.encode()).hexdigest()


def read() -> dict[str, Any]:
    """Return the recorded answers."""
    recorded: dict[str, Any] = json.loads(VERDICTS.read_text("utf-8"))
    return recorded


def write(answers: dict[str, Any]) -> None:
    """Record answers; a changed one is reviewed as a diff."""
    VERDICTS.write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n", "utf-8")


def problems(answers: dict[str, Any]) -> list[str]:
    """Return what is wrong with some answers, a line each."""
    found = []
    for name, shown in answers["maps"].items():
        found += [f"{name}: {message}" for message in shown["problems"]]

    for group in ("completions", "hovers", "mistakes"):
        for name, asked in answers[group].items():
            found += [f"{group}, {name}: {message}" for message in asked["problems"]]

    return found
