"""KMS keys' replicas and their deletion."""

from __future__ import annotations

import json
import uuid
from typing import Any

import boto3
import pytest

from sandbox.environment import REGION, Sandbox
from tests.conftest import Aws
from tests.sandbox.rules.calls import refusal

THERE = "eu-west-1"


def policy(sid: str) -> str:
    root = {"AWS": "arn:aws:iam::123456789012:root"}
    allow = {"Sid": sid, "Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


@pytest.fixture
def kms(aws: Aws) -> Any:
    return aws("kms")


@pytest.fixture
def there(sandbox: Sandbox) -> Any:
    """KMS in another Region."""
    session = boto3.Session("sandbox", "sandbox", region_name=THERE)
    return session.client("kms", endpoint_url=sandbox.endpoint)


def sid_of(client: Any, key: str) -> str:
    text = client.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    return str(json.loads(text)["Statement"][0]["Sid"])


def test_a_replica_has_a_policy_and_a_description_of_its_own(kms: Any, there: Any) -> None:
    made = kms.create_key(MultiRegion=True, Description="first", Policy=policy("first"))
    key = made["KeyMetadata"]["KeyId"]
    answer = kms.replicate_key(
        KeyId=key, ReplicaRegion=THERE, Description="second", Policy=policy("second")
    )
    assert answer["ReplicaKeyMetadata"]["Description"] == "second"
    assert there.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "second"
    assert (sid_of(kms, key), sid_of(there, key)) == ("first", "second")


def test_a_replica_without_a_policy_does_not_have_its_primarys(kms: Any, there: Any) -> None:
    key = kms.create_key(MultiRegion=True, Description="d", Policy=policy("first"))
    key = key["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key, ReplicaRegion=THERE)
    assert there.describe_key(KeyId=key)["KeyMetadata"]["Description"] == ""
    assert sid_of(there, key) == "Enable IAM User Permissions"


def test_a_replica_leaves_its_primary_what_it_is(kms: Any, there: Any) -> None:
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key, ReplicaRegion=THERE)
    kinds = []
    for client in (there, kms):
        related = client.describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]
        kinds.append(related["MultiRegionKeyType"])
        assert [replica["Region"] for replica in related["ReplicaKeys"]] == [THERE]
        assert related["PrimaryKey"]["Region"] == REGION
    assert kinds == ["REPLICA", "PRIMARY"]


def test_refuses_what_cannot_be_replicated(kms: Any, there: Any) -> None:
    single = kms.create_key()["KeyMetadata"]["KeyId"]
    code, _ = refusal(kms.replicate_key, KeyId=single, ReplicaRegion=THERE)
    assert code == "UnsupportedOperationException"
    assert refusal(there.describe_key, KeyId=single)[0] == "NotFoundException"
    code, _ = refusal(kms.replicate_key, KeyId=str(uuid.uuid4()), ReplicaRegion=THERE)
    assert code == "NotFoundException"


def test_a_region_has_one_replica(kms: Any, there: Any) -> None:
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key, ReplicaRegion=THERE, Policy=policy("kept"))
    code, _ = refusal(kms.replicate_key, KeyId=key, ReplicaRegion=THERE)
    assert code == "AlreadyExistsException"
    assert sid_of(there, key) == "kept"


@pytest.mark.parametrize("days", [6, 31])
def test_refuses_a_deletion_window_that_aws_does_not_have(kms: Any, days: int) -> None:
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    code, _ = refusal(kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=days)
    assert code == "ValidationException"
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
