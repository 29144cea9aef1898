"""Access: one resource policy per secret, written and checked before anything is created."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import pulumi

from secrets_component.arns import Home
from secrets_component.errors import MapValueError, Problem
from secrets_component.iam import documents
from secrets_component.iam.grants import InlinePolicy
from secrets_component.lookups.account import Identities, read_home
from secrets_component.lookups.reference_values import ReferenceValues
from secrets_component.planning.access import OWN_KEY_NEEDED, policy_size_problem
from secrets_component.planning.plan import Plan, PlannedSecret
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY, principal_problem
from secrets_component.secret_map.references import Template


@dataclass(frozen=True)
class ResolvedAccess:
    """Who may do what, with everything looked up.

    Attributes:
        home: where the secrets live.
        identities: the account's roles and users.
        roles: ARNs of the roles that level policies are attached to, by name.
        principals: what the map's principals stand for.
        policies: the secrets' resource policies by key.
    """

    home: Home
    identities: Identities
    roles: Mapping[str, str]
    principals: dict[Template, pulumi.Input[str]] = field(default_factory=dict)
    policies: dict[str, pulumi.Input[str]] = field(default_factory=dict)


def resolve(plan: Plan, values: ReferenceValues, parent: pulumi.Resource) -> ResolvedAccess:
    """Look everything up and write the policies.

    Raises:
        pulumi.RunError: a role does not exist, a principal is none, another account could never
            read, or a policy is too long; all of them at once, each at its place in the map.
    """
    problems: list[Problem] = []
    home = read_home(plan, parent)
    identities = Identities(home, parent)
    access = ResolvedAccess(home, identities, identities.attached_roles(plan, problems))
    for secret in plan.secrets.values():
        for principal in secret.principals:
            if principal not in access.principals:
                access.principals[principal] = values.text(principal, secret.key)
        problems += _principal_problems(plan, secret, access.principals)
        problems += _grantee_problems(plan, secret, access, values)
        if not problems and (secret.policy or secret.grants):
            access.policies[secret.key] = _policy(secret, access.principals, home)
    problems += _size_problems(plan, access.policies)
    if problems:
        raise pulumi.RunError(str(MapValueError(problems)))
    return access


def write_when_known(
    wanted: Iterable[Template],
    principals: Mapping[Template, pulumi.Input[str]],
    write: Callable[[documents.Known], str],
) -> pulumi.Input[str]:
    """Write a document about principals: at once where all are known, else when they are."""
    found = {template: principals[template] for template in wanted}
    open_ = [template for template, value in found.items() if isinstance(value, pulumi.Output)]
    known = {t: str(v) for t, v in found.items() if not isinstance(v, pulumi.Output)}
    if not open_:
        return write(known)

    def complete(values: list[str]) -> str:
        for value in values:
            if principal_problem(value):
                msg = f"a principal from a reference: {principal_problem(value)}"
                raise pulumi.RunError(msg)
        return write({**known, **dict(zip(open_, values, strict=True))})

    return pulumi.Output.all(*(found[template] for template in open_)).apply(complete)


def _policy(
    secret: PlannedSecret, principals: Mapping[Template, pulumi.Input[str]], home: Home
) -> pulumi.Input[str]:
    if isinstance(secret.policy, InlinePolicy) and not secret.grants:
        return secret.policy.document

    def write(known: documents.Known) -> str:
        text = documents.resource_policy(secret.policy, secret.grants, known, home)
        if policy_size_problem(text) and any(p.references for p in secret.principals):
            msg = f"secret `{secret.key}`: {policy_size_problem(text)}"
            raise pulumi.RunError(msg)
        return text

    return write_when_known(secret.principals, principals, write)


def _principal_problems(
    plan: Plan, secret: PlannedSecret, principals: Mapping[Template, pulumi.Input[str]]
) -> Iterable[Problem]:
    """Check what references stand for: the map's own texts are checked already."""
    for principal in secret.principals:
        value = principals[principal]
        if not principal.references or not isinstance(value, str):
            continue
        problem = principal_problem(value)
        if problem:
            place = plan.position(secret.key, str(principal.references[0]))
            yield Problem(place, f"`{principal}` stands for no principal: {problem}")


def _grantee_problems(
    plan: Plan, secret: PlannedSecret, access: ResolvedAccess, values: ReferenceValues
) -> Iterable[Problem]:
    """Refuse who is not there, and who could never read for want of the key."""
    key = values.text(secret.kms_key, secret.key) if secret.kms_key else None
    managed = key is None and plan.created_key is None and not secret.import_
    managed = managed or (isinstance(key, str) and key.endswith(AWS_MANAGED_KEY))
    for grant in secret.grants:
        for grantee in (*grant.readers, *grant.admins):
            value = access.principals[grantee.principal]
            if not isinstance(value, str):
                continue
            if managed and not access.home.is_own(value):
                yield Problem(plan.place(grantee.place), OWN_KEY_NEEDED)
            elif access.identities.problem_with(value):
                yield Problem(plan.place(grantee.place), f"{access.identities.problem_with(value)}")


def _size_problems(plan: Plan, policies: Mapping[str, pulumi.Input[str]]) -> Iterable[Problem]:
    for key, text in policies.items():
        problem = policy_size_problem(text) if isinstance(text, str) else None
        if problem:
            yield Problem(plan.position(key), problem)
