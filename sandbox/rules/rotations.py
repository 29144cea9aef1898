"""Rotations: Secrets Manager calls a secret's function for each step, and reports how it ended.

Sources: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html,
the API reference of RotateSecret and CancelRotateSecret, and the events that are recorded at
umccr/infrastructure (`cdk/apps/ica_credentials/lambdas/notify_slack_lambda`).

AWS repeats a rotation that failed several times, and does not document when. Here RotateSecret
alone does: it refuses, in AWS's words, "That rotation will be reattempted."

Without `RotateImmediately`, "Secrets Manager tests the rotation configuration by running the
testSecret step of the Lambda rotation function. This test creates an AWSPENDING version of the
secret and then removes it" (RotateSecret). What the version holds is not documented: it is the
current value here, as AWS's own templates fail where testSecret finds none.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace
from typing import Any

from moto.secretsmanager.models import secretsmanager_backends

from sandbox.rules import events, functions, invocations, schedules, versions

logger = logging.getLogger("sandbox.rotations")

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
TEST_STEPS = ("testSecret",)
_ROTATION, _TEST = "Rotation", "TestRotation"  # what the names of events begin with
_IN_THE_LOG = {_ROTATION: "rotation", _TEST: "test of the rotation"}

_running: set[tuple[str, str]] = set()  # secret and version
_tests: dict[str, threading.Thread] = {}  # the last test of a secret
_lock = threading.Lock()


class RotationFailedError(Exception):
    """A rotation failed; the message is the event's."""


@dataclass(frozen=True)
class Rotation:
    """One attempt to rotate a secret to the version of a token, or a test of its configuration.

    Attributes:
        account: the secret's account.
        region: its region.
        secret: the secret.
        token: the id of the pending version.
        steps: the steps for which the function is called.
        event: what the names of the attempt's events begin with.
    """

    account: str
    region: str
    secret: Any  # moto's class
    token: str
    steps: tuple[str, ...] = STEPS
    event: str = _ROTATION

    def test(self) -> None:
        """Call the function's testSecret alone, in the background, and drop the version again."""
        attempt = replace(self, steps=TEST_STEPS, event=_TEST)
        thread = threading.Thread(target=attempt._test, daemon=True)
        _tests[self.secret.arn] = thread
        thread.start()

    def _test(self) -> None:
        try:
            self._attempt()
        except Exception:  # nothing may go unreported in a thread
            logger.exception("the test of %s ended unexpectedly", self.secret.arn)

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
            self._attempt()
        except Exception:  # nothing may go unreported in a thread
            logger.exception("the rotation of %s ended unexpectedly", self.secret.arn)
        finally:
            with _lock:
                _running.discard(key)

    def _attempt(self) -> None:
        """Go through the steps and report how they end."""
        self._tell("Started")
        what = f"the {_IN_THE_LOG[self.event]} of {self.secret.arn}"
        try:
            is_finished = self._call_steps()
        except RotationFailedError as error:
            logger.warning("%s failed: %s", what, error)
            self._leave(is_finished=False)
            self._tell("Failed", str(error))
            return

        self._leave(is_finished=is_finished)
        if not is_finished:
            logger.info("%s was cancelled", what)
            return

        logger.info("%s succeeded", what)
        self._tell("Succeeded")

    def _leave(self, *, is_finished: bool) -> None:
        """Note when a rotation has ended well; remove the version that a test was made with."""
        if self.steps == TEST_STEPS:
            self.secret.versions.pop(self.token, None)
        elif is_finished:
            self.secret.last_rotation_date = int(time.time())
            self.secret.next_rotation_date = schedules.next_rotation(self.secret.rotation_rules)

    def _call_steps(self) -> bool:
        """Call the function for each step; return False if the rotation is cancelled meanwhile."""
        arn = self.secret.rotation_lambda_arn
        step = self.steps[0]
        try:
            functions.check_function(self.account, self.region, arn, self.secret.arn)
            function = functions.find(self.account, self.region, arn)
            with invocations.started(function) as environment:
                for step in self.steps:
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

    def _tell(self, end: str, error: str | None = None) -> None:
        name = f"{self.event}{end}"
        events.service_event(self.account, self.region, name, self.secret.arn, self.token, error)


def wait_for_test(arn: str) -> None:
    """Wait until the test of a secret's rotation is over; RotateSecret would be refused before."""
    thread = _tests.pop(arn, None)
    if thread is not None:
        thread.join()
