"""Grants as data: who may do what, with the secrets of which level of the hierarchy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from secrets_component.errors import KeyPath
from secrets_component.secret_map.references import Template

Kind: TypeAlias = Literal["read", "admin"]
KINDS: tuple[Kind, ...] = ("read", "admin")


@dataclass(frozen=True, slots=True)
class Grantee:
    """A principal as the map writes it, and where."""

    principal: Template
    place: KeyPath


@dataclass(frozen=True, slots=True)
class Grant:
    """What one `access` block grants.

    Attributes:
        level: the path whose secrets it covers, empty for the whole map; None for one secret.
    """

    level: str | None
    readers: tuple[Grantee, ...]
    admins: tuple[Grantee, ...]
    organization_id: str | None

    @property
    def grantees(self) -> tuple[Grantee, ...]:
        """The readers, then the administrators."""
        return (*self.readers, *self.admins)

    def of(self, kind: Kind) -> tuple[Grantee, ...]:
        """Return the readers or the administrators."""
        if kind == "read":
            return self.readers

        return self.admins


@dataclass(frozen=True, slots=True)
class Level:
    """A level of the hierarchy: the whole map (an empty path), or a path.

    Attributes:
        attach_to: names of roles, each with its place in the map.
    """

    path: str
    attach_to: tuple[tuple[str, KeyPath], ...] = ()

    @property
    def place(self) -> KeyPath:
        """The path of the level's `access` block in the map."""
        return level_place(self.path)

    def output(self, kind: Kind) -> str:
        """Return the name of the level's policy in the output `policy_arns`."""
        if not self.path:
            return kind

        return f"{self.path}/{kind}"

    def covers(self, path: str | None) -> bool:
        """Return whether a secret with this path is in the level or below it."""
        return covers(self.path, path)


def level_place(level: str) -> KeyPath:
    """Return the path of a level's `access` block in the map; an empty level is the whole map."""
    if not level:
        return ("access",)

    return ("access", "paths", level)


def levels_of(path: str | None) -> tuple[str, ...]:
    """Return the levels that a secret with this path is in, the whole map (empty) first."""
    if path is None:
        return ("",)

    names = path.split("/")
    return ("", *("/".join(names[:depth]) for depth in range(1, len(names) + 1)))


def covers(level: str, path: str | None) -> bool:
    """Return whether a path is a level of the hierarchy or below it."""
    return level in levels_of(path)


@dataclass(frozen=True, slots=True)
class TemplatedPolicy:
    """A resource policy from a template, with the principals to fill in.

    Attributes:
        template: its name in the map.
        text: its content.
        is_custom: it is a file of the user's.
    """

    template: str
    text: str
    principals: tuple[Template, ...]
    organization_id: str | None
    is_custom: bool = False


@dataclass(frozen=True, slots=True)
class InlinePolicy:
    """A resource policy that the map writes out, as a JSON text."""

    document: str
