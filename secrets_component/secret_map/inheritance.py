"""What Atmos would merge into a map from around it, and what is not merged here.

A map is deployed as it stands in its file. Atmos merges more into the variables of a component:
imported files, `vars` of the file and of `terraform`, the components that it inherits, `overrides`
(https://atmos.tools/learn/inheritance). Each of these is reported at its place: as an error where a
field of the map would be lost, or where the KMS key may be among what cannot be seen.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import Protocol

from secrets_component.errors import Position, Problem, shown
from secrets_component.secret_map.atmos import DESCRIBE
from secrets_component.secret_map.model import SecretMapFile
from secrets_component.secret_map.yaml_text import Data, Path_

CONTEXT = frozenset(
    {
        "additional_tag_map",
        "attributes",
        "context",
        "delimiter",
        "descriptor_formats",
        "enabled",
        "id_length_limit",
        "label_key_case",
        "label_order",
        "label_value_case",
        "labels_as_tags",
        "namespace",
        "region",
        "regex_replace_chars",
        "stage",
        "tenant",
    }
)
"""Variables that every Cloud Posse component has, less those that a map has too.

https://github.com/cloudposse/terraform-null-label
"""

_BEFORE = (("vars",), ("terraform", "vars"))
"""Where the variables are that a component's own ones take precedence over."""

_AFTER = (("overrides", "vars"), ("terraform", "overrides", "vars"))
"""Where those are that take precedence over a component's own ones."""

_TERRAFORM = ("components", "terraform")
_MAP_FIELDS = frozenset(SecretMapFile.model_fields)
_DISABLED = (
    "would remove the map's secrets, which AWS then schedules for deletion; remove this line to "
    "keep them, or remove the whole map to delete them"
)


class _File(Protocol):
    @property
    def data(self) -> dict[str, Data]: ...

    def position(self, path: Path_ = (), *, of_key: bool = False) -> Position: ...


_WITHOUT_EFFECT = frozenset({"auth", "backend", "command", "env", "hooks", "providers", "source"})
"""What else a component may have that would change what Terraform deploys."""


def of_component(file: _File, path: Path_) -> Iterator[Problem]:
    """Yield what else a component says that has no effect, or an unwanted one."""
    yield from _disabled(file, (*path, "metadata", "enabled"), "metadata.enabled")
    message = "only Terraform and Atmos use this; it has no effect here"
    yield from _unused(file, path, _WITHOUT_EFFECT, message)


def of_variables(file: _File, path: Path_) -> Iterator[Problem]:
    """Yield Atmos's own variables among those of a map: they have no effect."""
    yield from _disabled(file, (*path, "enabled"), "enabled")
    message = (
        "no effect here; names are `<context_name>/<environment>/…`, so set these two to what "
        "distinguishes your deployments"
    )
    yield from _unused(file, path, CONTEXT - {"enabled"}, message)


def _disabled(file: _File, path: Path_, field: str) -> Iterator[Problem]:
    if _at(file, path) is False:
        yield Problem(file.position(path, of_key=True), f"`{field}: false` {_DISABLED}")


def _unused(file: _File, path: Path_, keys: Set[str], message: str) -> Iterator[Problem]:
    """Yield one warning for those of the keys that a block has."""
    unused = sorted(keys & _mapping(file, path).keys())
    if unused:
        place = file.position((*path, unused[0]), of_key=True)
        yield Problem(place, f"{_key_list(unused)}: {message}", "warning")


def unmerged(file: _File, name: str, data: Mapping[str, Data]) -> Iterator[Problem]:
    """Yield what Atmos would merge into the variables of an instance.

    Args:
        file: the Atmos stack file.
        name: the instance's name.
        data: its own variables.
    """
    merge = _Merge(file, name, data)
    bases, unseen = merge.inherited()
    for path in (*_BEFORE, *bases):
        yield from merge.of_block(path, merge.fields_that(_lacks, path))

    for path in _AFTER:
        yield from merge.of_block(path, merge.fields_that(operator.ne, path))

    beside = merge.fields_that(_lacks, ())
    yield from merge.lost((), set(beside) - {"name"})
    if file.data.get("import"):
        unseen.append(("import",))

    for path in unseen:
        yield merge.unseen(path)


