"""IAM policies in use, and roles of instance profiles."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.conftest import Aws
from tests.sandbox.rules.calls import refusal

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def document(action: str) -> str:
    allow = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


@pytest.fixture
def iam(aws: Aws) -> Any:
    return aws("iam")


@pytest.fixture
def role(iam: Any) -> str:
    name = f"role-{uuid.uuid4()}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, MaxSessionDuration=7200)
    return name


@pytest.fixture
def policy(iam: Any) -> str:
    name = f"policy-{uuid.uuid4()}"
    made = iam.create_policy(PolicyName=name, PolicyDocument=document("kms:Decrypt"))
    return str(made["Policy"]["Arn"])


def test_an_attached_policy_cannot_be_deleted(iam: Any, role: str, policy: str) -> None:
    for _ in range(2):  # again changes nothing
        iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    assert refusal(iam.delete_policy, PolicyArn=policy)[0] == "DeleteConflict"
    iam.detach_role_policy(RoleName=role, PolicyArn=policy)
    iam.delete_policy(PolicyArn=policy)
    assert refusal(iam.get_policy, PolicyArn=policy)[0] == "NoSuchEntity"


def test_a_policy_with_two_versions_cannot_be_deleted(iam: Any, policy: str) -> None:
    iam.create_policy_version(
        PolicyArn=policy, PolicyDocument=document("kms:Encrypt"), SetAsDefault=True
    )
    assert refusal(iam.delete_policy, PolicyArn=policy)[0] == "DeleteConflict"
    iam.delete_policy_version(PolicyArn=policy, VersionId="v1")
    iam.delete_policy(PolicyArn=policy)


def test_a_role_that_a_profile_does_not_have_cannot_be_removed(iam: Any, role: str) -> None:
    profile = {"InstanceProfileName": f"profile-{uuid.uuid4()}"}
    iam.create_instance_profile(**profile)
    remove = iam.remove_role_from_instance_profile
    assert refusal(remove, **profile, RoleName=role)[0] == "NoSuchEntity"
    iam.add_role_to_instance_profile(**profile, RoleName=role)
    remove(**profile, RoleName=role)
    assert iam.get_instance_profile(**profile)["InstanceProfile"]["Roles"] == []
