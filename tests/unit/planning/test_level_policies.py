"""Policies of levels: their secrets by name, and never those of another map."""

from __future__ import annotations

import json
from typing import Any

import pytest

from secrets_component.arns import Home
from secrets_component.iam.evaluator import CallerPolicies, ResourcePolicies, evaluate
from secrets_component.iam.grants import Kind
from secrets_component.iam.requests import Request
from secrets_component.iam.statements import compile_policy
from secrets_component.planning import level_policies
from secrets_component.planning.level_policies import LevelFacts
from tests.maps_of_tests import plan_of, problems_of
from tests.unit.mocks import ACCOUNT, REGION

FACTS = LevelFacts(Home("aws", REGION, ACCOUNT), {"secretsmap:map": "shop/dev/m"})
SECRETS = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"


def statements_of(
    entries: str, facts: LevelFacts = FACTS, kind: Kind = "read", keys: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """Return the policy of the whole map."""
    plan = plan_of(f"context_name: x\nsecrets:\n{entries}")
    below = list(plan.secrets.values())
    text = level_policies.level_policy(plan, plan.levels[0], below, kind, facts, keys)
    return list(json.loads(text)["Statement"])


def many(count: int) -> str:
    return "".join(f"  s{n:04}: {{}}\n" for n in range(count))


def test_level_names_each_of_its_secrets() -> None:
    (read,) = statements_of("  a: {path: p}\n  b: {}\n")
    assert read["Resource"] == [f"{SECRETS}x/dev/p/a-??????", f"{SECRETS}x/dev/b-??????"]
    assert "Condition" not in read


def test_adopted_secret_is_named_as_aws_names_it() -> None:
    facts = LevelFacts(FACTS.home, names={"a": "my-orders-db"})
    (read,) = statements_of(f"  a: {{import: '{SECRETS}my-orders-db'}}\n", facts)
    assert read["Resource"] == f"{SECRETS}my-orders-db-??????"


@pytest.mark.parametrize("kind", ["read", "admin"])
def test_level_of_very_many_secrets_covers_those_with_the_maps_own_tag(kind: Kind) -> None:
    use, decrypt = statements_of(f"{many(200)}  a: {{import: old}}\n", kind=kind, keys=(KEY,))
    assert use["Resource"] == [f"{SECRETS}x/dev/*", f"{SECRETS}old-??????"]
    assert use["Condition"] == {"StringEquals": {"aws:ResourceTag/secretsmap:map": "shop/dev/m"}}
    assert decrypt["Resource"] == [KEY]


@pytest.mark.parametrize("count", [2, 200])
@pytest.mark.parametrize(
    ("name", "tag", "expected"),
    [
        ("x/dev/s0001", "shop/dev/m", True),
        ("x/dev/payroll", "shop/dev/payroll", False),
        ("x/dev/payroll", None, False),
        ("x/dev2/s0001", "shop/dev/m", False),
    ],
)
def test_level_never_covers_the_secrets_of_another_map(
    count: int, name: str, tag: str | None, expected: bool
) -> None:
    policy = {"Version": "2012-10-17", "Statement": statements_of(many(count))}
    caller = CallerPolicies(identity=(compile_policy("identity", "level", policy),))
    context = {} if tag is None else {"aws:ResourceTag/secretsmap:map": tag}
    request = Request(
        f"arn:aws:iam::{ACCOUNT}:role/reader",
        "secretsmanager:GetSecretValue",
        f"{SECRETS}{name}-AbCdEf",
        context,
    )
    assert evaluate(request, caller, ResourcePolicies()).allowed is expected


def test_sizes_are_known_without_aws() -> None:
    many_from_elsewhere = "".join(
        f"  a{n}: {{import: 'legacy/{n:04}', path: p}}\n" for n in range(90)
    )
    found = problems_of(f"context_name: x\nsecrets:\n{many_from_elsewhere}")
    levels = ("read", "admin", "p/read", "p/admin")
    assert len(found) == len(levels)
    for level in levels:
        assert any(f"the `{level}` policy has " in line for line in found)

    assert all("characters; IAM allows 6,144; adopt fewer" in line for line in found)


@pytest.mark.parametrize("entries", [many(1000), "  a: {}\n"])
def test_size_of_names_in_the_hierarchy_is_never_a_problem(entries: str) -> None:
    plan = plan_of(f"context_name: x\nkms: {{create: true}}\nsecrets:\n{entries}")
    assert list(level_policies.size_findings(plan)) == []


def test_secret_is_a_member_of_each_level_above_it() -> None:
    plan = plan_of("context_name: x\nsecrets: {a: {path: p/q}, b: {path: p}, c: {path: p/r}}\n")
    members = level_policies.members_of_levels(plan)
    found = {level: [one.key for one in below] for level, below in members.items()}
    assert found == {"": ["a", "b", "c"], "p/q": ["a"], "p": ["a", "b", "c"], "p/r": ["c"]}
