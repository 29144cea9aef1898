"""Rotations: Secrets Manager calls a secret's function for each step, and reports how it ended.

Sources: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html,
the API reference of RotateSecret and CancelRotateSecret, and the events that are recorded at
umccr/infrastructure (`cdk/apps/ica_credentials/lambdas/notify_slack_lambda`).

AWS repeats a rotation that failed several times, and does not document when. Here RotateSecret
alone does: it refuses, in AWS's words, "That rotation will be reattempted."
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

from moto.secretsmanager.models import secretsmanager_backends

from sandbox.rules import events, functions, invocations, schedules, versions

logger = logging.getLogger("sandbox.rotations")

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")

_running: set[tuple[str, str]] = set()  # secret and version
_lock = threading.Lock()


class RotationFailedError(Exception):
    """A rotation failed; the message is the event's."""


@dataclass(frozen=True)
class Rotation:
    """One attempt to rotate a secret to the version of a token."""

    account: str
    region: str
    secret: Any  # moto's class
    token: str

    def start(self) -> None:
        """Begin in the background, unless this rotation is under way already."""
        key = (self.secret.arn, self.token)
        with _lock:
            if key in _running:
                return

            _running.add(key)

        threading.Thread(target=self._run, args=(key,), daemon=True).start()

    def _run(self, key: tuple[str, str]) -> None:
        try:
            self._rotate()
        except Exception:  # nothing may go unreported in a thread
            logger.exception("the rotation of %s ended unexpectedly", self.secret.arn)
        finally:
            with _lock:
                _running.discard(key)

    def _rotate(self) -> None:
        self._tell("RotationStarted")
        try:
            is_finished = self._call_steps()
        except RotationFailedError as error:
            logger.warning("the rotation of %s failed: %s", self.secret.arn, error)
            self._tell("RotationFailed", str(error))
            return

        if not is_finished:
            logger.info("the rotation of %s was cancelled", self.secret.arn)
            return

        now = int(time.time())
        self.secret.last_rotation_date = now
        self.secret.next_rotation_date = schedules.next_rotation(self.secret.rotation_rules)
        logger.info("rotated %s", self.secret.arn)
        self._tell("RotationSucceeded")

    def _call_steps(self) -> bool:
        """Call the function for each step; return False if the rotation is cancelled meanwhile."""
        arn = self.secret.rotation_lambda_arn
        step = STEPS[0]
        try:
            functions.check_function(self.account, self.region, arn, self.secret.arn)
            function = functions.find(self.account, self.region, arn)
            with invocations.started(function) as environment:
                for step in STEPS:
                    if not self._is_on():
                        return False

                    environment.invoke(self._event(step))
                    self._check_created(step, arn)
        except (functions.AccessDeniedError, invocations.InvocationError) as error:
            if not self._is_on():
                return False

            logger.warning("%s: %s", step, getattr(error, "message", None) or error)
            msg = f"Error when executing lambda {arn} during {step} step"
            raise RotationFailedError(msg) from None

        return self._is_on()

    def _event(self, step: str) -> dict[str, str]:
        return {"Step": step, "SecretId": self.secret.arn, "ClientRequestToken": self.token}

    def _is_on(self) -> bool:
        """Return whether the secret still exists and rotates."""
        secrets = secretsmanager_backends[self.account][self.region].secrets
        if secrets.get(self.secret.arn) is not self.secret or self.secret.is_deleted():
            return False

        return bool(self.secret.rotation_enabled)

    def _check_created(self, step: str, function_arn: str) -> None:
        """Check what the step must have reached.

        The text of the event: https://repost.aws/knowledge-center/secrets-manager-cross-account-rotation
        """
        version = self.secret.versions.get(self.token, {})
        if step == STEPS[0] and not versions.has_value(version):
            msg = (
                f"Pending secret version {self.token} for Secret {self.secret.arn} was not created "
                f"by Lambda {function_arn}. Remove the AWSPENDING staging label and restart "
                "rotation."
            )
            raise RotationFailedError(msg)

        is_current = versions.holder_of(self.secret, "AWSCURRENT") == self.token
        if step == STEPS[-1] and not is_current:
            msg = f"Error when executing lambda {function_arn} during {step} step"
            raise RotationFailedError(msg)

    def _tell(self, name: str, error: str | None = None) -> None:
        events.service_event(self.account, self.region, name, self.secret.arn, self.token, error)
