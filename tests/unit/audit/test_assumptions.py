"""Conditions that nobody knows: an allow counts, a deny does not, and both are reported."""

from __future__ import annotations

from typing import Any

import pytest

from secrets_component.audit.account import PolicyDocument
from secrets_component.audit.assumptions import (
    OF_CALLER,
    OF_FOREIGN_ACCOUNT,
    PolicyReader,
    assumed_keys,
    is_among,
)
from tests.unit.audit.accounts import allow, deny, policy

OFFICE = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
TEAM = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}


def read(*statements: Any, kind: Any = "identity", **more: Any) -> Any:
    reader = PolicyReader(is_organization_known=True)
    return reader.read(kind, PolicyDocument("p", policy(*statements)), **more)


def test_allow_with_an_unknown_condition_counts_and_names_it() -> None:
    (clause,) = read(allow("s3:*", Condition={**OFFICE, **TEAM})).clauses
    assert [test.key for test in clause.statement.conditions] == ["aws:principaltag/team"]
    assert assumed_keys(clause.statement.place) == ("aws:sourceip",)
    assert not clause.is_doubtful


def test_deny_with_an_unknown_condition_does_not_count_but_is_kept() -> None:
    found = read(deny("s3:*", Condition=OFFICE), deny("s3:*", Condition=TEAM))
    assert [clause.is_doubtful for clause in found.clauses] == [True, False]
    assert [one.place.number for one in found.compiled.statements] == [2]


def test_conditions_on_the_caller_are_apart_unless_variables_bring_it_in() -> None:
    tagged = {"StringEquals": {"secretsmanager:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    plain, with_variables = read(
        allow("s3:*", Condition=TEAM), allow("s3:*", Condition=tagged)
    ).clauses
    assert ([one.key for one in plain.on_caller], plain.facts) == (["aws:principaltag/team"], ())
    assert plain.rest.conditions == ()
    assert (with_variables.on_caller, with_variables.facts) == ((), ("aws:principaltag/team",))


def test_of_an_account_the_principal_is_not_known() -> None:
    named = {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::222222222222:role/x"}}
    statement = {"Principal": "*", **allow("s3:*", Condition=named)}
    own = read(statement, kind="resource", caller_keys=OF_CALLER)
    account = read(statement, kind="resource", caller_keys=OF_FOREIGN_ACCOUNT)
    assert assumed_keys(own.clauses[0].statement.place) == ()
    assert assumed_keys(account.clauses[0].statement.place) == ("aws:principalarn",)
    assert own.arns == ("arn:aws:iam::222222222222:role/x",)


def test_organization_is_decided_only_if_it_could_be_read() -> None:
    member = allow("s3:*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})
    document = PolicyDocument("p", policy(member))
    known = PolicyReader(is_organization_known=True).read("identity", document)
    unknown = PolicyReader(is_organization_known=False).read("identity", document)
    assert assumed_keys(known.clauses[0].statement.place) == ()
    assert assumed_keys(unknown.clauses[0].statement.place) == ("aws:principalorgid",)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (policy(allow("s3:*"), version="2030-01-01"), "unknown policy version `2030-01-01`"),
        ("{broken", "expecting property name"),
        (policy({"Effect": "Maybe"}), "statement 1 of the identity-based policy `p`: `Effect` must be"),
        ([], "the identity-based policy `p` is not a policy document"),
        (policy(allow("s3:*", Condition=["a"])), "it has not the form of a policy"),
        (policy(allow("s3:*", Condition={"StrungEquals": {"a": "b"}})), "unknown condition operator"),
    ],
)  # fmt: skip
def test_policy_that_cannot_be_evaluated_is_reported_and_empty(content: Any, problem: str) -> None:
    reader = PolicyReader(is_organization_known=True)
    assert reader.read("identity", PolicyDocument("p", content)).clauses == ()
    (line,) = reader.problems
    assert line.startswith("policy `p` is not evaluated: ")
    assert problem in line


def test_boundary_that_cannot_be_evaluated_limits_nothing() -> None:
    reader = PolicyReader(is_organization_known=True)
    found = reader.read("boundary", PolicyDocument("p", policy(version="2030-01-01")))
    assert [clause.statement.is_unconditional for clause in found.clauses] == [True]
    assert found.compiled.name == "p, not evaluated"
    assert len(reader.problems) == 1


def test_key_below_a_prefix_is_among_the_known() -> None:
    assert is_among("aws:principaltag/team", OF_CALLER)
    assert not is_among("aws:sourceip", OF_CALLER)
