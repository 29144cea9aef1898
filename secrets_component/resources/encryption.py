"""KMS: the key that a map creates, and the key that each secret and replica uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import kms

from secrets_component.iam.documents import Known
from secrets_component.lookups.principals import write_when_known
from secrets_component.lookups.refusal import refusal
from secrets_component.planning import key_policies
from secrets_component.planning.plan import KmsKey, MapKey, NamedKey, PlannedSecret
from secrets_component.resources.scope import Scope


@dataclass(frozen=True)
class OwnKey:
    """The key that a map creates, and its replicas by region."""

    key: kms.Key
    replicas: Mapping[str, kms.ReplicaKey]


def create_key(scope: Scope, marks: Mapping[str, pulumi.Input[str]]) -> OwnKey | None:
    """Create the map's own key with an alias and yearly rotation, where the map asks for one.

    Args:
        scope: the map.
        marks: the tags by which later runs know the key as the map's.
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
    kms.Alias(scope.name, name=wanted.alias, target_key_id=key.key_id, opts=options)
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

    return OwnKey(key, replicas)


def key_of(scope: Scope, secret: PlannedSecret, own: OwnKey | None) -> pulumi.Input[str] | None:
    """Return the customer-managed key that encrypts a secret.

    Returns:
        The key's id, ARN or alias; None for the AWS-managed key, or an adopted secret's own.
    """
    created = own.key.arn if own is not None else None
    return _filled(scope, secret, secret.kms_key, created)


def keys_of_replicas(
    scope: Scope, secret: PlannedSecret, own: OwnKey | None
) -> dict[str, pulumi.Input[str] | None]:
    """Return the keys that encrypt a secret's replicas by region; None is the AWS-managed key."""
    keys = {}
    for replica in secret.replicas:
        created = own.replicas.get(replica.region) if own is not None else None
        arn = created.arn if created is not None else None
        keys[replica.region] = _filled(scope, secret, replica.kms_key, arn)

    return keys


def _filled(
    scope: Scope, secret: PlannedSecret, key: KmsKey, created: pulumi.Output[str] | None
) -> pulumi.Input[str] | None:
    match key:
        case NamedKey(template):
            return scope.values.fill(template, secret.key)
        case MapKey():
            return created
        case _:
            return None


def _policy(scope: Scope, regions: list[str]) -> pulumi.Input[str]:
    """Write the policy of the key that the map creates."""
    access, plan = scope.access, scope.plan

    def write(known: Known) -> str:
        text = key_policies.created_key_policy(plan, known, access.roles, access.home, regions)
        if len(text) > key_policies.MAX_CHARACTERS:
            message = (
                f"the key's policy has {len(text):,} characters; KMS allows "
                f"{key_policies.MAX_CHARACTERS:,}; grant to levels instead of single secrets"
            )
            raise refusal(plan, ("kms", "create"), message)

        return text

    wanted = key_policies.principals_of_created_key(plan)
    return write_when_known(plan, wanted, access.principals, write)
