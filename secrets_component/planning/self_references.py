"""References of a map to itself: what its entries take from each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from secrets_component.errors import did_you_mean
from secrets_component.planning.plan import PlannedSecret
from secrets_component.secret_map.forms import COMPONENT
from secrets_component.secret_map.references import Reference, ReferenceKind

SELF_OUTPUTS = ("generated_passwords", "secret_arns", "secret_names")


def is_self(reference: Reference, *own_names: str | None) -> bool:
    """Tell whether a reference reads from the map that holds it."""
    return reference.kind is ReferenceKind.OUTPUT and reference.path[0] in (COMPONENT, *own_names)


def self_key(path: tuple[str, ...]) -> str:
    """Give the output key that the rest of a self reference's path names."""
    return ".".join(path[2:])


def _self_problem(reference: Reference, secrets: Mapping[str, PlannedSecret]) -> str | None:
    output, key = reference.path[1], self_key(reference.path)
    if output not in SELF_OUTPUTS:
        known = ", ".join(f"`{name}`" for name in SELF_OUTPUTS)
        return f"this map offers {known}{did_you_mean(output, SELF_OUTPUTS)}"
    if output != "generated_passwords":
        if key in secrets:
            return None
        return f"no entry `{key}` in this map{did_you_mean(key, secrets)}"
    entry, _, _ = key.partition(".")
    if entry not in secrets:
        return f"no entry `{entry}` in this map{did_you_mean(entry, secrets)}"
    if key in secrets[entry].passwords:
        return None
    made = ", ".join(f"`{name}`" for name in secrets[entry].passwords)
    return (
        f"`{entry}` generates {made}"
        if made
        else f"`{entry}` has no generated password; write `generate_random_password: true` there"
    )


def _referenced_keys(
    secret: PlannedSecret, own: Iterable[str | None], secrets: Mapping[str, PlannedSecret]
) -> Iterator[str]:
    for reference in secret.references:
        if is_self(reference, *own) and len(reference.path) > 2 and reference.path[2] in secrets:  # noqa: PLR2004 # component, output, key
            yield reference.path[2]
