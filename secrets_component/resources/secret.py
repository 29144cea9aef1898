"""The secret itself: its name, key, replicas and what is kept of an adopted one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import pulumi
from pulumi_aws import secretsmanager
from pulumi_aws.secretsmanager.outputs import SecretReplica

from secrets_component.lookups.marks import (
    ADOPTED_TAG,
    IMPORTED,
    IMPORTED_WITH_POLICY,
    KEY_TAG,
    LEFT_KEY_TAG,
    MAP_TAG,
    RESTORED,
    STATE_TAG,
)
from secrets_component.lookups.refusal import refusal
from secrets_component.lookups.safeguards import AccountState, StackIdentity
from secrets_component.planning.plan import AwsManagedKey, KeptKey, Plan, PlannedSecret
from secrets_component.resources.keys import SecretKeys
from secrets_component.resources.scope import Scope
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY


def create(
    scope: Scope,
    secret: PlannedSecret,
    keys: SecretKeys,
    tags: Mapping[str, pulumi.Input[str]],
    state: AccountState,
) -> secretsmanager.Secret:
    """Create or adopt a secret, and offer its ARN and name to references.

    Args:
        keys: the keys that encrypt it and its replicas.
        tags: all of its tags.
        state: what the account holds.
    """
    replicas = [
        secretsmanager.SecretReplicaArgs(region=region, kms_key_id=key)
        for region, key in keys.of_replicas.items()
    ]
    kms_key = keys.named
    ignored = _unset_properties(secret, state) if secret.import_ else []
    written_key = _written_key(secret, kms_key, state)
    if isinstance(secret.kms_key, AwsManagedKey) and written_key is None:
        ignored.append("kmsKeyId")  # runs that could not query the account set the alias

    container = secretsmanager.Secret(
        scope.logical(secret),
        name=state.name_of(secret),
        description=secret.description,
        kms_key_id=written_key,
        recovery_window_in_days=secret.recovery_window_in_days,
        replicas=replicas or None,
        tags=tags,
        opts=scope.options(
            secret,
            # Without a look at the account, no run knows whose value a replacement would lose.
            protect=secret.protect or state.is_blind,
            import_=state.imports.get(secret.key),
            depends_on=keys.alias,
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
    if secret.replicas:
        container.replicas.apply(partial(_refuse_stale_replica_keys, scope.plan, secret))
    elif not secret.import_:
        container.replicas.apply(partial(_refuse_to_leave_replicas, scope.plan, secret))

    if secret.key in state.left_keys:
        container.arn.apply(partial(_refuse_to_leave_value, scope.plan, secret, state))

    scope.values.own_outputs["secret_arns", secret.key] = container.arn
    scope.values.own_outputs["secret_names", secret.key] = container.name
    return container


def _written_key(
    secret: PlannedSecret, kms_key: pulumi.Input[str] | None, state: AccountState
) -> pulumi.Input[str] | None:
    """Return the key to write for a secret; None leaves it to AWS, or as it is.

    A secret without a key gets the AWS-managed one, which AWS creates if the region has none yet.
    But to leave out the key of an existing secret would leave the last one in place
    (hashicorp/terraform-provider-aws#21623), which may be on its way to deletion.
    """
    if isinstance(secret.kms_key, AwsManagedKey):
        if state.may_have_own_key(secret):
            return AWS_MANAGED_KEY

        return None

    if kms_key is None:
        return None

    shown = partial(state.key_as_shown, secret)
    return pulumi.Output.from_input(kms_key).apply(shown)


def _refuse_to_leave_replicas(
    plan: Plan, secret: PlannedSecret, left: Sequence[SecretReplica] | None
) -> None:
    """Stop before keys are deleted that replicas use, which the provider does not remove.

    It reads the replicas of a secret that names none back as if the program had named them
    (terraform-provider-aws, `secretsmanager/secret.go`: optional, computed).
    """
    regions = " ".join(sorted(replica.region for replica in left or ()))
    if regions:
        message = (
            "the provider cannot remove the last replicas; run `aws secretsmanager "
            f"remove-regions-from-replication --secret-id {secret.name} "
            f"--remove-replica-regions {regions}`, then `pulumi up --refresh`"
        )
        raise refusal(plan, secret.place, message)


def _refuse_to_leave_value(
    plan: Plan, secret: PlannedSecret, state: AccountState, arn: str
) -> None:
    """Stop before a key is deleted that the value in use is still encrypted under."""
    if pulumi.runtime.is_dry_run():
        return

    problem = state.problem_of_key(secret, arn)
    if problem:
        raise refusal(plan, secret.place, problem)


def _refuse_stale_replica_keys(
    plan: Plan, secret: PlannedSecret, replicas: Sequence[SecretReplica] | None
) -> None:
    """Stop before a replica key is deleted under which the provider would leave a replica.

    A replica that no longer names a key keeps the one that it has (terraform-provider-aws,
    `secretsmanager/secret.go`: `kms_key_id` is optional and computed).
    """
    for replica in replicas or ():
        key = replica.kms_key_id or ""
        planned = secret.keys.get(replica.region)
        if isinstance(planned, AwsManagedKey) and ":key/mrk-" in key:
            message = (
                f"the provider would leave the replica in `{replica.region}` under the key "
                f"`{key}`; write `kms_key_id: {AWS_MANAGED_KEY}` at this replica"
            )
            raise refusal(plan, (*secret.place, "replicas"), message)


def map_marks(identity: StackIdentity, state_id: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """Return the tags by which later runs know what is the map's."""
    return {MAP_TAG: identity.map_mark, STATE_TAG: state_id}


def tags(
    marks: Mapping[str, pulumi.Input[str]], secret: PlannedSecret, state: AccountState
) -> dict[str, pulumi.Input[str]]:
    """Return a secret's tags: its entry's, or those of an adopted secret, and the map's marks."""
    has_policy = bool(secret.policy or secret.grants)
    found: dict[str, pulumi.Input[str]] = dict(secret.tags)
    held = state.own.get(secret.key)
    if secret.import_ and held is not None and not secret.tags:
        for key, value in held.tags.items():
            if not key.startswith("aws:"):
                found[key] = value

    found |= {**marks, KEY_TAG: secret.key}
    if secret.import_:
        found[ADOPTED_TAG] = IMPORTED_WITH_POLICY if has_policy else IMPORTED
    elif secret.restore_deleted:
        found[ADOPTED_TAG] = RESTORED

    if secret.key in state.left_keys:
        found[LEFT_KEY_TAG] = state.left_keys[secret.key]

    return found


def _unset_properties(secret: PlannedSecret, state: AccountState) -> list[str]:
    """Return the properties that the entry of an adopted secret leaves as they are."""
    written = {
        "description": secret.description,
        "kmsKeyId": not isinstance(secret.kms_key, KeptKey),
        "tags": secret.tags or secret.key in state.own,
        # What the provider computes from `tags` and its own `defaultTags` (pulumi/pulumi-aws#4030).
        "tagsAll": secret.tags or secret.key in state.own,
        "replicas": secret.replicas,
    }
    return [field for field, value in written.items() if not value]
