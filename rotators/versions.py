"""The versions of one secret, as one step of a rotation sees and writes them.

Labels: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NoReturn

from rotators.errors import RotationError

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
LAST_SET = "secretsmap-last-set"
"""Our label on the version whose value a rotation last wrote, or was about to write, outside.

AWS's advice for a rotation that is stuck is to take AWSPENDING off by hand
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html). If the
function died after it had changed the password, that version is the only one with the live
password, and AWS drops versions without a label. This label keeps it.
"""


class Versions:
    """One secret's versions in the rotation that `token` identifies."""

    def __init__(self, client: Any, arn: str, token: str) -> None:  # noqa: ANN401 # boto3 makes its clients' classes at run time
        """Read nothing yet.

        Args:
            client: a boto3 client of Secrets Manager.
            arn: the secret's ARN, as the event names it.
            token: the event's ClientRequestToken, which is the pending version's id.
        """
        self.arn = arn
        self._client = client
        self._token = token

    def is_finished(self) -> bool:
        """Tell whether the rotation already ended well; refuse one that was never begun."""
        if not self._described.get("RotationEnabled", True):
            self._refuse("rotation is not enabled")
        labels = self._labels.get(self._token)
        if labels is None:
            self._refuse(f"version {self._token} does not exist or has no label")
        if CURRENT in labels:
            return True
        if PENDING not in labels:
            self._refuse(f"version {self._token} is not labelled {PENDING}")
        return False

    def current(self) -> str:
        """Give the value in use."""
        value = self._read(VersionStage=CURRENT)
        if value is None:
            self._refuse(f"there is no value to rotate; put one first (no {CURRENT} version)")
        return value

    def pending(self) -> str | None:
        """Give this rotation's new value; None before it is created."""
        return self._read(VersionId=self._token, VersionStage=PENDING)

    def created(self) -> str:
        """Give this rotation's new value, which an earlier step must have created."""
        value = self.pending()
        if value is None:
            self._refuse(f"version {self._token} is empty; createSecret has not run")
        return value

    def previous(self) -> str | None:
        """Give the value before the one in use, where AWS still has it."""
        return self._read(VersionStage=PREVIOUS)

    def last_set(self) -> str | None:
        """Give the value that a rotation last wrote outside, where one ever did."""
        holder = self._holder(LAST_SET)
        return self._read(VersionId=holder) if holder else None

    def put_pending(self, value: str) -> None:
        """Fill this rotation's version, which RotateSecret made empty; the first value stays."""
        try:
            self._client.put_secret_value(
                SecretId=self.arn,
                ClientRequestToken=self._token,
                SecretString=value,
                VersionStages=[PENDING],
            )
        except self._client.exceptions.ResourceExistsException:
            return  # another attempt, which overlaps with this one, was first

    def mark_last_set(self) -> None:
        """Label this rotation's version before its value is written outside."""
        self._move(LAST_SET)

    def make_current(self) -> None:
        """Put the pending version in use; AWS labels the one before AWSPREVIOUS."""
        self._move(CURRENT)

    def _move(self, label: str) -> None:
        holder = self._holder(label)
        if holder == self._token:
            return
        moved = {"RemoveFromVersionId": holder} if holder else {}
        self._client.update_secret_version_stage(
            SecretId=self.arn, VersionStage=label, MoveToVersionId=self._token, **moved
        )

    def _holder(self, label: str) -> str | None:
        return next((version for version, has in self._labels.items() if label in has), None)

    @cached_property
    def _described(self) -> Mapping[str, Any]:
        described: Mapping[str, Any] = self._client.describe_secret(SecretId=self.arn)
        return described

    @property
    def _labels(self) -> Mapping[str, list[str]]:
        labels: Mapping[str, list[str]] = self._described.get("VersionIdsToStages") or {}
        return labels

    def _read(self, **which: str) -> str | None:
        try:
            found = self._client.get_secret_value(SecretId=self.arn, **which)
        except self._client.exceptions.ResourceNotFoundException:
            return None
        text: str | None = found.get("SecretString")
        if text is None:
            self._refuse("holds bytes; only text can be rotated")
        return text

    def _refuse(self, reason: str) -> NoReturn:
        msg = f"secret {self.arn}: {reason}"
        raise RotationError(msg)
