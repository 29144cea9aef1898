"""Roles: what an update changes, and what it leaves."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from sandbox.providers.cloud import Cloud
from sandbox.providers.iam import update_role
from tests.conftest import Aws

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.fixture
def iam(aws: Aws) -> Any:
    return aws("iam")


@pytest.fixture
def role(iam: Any) -> str:
    """A role whose sessions may last two hours."""
    name = f"role-{uuid.uuid4()}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, MaxSessionDuration=7200)
    return name


def test_the_providers_new_description_leaves_the_length_of_sessions(
    iam: Any, cloud: Cloud, role: str
) -> None:
    olds = {"assumeRolePolicy": TRUST, "maxSessionDuration": 7200}
    update_role(cloud, role, olds, {**olds, "description": "new"})
    found = iam.get_role(RoleName=role)["Role"]
    assert (found["Description"], found["MaxSessionDuration"]) == ("new", 7200)


def test_the_provider_changes_the_length_of_sessions(iam: Any, cloud: Cloud, role: str) -> None:
    olds = {"assumeRolePolicy": TRUST, "maxSessionDuration": 7200}
    update_role(cloud, role, olds, {**olds, "maxSessionDuration": 3600})
    assert iam.get_role(RoleName=role)["Role"]["MaxSessionDuration"] == 3600
