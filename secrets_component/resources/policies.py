"""Policies: resource policies of secrets, identity policies to read and administer each level."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial

import pulumi
from pulumi_aws import iam, secretsmanager

from secrets_component.arns import Arn
from secrets_component.iam import documents, templates
from secrets_component.iam.grants import KINDS, Kind, Level
from secrets_component.lookups.refusal import refusal
from secrets_component.planning.key_policies import level_names
from secrets_component.planning.plan import Plan, PlannedSecret
from secrets_component.resources.scope import Scope
from secrets_component.secret_map.names import level_prefix

_MAX_POLICY_CHARACTERS = 6_144
"""Of a managed policy, spaces not counted.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
_MAX_POLICY_DESCRIPTION = 1_000
_MAX_PREFIX = 101  # the provider adds 26 characters; AWS allows 128


def attach(scope: Scope, secret: PlannedSecret, container: secretsmanager.Secret) -> None:
    """Attach a secret's resource policy; AWS refuses a public one as well."""
    policy = scope.access.policies.get(secret.key)
    if policy is not None:
        secretsmanager.SecretPolicy(
            scope.logical(secret),
            secret_arn=container.arn,
            policy=policy,
            block_public_policy=True,
            opts=scope.options(secret, deleted_with=scope.deleted_with(secret, container)),
        )


def create_for_levels(
    scope: Scope, arns: Mapping[str, pulumi.Output[str]], keys: Mapping[str, pulumi.Output[str]]
) -> dict[str, pulumi.Output[str]]:
    """Create the policies of all levels, attach them to the map's roles, and return their ARNs.

    Args:
        scope: the map's scope.
        arns: the secrets' ARNs by key.
        keys: the ARNs of the customer-managed keys by the keys of the secrets under them.
    """
    if not arns:
        return {}

    any_arn = next(iter(arns.values()))
    created = {}
    members = _members(scope.plan)
    for level in scope.plan.levels:
        below = members[level.path]
        known = pulumi.Output.all(any_arn, *_keys_of(below, keys))
        for kind in KINDS:
            document = known.apply(partial(_level_document, scope, level, below, kind))
            policy = _level_policy(scope, level, kind, document)
            created[level.output(kind)] = policy.arn
            if kind == "read":
                _attach_to_roles(scope, level, policy)

    return created


def _members(plan: Plan) -> dict[str, list[PlannedSecret]]:
    """Sort the secrets into the levels above them; one pass, however many levels there are."""
    members: dict[str, list[PlannedSecret]] = {level.path: [] for level in plan.levels}
    for secret in plan.secrets.values():
        above = ""
        members[above].append(secret)
        for segment in (secret.path or "").split("/"):
            above = f"{above}/{segment}".removeprefix("/")
            if above in members and above:
                members[above].append(secret)

    return members


def _keys_of(
    below: Sequence[PlannedSecret], keys: Mapping[str, pulumi.Output[str]]
) -> list[pulumi.Output[str]]:
    """Return one ARN per key that the map writes; 1,000 secrets mostly share one."""
    unique = {secret.kms_key: keys[secret.key] for secret in below if secret.key in keys}
    return list(unique.values())


def _level_policy(
    scope: Scope, level: Level, kind: Kind, document: pulumi.Output[str]
) -> iam.Policy:
    plan = scope.plan
    names = level_prefix(plan.context, plan.environment, level.path)
    logical = scope.map_part(level.output(kind))
    # Not the logical name, from which the provider would derive one: IAM allows no `/` in a name.
    prefix = re.sub(r"[^\w+=,.@-]", "-", logical, flags=re.ASCII)[:_MAX_PREFIX]
    return iam.Policy(
        logical,
        name_prefix=f"{prefix}-",
        description=f"{kind} the secrets below {names}"[:_MAX_POLICY_DESCRIPTION],
        policy=document,
        tags=dict(plan.tags) or None,
        opts=pulumi.ResourceOptions(parent=scope.parent),
    )


def _attach_to_roles(scope: Scope, level: Level, policy: iam.Policy) -> None:
    for role in dict.fromkeys(name for name, _ in level.attach_to):
        iam.RolePolicyAttachment(
            scope.map_part(f"{level.output('read')}:{role}"),
            role=role,
            policy_arn=policy.arn,
            opts=pulumi.ResourceOptions(parent=scope.parent),
        )


def _level_document(
    scope: Scope, level: Level, below: Sequence[PlannedSecret], kind: Kind, known: Sequence[str]
) -> str:
    """Return the policy of a level, once an ARN of a secret and those of the keys are known."""
    any_arn, *key_arns = known
    home = Arn.parse(any_arn).home
    regions = _regions(home.region, below)
    names = level_names(scope.plan, level.path, below)
    secret_arns: list[str] = []
    for region in regions:
        secret_arns += [home.secret_arn(name, region) for name in names]

    values = {
        "secret_arns": _one_or_list(secret_arns),
        "kms_key_arns": "*",  # until `use_keys` lists them
        "region": _one_or_list(regions),
    }
    for_secrets, for_keys = templates.fill(templates.shipped(documents.TEMPLATE_OF[kind]), values)
    use_keys = documents.use_keys(for_keys, _with_replicas(key_arns, regions))
    document = documents.document([for_secrets, *use_keys], compact=True)
    if len(document) > _MAX_POLICY_CHARACTERS:
        message = (
            f"the `{level.output(kind)}` policy has {len(document):,} characters; IAM allows "
            f"{_MAX_POLICY_CHARACTERS:,}; adopt fewer secrets from outside the hierarchy, or use "
            "fewer keys"
        )
        raise refusal(scope.plan, level.place, message)

    return document


def _regions(home: str, below: Sequence[PlannedSecret]) -> list[str]:
    """Return the home region, then the others that have replicas."""
    others: set[str] = set()
    for secret in below:
        others.update(replica.region for replica in secret.replicas)

    return [home, *sorted(others - {home})]


def _one_or_list(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _with_replicas(key_arns: Sequence[str], regions: Sequence[str]) -> list[str]:
    """Return keys together with replicas of multi-Region keys (`mrk-…`), which share their id."""
    found = dict.fromkeys(sorted(set(key_arns)))
    for key_arn in list(found):
        key = Arn.parse(key_arn)
        if key.resource.startswith("key/mrk-"):
            found |= dict.fromkeys(key.home.arn("kms", key.resource, region) for region in regions)

    return list(found)
