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
    """One secret map in a file: its name, location and data."""

    name: str
    document: Document
    path: Path_
    data: dict[str, Data]

    def position(self, path: Path_, *, of_key: bool = False) -> Position:
        """Return the position of something inside the map, or of the default that it comes from."""
        is_field_of_entry = len(path) > _ENTRY and path[0] == "secrets"
        if not is_field_of_entry or self._has(path[: _ENTRY + 1]):
            return self.document.position((*self.path, *path), of_key=of_key)

        inherited = ("defaults", *path[_ENTRY:])
        if self._has(inherited[:2]):
            return self.document.position((*self.path, *inherited), of_key=of_key)

        entry = path[:_ENTRY]
        return self.document.position((*self.path, *entry), of_key=True)

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
    """Return the maps in a file; other Atmos components and Atmos's own keys are ignored.

    Raises:
        MapValueError: the Atmos form without a `secretsmanager` instance, or one without `vars`.
    """
    if "components" not in document.data:
        return [Instance(COMPONENT, document, (), document.data)]

    kinds = _mapping_at(document, ("components",))
    if "terraform" not in kinds:
        hint = did_you_mean("terraform", kinds)
        _refuse(document.position(("components",), of_key=True), f"`terraform` is missing{hint}")

    path = ("components", "terraform")
    components = _mapping_at(document, path)
    found = []
    for name, component in components.items():
        if _is_secret_map(name, component):
            variables = (*path, name, "vars")
            data = _mapping_at(document, variables)
            found.append(Instance(name, document, variables, data))

    if not found:
        _refuse(
            document.position(path, of_key=True),
            f"no secret map found; name a component `{COMPONENT}`, or give it "
            f"`metadata: {{component: {COMPONENT}}}`{did_you_mean(COMPONENT, components)}",
        )

    return found


def _is_secret_map(name: str, component: Data) -> bool:
    """Return whether an Atmos component is an instance of this one, by its name or metadata."""
    metadata: Data = None
    if isinstance(component, dict):
        metadata = component.get("metadata")

    if not isinstance(metadata, dict):
        return name == COMPONENT

    if metadata.get("type") == "abstract" or metadata.get("enabled") is False:
        return False

    return metadata.get("component", name) == COMPONENT


def _mapping_at(document: Document, path: tuple[str, ...]) -> dict[str, Data]:
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
