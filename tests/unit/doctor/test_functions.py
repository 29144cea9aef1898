"""Rotation functions that are gone, locked or broken."""

import json
from typing import Any

import pytest

from secrets_component.doctor.functions import function_checks
from tests.unit.doctor.accounts import ABSENT, DENIED, PreparedAccount, asking, patient
from tests.unit.status.secrets import FUNCTION, ROTATES, arn, held

HELD = held(function=FUNCTION, rotates=True)
PATIENT = patient(f"a: {{secret_data: x, {ROTATES}}}", HELD)
HOSTED = patient(
    "a: {generate_random_password: true, rotation_automatically: true, "
    "rotation: {function: generated-password}}",
    HELD,
)


def may_call(**condition: Any) -> dict[str, str]:
    statement = {
        "Sid": "s", "Effect": "Allow", "Principal": {"Service": "secretsmanager.amazonaws.com"},
        "Action": "lambda:InvokeFunction", "Resource": FUNCTION, "Condition": condition,
    }  # fmt: skip
    return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}


GOOD: dict[str, Any] = {
    "get_function_configuration": {"State": "Active", "Role": "arn:aws:iam::1:role/r"},
    "get_policy": may_call(StringEquals={"AWS:SourceAccount": "123456789012"}),
    "get_function_concurrency": {},
}


def causes(**answers: Any) -> list[str | None]:
    asked = asking(PreparedAccount(**{**GOOD, **answers}))
    return [check.cause for check in function_checks(PATIENT, HELD, asked)]


def test_function_that_works_has_no_checks() -> None:
    assert causes() == []
    assert causes(get_policy=may_call(ArnLike={"AWS:SourceArn": arn("x/dev/a")})) == []


@pytest.mark.parametrize(
    ("answers", "cause"),
    [
        ({"get_policy": ABSENT}, "function-not-invokable"),
        (
            {"get_policy": may_call(StringEquals={"AWS:SourceAccount": "1"})},
            "function-not-invokable",
        ),
        (
            {"get_policy": may_call(ArnLike={"AWS:SourceArn": arn("x/dev/b")})},
            "function-not-invokable",
        ),
        ({"get_function_concurrency": {"ReservedConcurrentExecutions": 0}}, "function-concurrency"),
        (
            {"get_function_configuration": {"State": "Failed", "StateReason": "r"}},
            "function-broken",
        ),
        ({"get_function_configuration": {"LastUpdateStatus": "Failed"}}, "function-broken"),
    ],
)
def test_what_is_wrong_is_named(answers: dict[str, Any], cause: str) -> None:
    assert causes(**answers) == [cause]


def test_function_that_is_gone_is_deployed_by_the_map_or_named_anew() -> None:
    asked = asking(get_function_configuration=ABSENT)
    (named,) = function_checks(PATIENT, HELD, asked)
    (hosted,) = function_checks(HOSTED, HELD, asked)
    assert (named.cause, hosted.cause) == ("function-missing", "function-missing")
    assert named.advice == (
        "write the ARN of a function that exists as `rotation_lambda_arn` at m:3:3"
    )
    assert hosted.advice == "run `pulumi up`, which deploys it"


def test_function_of_another_account_is_not_looked_at() -> None:
    theirs = held(function=FUNCTION.replace("123456789012", "222222222222"))
    asked = asking()
    assert function_checks(PATIENT, theirs, asked) == []
    assert asked.unseen[0].endswith("it is of another account")


def test_refusals_and_unreadable_policies_name_nothing() -> None:
    refused = dict.fromkeys(GOOD, DENIED)
    asked = asking(PreparedAccount(**refused))
    assert function_checks(PATIENT, HELD, asked) == []
    assert [line.partition("needs ")[2] for line in asked.unseen] == [
        "lambda:GetFunctionConfiguration",
        "lambda:GetPolicy",
        "lambda:GetFunctionConcurrency",
    ]
    assert causes(get_policy={"Policy": "{}"}) == []
