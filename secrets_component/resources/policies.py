"""Policies: resource policies of secrets, identity policies to read and administer each level."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pulumi
from pulumi_aws import iam, secretsmanager

from secrets_component.arns import Arn
from secrets_component.iam.grants import KINDS, Kind, Level
from secrets_component.lookups.marks import MAP_TAG
from secrets_component.lookups.refusal import refusal
from secrets_component.planning import level_policies
from secrets_component.planning.level_policies import LevelFacts
from secrets_component.planning.plan import KeptKey, PlannedSecret
from secrets_component.resources.keys import KeysInUse
from secrets_component.resources.scope import Scope
from secrets_component.secret_map.names import level_prefix

_ANY = ""  # no entry has this key
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
    scope: Scope,
    map_mark: str,
    arns: Mapping[str, pulumi.Output[str]],
    keys: Mapping[str, KeysInUse],
) -> dict[str, pulumi.Output[str]]:
    """Create the policies of all levels, attach them to the map's roles, and return their ARNs.

    Args:
        scope: the map's scope.
        map_mark: the value of the tag that all of the map's secrets carry.
        arns: the secrets' ARNs by key.
        keys: the customer-managed keys of the secrets by key.
    """
    if not arns:
        return {}

    adopted = {key: arns[key] for key, one in scope.plan.secrets.items() if one.import_}
    any_arn = next(iter(arns.values()))
    known = pulumi.Output.all(**{_ANY: any_arn}, **adopted)
    facts = known.apply(partial(_level_facts, map_mark))
    created = {}
    members = level_policies.members_of_levels(scope.plan)
    for level in scope.plan.levels:
        below = members[level.path]
        used = pulumi.Output.all(facts, *_keys_of(below, keys))
        for kind in KINDS:
            document = used.apply(partial(_level_document, scope, level, below, kind))
            policy = _level_policy(scope, level, kind, document)
            created[level.output(kind)] = policy.arn
            if kind == "read":
                _attach_to_roles(scope, level, policy)

    return created


def _level_facts(map_mark: str, arns: Mapping[str, str]) -> LevelFacts:
    """Return account and region of a map's secrets, and the names of adopted ones."""
    names = {}
    for key, arn in arns.items():
        names[key] = Arn.parse(arn).secret_name

    home = Arn.parse(arns[_ANY]).home
    return LevelFacts(home, {MAP_TAG: map_mark}, names)


def _keys_of(
    below: Sequence[PlannedSecret], keys: Mapping[str, KeysInUse]
) -> list[pulumi.Output[dict[str, str]]]:
    """Return each set of keys that the map writes, once: 1,000 secrets mostly share one."""
    unique = {}
    for secret in below:
        written: tuple[object, ...] = tuple(secret.keys.items())
        if isinstance(secret.kms_key, KeptKey):
            written = (secret.key,)

        unique[written] = keys[secret.key].arns

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
    scope: Scope, level: Level, below: Sequence[PlannedSecret], kind: Kind, known: Sequence[Any]
) -> str:
    """Return the policy of a level, once all that is needed from AWS is known."""
    facts, *keys = known
    key_arns: list[str] = []
    for by_region in keys:
        key_arns += by_region.values()

    document = level_policies.level_policy(scope.plan, level, below, kind, facts, key_arns)
    problem = level_policies.size_problem_of_level(level, kind, document)
    if problem:
        raise refusal(scope.plan, level.place, problem)

    return document
