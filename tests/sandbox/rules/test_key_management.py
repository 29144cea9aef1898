"""KMS as the running sandbox answers boto3: key policies, states, replicas."""

from __future__ import annotations

import json
import uuid
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox.environment import REGION, Sandbox
from tests.conftest import Aws
from tests.sandbox.rules.calls import READER, refusal

HERE = "arn:aws:iam::123456789012"
ROOT = {"Sid": "root", "Effect": "Allow", "Principal": {"AWS": f"{HERE}:root"}, "Action": "kms:*"}
OTHER_REGION = "eu-west-1"

MALFORMED = "MalformedPolicyDocumentException"
LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future."
NOBODY = "Policy contains a statement with one or more invalid principals."


@pytest.fixture
def kms(sandbox: Sandbox) -> Any:
    return client(sandbox, REGION)


@pytest.fixture
def elsewhere(sandbox: Sandbox) -> Any:
    return client(sandbox, OTHER_REGION)


def client(sandbox: Sandbox, region: str) -> Any:
    session = boto3.Session("sandbox", "sandbox", region_name=region)
    unchecked = Config(parameter_validation=False)
    return session.client("kms", endpoint_url=sandbox.endpoint, config=unchecked)


@pytest.fixture
def key(kms: Any) -> str:
    return str(kms.create_key()["KeyMetadata"]["KeyId"])


@pytest.fixture
def primary(kms: Any) -> str:
    return str(kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"])


def policy(*statements: dict[str, Any]) -> str:
    full = [{"Resource": "*", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": full})


def uses(principal: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:Decrypt"}


def refused(kms: Any, key: str, text: str) -> None:
    """Expect a policy's refusal from both calls that take one."""
    put = {"KeyId": key, "PolicyName": "default", "Policy": text}
    assert refusal(kms.create_key, Policy=text) == refusal(kms.put_key_policy, **put)


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"Statement": "text"}'])
def test_refuses_a_text_that_is_not_a_policy(kms: Any, key: str, text: str) -> None:
    refused(kms, key, text)
    assert refusal(kms.create_key, Policy=text)[0] == MALFORMED


@pytest.mark.parametrize(
    "principal", [f"{HERE}:role/nobody", f"{HERE}:role/*", "AROAQQQQQQQQQQQQQQQQQ", "alice"]
)
def test_refuses_a_principal_that_does_not_exist(kms: Any, key: str, principal: str) -> None:
    text = policy(ROOT, uses([READER, principal]))
    refused(kms, key, text)
    assert refusal(kms.create_key, Policy=text) == (MALFORMED, NOBODY)


@pytest.mark.parametrize(
    "statement",
    [
        uses(f"{HERE}:root"),
        {**ROOT, "Principal": {"AWS": READER}},
        {**ROOT, "Action": "kms:Put*", "Effect": "Deny"},
        {**ROOT, "Condition": {"StringEquals": {"kms:CallerAccount": "111122223333"}}},
    ],
    ids=["action", "principal", "denied", "condition"],
)
def test_refuses_a_policy_that_locks_the_caller_out(
    kms: Any, key: str, statement: dict[str, Any]
) -> None:
    text = policy(statement)
    refused(kms, key, text)
    assert refusal(kms.create_key, Policy=text) == (MALFORMED, LOCKED_OUT)
    bypass = {"BypassPolicyLockoutSafetyCheck": True}
    assert kms.create_key(Policy=text, **bypass)["KeyMetadata"]["KeyState"] == "Enabled"
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=text, **bypass)


def test_a_denial_for_everyone_locks_out(kms: Any) -> None:
    denial = {"Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy"}
    assert refusal(kms.create_key, Policy=policy(ROOT, denial)) == (MALFORMED, LOCKED_OUT)


def test_a_condition_on_the_caller_may_hold(kms: Any, aws: Aws) -> None:
    caller = aws("sts").get_caller_identity()["Arn"]
    condition = {"ArnLike": {"aws:PrincipalArn": caller}}
    kms.create_key(Policy=policy({**ROOT, "Condition": condition}))


def test_a_deleted_role_is_shown_as_its_id(kms: Any, aws: Aws) -> None:
    name = f"user-of-key-{uuid.uuid4()}"
    role = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]
    key = kms.create_key(Policy=policy(ROOT, uses(role["Arn"])))["KeyMetadata"]["KeyId"]
    aws("iam").delete_role(RoleName=name)
    text = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    assert json.loads(text)["Statement"][1]["Principal"]["AWS"] == role["RoleId"]


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("enable_key", {}),
        ("disable_key", {}),
        ("update_key_description", {"Description": "d"}),
        ("enable_key_rotation", {}),
        ("disable_key_rotation", {}),
        ("put_key_policy", {"PolicyName": "default", "Policy": policy(ROOT)}),
        ("schedule_key_deletion", {}),
    ],
)
def test_a_key_pending_deletion_cannot_be_changed(
    kms: Any, key: str, operation: str, more: dict[str, Any]
) -> None:
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    code, text = refusal(getattr(kms, operation), KeyId=key, **more)
    assert (code, text.endswith(f"{key} is pending deletion.")) == (
        "KMSInvalidStateException",
        True,
    )


