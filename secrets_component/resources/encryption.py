"""KMS: the key that a map creates, and the key that each secret uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import kms

from secrets_component.iam import documents
from secrets_component.iam.grants import KINDS, Grant, Kind
from secrets_component.lookups.principals import write_when_known
from secrets_component.planning import key_policies
from secrets_component.planning.plan import PlannedReplica, PlannedSecret
from secrets_component.resources.scope import Scope
from secrets_component.secret_map.references import Template


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
    policy = _policy(scope, [scope.access.home.region, *regions])
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


def keys_of_replicas(
    scope: Scope, secret: PlannedSecret, own: OwnKey | None
) -> dict[str, pulumi.Input[str] | None]:
    """Return the keys that encrypt a secret's replicas by region; None is the AWS-managed key."""
    return {
        replica.region: _key_of_replica(scope, secret, replica, own) for replica in secret.replicas
    }


def _key_of_replica(
    scope: Scope, secret: PlannedSecret, replica: PlannedReplica, own: OwnKey | None
) -> pulumi.Input[str] | None:
    if replica.kms_key is not None:
        return scope.values.text(replica.kms_key, secret.key)
    if own is None or secret.kms_key is not None or secret.import_:
        return None
    made = own.replicas.get(replica.region)
    return made.arn if made is not None else None


def _policy(scope: Scope, regions: list[str]) -> pulumi.Input[str]:
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
    return write_when_known(wanted, access.principals, write)


def _of(grant: Grant, kind: Kind) -> list[Template]:
    return [grantee.principal for grantee in grant.of(kind)]
