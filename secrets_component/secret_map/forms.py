"""The two forms of a map's file: flat, or Atmos (`components.terraform.<instance>.vars`).

Atmos: https://atmos.tools/core-concepts/stacks/define-components
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from secrets_component.errors import MapValueError, Position, Problem, did_you_mean
from secrets_component.secret_map.yaml_text import Data, Document, Path_

COMPONENT = "secretsmanager"


@dataclass(frozen=True, slots=True)
class Instance:
    """One secret map inside a file: its name, where it stands, and what it says."""

    name: str
    document: Document
    path: Path_
    data: dict[str, Data]

    def position(self, path: Path_, *, of_key: bool = False) -> Position:
        """Return the position of something inside the map, or of the default that it comes from."""
        if len(path) > _ENTRY and path[0] == "secrets" and not self._has(path[: _ENTRY + 1]):
            inherited = ("defaults", *path[_ENTRY:])
            if self._has(inherited[:2]):
                return self.document.position((*self.path, *inherited), of_key=of_key)
            return self.document.position((*self.path, *path[:_ENTRY]), of_key=True)
        return self.document.position((*self.path, *path), of_key=of_key)

    def position_of_text(self, path: Path_, wanted: str) -> Position | None:
        """Return the first position of a string in what is at a path of the map, or None."""
        return self.document.position_of_text((*self.path, *path), wanted)

    def _has(self, path: Path_) -> bool:
        found: Data = self.data
        for step in path:
            if not isinstance(found, dict) or step not in found:
                return False
            found = found[str(step)]
        return True


_ENTRY = 2  # the length of an entry's path: `secrets`, key


def instances(document: Document) -> list[Instance]:
    """Find the maps in a file; other Atmos components and Atmos's own keys are left alone.

    Raises:
        MapValueError: the Atmos form without a `secretsmanager` instance, or one without `vars`.
    """
    if "components" not in document.data:
        return [Instance(COMPONENT, document, (), document.data)]
    components = _mapping(document, ("components",))
    if "terraform" not in components:
        hint = did_you_mean("terraform", components)
        _refuse(document.position(("components",), of_key=True), f"`terraform` is missing{hint}")
    path = ("components", "terraform")
    found = [
        Instance(name, document, (*path, name, "vars"), _mapping(document, (*path, name, "vars")))
        for name, component in _mapping(document, path).items()
        if _is_secret_map(name, component)
    ]
    if not found:
        _refuse(
            document.position(path, of_key=True),
            "no secret map here; name a component `secretsmanager`, or give it "
            "`metadata: {component: secretsmanager}`"
            + did_you_mean(COMPONENT, _mapping(document, path)),
        )
    return found


def _is_secret_map(name: str, component: Data) -> bool:
    metadata = component.get("metadata") if isinstance(component, dict) else None
    if not isinstance(metadata, dict):
        return name == COMPONENT
    if metadata.get("type") == "abstract" or metadata.get("enabled") is False:
        return False
    return metadata.get("component", name) == COMPONENT


def _mapping(document: Document, path: tuple[str, ...]) -> dict[str, Data]:
    found: Data = document.data
    for step in path:
        if not isinstance(found, dict) or step not in found:
            _refuse(document.position(path, of_key=True), f"`{step}` is missing")
        found = found[step]
    if not isinstance(found, dict):
        _refuse(document.position(path), f"`{path[-1]}` must be a mapping")
    return found


def _refuse(position: Position, message: str) -> NoReturn:
    raise MapValueError([Problem(position, message)])