def test_a_key_pending_deletion_gets_no_alias(kms: Any, key: str) -> None:
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    alias = {"AliasName": f"alias/{uuid.uuid4()}", "TargetKeyId": key}
    assert refusal(kms.create_alias, **alias)[0] == "KMSInvalidStateException"


def test_a_cancelled_deletion_leaves_the_key_disabled(kms: Any, key: str) -> None:
    assert refusal(kms.cancel_key_deletion, KeyId=key)[0] == "KMSInvalidStateException"
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.enable_key(KeyId=key)


def test_no_replica_is_made_while_one_waits_for_its_deletion(
    kms: Any, elsewhere: Any, primary: str
) -> None:
    replicate = {"KeyId": primary, "ReplicaRegion": OTHER_REGION}
    kms.replicate_key(**replicate)
    assert refusal(kms.replicate_key, **replicate)[0] == "AlreadyExistsException"
    elsewhere.schedule_key_deletion(KeyId=primary, PendingWindowInDays=7)
    assert refusal(kms.replicate_key, **replicate)[0] == "AlreadyExistsException"
    assert kms.describe_key(KeyId=primary)["KeyMetadata"]["KeyState"] == "Enabled"


def test_a_primary_key_waits_for_its_replicas(kms: Any, elsewhere: Any, primary: str) -> None:
    kms.replicate_key(KeyId=primary, ReplicaRegion=OTHER_REGION)
    elsewhere.schedule_key_deletion(KeyId=primary, PendingWindowInDays=7)
    kms.schedule_key_deletion(KeyId=primary, PendingWindowInDays=7)
    found = kms.describe_key(KeyId=primary)["KeyMetadata"]
    assert (found["KeyState"], found["Enabled"]) == ("PendingReplicaDeletion", False)
    assert "DeletionDate" not in found


def test_a_primary_key_without_replicas_waits_for_its_date(kms: Any, primary: str) -> None:
    kms.schedule_key_deletion(KeyId=primary, PendingWindowInDays=7)
    found = kms.describe_key(KeyId=primary)["KeyMetadata"]
    assert found["KeyState"] == "PendingDeletion"
    assert "DeletionDate" in found


def test_a_replica_has_its_own_aliases(kms: Any, elsewhere: Any, primary: str) -> None:
    alias = {"AliasName": f"alias/{primary}", "TargetKeyId": primary}
    kms.create_alias(**alias)
    kms.replicate_key(KeyId=primary, ReplicaRegion=OTHER_REGION)
    elsewhere.create_alias(**alias)


def test_a_replica_has_its_own_policy(kms: Any, elsewhere: Any, primary: str) -> None:
    own = policy({**ROOT, "Sid": "own"})
    kms.replicate_key(KeyId=primary, ReplicaRegion=OTHER_REGION, Policy=own)
    assert policy_of(elsewhere, primary) == json.loads(own)
    assert policy_of(kms, primary) != json.loads(own)


def test_a_replica_without_a_policy_gets_the_default_one(
    kms: Any, elsewhere: Any, primary: str
) -> None:
    put = {"KeyId": primary, "PolicyName": "default", "Policy": policy(ROOT)}
    kms.put_key_policy(**put)
    kms.replicate_key(KeyId=primary, ReplicaRegion=OTHER_REGION)
    assert policy_of(elsewhere, primary) != policy_of(kms, primary)


def policy_of(kms: Any, key: str) -> Any:
    return json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
