"""The alias of the map's own key: one that is there before this run records it.

A run that ends between AWS's creation of the alias and the record of it leaves an alias that no
later run could create. The key that it names tells whose it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from secrets_component.errors import Report
from secrets_component.lookups.inventory import AccountError, HeldSecret, Inventory
from secrets_component.lookups.marks import STATE_TAG
from secrets_component.planning.plan import MapKey, Plan


def alias_to_import(
    plan: Plan,
    own: Mapping[str, HeldSecret],
    inventory: Inventory,
    state: str | None,
    report: Report,
) -> str | None:
    """Return the alias to bring under management; None where the run creates it or has it.

    The engine ignores an import of what it manages already. A secret under the map's key proves
    that the alias is recorded, because secrets are created after it; then nothing is asked.

    Args:
        plan: the map.
        own: the secrets that the entries have now.
        inventory: the account.
        state: the id of the stack's state, which the keys of the map carry; None in its first run.
        report: receives an error where the alias is somebody else's.

    Raises:
        AccountError: AWS does not answer; it needs `kms:DescribeKey` and `kms:ListResourceTags`.
    """
    if plan.created_key is None or _is_recorded(plan, own):
        return None

    alias = plan.created_key.alias
    try:
        key = str(inventory.ask("kms", "describe_key", KeyId=alias)["KeyMetadata"]["Arn"])
        owner = inventory.key_tags(key).get(STATE_TAG)
    except AccountError as error:
        if error.is_absent or error.is_lasting:
            return None  # without the rights, creating it shows whether it is free

        raise

    if state is not None and owner in (state, None):
        return alias if owner else None  # version 0.1 did not mark its key

    report.error(
        ("kms", "alias"),
        f"`{alias}` belongs to the key `{key}`, which this stack has not created; set another "
        "`kms.alias`",
        bare=True,
    )
    return None


def _is_recorded(plan: Plan, own: Mapping[str, HeldSecret]) -> bool:
    return any(
        held.has_own_key and isinstance(plan.secrets[key].kms_key, MapKey)
        for key, held in own.items()
    )
