"""Keys that another service encrypts and decrypts with, as far as KMS lets it.

A key that is disabled or pending deletion does neither
(https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html). Secrets Manager's errors are
those of https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html; which of
them AWS really answers for a key in which state is not documented.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms.models import kms_backends
from moto.secretsmanager.exceptions import ResourceNotFoundException

from sandbox.rules import grants

MANAGED_KEY = "DefaultEncryptionKey"
"""How ListSecretVersionIds names the AWS-managed key, which is always usable."""

_MANAGED_ALIAS = "alias/aws/secretsmanager"
_SHOWN_AS = os.environ.get("SANDBOX_SHOWS_KEYS_AS") or "alias"
"""How DescribeSecret shows a key that was given as an alias: `alias`, as it was given; `arn`, as
the alias's ARN; or `nothing`, the AWS-managed key not at all. AWS's reference has the latter two
("The key ID or alias ARN of the KMS key … If the secret is encrypted with the Amazon Web Services
managed key aws/secretsmanager, this field is omitted"), while go-to-k/cdkd#1243 saw the managed key
after it had been named."""


class EncryptionFailureError(JsonRESTError):  # type: ignore[misc] # moto has no types
    """AWS's answer to a key that does not encrypt."""

    def __init__(self) -> None:
        """Answer in AWS's words."""
        super().__init__(
            "EncryptionFailure",
            "Secrets Manager can't encrypt the protected secret text using the provided KMS key. "
            "Check that the KMS key is available, enabled, and not in an invalid state.",
        )


class DecryptionFailureError(JsonRESTError):  # type: ignore[misc] # moto has no types
    """AWS's answer to a key that does not decrypt."""

    def __init__(self) -> None:
        """Answer in AWS's words."""
        super().__init__(
            "DecryptionFailure",
            "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
        )


class KeyAccessDeniedError(JsonRESTError):  # type: ignore[misc] # moto has no types
    """AWS's answer to a caller who may not use a key (aws/aws-cdk#7677)."""

    def __init__(self) -> None:
        """Answer in AWS's words."""
        super().__init__("AccessDeniedException", "Access to KMS is not allowed")


def check_key(account: str, region: str, key: str | None) -> None:
    """Refuse a key that does not exist or is not enabled; no key at all is the AWS-managed one."""
    arn = arn_of(account, region, key)
    if not is_usable(arn):
        raise EncryptionFailureError


def arn_of(account: str, region: str, key: str | None) -> str:
    """Return the ARN of a key that is given by id, ARN or alias, or `MANAGED_KEY`.

    An alias may get another target later: what is encrypted already stays under the key that it
    pointed to.
    """
    if not key or key.endswith(_MANAGED_ALIAS):
        return MANAGED_KEY

    backend = kms_backends[account][region]
    try:
        found = backend.keys.get(backend.any_id_to_key_id(key))
    except (AttributeError, TypeError):  # moto: an unknown alias has no key id
        found = None

    if found is None:
        raise ResourceNotFoundException(
            "The operation failed because the KMS key in the request could not be found."
        )

    return str(found.arn)


def shown(account: str, region: str, key: str | None) -> str | None:
    """Return a key as DescribeSecret shows it; None for one that was never named."""
    if not key or (_SHOWN_AS == "nothing" and key.endswith(_MANAGED_ALIAS)):
        return None

    if _SHOWN_AS == "arn" and key.startswith("alias/"):
        return f"arn:aws:kms:{region}:{account}:{key}"

    return key


def is_usable(arn: str) -> bool:
    """Return whether a key is enabled; one that is pending deletion is not."""
    if arn == MANAGED_KEY:
        return True

    found = _found(arn)
    return found is not None and bool(found.enabled)


def encryption_key(account: str, region: str, key: str | None) -> str:
    """Return the ARN of the key under which a new value is encrypted; refuse one that cannot."""
    arn = arn_of(account, region, key)
    if not is_usable(arn):
        raise EncryptionFailureError

    if is_denied(arn, "kms:GenerateDataKey"):
        raise KeyAccessDeniedError

    return arn


def check_decryption(arns: Collection[str]) -> None:
    """Refuse to read a value that none of the keys that it is encrypted under decrypts."""
    usable = [arn for arn in arns if is_usable(arn)]
    if not usable:
        raise DecryptionFailureError

    if all(is_denied(arn, "kms:Decrypt") for arn in usable):
        raise KeyAccessDeniedError


def re_encryption_key(before: Collection[str], after: str) -> str | None:
    """Return the key under which a value is encrypted again; None leaves it as it is.

    "If you don't have kms:Encrypt permission to the new key, Secrets Manager does not re-encrypt
    existing secret versions with the new key" (UpdateSecret); so it is without kms:Decrypt
    (https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_update-encryption-key.html),
    and, as nothing else is documented, where the old key does not decrypt for its state. None of
    this is an error.
    """
    readable = [arn for arn in before if is_usable(arn) and not is_denied(arn, "kms:Decrypt")]
    if after in before or not readable or is_denied(after, "kms:Encrypt"):
        return None

    return after


def is_denied(arn: str, action: str) -> bool:
    """Return whether a key's policy denies an action to everyone, whatever the caller's rights."""
    found = _found(arn)
    if found is None:
        return False

    statements = json.loads(found.policy).get("Statement") or []
    if isinstance(statements, dict):
        statements = [statements]

    return grants.deny_everyone(statements, action, arn)


def _found(arn: str) -> Any:  # noqa: ANN401 # moto's class
    if arn == MANAGED_KEY:
        return None

    _, _, _, region, account, key = arn.split(":", 5)
    return kms_backends[account][region].keys.get(key.removeprefix("key/"))
