"""KMS: the key that a map creates, and the key that each secret and replica uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import kms

from secrets_component.iam.documents import Known
from secrets_component.lookups.principals import write_when_known
from secrets_component.lookups.refusal import refusal
from secrets_component.lookups.safeguards import AccountState
from secrets_component.planning import key_policies
from secrets_component.planning.plan import MapKey, NamedKey, PlannedSecret
from secrets_component.resources.keys import SecretKeys
from secrets_component.resources.scope import Scope


@dataclass(frozen=True)
class OwnKey:
    """The key that a map creates, its alias, and its replicas by region."""

    key: kms.Key
    alias: kms.Alias
    replicas: Mapping[str, kms.ReplicaKey]


def create_key(
    scope: Scope, marks: Mapping[str, pulumi.Input[str]], state: AccountState
) -> OwnKey | None:
    """Create the map's own key with an alias and yearly rotation, where the map asks for one.

    Args:
        scope: the map.
        marks: the tags by which later runs know the key as the map's.
        state: what the account holds.
    """
    plan, wanted = scope.plan, scope.plan.created_key
    if wanted is None:
        return None

    options = pulumi.ResourceOptions(parent=scope.parent)
    description = f"secrets of {plan.context}/{plan.environment} ({plan.name})"
    tags = {**plan.tags, **marks}
    regions = key_policies.replica_regions(plan)
    policy = _policy(scope, [scope.access.home.region, *regions])
    key = kms.Key(
        scope.name,
        description=description,
        enable_key_rotation=True,
        # False, too: to leave it out would keep a multi-Region key (terraform-provider-aws,
        # `kms/key.go`: optional, computed).
        multi_region=wanted.multi_region,
        policy=policy,
        deletion_window_in_days=wanted.deletion_window_in_days,
        tags=tags,
        opts=options,
    )
    alias = kms.Alias(
        scope.name,
        name=wanted.alias,
        target_key_id=key.key_id,
        opts=pulumi.ResourceOptions(parent=scope.parent, import_=state.alias),
    )
    replicas = {}
    for region in regions:
        replicas[region] = kms.ReplicaKey(
            scope.map_part(region),
            primary_key_arn=key.arn,
            region=region,
            description=description,
            policy=policy,  # policies are not shared between the replicas of a key
            deletion_window_in_days=wanted.deletion_window_in_days,
            tags=tags,
            opts=options,
        )

    return OwnKey(key, alias, replicas)


def keys_of(scope: Scope, secret: PlannedSecret, own: OwnKey | None) -> SecretKeys:
    """Return the keys that encrypt a secret and its replicas."""
    found: dict[str | None, pulumi.Input[str] | None] = {}
    for region, key in secret.keys.items():
        match key:
            case NamedKey(template):
                found[region] = scope.values.fill(template, secret.key)
            case MapKey():
                found[region] = _arn_of_created(own, region)
            case _:
                found[region] = None

    named = found.pop(None)
    of_replicas = {str(region): key for region, key in found.items()}
    if own is None or not isinstance(secret.kms_key, MapKey):
        return SecretKeys(named, of_replicas)

    return SecretKeys(named, of_replicas, own.alias)


def _arn_of_created(own: OwnKey | None, region: str | None) -> pulumi.Output[str] | None:
    if own is None:
        return None

    created = own.key if region is None else own.replicas.get(region)
    return None if created is None else created.arn


def _policy(scope: Scope, regions: list[str]) -> pulumi.Input[str]:
    """Write the policy of the key that the map creates."""
    access, plan = scope.access, scope.plan

    def write(known: Known) -> str:
        text = key_policies.created_key_policy(plan, known, access.roles, access.home, regions)
        problem = key_policies.size_problem_of_key(text)
        if problem:
            raise refusal(plan, ("kms", "create"), problem)

        return text

    wanted = key_policies.principals_of_created_key(plan)
    return write_when_known(plan, wanted, access.principals, write)
