"""Maps of one file, or of several, against each other: what only one of them can have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from secrets_component.arns import is_arn
from secrets_component.errors import KeyPath, Problem
from secrets_component.planning.plan import Plan
from secrets_component.secret_map.names import UNKNOWN_ENVIRONMENT


@dataclass(frozen=True, slots=True)
class Claim:
    """What a map takes for itself.

    Attributes:
        kind: what it is, in the words of the message.
        scope: where nothing else may have the name.
        path: where the map claims it.
        remedy: what to change.
    """

    kind: str
    scope: str
    name: str
    path: KeyPath
    remedy: str


def problems(plans: Iterable[Plan]) -> list[Problem]:
    """Return the claims of maps that an earlier map of the same file has made already.

    Two maps with one label would have the same resources in Pulumi; two secrets or keys of one name
    fail in AWS in the middle of a run; a secret that two maps adopt would have two owners.
    """
    return _conflicts(plans, _claims, lambda plan: f"the map `{plan.instance}`")


def problems_of_files(plans: Iterable[Plan]) -> list[Problem]:
    """Return the claims of maps that a map of another file has made already.

    Files without an environment may be those of several (`dev.yaml`, `prod.yaml`), each with an
    account of its own: of these, only what an ARN names is compared.
    """
    return _conflicts(
        plans, _claims_of_file, lambda plan: f"the map `{plan.name}` in `{_file_of(plan)}`"
    )


def _conflicts(
    plans: Iterable[Plan],
    claims_of: Callable[[Plan], Iterable[Claim]],
    called: Callable[[Plan], str],
) -> list[Problem]:
    first: dict[tuple[str, str], Plan] = {}
    found: list[Problem] = []
    for plan in plans:
        report = plan.report()
        for claim in claims_of(plan):
            other = first.setdefault((claim.scope, claim.name), plan)
            if other is plan:
                continue

            if claims_of is _claims_of_file and _file_of(other) == _file_of(plan):
                continue  # reported when that file was loaded

            message = f"{called(other)} has the same {claim.kind} `{claim.name}`; {claim.remedy}"
            report.error(claim.path, message)

        found += report.errors

    return found


def _file_of(plan: Plan) -> str:
    return plan.places.position(()).file


def _claims(plan: Plan) -> Iterator[Claim]:
    yield Claim("label", "label", plan.name, ("name",), "change `name`")
    yield from _claims_in_account(plan)


def _claims_in_account(plan: Plan) -> Iterator[Claim]:
    if plan.created_key is not None:
        alias = plan.created_key.alias
        yield Claim("key alias", "alias", alias, ("kms",), "set `kms.alias` of one of them")

    for secret in plan.secrets.values():
        kind, path, remedy = "secret name", secret.place, "change `name`, `path` or the context"
        if secret.import_ is not None:
            path = (*path, "import")
            kind, remedy = "adopted secret", "one map can manage it"

        yield Claim(kind, "secret", secret.name, path, remedy)


def _claims_of_file(plan: Plan) -> Iterator[Claim]:
    if plan.environment != UNKNOWN_ENVIRONMENT:
        if plan.name != plan.instance:
            scope = f"label in {plan.context}/{plan.environment}"
            yield Claim("label", scope, plan.name, ("name",), "change `name`")

        yield from _claims_in_account(plan)
        return

    for secret in plan.secrets.values():
        if secret.import_ is not None and is_arn(secret.import_):
            path = (*secret.place, "import")
            yield Claim("adopted secret", "ARN", secret.import_, path, "one map can manage it")
