"""What may be shown of a rotation function's log."""

from datetime import UTC, datetime
from typing import Any

import pytest

from secrets_component.lookups.inventory import AccountError
from secrets_component.rotate.function_log import (
    STEPS,
    FunctionLog,
    StepLog,
    error_type,
    log_group,
    step_log,
)

FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:turner"
START = datetime(2026, 11, 30, 12, tzinfo=UTC)
STAMP = "[INFO]\t2026-11-30T12:00:00.123Z\tdf0c6f8a\t"
DONE = [f"{STAMP}{step} done for arn:x\n" for step in STEPS]


class LogStub:
    """A log in pages, or a refusal."""

    def __init__(self, *pages: list[str], refusal: str | None = None) -> None:
        self._pages, self._refusal = list(pages), refusal
        self.asked: list[dict[str, Any]] = []

    def ask(self, service: str, operation: str, **arguments: Any) -> Any:
        assert (service, operation) == ("logs", "filter_log_events")
        self.asked.append(arguments)
        if self._refusal:
            raise AccountError(self._refusal)
        number = int(arguments.get("nextToken", 0))
        page = {"events": [{"message": line} for line in self._pages[number]]}
        if number + 1 < len(self._pages):
            page["nextToken"] = str(number + 1)  # type: ignore[assignment]
        return page


def read(stub: LogStub, *, is_shipped: bool = True) -> tuple[StepLog, FunctionLog]:
    log = FunctionLog(stub, FUNCTION, is_shipped=is_shipped)  # type: ignore[arg-type] # a stub
    return log.read(START), log


def test_all_pages_since_the_start_are_read() -> None:
    stub = LogStub(DONE[:2], DONE[2:])
    found, log = read(stub)
    assert (found, log.problem) == (StepLog(STEPS), None)
    assert stub.asked == [
        {"logGroupName": "/aws/lambda/turner", "startTime": 1796040000000},
        {"logGroupName": "/aws/lambda/turner", "startTime": 1796040000000, "nextToken": "1"},
    ]


def test_log_that_cannot_be_read_is_a_problem_and_no_failure() -> None:
    found, log = read(LogStub(refusal="not authorized to perform: logs:FilterLogEvents"))
    assert (found, log.problem) == (StepLog(), "not authorized to perform: logs:FilterLogEvents")


@pytest.mark.parametrize("suffix", ["", ":7", ":live"])
def test_group_is_named_after_the_function_without_its_version(suffix: str) -> None:
    assert log_group(FUNCTION + suffix) == "/aws/lambda/turner"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], StepLog()),
        (["START RequestId: x", *DONE[:2], "REPORT x"], StepLog(STEPS[:2])),
        ([DONE[2], *DONE[:1]], StepLog(STEPS[:1])),
        ([DONE[2]], StepLog()),
        (
            [*DONE[:1], f"[ERROR]\t{STAMP}setSecret failed: no such user app\n"],
            StepLog(STEPS[:1], "setSecret failed: no such user app", "setSecret"),
        ),
        (
            [
                *DONE[:1],
                f"[ERROR]\t{STAMP}setSecret failed: no\n",
                "[ERROR] RotationError: no\rTraceback (most recent call last):\r",
            ],
            StepLog(STEPS[:1], "setSecret failed: no", "setSecret"),
        ),
        ([f"{STAMP}setSecret failed: no", *DONE[:2]], StepLog(STEPS[:2])),
        ([*DONE, "[ERROR] ValueError: v"], StepLog((), "ValueError")),
        (
            [*DONE, f"{STAMP}createSecret failed: no"],
            StepLog((), "createSecret failed: no", "createSecret"),
        ),
    ],
)
def test_steps_of_a_shipped_function_are_shown(lines: list[str], expected: StepLog) -> None:
    assert step_log(lines, is_shipped=True) == expected


def test_only_the_type_of_the_error_of_any_other_function_is_shown() -> None:
    lines = [*DONE[:1], "setSecret failed: hunter2", "[ERROR] KeyError: hunter2\rTraceback"]
    assert step_log(lines, is_shipped=False) == StepLog((), "KeyError")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[ERROR] ValueError: hunter2", "ValueError"),
        ("[ERROR]\t2026-11-30T12:00:00Z\tid\thunter2", None),
        ('2026\tERROR\tInvoke Error \t{"errorType":"TypeError","errorMessage":"hunter2"}', "TypeError"),
        ('{"level": "ERROR", "errorType": "my.Error", "errorMessage": "hunter2"}', "my.Error"),
        ("2026-11-30T12:00:03Z id Task timed out after 3.00 seconds", "Task timed out after 3.00 seconds"),
        ("RequestId: id Error: Runtime exited with error: signal: killed", "Runtime exited"),
        ("hunter2", None),
    ],
)  # fmt: skip
def test_error_is_known_by_its_type_in_every_runtimes_form(line: str, expected: str | None) -> None:
    assert error_type(line) == expected