class _Merge:
    """What is around one instance, against its own variables."""

    def __init__(self, file: _File, name: str, data: Mapping[str, Data]) -> None:
        self._file = file
        self._component = (*_TERRAFORM, name)
        self._data = data
        self._name = shown(name).strip() or "the map"
        described = DESCRIBE.format(component=name if shown(name) else "<component>")
        self._remedy = f"use what {described} prints as the map's file"

    def inherited(self) -> tuple[list[Path_], list[Path_]]:
        """Return where the inherited variables are, and which keys cannot be followed."""
        seen: list[Path_] = []
        unseen: list[Path_] = []
        for key in (("metadata", "inherits"), ("component",)):
            path = (*self._component, *key)
            for base in _list_at(self._file, path):
                place = (*_TERRAFORM, str(base))
                if _inherits_nothing(self._file, place):
                    seen.append((*place, "vars"))
                elif path not in unseen:
                    unseen.append(path)

        return seen, unseen

    def fields_that(self, differ: Callable[[Data, Data], bool], path: Path_) -> list[str]:
        """Return the fields of the map in a block whose value `differ` from the map's own."""
        block = _mapping(self._file, path)
        found = []
        for field in sorted(_MAP_FIELDS & block.keys()):
            if differ(self._data.get(field), block[field]):
                found.append(field)

        return found

    def of_block(self, path: Path_, fields: list[str]) -> Iterator[Problem]:
        """Yield the fields of a block that are lost; if none, that the block is not merged."""
        yield from self.lost(path, fields)
        if not fields and _mapping(self._file, path):
            place = self._file.position(path, of_key=True)
            message = f"`vars` is not merged here; it has nothing that {self._name} lacks"
            yield Problem(place, message, "warning")

    def lost(self, path: Path_, fields: Iterable[str]) -> Iterator[Problem]:
        """Yield fields that Atmos would merge."""
        for field in fields:
            place = self._file.position((*path, field), of_key=True)
            message = (
                f"`{field}` applies to {self._name} in Atmos, but is not merged here; write it "
                f"under the map's own `vars`, or {self._remedy}"
            )
            yield Problem(place, message)

    def unseen(self, path: Path_) -> Problem:
        """Return the problem of something that may set any field: an error if the key is not set.

        Which key encrypts a secret is no detail that a warning would do for.
        """
        place = self._file.position(path, of_key=True)
        message = f"`{path[-1]}` is not followed: what it adds to {self._name} is missing"
        if self._sets_key():
            return Problem(place, f"{message}; {self._remedy}", "warning")

        message += (
            f", perhaps its KMS key; {self._remedy}, or set `default_kms_key_id` "
            "(`alias/aws/secretsmanager` for the AWS-managed key)"
        )
        return Problem(place, message)

    def _sets_key(self) -> bool:
        kms = self._data.get("kms")
        if isinstance(kms, dict) and kms.get("create") is True:
            return True

        return self._data.get("default_kms_key_id") is not None


def _at(file: _File, path: Path_) -> Data:
    found: Data = file.data
    for step in path:
        if not isinstance(found, dict):
            return None

        found = found.get(str(step))

    return found


def _mapping(file: _File, path: Path_) -> Mapping[str, Data]:
    """Return the mapping at a path; an empty one if there is none."""
    found = _at(file, path)
    return found if isinstance(found, dict) else {}


def _list_at(file: _File, path: Path_) -> list[Data]:
    """Return the list at a path, or a single value as a list."""
    found = _at(file, path)
    if found is None:
        return []

    return found if isinstance(found, list) else [found]


def _inherits_nothing(file: _File, path: Path_) -> bool:
    """Return whether a component is in the file and inherits nothing itself."""
    component = _mapping(file, path)
    if not component or "component" in component:
        return False

    return not _list_at(file, (*path, "metadata", "inherits"))


def _lacks(own: Data, other: Data) -> bool:
    """Return whether merging `other` under `own` would add something."""
    if not isinstance(own, dict) or not isinstance(other, dict):
        return own is None and other is not None

    for key, value in other.items():
        own_value = own.get(key)
        if _lacks(own_value, value):
            return True

    return False


def _key_list(keys: Iterable[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)
