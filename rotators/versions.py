"""The versions of one secret, as one step of a rotation reads and writes them.

Labels: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NoReturn

from rotators.errors import RotationError

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
LAST_SET = "secretsmap-last-set"
"""Our label on the version whose value a rotation last set, or was about to set.

AWS advises to remove AWSPENDING by hand from a rotation that is stuck
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html). If the
function was interrupted after it had changed the password, only that version has the live password,
and AWS drops versions without a label. This label keeps it.
"""


class Versions:
    """One secret's versions in the rotation that `token` identifies."""

    def __init__(self, client: Any, arn: str, token: str) -> None:  # noqa: ANN401 # boto3 makes its clients' classes at run time
        """Keep what identifies the rotation; nothing is read yet.

        Args:
            client: a boto3 client of Secrets Manager.
            arn: the secret's ARN, as the event names it.
            token: the event's ClientRequestToken, which is the pending version's id.
        """
        self.arn = arn
        self._client = client
        self._token = token

    def is_finished(self) -> bool:
        """Return whether the rotation has already succeeded; refuse one that was never started."""
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
        """Return the value in use."""
        value = self._read(VersionStage=CURRENT)
        if value is None:
            self._refuse(f"the secret has no value to rotate; set one first (no {CURRENT} version)")

        return value

    def pending(self) -> str | None:
        """Return the new value of this rotation; None before it is created."""
        return self._read(VersionId=self._token, VersionStage=PENDING)

    def created(self) -> str:
        """Return the new value of this rotation, which an earlier step must have created."""
        value = self.pending()
        if value is None:
            self._refuse(f"version {self._token} is empty; createSecret has not run")

        return value

    def previous(self) -> str | None:
        """Return the value before the one in use; None where AWS no longer has it."""
        return self._read(VersionStage=PREVIOUS)

    def last_set(self) -> str | None:
        """Return the value that a rotation last set; None where none ever did."""
        holder = self._holder(LAST_SET)
        if holder is None:
            return None

        return self._read(VersionId=holder)

    def put_pending(self, value: str) -> None:
        """Store the new value of this rotation, unless another attempt already did."""
        try:
            self._client.put_secret_value(
                SecretId=self.arn,
                ClientRequestToken=self._token,
                SecretString=value,
                VersionStages=[PENDING],
            )
        except self._client.exceptions.ResourceExistsException:
            return  # an overlapping attempt was first

    def mark_last_set(self) -> None:
        """Label the version of this rotation, before its value is set."""
        self._move(LAST_SET)

    def make_current(self) -> None:
        """Make the pending version current; AWS labels the one before AWSPREVIOUS."""
        self._move(CURRENT)

    def _move(self, label: str) -> None:
        holder = self._holder(label)
        if holder == self._token:
            return

        move = {"SecretId": self.arn, "VersionStage": label, "MoveToVersionId": self._token}
        if holder is not None:
            move["RemoveFromVersionId"] = holder

        self._client.update_secret_version_stage(**move)

    def _holder(self, label: str) -> str | None:
        for version, labels in self._labels.items():
            if label in labels:
                return version

        return None

    @cached_property
    def _described(self) -> Mapping[str, Any]:
        described: Mapping[str, Any] = self._client.describe_secret(SecretId=self.arn)
        return described

    @property
    def _labels(self) -> Mapping[str, list[str]]:
        labels: Mapping[str, list[str]] = self._described.get("VersionIdsToStages", {})
        return labels

    def _read(self, **which: str) -> str | None:
        try:
            found = self._client.get_secret_value(SecretId=self.arn, **which)
        except self._client.exceptions.ResourceNotFoundException:
            return None

        text: str | None = found.get("SecretString")
        if text is None:
            self._refuse("the value is binary; only a string can be rotated")

        return text

    def _refuse(self, reason: str) -> NoReturn:
        msg = f"secret {self.arn}: {reason}"
        raise RotationError(msg)
