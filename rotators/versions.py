"""The versions of one secret, as one step of a rotation reads and writes them.

Labels: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html

Steps may come twice, late, or in another order, and the secret may be written in between. Each
move of a label therefore names the version that had it when the step began, and AWS refuses the
move if another one has it by now (UpdateSecretVersionStage, `RemoveFromVersionId`).
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
        """Return whether this rotation's value is in use; refuse a rotation that is not under way.

        Raises:
            RotationError: rotation is off, or the version is not pending: it was never started,
                was given up, or was in use before.
        """
        if not self._described.get("RotationEnabled", True):
            self._refuse("rotation is not enabled")

        labels = self._labels.get(self._token)
        if labels is None:
            self._refuse(f"version {self._token} does not exist or has no label")

        if CURRENT in labels:
            return True

        if PREVIOUS in labels:
            self.abandon(f"version {self._token} was in use before a newer one replaced it")

        if PENDING not in labels:
            self._refuse(f"version {self._token} is not labelled {PENDING}")

        return False

    def current(self) -> str:
        """Return the value in use."""
        return self._text_of(self._current)

    def pending(self) -> str | None:
        """Return the new value of this rotation; None before it is created."""
        return self._read(VersionId=self._token, VersionStage=PENDING)

    def created(self) -> str:
        """Return the new value of this rotation, which an earlier step must have created.

        Raises:
            RotationError: there is none, or the secret was written after it: the new value may
                even have been in use before, with its AWSPENDING left over.
        """
        found = self._find(VersionId=self._token, VersionStage=PENDING)
        if found is None:
            self._refuse(f"version {self._token} is empty; createSecret has not run")

        if found["CreatedDate"] < self._current["CreatedDate"]:
            self.abandon(f"version {self._token} is outdated: the secret was written after it")

        return self._text_of(found)

    def to_test(self) -> Versions:
        """Return what testSecret works on: the value in use counts as created if none is pending.

        Where a schedule is set without a rotation, "Secrets Manager tests the rotation
        configuration by running the testSecret step" alone. "This test creates an AWSPENDING
        version of the secret and then removes it" (RotateSecret, `RotateImmediately`). AWS does not
        document what is in that version.
        """
        if self.pending() is not None:
            return self

        return _VersionsInUse(self._client, self.arn, self._token)

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
        self.end()

    def end(self) -> None:
        """Remove AWSPENDING, if this version still has it.

        Once the secret is written by hand, a label that was left would make AWS attempt the old
        rotation again: "any later invocation of RotateSecret assumes that a previous rotation
        request is still in progress" (RotateSecret). AWS's guide says that the move of AWSCURRENT
        removes it, and advises against a call of its own, which "can indicate […] that the rotation
        did not complete successfully"; but AWS's own functions leave it there
        (aws-samples/aws-secrets-manager-rotation-lambdas#168). On the version that is current,
        RotateSecret documents both ends as success.
        """
        if PENDING not in self._labels.get(self._token, ()):
            return

        try:
            self._client.update_secret_version_stage(
                SecretId=self.arn, VersionStage=PENDING, RemoveFromVersionId=self._token
            )
        except self._client.exceptions.InvalidParameterException:
            self._describe_again()
            if PENDING in self._labels.get(self._token, ()):
                raise

    def abandon(self, reason: str) -> NoReturn:
        """Refuse this rotation for good: the next one begins anew instead of attempting it again.

        AWS does the same where a secret is written during a rotation: "Secrets Manager removes the
        AWSPENDING label to allow future rotations to succeed" (its event RotationAbandoned,
        https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieve-ct-entries.html).
        """
        if PENDING in self._labels.get(self._token, ()):
            self.end()
            reason += f"; {PENDING} is removed from it"

        self._refuse(f"{reason}; rotate again")

    def newer_values(self) -> list[str]:
        """Return the values that count if another rotation took over; none while this one goes on.

        The value that the other rotation last set comes before the one in use.
        """
        self._describe_again()
        if not {CURRENT, PENDING}.isdisjoint(self._labels.get(self._token, ())):
            return []

        values = []
        pending = self._holder(PENDING)
        if pending is not None and pending == self._holder(LAST_SET):
            values.append(self._read(VersionId=pending))

        values.append(self._read(VersionStage=CURRENT))
        return [value for value in values if value is not None]

    def _move(self, label: str) -> None:
        holder = self._holder(label)
        if holder == self._token:
            return

        move = {"SecretId": self.arn, "VersionStage": label, "MoveToVersionId": self._token}
        if holder is not None:
            move["RemoveFromVersionId"] = holder

        try:
            self._client.update_secret_version_stage(**move)
        except self._client.exceptions.InvalidParameterException:
            self._describe_again()
            found = self._holder(label)
            if found == holder:
                raise

            if found != self._token:
                self._refuse(f"another rotation has taken over (it moved {label})")

    def _holder(self, label: str) -> str | None:
        for version, labels in self._labels.items():
            if label in labels:
                return version

        return None

    @cached_property
    def _described(self) -> Mapping[str, Any]:
        described: Mapping[str, Any] = self._client.describe_secret(SecretId=self.arn)
        return described

    def _describe_again(self) -> None:
        self.__dict__.pop("_described", None)

    @cached_property
    def _current(self) -> Mapping[str, Any]:
        found = self._find(VersionStage=CURRENT)
        if found is None:
            self._refuse(f"the secret has no value to rotate; set one first (no {CURRENT} version)")

        return found

    @property
    def _labels(self) -> Mapping[str, list[str]]:
        labels: Mapping[str, list[str]] = self._described.get("VersionIdsToStages", {})
        return labels

    def _read(self, **which: str) -> str | None:
        found = self._find(**which)
        if found is None:
            return None

        return self._text_of(found)

    def _find(self, **which: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self._client.get_secret_value(SecretId=self.arn, **which)
        except self._client.exceptions.ResourceNotFoundException:
            return None

        return found

    def _text_of(self, found: Mapping[str, Any]) -> str:
        text: str | None = found.get("SecretString")
        if text is None:
            self._refuse("the value is binary; only a string can be rotated")

        return text

    def _refuse(self, reason: str) -> NoReturn:
        msg = f"secret {self.arn}: {reason}"
        raise RotationError(msg)


class _VersionsInUse(Versions):
    """The versions of a secret for which no new value was created."""

    def created(self) -> str:
        """Return the value in use."""
        return self.current()
