"""What a text means, beside what the account shows."""

from __future__ import annotations

import json
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secrets_component.doctor.complaint import explained
from secrets_component.doctor.results import Check, Section
from secrets_component.doctor.symptoms import complaint_of, name_of
from tests.unit.doctor.accounts import PreparedAccount, asking, patient
from tests.unit.doctor.test_symptoms import TEXTS
from tests.unit.status.secrets import BY_OTHERS, CLOCK, NOW, held

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:"
NOT_FOUND = "ResourceNotFoundException: Secrets Manager can't find the specified secret: "
STRUCTURED = patient("a: {secret_data: {user: u, password: hunter2}}", held(labels=BY_OTHERS))


def check_of(text: str, *sections: Section, patients: Any = (), **answers: Any) -> Check:
    asked = asking(PreparedAccount(**answers))
    section = explained(complaint_of(text), sections, patients or [patient()], asked, CLOCK)
    (check,) = section.checks
    return check


def test_cause_in_the_account_is_pointed_at() -> None:
    found = Section("secrets", (Check("failed", "a", "is missing", "missing"),))
    check = check_of(NOT_FOUND, found)
    assert (check.result, check.cause) == ("failed", None)
    assert check.evidence == ("secrets: a is missing",)


def test_other_causes_explain_nothing() -> None:
    found = Section("secrets", (Check("failed", "a", "is empty", "empty"),))
    check = check_of(NOT_FOUND, found)
    assert (check.result, check.cause) == ("warning", None)
    assert "the secret is in another region" in check.text


def test_unknown_text_is_never_repeated() -> None:
    check = check_of("password=hunter2 is wrong")
    assert (check.result, check.text) == ("warning", "is not known here")
    assert "hunter2" not in str(check)


@pytest.mark.parametrize(
    ("entry", "asked", "cause"),
    [
        ("a: {name: api-key, secret_data: x}", f"{ARN}x/dev/api_key", "misspelled"),
        ("a: {name: db-master, secret_data: x}", f"{ARN}x/dev/db-master", "partial-arn"),
        ("a: {name: db-master, secret_data: x}", f"{ARN}x/dev/db-master-AbCdEf", None),
        ("a: {name: api-key, secret_data: x}", f"{ARN}x/dev/api-key", None),
        ("a: {name: api-key, secret_data: x}", f"{ARN}other", None),
    ],
)
def test_name_in_the_text_is_compared_with_the_map(
    entry: str, asked: str, cause: str | None
) -> None:
    assert check_of(NOT_FOUND + asked, patients=[patient(entry)]).cause == cause


def test_json_keys_of_the_map_are_shown_without_values() -> None:
    check = check_of("it did not contain json key user", patients=[STRUCTURED, patient()])
    assert check.cause == "json-key"
    assert check.evidence[1:] == (
        "a: the map writes the keys user, password",
        "a: others have written the current value",
        "a: the map writes no JSON mapping",
    )
    assert "hunter2" not in str(check)


def test_nearest_json_key_is_suggested() -> None:
    check = check_of("it did not contain json key pasword", patients=[STRUCTURED])
    assert check.evidence[1].endswith("user, password; did you mean `password`?")


def test_clock_of_this_machine_is_compared() -> None:
    date = format_datetime(NOW.replace(minute=1), usegmt=True)
    identity = {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}
    check = check_of("Signature expired: 2026", get_caller_identity=identity)
    assert check.cause == "clock"
    assert check.evidence[1] == "the clock of this machine and AWS's differ by 60 s"


def test_wrong_signature_may_be_either() -> None:
    assert check_of("SignatureDoesNotMatch: no").cause is None


def read(user: str, second: int) -> dict[str, str]:
    event = {
        "userIdentity": {"arn": user},
        "requestParameters": {"secretId": "x/dev/a"},
        "eventTime": f"2026-11-30T12:00:0{second}Z",
    }
    return {"CloudTrailEvent": json.dumps(event)}


def test_busiest_reader_is_named() -> None:
    events = {"Events": [read("arn:busy", 1), read("arn:busy", 3), read("arn:calm", 2)]}
    check = check_of("ThrottlingException: Rate exceeded", lookup_events=events)
    assert check.cause == "throttled"
    assert check.evidence[1] == (
        "LookupEvents: 2 of 3 reads from 2026-11-30T12:00:01Z to 2026-11-30T12:00:03Z by arn:busy"
    )
    assert len(check_of("Rate exceeded", lookup_events={"Events": []}).evidence) == 1


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("An IAM role must be associated with service account app", "no-service-role"),
        ("ExpiredToken: expired", "credentials"),
        ("getaddrinfo ENOTFOUND", "unreachable"),
        ("it was not created by Lambda f", "rotation-token"),
        ("with an explicit deny in a service control policy", "organization"),
        ("it was marked for deletion", None),
    ],
)
def test_words_that_name_the_cause_are_enough(text: str, cause: str | None) -> None:
    check = check_of(text)
    assert check.cause == cause
    assert check.advice


@pytest.mark.parametrize("text", [text for text, _ in TEXTS])
def test_pasted_text_is_never_repeated(text: str) -> None:
    """Logs may hold values: only names that AWS's own words are about come back."""
    date = format_datetime(NOW, usegmt=True)
    check = check_of(
        f"password=hunter2 {text} token hunter2 user:hunter2",
        patients=[STRUCTURED],
        get_caller_identity={"ResponseMetadata": {"HTTPHeaders": {"date": date}}},
        lookup_events={"Events": []},
    )
    assert check.text != "is not known here"
    assert "hunter2" not in str(check)


@given(st.text(max_size=200), st.sampled_from([text for text, _ in TEXTS]))
def test_any_text_is_read_without_an_error(text: str, known: str) -> None:
    for pasted in (text, f"{text} {known}", f"{known}{text}"):
        complaint = complaint_of(pasted)
        if complaint.secret_id is not None:
            assert name_of(complaint.secret_id)
