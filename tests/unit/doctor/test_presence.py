"""Secrets that are missing, deleted or empty."""

from datetime import UTC, datetime

import pytest

from secrets_component.doctor.presence import patients_of, presence, regions_with
from secrets_component.lookups.marks import Mark
from tests.unit.doctor.accounts import ABSENT, DENIED, PreparedAccount, asking, patient
from tests.unit.status.secrets import held, plan

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
WAITS = "stacks: {rds: {stack: a/b/c, when_missing: wait}}\n"


def test_secrets_are_described_by_name() -> None:
    account = PreparedAccount(
        describe_secret={
            "Name": "x/dev/a",
            "ARN": "arn:a",
            "VersionIdsToStages": {"1": ["AWSCURRENT"]},
        }
    )
    (found,) = patients_of({"m": plan("a: {secret_data: x}\n  b: {}")}, "a", asking(account))
    assert (found.label, found.is_living, found.is_absent) == ("a", True, False)
    assert account.asked == [("secretsmanager", "describe_secret", {"SecretId": "x/dev/a"})]
    assert found.place == "m:3:3"


def test_entries_of_several_maps_have_the_names_of_their_maps() -> None:
    plans = {"one": plan("a: {}"), "two": plan("a: {}")}
    found = patients_of(plans, None, asking(describe_secret=ABSENT))
    assert [(one.label, one.is_absent) for one in found] == [("one.a", True), ("two.a", True)]


def test_living_secret_is_well() -> None:
    (check,) = presence([patient(secret=held(changed=NOW))], asking()).checks
    assert check.result == "ok"
    assert check.text == "exists and has a value, last changed 2026-11-30T12:00+00:00"


@pytest.mark.parametrize(
    ("entry", "secret", "cause", "advice"),
    [
        ("a: {owner: operator}", held(labels={}), "empty", "put-secret-value --secret-id x/dev/a"),
        ("a: {secret_data: x}", held(labels={}), "empty", "`pulumi up` writes its value"),
        (
            "a: {secret_data: x}",
            held(deletion=NOW),
            "deleted",
            "restore-secret --secret-id x/dev/a",
        ),
    ],
)
def test_state_has_cause_evidence_and_advice(
    entry: str, secret: object, cause: str, advice: str
) -> None:
    (check,) = presence([patient(entry, secret)], asking()).checks  # type: ignore[arg-type]
    assert (check.result, check.cause) == ("failed", cause)
    assert check.evidence[0].startswith("DescribeSecret `x/dev/a`: ")
    assert advice in str(check.advice)


def test_what_may_not_be_described_is_a_warning() -> None:
    asked = asking(describe_secret=DENIED)
    section = presence(patients_of({"m": plan("a: {}")}, None, asked), asked)
    assert (section.result, section.checks[0].cause) == ("warning", None)
    assert section.unseen == ("`x/dev/a`: needs secretsmanager:DescribeSecret",)


def test_secret_of_the_entry_under_its_former_name_is_found() -> None:
    mark = {"secretsmap:map": "p/s/m", "secretsmap:key": "a"}
    assert Mark.of(mark) is not None
    account = PreparedAccount(held("x/dev/old", tags=mark))
    (check,) = presence([patient(is_absent=True)], asking(account)).checks
    assert (check.cause, check.text) == ("missing", "is missing; its secret is `x/dev/old`")


def test_nearest_unmarked_name_is_found() -> None:
    account = PreparedAccount(held("x/dev/api-key"), held("x/dev/unlike-it"))
    absent = patient("api_key: {secret_data: x}", is_absent=True)
    (check,) = presence([absent], asking(account)).checks
    assert check.cause == "misspelled"
    assert check.advice == "to take over that secret, write `import: x/dev/api-key` at m:3:3"


def test_other_regions_are_looked_through() -> None:
    account = PreparedAccount()
    account.elsewhere = {"us-east-1"}
    (check,) = presence([patient(is_absent=True)], asking(account)).checks
    assert (check.cause, check.advice) == ("elsewhere", "set AWS_REGION=us-east-1")
    assert regions_with(account, "x/dev/a") == ["us-east-1"]  # type: ignore[arg-type]


def test_secret_that_is_nowhere_is_missing() -> None:
    asked = asking(PreparedAccount(list_secrets=DENIED))
    section = presence([patient(is_absent=True)], asked)
    assert section.checks[0].cause == "missing"
    assert section.unseen == ("secrets of similar names: needs secretsmanager:ListSecrets",)
