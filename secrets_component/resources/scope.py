"""What every resource of one map shares: its parent, its logical name, its aliases, its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from secrets_component.lookups.reference_values import ReferenceValues
from secrets_component.planning.plan import Plan, PlannedSecret

if TYPE_CHECKING:
    from secrets_component.lookups.principals import ResolvedAccess


TYPE = "secretsmap:index:SecretMap"


@dataclass(frozen=True)
class Scope:
    """The component that resources are made under.

    Attributes:
        name: the component's logical name. Children are `<name>.<key>[.<part>]`: neither a key nor
            a part can hold a dot, so no two can meet.
        is_top: the component has no parent.
    """

    name: str
    parent: pulumi.ComponentResource
    plan: Plan
    values: ReferenceValues
    access: ResolvedAccess
    is_top: bool

    def logical(self, secret: PlannedSecret, part: str | None = None) -> str:
        """Give a child's logical name, the identity that survives all edits but a new key."""
        return _join(self.name, secret.key, part)

    def options(
        self,
        secret: PlannedSecret,
        part: str | None = None,
        *,
        formerly: tuple[str, str] | None = None,
        **extra: Any,  # noqa: ANN401 # any option of pulumi.ResourceOptions
    ) -> pulumi.ResourceOptions:
        """Give a child's options, with aliases so that `renamed_from` replaces nothing.

        Args:
            secret: the entry that the child belongs to.
            part: the last part of the child's logical name.
            formerly: another part under which the same resource may stand in the state, and the
                resource's type.
            extra: further options.
        """
        aliases = [self._alias(secret.key, *formerly)] if formerly else []
        if secret.renamed_from:
            parts = (part, formerly[0]) if formerly else (part,)
            old_names = (_join(self.name, secret.renamed_from, old) for old in parts)
            aliases += [pulumi.Alias(name=old) for old in old_names]
        return pulumi.ResourceOptions(parent=self.parent, aliases=aliases or None, **extra)

    def _alias(self, key: str, part: str, kind: str) -> str | pulumi.Alias:
        """Name what a child was before: as a URN where the component's place is known.

        For any other alias the SDK asks for the URNs of all parents, which costs a tenth of the
        time that a secret with all that belongs to it takes.
        """
        name = _join(self.name, key, part)
        if not self.is_top:
            return pulumi.Alias(name=name)
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{TYPE}${kind}::{name}"


def _join(name: str, key: str, part: str | None) -> str:
    return ".".join(piece for piece in (name, key, part) if piece)
