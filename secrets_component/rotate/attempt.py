"""One rotation: begun, and followed until its version is the current one or it has stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from secrets_component.lookups.inventory import AccountError, Inventory
from secrets_component.planning.plan import HostedFunction, PlannedSecret
from secrets_component.rotate.function_log import STEPS, FunctionLog, StepLog
from secrets_component.secret_map.names import rotation_function

Say = Callable[[str], None]

_SECONDS_BETWEEN_LOOKS = 2.0  # seconds between two looks
_LOG_DELAY = 10.0
"""Seconds after a failure in the log before it counts: AWS may call the function again at once, and
the log of another secret's rotation may be in the same group."""


class RotationStoppedError(Exception):
    """The secret was not rotated; the message says where it stopped, and what to do."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A rotation under way.

    Attributes:
        secret: the secret's name.
        version: the id of the version that is to become the current one.
        start: when it began, by AWS's clock.
        log: the function's log; None for a secret that an AWS service rotates by itself.
    """

    secret: str
    version: str
    start: datetime
    log: FunctionLog | None


def begin(account: Inventory, secret: PlannedSecret, say: Say) -> Attempt:
    """Rotate a secret now.

    An unfinished rotation is carried on: AWS refuses a new one with "A previous rotation isn't
    complete. That rotation will be reattempted."
    (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html).

    Raises:
        RotationStoppedError: the secret does not exist, is empty or does not rotate.
        AccountError: AWS does not answer, or refuses; it needs `secretsmanager:DescribeSecret` and
            `secretsmanager:RotateSecret`.
    """
    described = _described(account, secret.name)
    _check_ready(secret, described)
    log = None
    function = described.get("RotationLambdaARN")
    if function:
        is_own = f":function:{rotation_function(secret.name)}" in function
        is_hosted = secret.rotation is not None and isinstance(
            secret.rotation.function, HostedFunction
        )
        log = FunctionLog(account, function, is_shipped=is_own and is_hosted)

    pending = _pending(described["VersionIdsToStages"])
    try:
        answer = account.ask("secretsmanager", "rotate_secret", SecretId=described["ARN"])
    except AccountError as error:
        if pending is None or error.code != "InvalidRequestException":
            raise

        say(f"AWS carries on the unfinished rotation to version {pending}")
        return Attempt(secret.name, pending, _begun(described), log)

    say(f"rotating {secret.name} to version {answer['VersionId']}")
    return Attempt(secret.name, answer["VersionId"], _time_of(answer), log)


def _described(account: Inventory, name: str) -> Any:  # noqa: ANN401 # what boto3 returns
    try:
        return account.ask("secretsmanager", "describe_secret", SecretId=name)
    except AccountError as error:
        if error.code != "ResourceNotFoundException":
            raise

        msg = f"`{name}` does not exist in this account and region; `pulumi up` creates it"
        raise RotationStoppedError(msg) from None


def _check_ready(secret: PlannedSecret, described: Mapping[str, Any]) -> None:
    name = secret.name
    if described.get("DeletedDate"):
        msg = (
            f"`{name}` is scheduled for deletion; `aws secretsmanager restore-secret --secret-id "
            f"{name}` restores it"
        )
        raise RotationStoppedError(msg)

    if not described.get("RotationEnabled"):
        advice = "`pulumi up` turns rotation on"
        if secret.rotation is None:
            advice = "write `rotation_automatically: true` with a function, then run `pulumi up`"

        msg = f"`{name}` does not rotate; {advice}"
        raise RotationStoppedError(msg)

    stages = described.get("VersionIdsToStages") or {}
    if not any("AWSCURRENT" in labels for labels in stages.values()):
        msg = f"`{name}` has no value to rotate; set its first value"
        raise RotationStoppedError(msg)


def _pending(stages: Mapping[str, Sequence[str]]) -> str | None:
    for version, labels in stages.items():
        if "AWSPENDING" in labels and "AWSCURRENT" not in labels:
            return version

    return None


