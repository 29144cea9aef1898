"""The forms of a map's file: flat, Atmos (`components.terraform.<instance>.vars`), and what
`atmos describe component` prints (`vars` beside `atmos_component`).

Atmos: https://atmos.tools/core-concepts/stacks/define-components
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn, Protocol

from secrets_component.errors import MapValueError, Position, Problem, did_you_mean
from secrets_component.secret_map import inheritance
from secrets_component.secret_map.yaml_text import Data, Path_

COMPONENT = "secretsmanager"
MAX_ENTRIES = 20_000
"""Entries of all maps in a file. `validate` takes less than 10 seconds for as many."""

_DESCRIBED = ("atmos_component", "atmos_stack")


class Origin(Protocol):
    """Where a map comes from: the text of a file, or a program's data.

    Attributes:
        file: what positions begin with.
        data: the mapping at the top.
        is_text: people wrote this text, and read it.
    """

    @property
    def file(self) -> str: ...  # noqa: D102 # see above

    @property
    def data(self) -> dict[str, Data]: ...  # noqa: D102 # see above

    @property
    def is_text(self) -> bool: ...  # noqa: D102 # see above

    def position(self, path: Path_ = (), *, of_key: bool = False) -> Position:
        """Return the position of the value, or the key, at a path, or of what is nearest to it."""

    def position_of_text(self, path: Path_, wanted: str) -> Position | None:
        """Return the first position of a string in what is at a path, or None."""

    def is_respelled(self, path: Path_) -> bool:
        """Return whether the number at a path is spelled otherwise in JSON."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One secret map in a file.

    Attributes:
        name: the instance's name in the Atmos form, else `secretsmanager`.
        document: the file.
        path: where the map is in it.
        data: the map's data.
        findings: errors and warnings about what surrounds the map.
    """

    name: str
    document: Origin
    path: Path_
    data: dict[str, Data]
    findings: tuple[Problem, ...] = ()

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

    def is_respelled(self, path: Path_) -> bool:
        """Return whether the number at a path of the map is spelled otherwise in JSON."""
        return self.document.is_respelled((*self.path, *path))

    def _has(self, path: Path_) -> bool:
        found: Data = self.data
        for step in path:
            if not isinstance(found, dict) or step not in found:
                return False

            found = found[str(step)]

        return True


_ENTRY = 2  # the length of an entry's path: `secrets`, key


def instances(document: Origin) -> list[Instance]:
    """Return the maps in a file; other Atmos components are left alone.

    Raises:
        MapValueError: the Atmos form without a `secretsmanager` instance, or one without `vars`;
            more than `MAX_ENTRIES` entries.
    """
    data = document.data
    if "components" in data:
        found = _atmos_instances(document)
    elif "vars" in data and not data.keys().isdisjoint(_DESCRIBED):
        found = [_described_instance(document)]
    else:
        found = [Instance(COMPONENT, document, (), data)]

    _check_count(found)
    return found


def _described_instance(document: Origin) -> Instance:
    """Return the map in what `atmos describe component` prints: Atmos has merged all of it."""
    name = document.data.get("atmos_component")
    if not isinstance(name, str):
        name = COMPONENT

    path = ("vars",)
    data = _without_context(_mapping_at(document, path))
    findings = [*inheritance.of_component(document, ()), *inheritance.of_variables(document, path)]
    return Instance(name, document, path, data, tuple(findings))


def _atmos_instances(document: Origin) -> list[Instance]:
    kinds = _mapping_at(document, ("components",))
    if "terraform" not in kinds:
        hint = did_you_mean("terraform", kinds)
        _refuse(document.position(("components",), of_key=True), f"`terraform` is missing{hint}")

    path = ("components", "terraform")
    components = _mapping_at(document, path)
    found = []
    for name, component in components.items():
        if _is_secret_map(name, component):
            found.append(_atmos_instance(document, name, component))

    if not found:
        _refuse(
            document.position(path, of_key=True),
            f"no secret map found; name a component `{COMPONENT}`, or give it "
            f"`metadata: {{component: {COMPONENT}}}`{did_you_mean(COMPONENT, components)}",
        )

    return found


def _atmos_instance(document: Origin, name: str, component: Data) -> Instance:
    place = ("components", "terraform", name)
    path = (*place, "vars")
    if isinstance(component, dict) and "metadata" in component and "vars" not in component:
        data: dict[str, Data] = {}  # Atmos inherits all of them
    else:
        data = _without_context(_mapping_at(document, path))

    findings = [
        *inheritance.of_component(document, place),
        *inheritance.of_variables(document, path),
        *inheritance.unmerged(document, name, data),
    ]
    return Instance(name, document, path, data, tuple(findings))


def _without_context(variables: dict[str, Data]) -> dict[str, Data]:
    """Return the variables of a map without those that Atmos gives every component."""
    return {key: value for key, value in variables.items() if key not in inheritance.CONTEXT}


def _check_count(found: list[Instance]) -> None:
    count = 0
    for instance in found:
        entries = instance.data.get("secrets")
        count += len(entries) if isinstance(entries, dict) else 0

    if count > MAX_ENTRIES:
        position = found[0].position(("secrets",), of_key=True)
        _refuse(position, f"more than {MAX_ENTRIES:,} entries; split the map into several files")


def _is_secret_map(name: str, component: Data) -> bool:
    """Return whether an Atmos component is an instance of this one, by its name or metadata."""
    metadata: Data = None
    if isinstance(component, dict):
        metadata = component.get("metadata")

    if not isinstance(metadata, dict):
        return name == COMPONENT

    if metadata.get("type") == "abstract":
        return False

    return metadata.get("component", name) == COMPONENT


def _mapping_at(document: Origin, path: tuple[str, ...]) -> dict[str, Data]:
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
