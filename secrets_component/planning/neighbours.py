"""Maps of one file against each other: what only one of them can have."""

from __future__ import annotations

from collections.abc import Iterable

from secrets_component.errors import KeyPath, Problem
from secrets_component.planning.plan import Plan

Claim = tuple[str, str, KeyPath, str]
"""What is claimed: its kind, what it is, where in the map, and what to change."""


def problems(plans: Iterable[Plan]) -> list[Problem]:
    """Return the claims of maps that an earlier map of the file has made already.

    Two maps with one label would have the same resources in Pulumi; two secrets or keys of one name
    fail in AWS in the middle of a run; a secret that two maps adopt would have two owners.
    """
    first: dict[tuple[str, str], str] = {}
    found: list[Problem] = []
    for plan in plans:
        report = plan.report()
        for kind, name, path, remedy in _claims(plan):
            other = first.setdefault((kind, name), plan.instance)
            if other != plan.instance:
                report.error(path, f"the map `{other}` has the same {kind} `{name}`; {remedy}")

        found += report.errors

    return found


def _claims(plan: Plan) -> Iterable[Claim]:
    yield "label", plan.name, ("name",), "change `name`"
    if plan.created_key is not None:
        yield "key alias", plan.created_key.alias, ("kms",), "set `kms.alias` of one of them"

    for secret in plan.secrets.values():
        if secret.import_ is not None:
            path: KeyPath = (*secret.place, "import")
            yield "adopted secret", secret.name, path, "one map can manage it"
        else:
            yield "secret name", secret.name, secret.place, "change `name`, `path` or the context"
