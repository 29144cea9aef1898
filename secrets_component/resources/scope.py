"""Shared context for the resources of one map: parent, logical names, aliases, values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pulumi

from secrets_component.lookups.reference_values import ReferenceValues
from secrets_component.planning.plan import Plan, PlannedSecret
from secrets_component.secret_map.names import cut_to_fit

if TYPE_CHECKING:
    from secrets_component.lookups.principals import ResolvedAccess


TYPE = "secretsmap:index:SecretMap"

_AUTOMATIC_SUFFIX = 8  # a hyphen and seven hexadecimal digits


@dataclass(frozen=True)
class Scope:
    """The component that resources are created under.

    Attributes:
        name: the component's logical name. An entry's resources are `<name>.<key>[.<part>]`:
            neither a key nor a part contains a dot, so no two of them share a name.
        is_top: the component has no parent.
    """

    name: str
    parent: pulumi.ComponentResource
    plan: Plan
    values: ReferenceValues
    access: ResolvedAccess
    is_top: bool

    def logical(self, secret: PlannedSecret, part: str | None = None) -> str:
        """Return the logical name of an entry's resource, which only a new key changes."""
        return _child(self.name, secret.key, part)

    def map_part(self, part: str, *, joint: Literal[".", "-"] = ".") -> str:
        """Return the logical name of a resource that belongs to the map and not to an entry.

        Args:
            part: what the resource is to the map.
            joint: `-` where the provider derives a name in AWS from the logical name, and AWS
                allows no dot in it.
        """
        return f"{self.name}{joint}{part}"

    def unique_name(self, part: str, maximum: int) -> str:
        """Return a name in AWS for a part of the map, which no other map of the account has."""
        plan = self.plan
        place = (pulumi.get_project(), pulumi.get_stack(), plan.context, plan.environment)
        logical = self.map_part(part, joint="-")
        return cut_to_fit(logical, maximum, unique="\n".join((*place, logical)))

    def name_if_needed(self, part: str, maximum: int, *, other: str = "") -> str | None:
        """Return a name in AWS for a part of the map if the automatic one is not valid.

        See `automatic_name_fits`, which has the same arguments.
        """
        if automatic_name_fits(self.map_part(part, joint="-"), maximum, other=other):
            return None

        return self.unique_name(part, maximum)

    def deleted_with(
        self, secret: PlannedSecret, container: pulumi.Resource
    ) -> pulumi.Resource | None:
        """Return the secret if its policy and rotation go with it; None if it is retained.

        The provider fails to delete the rotation of a secret that is gone already or scheduled for
        deletion (terraform-provider-aws, `resourceSecretRotationDelete`).
        """
        return None if secret.is_adopted else container

    def options(
        self,
        secret: PlannedSecret,
        part: str | None = None,
        *,
        formerly: tuple[str, str] | None = None,
        **extra: Any,  # noqa: ANN401 # any option of pulumi.ResourceOptions
    ) -> pulumi.ResourceOptions:
        """Return the options of an entry's resource; `renamed_from` becomes aliases.

        Args:
            secret: the entry that the resource belongs to.
            part: the last part of the resource's logical name.
            formerly: another part under which the state may know the resource, and its type.
            extra: further options.
        """
        aliases: list[str | pulumi.Alias] = []
        parts = [part]
        if formerly:
            former_part, kind = formerly
            aliases.append(self._alias(secret.key, former_part, kind))
            parts.append(former_part)

        if secret.renamed_from:
            for old in parts:
                aliases.append(pulumi.Alias(name=_child(self.name, secret.renamed_from, old)))

        return pulumi.ResourceOptions(parent=self.parent, aliases=aliases or None, **extra)

    def _alias(self, key: str, part: str, kind: str) -> str | pulumi.Alias:
        """Return the alias for a former name: a URN if the component is at the top.

        For any other alias the SDK asks for the URNs of all parents, which costs a tenth of the
        time that a secret with all its resources takes.
        """
        name = _child(self.name, key, part)
        if not self.is_top:
            return pulumi.Alias(name=name)

        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{TYPE}${kind}::{name}"


def automatic_name_fits(logical: str, maximum: int, *, other: str = "") -> bool:
    """Return whether what the provider makes of a logical name is a valid name in AWS.

    It adds eight characters and replaces none (pulumi-terraform-bridge, `ComputeAutoNameDefault`);
    a result that is too long or has other characters fails in the preview. So a name that is given
    instead replaces no resource of an existing stack: none was ever created. All others keep their
    automatic names, which the provider reads from the state.

    Args:
        logical: the resource's logical name.
        maximum: the limit of a name in characters.
        other: the characters that AWS allows besides letters, digits, `-` and `_`.
    """
    is_short = len(logical) + _AUTOMATIC_SUFFIX <= maximum
    return is_short and bool(re.fullmatch(f"[0-9A-Za-z_{re.escape(other)}-]+", logical))


def _child(name: str, key: str, part: str | None) -> str:
    if part is None:
        return f"{name}.{key}"

    return f"{name}.{key}.{part}"
