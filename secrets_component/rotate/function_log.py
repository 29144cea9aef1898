"""What a rotation function wrote into its log, as far as it may be shown.

The shipped functions log no value (`rotators.contract`), so their lines about a step are shown.
Of any other function, and of errors that nobody foresaw, only the type of the error is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from secrets_component.arns import Arn
from secrets_component.lookups.inventory import AccountError, Inventory

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
"""https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html"""

_MAX_PAGES = 5
_STEP = "|".join(STEPS)
_OWN_DONE = re.compile(rf"\b({_STEP}) done for ")
_OWN_FAILED = re.compile(rf"\b({_STEP}) failed: .*")
_ERRORS = (
    re.compile(r"^\[ERROR\] ([A-Za-z_]\w*)\b"),  # Python: awslambdaric, `log_error`
    re.compile(r'"errorType":\s*"([\w.]+)"'),  # Node.js, and every runtime that logs JSON
    re.compile(r"(Task timed out after [\d.]+ seconds)"),
    re.compile(r"(Runtime exited)\b"),
)
"""https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html, nodejs-exceptions.html and
troubleshooting-invocation.html."""


@dataclass(frozen=True, slots=True)
class StepLog:
    """The lines of one attempt, in their order.

    Attributes:
        done: the steps that ended well; only shipped functions log that.
        failure: the step's own last error, or the type of the error; None if there is none.
        failed_step: the step that failed, where the log says so.
    """

    done: tuple[str, ...] = ()
    failure: str | None = None
    failed_step: str | None = None


class FunctionLog:
    """The log of one function, from the start of an attempt.

    Attributes:
        group: its log group, which a function that the map does not deploy may have changed.
        problem: why it cannot be read, once that is known.
    """

    def __init__(self, account: Inventory, function_arn: str, *, is_shipped: bool) -> None:
        """Ask nothing yet; `is_shipped` says that it is one of `rotators/`."""
        self.group = log_group(function_arn)
        self.problem: str | None = None
        self._account = account
        self._is_shipped = is_shipped

    def read(self, start: datetime) -> StepLog:
        """Return what the function has logged since a time; nothing if the log cannot be read.

        It needs `logs:FilterLogEvents`
        (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html).
        """
        try:
            messages = self._messages(start)
        except AccountError as error:
            self.problem = str(error)
            return StepLog()

        self.problem = None
        return step_log(messages, is_shipped=self._is_shipped)

    def _messages(self, start: datetime) -> list[str]:
        asked: dict[str, object] = {
            "logGroupName": self.group,
            "startTime": int(start.timestamp() * 1000),
        }
        messages: list[str] = []
        for _ in range(_MAX_PAGES):
            page = self._account.ask("logs", "filter_log_events", **asked)
            messages += [event["message"] for event in page["events"]]
            if "nextToken" not in page:
                break

            asked["nextToken"] = page["nextToken"]

        return messages


def log_group(function_arn: str) -> str:
    """Return the log group that Lambda gives a function, and the map gives those that it deploys.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    """
    name = Arn.parse(function_arn).resource.removeprefix("function:").partition(":")[0]
    return f"/aws/lambda/{name}"


def step_log(messages: Iterable[str], *, is_shipped: bool) -> StepLog:
    """Return what the lines of a log say about an attempt, without anything that may be a value.

    An attempt begins with createSecret and ends with finishSecret: what is done outside of that
    belongs to another one, or to the test of a new rotation.
    """
    found = StepLog()
    for message in messages:
        first = message.partition("\n")[0].partition("\r")[0]
        found = _after(found, first, is_shipped=is_shipped)

    return found


def _after(log: StepLog, line: str, *, is_shipped: bool) -> StepLog:
    """Return what is known of an attempt after one more line."""
    ended = failed = None
    if is_shipped:
        ended, failed = _OWN_DONE.search(line), _OWN_FAILED.search(line)

    if ended:
        return StepLog(_with(log.done, ended[1]))

    done = log.done
    if done[-1:] == STEPS[-1:]:
        done = ()

    if failed:
        return StepLog(done, failed[0], failed[1])

    error = error_type(line)
    if error is None or log.failure is not None:
        return log

    return StepLog(done, error)


def _with(done: tuple[str, ...], step: str) -> tuple[str, ...]:
    """Return the steps of an attempt that are done after one more."""
    if step == STEPS[0]:
        return (step,)

    if not done:
        return ()

    return (*done, step)


def error_type(line: str) -> str | None:
    """Return the type of the error that a line reports, or None."""
    for pattern in _ERRORS:
        found = pattern.search(line)
        if found:
            return found[1]

    return None
