"""Accounts for the tests of the audit: AWS's answers, made up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from secrets_component.audit.account import Account
from secrets_component.audit.answers import Answers
from secrets_component.audit.matrix import Audit, AuditRow, audit
from tests.maps_of_tests import plan_of

HERE, THERE, REGION = "123456789012", "222222222222", "eu-central-1"
KEY = f"arn:aws:kms:{REGION}:{HERE}:key/11111111-2222-3333-4444-555555555555"
READ_ALL = ("secretsmanager:GetSecretValue", "kms:Decrypt")

Json = Mapping[str, Any]


def role_arn(name: str, account: str = HERE) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def root_of(account: str = HERE) -> str:
    return f"arn:aws:iam::{account}:root"


def allow(*actions: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def deny(*actions: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(*actions, resource=resource, **more), "Effect": "Deny"}


def policy(*statements: Any, version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def trust(principal: Any, **more: Any) -> dict[str, Any]:
    return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more})


def role(name: str, *statements: Any, **more: Any) -> dict[str, Any]:
    """Return a role with one inline policy, `own`, as GetAccountAuthorizationDetails has it."""
    inline = [{"PolicyName": "own", "PolicyDocument": policy(*statements)}]
    return {
        "Arn": role_arn(name),
        "RoleName": name,
        "RolePolicyList": inline if statements else [],
        "AttachedManagedPolicies": [],
        "AssumeRolePolicyDocument": trust({"Service": "ec2.amazonaws.com"}),
        **more,
    }


def user(name: str, *statements: Any, **more: Any) -> dict[str, Any]:
    inline = [{"PolicyName": "own", "PolicyDocument": policy(*statements)}]
    return {
        "Arn": f"arn:aws:iam::{HERE}:user/{name}",
        "UserName": name,
        "UserPolicyList": inline if statements else [],
        "GroupList": [],
        "AttachedManagedPolicies": [],
        **more,
    }


def managed(name: str, *statements: Any) -> dict[str, Any]:
    versions = [
        {"IsDefaultVersion": False, "Document": policy(allow("*"))},
        {"IsDefaultVersion": True, "Document": policy(*statements)},
    ]
    return {"Arn": f"arn:aws:iam::{HERE}:policy/{name}", "PolicyVersionList": versions}


def attached(*policies: Json) -> list[dict[str, Any]]:
    return [{"PolicyArn": one["Arn"]} for one in policies]


def secret_arn(name: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:{HERE}:secret:{name}-AbCdEf"


def secret(name: str, *statements: Any, key: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a secret as the reader keeps it."""
    policies = []
    if statements:
        text = json.dumps(policy(*statements))
        policies.append({"PolicyName": "default", "ResourcePolicy": text})
    listed = {"Name": name, "ARN": secret_arn(name), "ResourcePolicies": policies}
    if key:
        listed["KmsKeyId"] = key
    return {**listed, **more}


def key(*statements: Any, grants: Any = (), **more: Any) -> dict[str, Any]:
    return {
        "KeyId": KEY,
        "Arn": KEY,
        "Policy": json.dumps(policy(*statements)),
        "Grants": list(grants),
        "Aliases": ["alias/shop"],
        "Tags": [],
        **more,
    }


def to(principal: Any, *actions: str, **more: Any) -> dict[str, Any]:
    """Return a statement of a resource's policy that allows a principal some actions."""
    if not isinstance(principal, dict) and principal != "*":
        principal = {"AWS": principal}
    return {"Principal": principal, **allow(*actions), **more}


def answers_of(
    *members: Json,
    secrets: Any = (),
    keys: Any = (),
    policies: Any = (),
    groups: Any = (),
    organization: Any = None,
    reads: Any = (),
) -> Answers:
    return Answers(
        {
            "Account": HERE,
            "Arn": f"arn:aws:iam::{HERE}:user/auditor",
            "Region": REGION,
            "Time": "2026-11-30T12:00:00+00:00",
        },
        {
            "UserDetailList": [one for one in members if "UserName" in one],
            "RoleDetailList": [one for one in members if "RoleName" in one],
            "GroupDetailList": list(groups),
            "Policies": list(policies),
        },
        tuple(secrets),
        tuple(keys),
        {"Id": None} if organization is None else organization,
        tuple(reads),
    )


MAP = """\
context_name: shop
secrets:
  a: {generate_random_password: true}
  b: {path: rds, generate_random_password: true}
"""


def audit_of(answers: Answers, text: str = MAP, **filters: Any) -> Audit:
    """Return the audit of a map's text, in the environment `dev`."""
    plan = plan_of(text)
    return audit({plan.instance: plan}, Account.of(answers), **filters)


def rows_of(found: Audit, caller: str) -> dict[str, list[tuple[list[str], AuditRow]]]:
    """Return the rows of a caller by action, each with the labels of its secrets."""
    by_action: dict[str, list[tuple[list[str], AuditRow]]] = {}
    for row in found.rows():
        if row.caller == caller:
            by_action.setdefault(row.action, []).append((found.labels(row.mask), row))
    return by_action


def allowed(found: Audit, caller: str) -> dict[str, list[str]]:
    """Return the secrets that each action of a caller is allowed for."""
    result: dict[str, list[str]] = {}
    for row in found.rows():
        if row.caller == caller and row.outcome.state == "allowed":
            result[row.action] = sorted([*result.get(row.action, []), *found.labels(row.mask)])
    return result


def findings(found: Audit) -> dict[tuple[str, str], list[str]]:
    """Return the secrets of each finding, by caller and action."""
    result: dict[tuple[str, str], list[str]] = {}
    for row in found.rows():
        if row.is_finding:
            known = result.get((row.caller, row.action), [])
            result[row.caller, row.action] = sorted([*known, *found.labels(row.mask)])
    return result
