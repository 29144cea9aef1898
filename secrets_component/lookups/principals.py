"""Principals: looked up, and written into one resource policy per secret, before any resource."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pulumi

from secrets_component.arns import Home
from secrets_component.errors import Report
from secrets_component.iam import documents, templates
from secrets_component.iam.documents import Known
from secrets_component.iam.grants import Grantee, InlinePolicy, TemplatedPolicy
from secrets_component.lookups.account import Identities
from secrets_component.lookups.reference_values import ReferenceValues
from secrets_component.lookups.refusal import refusal, refuse
from secrets_component.planning.access import OWN_KEY_NEEDED, policy_size_problem
from secrets_component.planning.plan import NamedKey, Plan, PlannedSecret, is_aws_managed
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY, principal_problem
from secrets_component.secret_map.references import Template


@dataclass(frozen=True)
class ResolvedAccess:
    """Who may do what, with all principals looked up.

    Attributes:
        home: the account and region of the secrets.
        roles: ARNs of the roles that level policies are attached to, by name.
        principals: the resolved principals of the map.
        policies: the secrets' resource policies by key.
    """

    home: Home
    roles: Mapping[str, str]
    principals: Mapping[Template, pulumi.Input[str]]
    policies: dict[str, pulumi.Input[str]] = field(default_factory=dict)


def resolve(
    plan: Plan, values: ReferenceValues, home: Home, parent: pulumi.Resource
) -> ResolvedAccess:
    """Look up all principals and write the secrets' resource policies.

    Raises:
        pulumi.RunError: a role does not exist, a principal is not valid, another account could
            never read, or a policy is too long; all at once, each at its position in the map.
    """
    report = plan.report()
    identities = Identities(home, parent)
    roles = identities.attached_roles(plan, report)
    principals = _read_principals(plan, values)
    access = ResolvedAccess(home, roles, principals)
    for secret in plan.secrets.values():
        _check_resolved(secret, principals, report)
        _check_grantees(secret, access, values, identities, report)

    refuse(report)
    for secret in plan.secrets.values():
        if secret.policy or secret.grants:
            access.policies[secret.key] = _resource_policy(plan, secret, access)

    _check_sizes(plan, access.policies, report)
    refuse(report)
    return access


def write_when_known(
    plan: Plan,
    wanted: Iterable[Template],
    principals: Mapping[Template, pulumi.Input[str]],
    write: Callable[[Known], str],
) -> pulumi.Input[str]:
    """Write a document about principals: at once where all are known, else when they are."""
    known: dict[Template, str] = {}
    open_: dict[Template, pulumi.Output[str]] = {}
    for template in wanted:
        value = principals[template]
        if isinstance(value, pulumi.Output):
            open_[template] = value
        else:
            known[template] = str(value)

    if not open_:
        return write(known)

    def complete(values: list[str]) -> str:
        resolved = dict(zip(open_, values, strict=True))
        report = plan.report()
        for template, value in resolved.items():
            _check_principal(template, value, (), report)

        refuse(report)
        return write({**known, **resolved})

    return pulumi.Output.all(*open_.values()).apply(complete)


def _read_principals(plan: Plan, values: ReferenceValues) -> dict[Template, pulumi.Input[str]]:
    found: dict[Template, pulumi.Input[str]] = {}
    for secret in plan.secrets.values():
        for principal in secret.principals:
            if principal not in found:
                found[principal] = values.fill(principal, secret.key)

    return found


def _resource_policy(
    plan: Plan, secret: PlannedSecret, access: ResolvedAccess
) -> pulumi.Input[str]:
    if isinstance(secret.policy, InlinePolicy) and not secret.grants:
        return secret.policy.document

    has_references = any(principal.references for principal in secret.principals)

    def write(known: Known) -> str:
        text = documents.resource_policy(secret.policy, secret.grants, known, access.home)
        problem = policy_size_problem(text)
        if problem and has_references:
            raise refusal(plan, secret.place, problem)

        return text

    return write_when_known(plan, secret.principals, access.principals, write)


def _check_resolved(
    secret: PlannedSecret, principals: Mapping[Template, pulumi.Input[str]], report: Report
) -> None:
    """Check what references resolve to: the map's own strings are checked already."""
    for principal in secret.principals:
        value = principals[principal]
        if not principal.references:
            continue

        if isinstance(value, str):
            _check_principal(principal, value, secret.place, report)


def _check_principal(
    principal: Template, value: str, place: tuple[str | int, ...], report: Report
) -> None:
    problem = principal_problem(value)
    if problem:
        reference = str(principal.references[0])
        report.error_in_reference(
            place, reference, f"does not resolve to a valid principal: {problem}"
        )


def _check_grantees(
    secret: PlannedSecret,
    access: ResolvedAccess,
    values: ReferenceValues,
    identities: Identities,
    report: Report,
) -> None:
    """Refuse principals that do not exist, and those that cannot use the AWS-managed key."""
    if _resolves_to_aws_managed_key(secret, values):
        check_foreign_grantees(secret, access, report)

    for grantee, value in _resolved_grantees(secret, access):
        problem = identities.problem_with(value)
        if problem:
            report.error(grantee.place, problem, at_value=True)


def check_foreign_grantees(secret: PlannedSecret, access: ResolvedAccess, report: Report) -> None:
    """Refuse principals of other accounts for a secret under the AWS-managed key."""
    for grantee, value in _resolved_grantees(secret, access):
        if not access.home.is_own(value):
            report.error(grantee.place, OWN_KEY_NEEDED, at_value=True)


def _resolved_grantees(
    secret: PlannedSecret, access: ResolvedAccess
) -> Iterator[tuple[Grantee, str]]:
    """Yield who gets access to a secret by grants or a template, with what each resolves to."""
    grantees: list[Grantee] = []
    for grant in secret.grants:
        grantees += grant.grantees

    policy = secret.policy
    if isinstance(policy, TemplatedPolicy) and templates.use_of_values(policy.text):
        for index, principal in enumerate(policy.principals):
            grantees.append(Grantee(principal, (*secret.place, "policy", "principals", index)))

    for grantee in grantees:
        value = access.principals[grantee.principal]
        if isinstance(value, str):
            yield grantee, value


def _resolves_to_aws_managed_key(secret: PlannedSecret, values: ReferenceValues) -> bool:
    if is_aws_managed(secret.kms_key):
        return True

    if not isinstance(secret.kms_key, NamedKey):
        return False  # the map's own key, or that of an adopted secret (`check_adopted`)

    key = values.fill(secret.kms_key.template, secret.key)
    return isinstance(key, str) and key.endswith(AWS_MANAGED_KEY)


def _check_sizes(plan: Plan, policies: Mapping[str, pulumi.Input[str]], report: Report) -> None:
    for key, text in policies.items():
        problem = policy_size_problem(text) if isinstance(text, str) else None
        if problem:
            report.error(plan.secrets[key].place, problem)
