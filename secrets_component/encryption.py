"""KMS: the key that a map creates, and the key that each secret uses."""

from __future__ import annotations

import pulumi
from pulumi_aws import kms

from secrets_component.plan import Plan, PlannedSecret
from secrets_component.scope import Scope


def create_key(name: str, plan: Plan, parent: pulumi.Resource) -> kms.Key | None:
    """Create the map's own key with an alias and yearly rotation, where the map asks for one."""
    wanted = plan.created_key
    if wanted is None:
        return None
    options = pulumi.ResourceOptions(parent=parent)
    key = kms.Key(
        name,
        description=f"secrets of {plan.context}/{plan.environment} ({plan.name})",
        enable_key_rotation=True,
        deletion_window_in_days=wanted.deletion_window_in_days,
        tags=dict(plan.tags) or None,
        opts=options,
    )
    kms.Alias(name, name=wanted.alias, target_key_id=key.key_id, opts=options)
    return key


def key_of(
    scope: Scope, secret: PlannedSecret, created: kms.Key | None
) -> pulumi.Input[str] | None:
    """Give the key that encrypts a secret; None is the AWS-managed key, or an adopted one's own."""
    if secret.kms_key is not None:
        return scope.values.text(secret.kms_key, secret.key)
    return created.arn if created is not None and not secret.import_ else None


def key_arn(key: pulumi.Input[str], secret_arn: pulumi.Output[str]) -> pulumi.Output[str]:
    """Write a key (id, ARN or `alias/…`) as an ARN in the secret's own account and region."""

    def joined(both: list[str]) -> str:
        known, arn = both
        if known.startswith("arn:"):
            return known
        partition, _, region, account = arn.split(":")[1:5]
        resource = known if known.startswith("alias/") else f"key/{known}"
        return f"arn:{partition}:kms:{region}:{account}:{resource}"

    return pulumi.Output.all(key, secret_arn).apply(joined)
