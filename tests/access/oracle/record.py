"""The recorded files: one JSON object a line, either a world or a policy that several worlds have.

A world refers to such a policy by its name.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.access.oracle.cases import World

FOLDER = Path(__file__).parent
RANDOM = FOLDER / "random.jsonl"
DEPLOYMENTS = FOLDER / "deployments.jsonl"
_KINDS = ("identity", "boundary", "session", "scps", "rcps", "resource")


def write(path: Path, worlds: Iterable[World]) -> None:
    """Write worlds, each policy once."""
    found = list(worlds)
    uses = Counter(text for world in found for text in _documents(world))
    names = {text: f"policy {n}" for n, (text, count) in enumerate(uses.items()) if count > 1}
    lines = [_compact({"name": name, "policy": json.loads(text)}) for text, name in names.items()]
    for world in found:
        lines.append(_compact({key: _named(key, value, names) for key, value in world.items()}))

    path.write_text("\n".join(lines) + "\n", "utf-8")


def read(path: Path) -> Iterator[World]:
    """Yield the worlds of a file, with their policies."""
    policies: dict[str, Any] = {}
    for line in path.read_text("utf-8").splitlines():
        world = json.loads(line)
        if "policy" in world:
            policies[world["name"]] = world["policy"]
        else:
            yield {key: _resolved(key, value, policies) for key, value in world.items()}


def _documents(world: World) -> Iterator[str]:
    for kind in _KINDS:
        for document in world.get(kind, []):
            yield _compact(document)


def _named(key: str, value: Any, names: dict[str, str]) -> Any:
    if key not in _KINDS:
        return value

    return [names.get(_compact(document), document) for document in value]


def _resolved(key: str, value: Any, policies: dict[str, Any]) -> Any:
    if key not in _KINDS:
        return value

    found = []
    for document in value:
        found.append(policies[document] if isinstance(document, str) else document)

    return found


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
