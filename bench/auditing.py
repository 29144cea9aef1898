"""An audit of a made account, in a process of its own: `python -m bench.auditing <n>`; CPU time.

As many roles as secrets. Each role has a policy of its own for one secret, every tenth may read by
tag, every twentieth by the organization's broad policy, every fiftieth administers everything; half
of the secrets name a reader of their own in a resource policy, and ten keys encrypt them.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Mapping
from typing import Any

from secrets_component.audit.account import Account
from secrets_component.audit.answers import Answers
from secrets_component.audit.matrix import audit
from secrets_component.audit.page import html_page
from secrets_component.audit.tables import csv_lines
from secrets_component.planning.planner import plans
from secrets_component.secret_map.yaml_text import parse_yaml

ACCOUNT, REGION = "123456789012", "eu-central-1"
READ = ["secretsmanager:GetSecretValue", "kms:Decrypt"]


def main() -> int:
    count = int(sys.argv[1])
    text = "context_name: shop\nenvironment: dev\nsecrets:\n"
    text += "".join(f"  s{number}: {{generate_random_password: true}}\n" for number in range(count))
    made = plans(parse_yaml(text, "m"))
    start = time.process_time()
    found = audit(made, Account.of(answers(count)))
    judged = time.process_time() - start
    findings = sum(row.is_finding for row in found.rows())
    rows = sum(1 for _ in csv_lines(found, with_silent=False))
    page = len(html_page(found))
    measured = {
        "seconds": time.process_time() - start,
        "judging": judged,
        "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "findings": findings,
        "rows": rows,
        "page": page,
    }
    print(json.dumps(measured))
    return 0


def answers(count: int) -> Answers:
    numbers = range(count)
    return Answers(
        {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/auditor", "Region": REGION, "Time": "2026-11-30T12:00:00+00:00"},
        {
            "UserDetailList": [],
            "GroupDetailList": [],
            "RoleDetailList": [role(number) for number in numbers],
            "Policies": [managed(name, *statements) for name, statements in MANAGED.items()],
        },
        tuple(secret(number) for number in numbers),
        tuple(key(number) for number in range(10)),
        {"Id": "o-a1b2c3d4e5", "Levels": [[{"Name": "FullAWSAccess", "Content": policy(allow(["*"]))}]], "ResourcePolicies": []},
    )  # fmt: skip


def allow(actions: list[str], resource: str | list[str] = "*", **more: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


BY_TAG = {"StringEquals": {"secretsmanager:ResourceTag/team": "${aws:PrincipalTag/team}"}}
MANAGED = {
    "by-tag": [allow(READ[:1], Condition=BY_TAG), allow(READ[1:])],
    "broad": [allow([*READ, "secretsmanager:PutSecretValue", "kms:GenerateDataKey"])],
    "admin": [allow(["*"])],
    "logs": [allow(["logs:*", "s3:Get*"])],
}


def managed(name: str, *statements: Mapping[str, Any]) -> dict[str, Any]:
    versions = [{"IsDefaultVersion": True, "Document": policy(*statements)}]
    return {"Arn": arn("iam", f"policy/{name}", ""), "PolicyVersionList": versions}


def role(number: int) -> dict[str, Any]:
    attached = ["logs"]
    for every, name in ((10, "by-tag"), (20, "broad"), (50, "admin")):
        if number % every == 0:
            attached.append(name)
    own = policy(
        allow(
            READ, [arn("secretsmanager", f"secret:shop/dev/s{number}-??????"), arn("kms", "key/*")]
        )
    )
    root = {"AWS": arn("iam", "root", "")}
    trusted = root if number % 4 == 0 else {"Service": "ec2.amazonaws.com"}
    return {
        "Arn": arn("iam", f"role/r{number}", ""),
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": own}],
        "AttachedManagedPolicies": [{"PolicyArn": arn("iam", f"policy/{name}", "")} for name in attached],
        "AssumeRolePolicyDocument": policy({"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}),
        "Tags": [{"Key": "team", "Value": f"t{number % 30}"}],
    }  # fmt: skip


def secret(number: int) -> dict[str, Any]:
    policies = []
    if number % 2 == 0:
        reader = {"AWS": arn("iam", f"role/r{number + 1}", "")}
        text = json.dumps(policy({**allow(READ[:1]), "Principal": reader}))
        policies.append({"PolicyName": "default", "ResourcePolicy": text})
    return {
        "Name": f"shop/dev/s{number}",
        "ARN": arn("secretsmanager", f"secret:shop/dev/s{number}-AbCdEf"),
        "KmsKeyId": arn("kms", f"key/k{number % 10}"),
        "ResourcePolicies": policies,
        "Tags": [{"Key": "team", "Value": f"t{number % 30}"}],
    }


def key(number: int) -> dict[str, Any]:
    use = {**allow(["kms:*"]), "Principal": {"AWS": arn("iam", "root", "")}}
    if number % 2 == 0:
        through = {"StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}}
        one = {"ArnLike": {"aws:PrincipalArn": arn("iam", "role/r*", "")}}
        use["Condition"] = through | one
    arn_of_key = arn("kms", f"key/k{number}")
    return {
        "KeyId": arn_of_key, "Arn": arn_of_key, "Policy": json.dumps(policy(use)),
        "Grants": [], "Aliases": [], "Tags": [],
    }  # fmt: skip


def arn(service: str, name: str, region: str = REGION) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{name}"


if __name__ == "__main__":
    raise SystemExit(main())
