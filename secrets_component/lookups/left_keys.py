"""Keys that the map created and that secrets leave: no value in use may stay under them alone.

AWS, of UpdateSecret: "If you don't have kms:Encrypt permission to the new key, Secrets Manager
does not re-encrypt existing secret versions with the new key"
(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecret.html). It reports
no error, and the engine deletes the old key at the end of the run. So the run that changes the key
looks at the value's keys afterwards, and a tag lets later runs look again before they start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from secrets_component.arns import Arn, is_arn
from secrets_component.errors import Finding
from secrets_component.lookups.inventory import AccountError, HeldSecret, Inventory
from secrets_component.lookups.marks import LEFT_KEY_TAG, STATE_TAG
from secrets_component.planning.plan import KeptKey, MapKey, Plan, PlannedSecret

_ENABLED = "Enabled"


def left_keys(
    plan: Plan, own: Mapping[str, HeldSecret], inventory: Inventory, state: str | None
) -> dict[str, str]:
    """Return the key of the map's that each secret leaves in this run, or has left, by entry.

    Args:
        plan: the map.
        own: the secrets that the entries have now.
        inventory: the account.
        state: the id of the stack's state, which the keys of the map carry.

    Raises:
        AccountError: AWS does not answer; it needs `kms:ListResourceTags`.
    """
    created: dict[str, bool] = {}
    found = {}
    for key, held in own.items():
        if LEFT_KEY_TAG in held.tags:
            found[key] = held.tags[LEFT_KEY_TAG]

        if held.kms_key is None or not _changes_key(plan.secrets[key], held):
            continue

        if held.kms_key not in created:
            created[held.kms_key] = _is_of_state(held, held.kms_key, inventory, state)

        if created[held.kms_key]:
            found[key] = held.kms_key

    return found


def _changes_key(secret: PlannedSecret, held: HeldSecret) -> bool:
    if not held.has_own_key:
        return False

    return not isinstance(secret.kms_key, MapKey | KeptKey)


def _is_of_state(held: HeldSecret, key: str, inventory: Inventory, state: str | None) -> bool:
    """Return whether a map of the state created a key; so it counts where it may not be known.

    The map gives its key to secrets by the key's ARN.
    """
    if not is_arn(key) or Arn.parse(key).home != Arn.parse(held.arn).home:
        return False

    try:
        return inventory.key_tags(key).get(STATE_TAG) == state
    except AccountError as error:
        if error.is_lasting:
            return True

        if error.is_absent:
            return False

        raise


def values_under_left_keys(
    plan: Plan, own: Mapping[str, HeldSecret], inventory: Inventory
) -> Iterator[Finding]:
    """Yield the entries whose value in use is still under a key that they left in an earlier run.

    Raises:
        AccountError: AWS does not answer, or refuses; it needs `kms:DescribeKey` and
            `secretsmanager:ListSecretVersionIds`.
    """
    usable: dict[str, bool] = {}
    for key, held in own.items():
        left = held.tags.get(LEFT_KEY_TAG)
        if left is None or not held.is_filled:
            continue

        if isinstance(plan.secrets[key].kms_key, MapKey):
            continue  # goes back to the key

        if left not in usable:
            usable[left] = _may_be_enabled(left, inventory)

        if usable[left]:
            problem = problem_of_value(held.name, held.arn, left, inventory)
            if problem:
                yield plan.secrets[key].place, problem


def _may_be_enabled(key: str, inventory: Inventory) -> bool:
    """Return whether a key is in use; so it counts where the run may not look at it.

    Whoever deploys may have lost all rights to keys since the map gave up its own.
    """
    try:
        return inventory.key_state(key) == _ENABLED
    except AccountError as error:
        if error.is_absent:
            return False

        if error.is_lasting:
            return True

        raise


def problem_of_value(name: str, arn: str, left: str, inventory: Inventory) -> str | None:
    """Explain that a secret's value in use is encrypted under the key that it has left, or None.

    Raises:
        AccountError: AWS does not answer, or refuses; it needs
            `secretsmanager:ListSecretVersionIds`.
    """
    keys = inventory.keys_of_value(arn)
    if keys != {left}:
        return None

    return (
        f"AWS has not encrypted the value of `{name}` under its new key, which needs "
        f"`kms:Encrypt` there and `kms:Decrypt` on `{left}`, the key that this map gives up; "
        f"allow both, run `aws secretsmanager update-secret --secret-id {name} --kms-key-id "
        "<the new key>`, and run this again"
    )
