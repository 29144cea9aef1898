"""Access: one resource policy per secret, written and checked before anything is created."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import secretsmanager

from secrets_component.arns import Home
from secrets_component.errors import MapValueError, Problem
from secrets_component.home import Directory, read_home
from secrets_component.iam import documents
from secrets_component.iam.grants import KINDS, Grant, InlinePolicy, Kind
from secrets_component.planning import key_policies
from secrets_component.planning.access import OWN_KEY_NEEDED, policy_size_problem
from secrets_component.planning.plan import Plan, PlannedSecret
from secrets_component.resolve import Values
from secrets_component.scope import Scope
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY, principal_problem
from secrets_component.secret_map.references import Template


@dataclass(frozen=True)
class Access:
    """Who may do what, with everything looked up.

    Attributes:
        home: where the secrets live.
        directory: the account's roles and users.
        roles: ARNs of the roles that level policies are attached to, by name.
        principals: what the map's principals stand for.
        policies: the secrets' resource policies by key.
    """

    home: Home
    directory: Directory
    roles: Mapping[str, str]
    principals: dict[Template, pulumi.Input[str]] = field(default_factory=dict)
    policies: dict[str, pulumi.Input[str]] = field(default_factory=dict)


def prepare(plan: Plan, values: Values, parent: pulumi.Resource) -> Access:
    """Look everything up and write the policies.

    Raises:
        pulumi.RunError: a role does not exist, a principal is none, another account could never
            read, or a policy is too long; all of them at once, each at its place in the map.
    """
    problems: list[Problem] = []
    home = read_home(plan, parent)
    directory = Directory(home, parent)
    access = Access(home, directory, directory.attached_roles(plan, problems))
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


def attach(scope: Scope, secret: PlannedSecret, container: secretsmanager.Secret) -> None:
    """Give a secret its resource policy; a public one is refused by AWS as well."""
    policy = scope.access.policies.get(secret.key)
    if policy is not None:
        secretsmanager.SecretPolicy(
            scope.logical(secret),
            secret_arn=container.arn,
            policy=policy,
            block_public_policy=True,
            opts=scope.options(secret),
        )


def written(
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

    return written(secret.principals, principals, write)


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
    plan: Plan, secret: PlannedSecret, access: Access, values: Values
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
            elif access.directory.lacks(value):
                yield Problem(plan.place(grantee.place), f"{access.directory.lacks(value)}")


def _size_problems(plan: Plan, policies: Mapping[str, pulumi.Input[str]]) -> Iterable[Problem]:
    for key, text in policies.items():
        problem = policy_size_problem(text) if isinstance(text, str) else None
        if problem:
            yield Problem(plan.position(key), problem)


def key_policy(scope: Scope, regions: list[str]) -> pulumi.Input[str]:
    """Write the policy of the key that the map creates."""
    access, plan = scope.access, scope.plan

    def write(known: documents.Known) -> str:
        text = key_policies.created_key_policy(plan, known, access.roles, access.home, regions)
        if len(text) > key_policies.MAX_CHARACTERS:
            msg = (
                f"the key's policy has {len(text):,} characters; KMS allows "
                f"{key_policies.MAX_CHARACTERS:,}; grant to levels instead of single secrets"
            )
            raise pulumi.RunError(msg)
        return text

    secrets = key_policies.under_created_key(plan)
    wanted = {p: None for s in secrets for g in s.grants for k in KINDS for p in _of(g, k)}
    return written(wanted, access.principals, write)


def _of(grant: Grant, kind: Kind) -> list[Template]:
    return [grantee.principal for grantee in grant.of(kind)]
