"""KMS: the key that a map creates, and the key that each secret uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import kms

from secrets_component import access
from secrets_component.planning import key_policies
from secrets_component.planning.plan import PlannedReplica, PlannedSecret
from secrets_component.scope import Scope


@dataclass(frozen=True)
class OwnKey:
    """The key that a map creates, and its replicas by region."""

    key: kms.Key
    replicas: Mapping[str, kms.ReplicaKey]


def create_key(scope: Scope) -> OwnKey | None:
    """Create the map's own key with an alias and yearly rotation, where the map asks for one."""
    plan, wanted = scope.plan, scope.plan.created_key
    if wanted is None:
        return None
    options = pulumi.ResourceOptions(parent=scope.parent)
    description = f"secrets of {plan.context}/{plan.environment} ({plan.name})"
    regions = key_policies.replica_regions(plan)
    policy = access.key_policy(scope, [scope.access.home.region, *regions])
    key = kms.Key(
        scope.name,
        description=description,
        enable_key_rotation=True,
        multi_region=wanted.multi_region or None,
        policy=policy,
        deletion_window_in_days=wanted.deletion_window_in_days,
        tags=dict(plan.tags) or None,
        opts=options,
    )
    kms.Alias(scope.name, name=wanted.alias, target_key_id=key.key_id, opts=options)
    replicas = {
        region: kms.ReplicaKey(
            f"{scope.name}.{region}",
            primary_key_arn=key.arn,
            region=region,
            description=description,
            policy=policy,  # policies are not shared between the replicas of a key
            deletion_window_in_days=wanted.deletion_window_in_days,
            tags=dict(plan.tags) or None,
            opts=options,
        )
        for region in regions
    }
    return OwnKey(key, replicas)


def key_of(scope: Scope, secret: PlannedSecret, own: OwnKey | None) -> pulumi.Input[str] | None:
    """Give the key that encrypts a secret; None is the AWS-managed key, or an adopted one's own."""
    if secret.kms_key is not None:
        return scope.values.text(secret.kms_key, secret.key)
    return own.key.arn if own is not None and not secret.import_ else None


def key_of_replica(
    scope: Scope, secret: PlannedSecret, replica: PlannedReplica, own: OwnKey | None
) -> pulumi.Input[str] | None:
    """Give the key that encrypts a replica; None is its region's AWS-managed key."""
    if replica.kms_key is not None:
        return scope.values.text(replica.kms_key, secret.key)
    if own is None or secret.kms_key is not None or secret.import_:
        return None
    made = own.replicas.get(replica.region)
    return made.arn if made is not None else None
