"""What is looked at for which question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from secrets_component.doctor import visit
from secrets_component.doctor.asking import Asking
from secrets_component.doctor.results import Section
from secrets_component.doctor.visit import Question, diagnose
from secrets_component.planning.plan import Plan
from tests.unit.doctor.accounts import PreparedAccount
from tests.unit.status.secrets import CLOCK, plan

ROLE = "arn:aws:iam::123456789012:role/app"
DESCRIBED = {"Name": "x/dev/a", "ARN": "arn:a", "VersionIdsToStages": {"1": ["AWSCURRENT"]}}
ONE = {"m": plan("a: {secret_data: x}\n  b: {secret_data: x}")}
TWO = {"one": plan("a: {}"), "two": plan("a: {}")}


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What is asked about access."""
    asked: list[tuple[Any, ...]] = []

    def reach(plans: Mapping[str, Plan], _: Asking, *about: Any) -> Section:
        asked.append((list(plans), *about))
        return Section("access", ())

    monkeypatch.setattr(visit, "reach", reach)
    return asked


def titles(question: Question, plans: Mapping[str, Plan] = ONE) -> list[tuple[str, int]]:
    account = PreparedAccount(
        get_caller_identity={"Account": "123456789012"}, describe_secret=DESCRIBED
    )
    found = diagnose(plans, account, question, CLOCK)  # type: ignore[arg-type]
    assert (found.account, found.region) == ("123456789012", "eu-central-1")
    return [(section.title, len(section.checks)) for section in found.sections]


def test_without_a_question_the_whole_map_is_looked_at(reached: list[Any]) -> None:
    assert titles(Question()) == [("secrets", 2), ("keys", 1)]
    assert reached == [(["m"], None, None, "read")]


def test_secret_and_principal_narrow_it(reached: list[Any]) -> None:
    assert titles(Question("b", ROLE)) == [("secrets", 1), ("keys", 1)]
    assert titles(Question("two.a"), TWO) == [("secrets", 1), ("keys", 1)]
    assert reached == [(["m"], "b", ROLE, "read"), (["two"], "a", None, "read")]


def test_error_names_secret_principal_and_action(reached: list[Any]) -> None:
    text = (
        f"User: {ROLE} is not authorized to perform: secretsmanager:PutSecretValue on resource: "
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x/dev/b-AbCdEf because"
    )
    assert titles(Question(error=text)) == [("error", 1), ("secrets", 1), ("keys", 1)]
    assert titles(Question("a", f"{ROLE}2", text))[1] == ("secrets", 1)
    assert reached == [(["m"], "b", ROLE, "write"), (["m"], "a", f"{ROLE}2", "write")]
