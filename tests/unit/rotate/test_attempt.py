"""One rotation: how it begins, and every way in which it ends."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from secrets_component.lookups.inventory import AccountError
from secrets_component.planning.plan import PlannedSecret
from secrets_component.rotate import attempt
from secrets_component.rotate.attempt import Attempt, RotationStoppedError, begin, follow
from secrets_component.rotate.function_log import STEPS
from secrets_component.secret_map.names import rotation_function
from tests.unit.status.secrets import FUNCTION, ROTATES, arn, entry

OLD, NEW = "1" * 32, "2" * 32
HOSTED = (
    "generate_random_password: true, rotation_automatically: true, "
    "rotation: {function: generated-password}"
)
OWN = f"arn:aws:lambda:eu-central-1:123456789012:function:{rotation_function('x/dev/a')}"
READY: dict[str, Any] = {
    "ARN": arn("x/dev/a"),
    "RotationEnabled": True,
    "RotationLambdaARN": OWN,
    "VersionIdsToStages": {OLD: ["AWSCURRENT"]},
}
PENDING = {OLD: ["AWSCURRENT"], NEW: ["AWSPENDING"]}
DONE = {OLD: ["AWSPREVIOUS"], NEW: ["AWSCURRENT"]}
GIVE_UP = (
    "readers keep the old value. AWS tries again by itself; to give up this rotation, run `aws "
    "secretsmanager update-secret-version-stage --secret-id x/dev/a --version-stage AWSPENDING "
    f"--remove-from-version-id {NEW}`"
)
LOG = f"the function's log is /aws/lambda/{rotation_function('x/dev/a')}"


class Clock:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class AccountStub:
    """A secret whose versions change with each look, and the log of its function."""

    def __init__(
        self, *stages: dict[str, list[str]], log: list[list[str]] | None = None, **more: Any
    ) -> None:
        self._stages: Iterator[dict[str, list[str]]] = iter(stages)
        self._described = {**READY, **more}
        self._log = iter(log or [])
        self._lines: list[str] = []
        self.rotated: list[str] = []
        self.refusals: dict[str, AccountError] = {}

    def ask(self, service: str, operation: str, **arguments: Any) -> Any:
        if operation in self.refusals:
            raise self.refusals[operation]
        if operation == "rotate_secret":
            self.rotated.append(arguments["SecretId"])
            date = "Mon, 30 Nov 2026 12:00:00 GMT"
            return {"VersionId": NEW, "ResponseMetadata": {"HTTPHeaders": {"date": date}}}
        if operation == "filter_log_events":
            self._lines = self._lines + next(self._log, [])
            return {"events": [{"message": line} for line in self._lines]}
        assert (service, operation) == ("secretsmanager", "describe_secret")
        stages = next(self._stages, None)
        if stages is not None:
            self._described["VersionIdsToStages"] = stages
        return dict(self._described)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(attempt, "time", made)
    return made


def started(account: AccountStub, secret: PlannedSecret | None = None) -> tuple[Attempt, list[str]]:
    said: list[str] = []
    return begin(account, secret or entry(HOSTED), said.append), said  # type: ignore[arg-type] # a stub


def followed(account: AccountStub, seconds: float = 60) -> list[str]:
    """Return what is said about a rotation, with why it stopped as the last line."""
    made, said = started(account)
    try:
        follow(account, made, seconds, said.append)  # type: ignore[arg-type] # a stub
    except RotationStoppedError as error:
        said.append(str(error))
    return said


def test_rotation_begins_at_once_by_awss_clock() -> None:
    account = AccountStub()
    made, said = started(account)
    assert account.rotated == [arn("x/dev/a")]
    assert said == [f"rotating x/dev/a to version {NEW}"]
    assert (made.version, made.start) == (NEW, datetime(2026, 11, 30, 11, 59, 59, tzinfo=UTC))
    assert made.log is not None
    assert made.log._is_shipped


@pytest.mark.parametrize(
    ("fields", "function"), [(f"secret_data: v, {ROTATES}", FUNCTION), (HOSTED, FUNCTION)]
)
def test_log_of_a_function_that_the_map_does_not_deploy_is_not_shown(
    fields: str, function: str
) -> None:
    made, _ = started(AccountStub(RotationLambdaARN=function), entry(fields))
    assert made.log is not None
    assert not made.log._is_shipped


def test_secret_that_a_service_rotates_has_no_log() -> None:
    made, _ = started(AccountStub(RotationLambdaARN=None), entry("import: x/dev/a"))
    assert made.log is None


@pytest.mark.parametrize(
    ("fields", "described", "expected"),
    [
        (HOSTED, {"DeletedDate": datetime(2026, 12, 1, tzinfo=UTC)}, "`x/dev/a` is scheduled for deletion; `aws secretsmanager restore-secret --secret-id x/dev/a` restores it"),
        (HOSTED, {"RotationEnabled": False}, "`x/dev/a` does not rotate; `pulumi up` turns rotation on"),
        ("secret_data: v", {"RotationEnabled": None}, "`x/dev/a` does not rotate; write `rotation_automatically: true` with a function, then run `pulumi up`"),
        (HOSTED, {"VersionIdsToStages": {}}, "`x/dev/a` has no value to rotate; set its first value"),
    ],
)  # fmt: skip
def test_secret_that_cannot_rotate_is_refused_before_anything_is_done(
    fields: str, described: dict[str, Any], expected: str
) -> None:
    account = AccountStub(**described)
    with pytest.raises(RotationStoppedError) as refused:
        started(account, entry(fields))
    assert (str(refused.value), account.rotated) == (expected, [])


def test_missing_secret_and_other_refusals_are_told_apart() -> None:
    account = AccountStub()
    account.refusals["describe_secret"] = AccountError("no", code="ResourceNotFoundException")
    with pytest.raises(RotationStoppedError, match="does not exist in this account and region"):
        started(account)
    account.refusals["describe_secret"] = AccountError("no", code="AccessDeniedException")
    with pytest.raises(AccountError):
        started(account)


def test_unfinished_rotation_is_carried_on() -> None:
    changed = datetime(2026, 11, 30, 8, 0, 1, tzinfo=UTC)
    account = AccountStub(PENDING, LastChangedDate=changed)
    account.refusals["rotate_secret"] = AccountError("no", code="InvalidRequestException")
    made, said = started(account)
    assert said == [f"AWS carries on the unfinished rotation to version {NEW}"]
    assert (made.version, made.start) == (NEW, datetime(2026, 11, 30, 8, tzinfo=UTC))


def test_refusal_without_an_unfinished_rotation_is_awss() -> None:
    account = AccountStub()
    account.refusals["rotate_secret"] = AccountError("no", code="InvalidRequestException")
    with pytest.raises(AccountError):
        started(account)


def test_steps_are_shown_as_they_end() -> None:
    lines = [f"{step} done for x" for step in STEPS]
    account = AccountStub(
        READY["VersionIdsToStages"], PENDING, PENDING, DONE, log=[lines[:1], lines[1:3], lines[3:]]
    )
    assert followed(account)[1:] == [
        *(f"  {step} done" for step in STEPS),
        f"x/dev/a has a new value: version {NEW} is AWSCURRENT",
    ]


@pytest.mark.parametrize(
    ("lines", "place", "why"),
    [
        (["createSecret done for x", "setSecret failed: no"], "in setSecret", "setSecret failed: no"),
        (["createSecret done for x", "[ERROR] KeyError: v"], "in setSecret", "KeyError"),
        (["[ERROR] KeyError: v"], "between createSecret and finishSecret", "KeyError"),
    ],
)  # fmt: skip
def test_failure_in_the_log_ends_it_once_it_has_lasted(
    lines: list[str], place: str, why: str, clock: Clock
) -> None:
    said = followed(AccountStub(READY["VersionIdsToStages"], PENDING, log=[lines]))
    assert said[-1] == f"stopped {place}: {why}; {LOG}; {GIVE_UP}"
    assert clock.now == 10


def test_failure_that_the_next_try_overcomes_does_not_end_it() -> None:
    log = [["createSecret done for x", "setSecret failed: no"], ["createSecret done for x"]]
    account = AccountStub(READY["VersionIdsToStages"], PENDING, PENDING, PENDING, DONE, log=log)
    assert followed(account)[-1].startswith("x/dev/a has a new value")


def test_cancelled_rotation_ends_it() -> None:
    cancelled = {OLD: ["AWSCURRENT"], NEW: ["AWSPREVIOUS"]}
    account = AccountStub(READY["VersionIdsToStages"], PENDING, cancelled)
    assert followed(account)[-1] == f"the rotation was cancelled: {NEW} has lost AWSPENDING"


def test_time_limit_ends_it_with_where_to_look(clock: Clock) -> None:
    account = AccountStub(READY["VersionIdsToStages"], PENDING)
    assert followed(account, 7)[-1] == (
        "not finished after 7 seconds: stopped between createSecret and finishSecret, or still "
        f"running; {LOG}; {GIVE_UP}"
    )
    assert clock.now == 8


def test_log_that_cannot_be_read_is_named(clock: Clock) -> None:
    account = AccountStub(READY["VersionIdsToStages"], PENDING)
    account.refusals["filter_log_events"] = AccountError("no right", code="AccessDeniedException")
    assert f"; {LOG} (it cannot be read: no right); readers" in followed(account, 1)[-1]
