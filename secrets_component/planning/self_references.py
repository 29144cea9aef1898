"""References of a map to itself: what its entries take from each other, and in which order."""

from __future__ import annotations

import graphlib
from collections.abc import Collection, Mapping

from secrets_component.errors import Report, did_you_mean
from secrets_component.planning.plan import PlannedSecret
from secrets_component.secret_map.forms import COMPONENT
from secrets_component.secret_map.references import SELF_OUTPUTS, Reference, ReferenceKind

_LONGEST_CYCLE = 20
"""A longer one is cut off in the message; its entries are read one after the other."""
_KEY = 2  # the index of the entry's key in a reference's path: component, output, key


def own_names(*names: str | None) -> frozenset[str]:
    """Return the component names by which a map's references mean the map itself."""
    return frozenset({COMPONENT, *(name for name in names if name)})


def output_key(reference: Reference) -> str:
    """Return the key of the output that a self reference names (`a`, or `a.token`)."""
    return ".".join(reference.path[_KEY:])


def problem_with(
    secret: PlannedSecret, reference: Reference, secrets: Mapping[str, PlannedSecret]
) -> str | None:
    """Explain why a self reference of an entry has no value, or none that lasts; None if it has."""
    output, key = reference.path[1], output_key(reference)
    if output not in SELF_OUTPUTS:
        known = ", ".join(f"`{name}`" for name in SELF_OUTPUTS)
        return f"unknown output; this map has {known}{did_you_mean(output, SELF_OUTPUTS)}"

    if not key:
        return (
            f"is incomplete; add an entry's key: `${{output.{reference.path[0]}.{output}.<key>}}`"
        )

    if output in ("generated_passwords", "public_keys"):
        return _problem_with_generated(output, key, secrets) or _stale(secret, key, secrets)

    if key not in secrets:
        return f"no entry `{key}` in this map{did_you_mean(key, secrets)}"

    return None


def _problem_with_generated(
    output: str, key: str, secrets: Mapping[str, PlannedSecret]
) -> str | None:
    entry, _, _ = key.partition(".")
    if entry not in secrets:
        return f"no entry `{entry}` in this map{did_you_mean(entry, secrets)}"

    generated: Collection[str] = secrets[entry].generated_values
    missing = "has no generated password; write `generate_random_password: true` there"
    if output == "public_keys":
        generated = secrets[entry].key_pairs
        missing = "has no key pair; write `random: {key: {kind: key_pair}}` there"

    if key in generated:
        return None

    if generated:
        made = ", ".join(f"`{name}`" for name in generated)
        return f"`{entry}` generates {made}"

    return f"`{entry}` {missing}"


def _stale(secret: PlannedSecret, key: str, secrets: Mapping[str, PlannedSecret]) -> str | None:
    """Refuse to copy a value that others will replace: the copy would keep the first one."""
    entry = secrets[key.partition(".")[0]]
    if entry.owner == "map" or secret.owner != "map" or entry.key == secret.key:
        return None

    others = {"rotation": "rotation", "operator": "an operator"}[entry.owner]
    return (
        f"{others} replaces the value of `{entry.key}`, and this copy would keep the first one; "
        f"read `{entry.key}` itself at run time (pass on "
        f"`${{output.secretsmanager.secret_arns.{entry.key}}}`)"
    )


def order(secrets: Mapping[str, PlannedSecret], report: Report) -> tuple[str, ...]:
    """Return the keys so that what is referenced comes first; a cycle is reported."""
    graph = {key: _needed_keys(secret, secrets) for key, secret in secrets.items()}
    if not any(graph.values()):
        return tuple(secrets)

    try:
        return tuple(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        cycle = list(reversed(error.args[1]))
        circle = " → ".join([f"`{key}`" for key in cycle[:_LONGEST_CYCLE]])
        if len(cycle) > _LONGEST_CYCLE:
            circle += f" → … ({len(cycle) - 1} entries)"

        report.error(("secrets", cycle[0]), f"circular reference: {circle}")
        return tuple(secrets)


def _needed_keys(secret: PlannedSecret, secrets: Mapping[str, PlannedSecret]) -> dict[str, None]:
    """Return the keys that an entry's references name, without repetition, in their order."""
    needed: dict[str, None] = {}
    for reference in secret.references:
        if reference.kind is not ReferenceKind.SELF or len(reference.path) <= _KEY:
            continue

        key = reference.path[_KEY]
        if key in secrets:
            needed[key] = None

    return needed
