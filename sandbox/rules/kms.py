"""Keys that another service is asked to encrypt with."""

from __future__ import annotations

from typing import Any

from moto.kms.models import kms_backends
from moto.secretsmanager.exceptions import InvalidRequestException, ResourceNotFoundException

_MANAGED = "alias/aws/secretsmanager"


def check_key(account: str, region: str, key: str | None) -> None:
    """Refuse a key that does not exist or is disabled; no key at all is the AWS-managed one."""
    if not key or key.endswith(_MANAGED):
        return

    found = _find(account, region, key)
    if found is None:
        raise ResourceNotFoundException(
            "The operation failed because the KMS key in the request could not be found."
        )

    if not found.enabled:
        raise InvalidRequestException("The KMS key is not enabled or not available.")


def _find(account: str, region: str, key: str) -> Any:  # noqa: ANN401 # moto's class
    backend = kms_backends[account][region]
    try:
        return backend.keys.get(backend.any_id_to_key_id(key))
    except (AttributeError, TypeError):  # moto: an unknown alias has no key id
        return None