def _begun(described: Mapping[str, Any]) -> datetime:
    """Return when an unfinished rotation began: its version's label was the last change."""
    changed: datetime = described.get("LastChangedDate") or datetime.now(UTC)
    return changed - timedelta(seconds=1)


def _time_of(answer: Mapping[str, Any]) -> datetime:
    """Return the time of an answer by AWS's clock: times in logs are AWS's, too."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        return parsedate_to_datetime(headers["date"]) - timedelta(seconds=1)
    except (KeyError, ValueError):
        return datetime.now(UTC) - timedelta(seconds=1)


def follow(account: Inventory, attempt: Attempt, seconds: float, say: Say) -> None:
    """Wait until the version of an attempt is the current one; say which steps are done.

    Args:
        account: the account.
        attempt: what to follow.
        seconds: how long to wait at most.
        say: prints a line.

    Raises:
        RotationStoppedError: the rotation failed, was cancelled or takes longer.
        AccountError: AWS does not answer, or refuses.
    """
    watch = _Watch(attempt, say)
    deadline = time.monotonic() + seconds
    while True:
        described = _described(account, attempt.secret)
        labels = (described.get("VersionIdsToStages") or {}).get(attempt.version, ())
        watch.look_at_log()
        if "AWSCURRENT" in labels:
            say(f"{attempt.secret} has a new value: version {attempt.version} is AWSCURRENT")
            return

        watch.check(labels)
        if time.monotonic() >= deadline:
            raise RotationStoppedError(watch.timed_out(seconds))

        time.sleep(_SECONDS_BETWEEN_LOOKS)


class _Watch:
    """What has been seen of an attempt."""

    def __init__(self, attempt: Attempt, say: Say) -> None:
        self._attempt = attempt
        self._say = say
        self._seen = StepLog()
        self._was_pending = False
        self._failing_since: float | None = None

    def look_at_log(self) -> None:
        """Read the log, and print the steps that are new in it."""
        log = self._attempt.log
        if log is None:
            return

        found = log.read(self._attempt.start)
        known = len(self._seen.done)
        if found.done[:known] != self._seen.done:
            known = 0  # AWS has begun again

        for step in found.done[known:]:
            self._say(f"  {step} done")

        self._seen = found

    def check(self, labels: Sequence[str]) -> None:
        """Refuse an attempt that has stopped.

        Raises:
            RotationStoppedError: it failed or was cancelled.
        """
        is_pending = "AWSPENDING" in labels
        if self._was_pending and not is_pending:
            msg = f"the rotation was cancelled: {self._attempt.version} has lost AWSPENDING"
            raise RotationStoppedError(msg)

        self._was_pending = is_pending
        if self._seen.failure is None:
            self._failing_since = None
            return

        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now

        if now - self._failing_since >= _LOG_DELAY:
            raise RotationStoppedError(self._stopped())

    def _stopped(self) -> str:
        return f"stopped {self._place()}: {self._seen.failure}; {self._what_now()}"

    def timed_out(self, seconds: float) -> str:
        """Return the message for an attempt that has not ended in time."""
        return (
            f"not finished after {seconds:.0f} seconds: stopped {self._place()}, or still running; "
            f"{self._what_now()}"
        )

    def _place(self) -> str:
        """Return where the attempt is, as exactly as the log shows it."""
        if self._seen.failed_step is not None:
            return f"in {self._seen.failed_step}"

        if self._seen.done:
            following = STEPS[STEPS.index(self._seen.done[-1]) + 1 :]
            return f"in {following[0]}" if following else "after finishSecret"

        return f"between {STEPS[0]} and {STEPS[-1]}"

    def _what_now(self) -> str:
        log = self._attempt.log
        where = ""
        if log is not None:
            where = f"the function's log is {log.group}"
            if log.problem is not None:
                where += f" (it cannot be read: {log.problem})"

            where += "; "

        return (
            f"{where}readers keep the old value. AWS tries again by itself; to give up this "
            f"rotation, run `aws secretsmanager update-secret-version-stage --secret-id "
            f"{self._attempt.secret} --version-stage AWSPENDING --remove-from-version-id "
            f"{self._attempt.version}`"
        )
