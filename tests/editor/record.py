"""What the language server answered, as it is kept in `verdicts.json`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from secrets_component.graph import mermaid
from secrets_component.planning.planner import plans
from secrets_component.secret_map.schema import map_schema
from secrets_component.secret_map.yaml_text import parse_yaml
from tests.maps_of_repository import valid_maps

LASTING = ("stacks/", "tests/maps/", "odd names")
"""How the names of maps begin that do not come and go with the pages."""

ODD_NAMES = """
context_name: x
stacks: {app: 'a/b"c`|#<i>[/d end $$ é -- %% ;'}
access: {readers: ["arn:aws:iam::111122223333:role/a=b,c.d@e", ec2.amazonaws.com]}
secrets:
  end: {secret_data: '${output.app.end} ${env.end} ${config.a:b}', name: a/b+c=d@e.f}
  graph: {random: {end: {kind: key_pair}}, secret_data: {'a"b': "${random.end.public}"}}
"""
VERDICTS = Path(__file__).parent / "verdicts.json"
COMMAND = "make editor"


def schema_text() -> str:
    """Return the schema as the command prints it."""
    return json.dumps(map_schema(), indent=2, ensure_ascii=False)


def graphs() -> dict[str, str]:
    """Return the pictures of the maps whose syntax Mermaid is asked about."""
    drawn = {}
    for name, text in {**valid_maps(), "odd names": ODD_NAMES}.items():
        if name.startswith(LASTING):
            drawn[name] = "\n".join(mermaid(plans(parse_yaml(text, name), "dev").values()))

    return drawn


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
    for group in ("maps", "graphs", "programs", "completions", "hovers", "mistakes"):
        for name, asked in answers[group].items():
            found += [f"{group}, {name}: {message}" for message in asked["problems"]]

    return found
