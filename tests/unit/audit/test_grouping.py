"""Groups of secrets: what is decided for all of them at once is what each single request gets.

Random accounts: policies by name, tag, variable, negation and denial, boundaries, service and resource
control policies, resource policies that name some, all or nobody, and keys of three kinds.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from secrets_component.audit.account import Account
from secrets_component.audit.assumptions import PolicyReader
from secrets_component.audit.callers import Callers
from secrets_component.audit.ground import FACETS, Ground, members_of
from secrets_component.audit.verdicts import Judge
from secrets_component.iam.evaluator import evaluate
from tests.unit.audit.accounts import (
    HERE,
    THERE,
    answers_of,
    key,
    managed,
    policy,
    role,
    role_arn,
    root_of,
    secret,
    user,
)

TEAMS = ("blue", "red")
CONDITIONS: tuple[Any, ...] = (
    None,
    None,
    {"StringEquals": {"secretsmanager:ResourceTag/team": "${aws:PrincipalTag/team}"}},
    {"StringEquals": {"aws:ResourceTag/team": "blue"}},
    {"StringLike": {"aws:PrincipalArn": "*:role/r*"}},
    {"StringNotEquals": {"aws:PrincipalTag/team": "red"}},
    {"StringLike": {"kms:EncryptionContext:SecretARN": "*:secret:shop/dev/s1*"}},
    {"StringEquals": {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
)
ACTIONS = ("*", "secretsmanager:*", "secretsmanager:Get*", "secretsmanager:PutSecretValue", "kms:*", "kms:Decrypt", "s3:*")  # fmt: skip
RESOURCES = (
    "*", "*:secret:shop/dev/s1*", "*:secret:shop/dev/s2-??????", "*:secret:shop/dev/${aws:PrincipalTag/team}*",
    "arn:aws:kms:*:*:key/*",
)  # fmt: skip


def statement(random: Random, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": random.choices(["Allow", "Deny"], [5, 1])[0], **more}
    made[random.choices(["Action", "NotAction"], [9, 1])[0]] = random.sample(ACTIONS, 2)
    made[random.choices(["Resource", "NotResource"], [9, 1])[0]] = random.choice(RESOURCES)
    condition = random.choice(CONDITIONS)
    if condition:
        made["Condition"] = condition
    return made


def resource_statement(random: Random) -> dict[str, Any]:
    principal = random.choice(
        [
            "*",
            {"AWS": root_of()},
            {"AWS": role_arn("r1")},
            {"AWS": [role_arn("r2"), root_of(THERE)]},
        ]
    )
    element = random.choices(["Principal", "NotPrincipal"], [9, 1])[0]
    return statement(random, **{element: principal})


def random_account(random: Random) -> Account:
    bound = managed("bound", *[statement(random) for _ in range(3)])
    boundary = {"PermissionsBoundary": {"PermissionsBoundaryArn": bound["Arn"]}}
    members = []
    for number in range(5):
        more: dict[str, Any] = {"Tags": [{"Key": "team", "Value": random.choice(TEAMS)}]}
        if random.random() < 0.3:
            more |= boundary
        make = user if number == 0 else role
        members.append(
            make(f"r{number}", *[statement(random) for _ in range(random.randint(0, 4))], **more)
        )
    secrets = []
    for number in range(12):
        statements = [resource_statement(random) for _ in range(random.choice([0, 0, 1, 2]))]
        tags = [{"Key": "team", "Value": random.choice(TEAMS)}]
        key_id = random.choice([None, f"arn:aws:kms:eu-central-1:{HERE}:key/1", f"arn:aws:kms:eu-central-1:{HERE}:key/2"])  # fmt: skip
        secrets.append(secret(f"shop/dev/s{number}", *statements, key=key_id, Tags=tags))
    keys = []
    for number in (1, 2):
        arn = f"arn:aws:kms:eu-central-1:{HERE}:key/{number}"
        statements = [resource_statement(random) for _ in range(3)]
        keys.append(key(Policy=json.dumps(policy(*statements)), KeyId=arn, Arn=arn))
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    level = [{"Name": "S", "Content": policy(everything, statement(random))}]
    rcp = [{"Name": "R", "Content": policy({**statement(random, Principal="*"), "Effect": "Deny"})}]
    organization = {
        "Id": "o-1",
        "Levels": [level],
        "ResourcePolicies": rcp if random.random() < 0.5 else [],
    }
    return Account.of(
        answers_of(
            *members, secrets=secrets, keys=keys, policies=[bound], organization=organization
        )
    )


@pytest.mark.parametrize("seed", range(40))
def test_a_group_is_decided_as_each_of_its_secrets(seed: int) -> None:
    account = random_account(Random(seed))  # noqa: S311 # no secret is made of it
    reader = PolicyReader(is_organization_known=True)
    ground = Ground(account, list(account.secrets.values()), reader)
    makes = Callers(account, reader)
    callers = makes.of_account()
    callers += makes.from_outside(policy for policy, _, _ in ground.holders("secret"))
    judge = Judge(ground)
    for caller in callers:
        for call, facet in FACETS.items():
            seen = 0
            for decision in judge.decisions(caller, call):
                assert not seen & decision.mask
                seen |= decision.mask
                for position in members_of(decision.mask):
                    (resource,) = (
                        resource
                        for _, resource, mask in ground.holders(facet, caller.keys)
                        if mask >> position & 1
                    )
                    request = ground.request(caller, call, position)
                    assert decision.verdict == evaluate(request, caller.policies, resource)
            assert seen == ground.everything
    assert not reader.problems
