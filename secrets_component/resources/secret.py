"""The secret itself: its name, key, replicas and what is kept of an adopted one."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_aws import secretsmanager

from secrets_component.lookups.safeguards import AccountState
from secrets_component.planning.plan import AwsManagedKey, KeptKey, PlannedSecret
from secrets_component.resources.scope import Scope
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY


def create(
    scope: Scope,
    secret: PlannedSecret,
    kms_key: pulumi.Input[str] | None,
    replica_keys: Mapping[str, pulumi.Input[str] | None],
    state: AccountState,
) -> secretsmanager.Secret:
    """Create or adopt a secret, and offer its ARN and name to references.

    Args:
        kms_key: the key that encrypts it; None for the AWS-managed key or an adopted secret's own.
        replica_keys: the key of each replica by region; None for the region's AWS-managed key.
        state: what the account holds.
    """
    replicas = [
        secretsmanager.SecretReplicaArgs(region=region, kms_key_id=key)
        for region, key in replica_keys.items()
    ]
    ignored = _unset_properties(secret) if secret.import_ else []
    if isinstance(secret.kms_key, AwsManagedKey):
        # A secret without a key gets the AWS-managed one, which AWS creates if the region has none
        # yet. But to leave out the key of an existing secret would leave the last one in place
        # (hashicorp/terraform-provider-aws#21623), which may be on its way to deletion.
        if state.may_have_own_key(secret):
            kms_key = AWS_MANAGED_KEY
        else:
            ignored.append("kmsKeyId")  # runs that could not query the account set the alias

    container = secretsmanager.Secret(
        scope.logical(secret),
        name=secret.name,
        description=secret.description,
        kms_key_id=kms_key,
        recovery_window_in_days=secret.recovery_window_in_days,
        replicas=replicas or None,
        tags=dict(secret.tags) or None,
        opts=scope.options(
            secret,
            protect=secret.protect,
            import_=state.adopted.get(secret.key),
            # A successor has another name or region, so it can exist before this one goes. The
            # provider would delete first whatever has a name of its own (pulumi-terraform-bridge,
            # `nameRequiresDeleteBeforeReplace`); the engine prefers what the program says.
            delete_before_replace=False,
            # After the import, the state has no recovery window until an update has written it. If
            # the run ends between the two, a removed entry's secret would be deleted at once
            # (hashicorp/terraform-provider-aws#42139).
            retain_on_delete=secret.is_adopted or state.is_managed(secret) or None,
            ignore_changes=ignored or None,
        ),
    )
    scope.values.own_outputs["secret_arns", secret.key] = container.arn
    scope.values.own_outputs["secret_names", secret.key] = container.name
    return container


def _unset_properties(secret: PlannedSecret) -> list[str]:
    """Return the properties that the entry of an adopted secret leaves as they are."""
    written = {
        "description": secret.description,
        "kmsKeyId": not isinstance(secret.kms_key, KeptKey),
        "tags": secret.tags,
        # What the provider computes from `tags` and its own `defaultTags` (pulumi/pulumi-aws#4030).
        "tagsAll": secret.tags,
        "replicas": secret.replicas,
    }
    return [field for field, value in written.items() if not value]
