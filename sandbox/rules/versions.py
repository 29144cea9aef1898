"""Versions of a secret and their staging labels, as AWS moves them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.secretsmanager.exceptions import ResourceExistsException

from sandbox.rules import events, kms

MAX_LABELS = 20
RE_ENCRYPTED = ("AWSCURRENT", "AWSPENDING", "AWSPREVIOUS")
"""Labels of the versions that a change of key encrypts again: "any existing versions with the
staging labels AWSCURRENT, AWSPENDING, or AWSPREVIOUS" (UpdateSecret)."""

KEYS = "kms_keys"
"""The entry of a version that holds the ARNs of the keys it is encrypted under."""


def holder_of(secret: Any, label: str) -> str | None:  # noqa: ANN401 # moto's class
    """Return the id of the version that a label is on."""
    for version_id, version in list(secret.versions.items()):  # other requests may add to it
        if label in version["version_stages"]:
            return str(version_id)

    return None


def move(secret: Any, label: str, version_id: str) -> None:  # noqa: ANN401 # moto's class
    """Move a label, and report it; AWSPREVIOUS follows to the version that AWSCURRENT leaves."""
    holder = holder_of(secret, label)
    if holder == version_id:
        return

    if holder is not None:
        secret.versions[holder]["version_stages"].remove(label)

    labels = secret.versions[version_id]["version_stages"]
    labels.append(label)
    if label == "AWSCURRENT":
        secret.default_version_id = version_id
        if holder is not None:
            move(secret, "AWSPREVIOUS", holder)
        elif "AWSPREVIOUS" in labels:
            labels.remove("AWSPREVIOUS")

    events.label_updated(secret.arn, secret.name, label, version_id)


def check_label_count(secret: Any, added: Collection[str]) -> None:  # noqa: ANN401 # moto's class
    """Refuse too many labels before any has moved; AWSPREVIOUS comes with a move of AWSCURRENT."""
    before: set[str] = set()
    for version in secret.versions.values():
        before.update(version["version_stages"])

    after = before.union(added)
    if "AWSCURRENT" in before and "AWSCURRENT" in added:
        after.add("AWSPREVIOUS")

    if len(after) > MAX_LABELS:
        raise JsonRESTError(
            "LimitExceededException",
            f"The number of staging labels is over the limit of {MAX_LABELS}.",
        )


def drop_unlabelled(secret: Any) -> None:  # noqa: ANN401 # moto's class
    """Drop every version without a label; AWS keeps up to 100, so this is the harder case."""
    for version_id, version in list(secret.versions.items()):
        if not version["version_stages"]:
            del secret.versions[version_id]


def has_value(version: dict[str, Any]) -> bool:
    """Return whether a version holds a value; a rotation begins with one that does not."""
    return "secret_string" in version or "secret_binary" in version


def re_encrypt(secret: Any, key: str) -> None:  # noqa: ANN401 # moto's class
    """Encrypt versions under another key too; the keys before still decrypt them.

    "To avoid locking you out of the secret, Secrets Manager keeps all existing versions encrypted
    with the previous key"
    (https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_update-encryption-key.html).
    A version with other labels only stays as it is.
    """
    for version in list(secret.versions.values()):
        is_concerned = not set(RE_ENCRYPTED).isdisjoint(version["version_stages"])
        if not is_concerned or not has_value(version):
            continue

        added = kms.re_encryption_key(version[KEYS], key)
        if added:
            version[KEYS] = [*version[KEYS], added]


def token_in_use(secret: Any, token: str | None) -> Exception:  # noqa: ANN401 # moto's class
    """Return AWS's answer to a request token that belongs to another value."""
    error: Exception = ResourceExistsException(
        f"You can't use ClientRequestToken {token} because that value is already in use for a "
        f"version of secret {secret.arn}."
    )
    return error
