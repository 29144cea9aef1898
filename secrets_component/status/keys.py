"""Whether a secret is under the KMS key that the map says."""

from __future__ import annotations

from collections.abc import Callable

from secrets_component.arns import Arn, is_arn
from secrets_component.lookups.inventory import HeldSecret
from secrets_component.planning.plan import AwsManagedKey, MapKey, NamedKey, PlannedSecret
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY

IdOfAlias = Callable[[str], str]
"""Returns the id of a key that is named by its alias."""


def wanted_key(secret: PlannedSecret) -> str | None:
    """Return the key that an entry's secret is to have, as an id, an ARN or `alias/…`.

    Returns:
        None where the map leaves the key as it is, or names it by a reference.
    """
    match secret.kms_key:
        case NamedKey(template) if not template.references:
            return str(template)
        case MapKey(alias):
            return alias
        case AwsManagedKey():
            return AWS_MANAGED_KEY
        case _:
            return None


def unknown_key(secret: PlannedSecret) -> str | None:
    """Return the key as the map writes it where that is a reference; None where it is known."""
    if not isinstance(secret.kms_key, NamedKey) or wanted_key(secret) is not None:
        return None

    return str(secret.kms_key.template)


def key_drift(secret: PlannedSecret, held: HeldSecret, id_of: IdOfAlias) -> str | None:
    """Explain that another key encrypts a secret than the map says; None where it does not.

    Args:
        secret: the entry.
        held: its secret in the account.
        id_of: called for an alias where a key's id has to be compared with it.
    """
    wanted = wanted_key(secret)
    if wanted is None:
        return None

    actual = held.kms_key or AWS_MANAGED_KEY
    if _is_same(wanted, actual, id_of):
        return None

    return f"is under the key `{actual}`; the map says `{wanted}`"


def _is_same(wanted: str, actual: str, id_of: IdOfAlias) -> bool:
    first, second = _resource(wanted), _resource(actual)
    if first == second:
        return True

    if AWS_MANAGED_KEY in (first, second):
        return False

    # The same key may be named by its alias in the map and by its id in AWS, or the reverse.
    are_of_one_kind = _is_alias(first) == _is_alias(second)
    if are_of_one_kind:
        return False

    return _id(wanted, id_of) == _id(actual, id_of)


def _id(key: str, id_of: IdOfAlias) -> str:
    resource = _resource(key)
    if _is_alias(resource):
        return id_of(key)

    return resource.removeprefix("key/")


def _resource(key: str) -> str:
    """Return a key as `key/<id>` or `alias/<name>`."""
    if is_arn(key):
        return Arn.parse(key).resource

    if _is_alias(key):
        return key

    return f"key/{key.removeprefix('key/')}"


def _is_alias(resource: str) -> bool:
    return resource.startswith("alias/")
