"""Keys that Secrets Manager is asked to encrypt and decrypt with."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from sandbox.environment import Sandbox
from tests.conftest import Aws
from tests.sandbox.rules.calls import MINE, refusal
from tests.sandbox.rules.functions_code import CREATES_NOTHING, ROTATES, Queue, deploy

OTHER_REGION = "eu-west-1"
MANAGED = "DefaultEncryptionKey"


@pytest.fixture
def kms(aws: Aws) -> Any:
    return aws("kms")


@pytest.fixture
def key(kms: Any) -> str:
    """The ARN of a key."""
    return make_key(kms)


@pytest.fixture
def encrypted(sm: Any, name: str, key: str) -> str:
    """A secret that holds `v1` under the key."""
    sm.create_secret(Name=name, SecretString="v1", KmsKeyId=key)
    return name


def make_key(kms: Any) -> str:
    return str(kms.create_key()["KeyMetadata"]["Arn"])


def disable(kms: Any, key: str) -> None:
    kms.disable_key(KeyId=key.rpartition("/")[2])


def schedule_deletion(kms: Any, key: str) -> None:
    kms.schedule_key_deletion(KeyId=key.rpartition("/")[2], PendingWindowInDays=7)


DEAD = pytest.mark.parametrize("end", [disable, schedule_deletion])


def deny(kms: Any, key: str, action: str) -> None:
    """Deny an action to everyone in the key's policy."""
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    denial = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"}
    policy["Statement"].append(denial)
    kms.put_key_policy(
        KeyId=key.rpartition("/")[2], PolicyName="default", Policy=json.dumps(policy)
    )


def keys_of(sm: Any, name: str) -> dict[str, list[str]]:
    """The keys of a secret's versions by their labels."""
    versions = sm.list_secret_version_ids(SecretId=name)["Versions"]
    return {" ".join(sorted(v["VersionStages"])): v["KmsKeyIds"] for v in versions}


def put(sm: Any, name: str, value: str, *labels: str) -> str:
    stages = {"VersionStages": list(labels)} if labels else {}
    return str(sm.put_secret_value(SecretId=name, SecretString=value, **stages)["VersionId"])


@pytest.mark.parametrize("key", ["alias/nobody-made-this", str(uuid.UUID(int=7))])
def test_refuses_a_key_that_does_not_exist(sm: Any, name: str, secret: str, key: str) -> None:
    for code, text in (
        refusal(sm.create_secret, Name=name, KmsKeyId=key),
        refusal(sm.update_secret, SecretId=secret, KmsKeyId=key),
    ):
        assert (code, "could not be found" in text) == ("ResourceNotFoundException", True)


@DEAD
def test_refuses_a_key_that_is_not_enabled(
    sm: Any, kms: Any, name: str, secret: str, key: str, end: Callable[[Any, str], None]
) -> None:
    end(kms, key)
    for code, text in (
        refusal(sm.create_secret, Name=name, KmsKeyId=key),
        refusal(sm.update_secret, SecretId=secret, KmsKeyId=key),
    ):
        assert (code, "available, enabled" in text) == ("EncryptionFailure", True)


def test_takes_a_key_by_id_arn_and_alias(sm: Any, aws: Callable[[str], Any], name: str) -> None:
    kms = aws("kms")
    key = kms.create_key()["KeyMetadata"]
    alias = f"alias/{uuid.uuid4()}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    for number, given in enumerate((key["KeyId"], key["Arn"], alias, "alias/aws/secretsmanager")):
        sm.create_secret(Name=f"{name}-{number}", KmsKeyId=given)
        assert sm.describe_secret(SecretId=f"{name}-{number}")["KmsKeyId"] == given


def test_an_empty_key_goes_back_to_the_managed_one(
    sm: Any, aws: Callable[[str], Any], name: str
) -> None:
    key = aws("kms").create_key()["KeyMetadata"]["KeyId"]
    sm.create_secret(Name=name, KmsKeyId=key)
    sm.update_secret(SecretId=name, KmsKeyId="")
    assert "KmsKeyId" not in sm.describe_secret(SecretId=name)


@DEAD
def test_a_value_is_as_readable_as_its_key(
    sm: Any, kms: Any, encrypted: str, key: str, end: Callable[[Any, str], None]
) -> None:
    end(kms, key)
    code, text = refusal(sm.get_secret_value, SecretId=encrypted)
    assert (code, "can't decrypt" in text) == ("DecryptionFailure", True)
    assert "v1" not in text
    key_id = key.rpartition("/")[2]
    if end is schedule_deletion:
        kms.cancel_key_deletion(KeyId=key_id)
        assert refusal(sm.get_secret_value, SecretId=encrypted)[0] == "DecryptionFailure"
    kms.enable_key(KeyId=key_id)
    assert sm.get_secret_value(SecretId=encrypted)["SecretString"] == "v1"


@DEAD
def test_a_new_value_needs_the_secrets_key(
    sm: Any, kms: Any, encrypted: str, key: str, end: Callable[[Any, str], None]
) -> None:
    end(kms, key)
    for write in (sm.put_secret_value, sm.update_secret):
        code, text = refusal(write, SecretId=encrypted, SecretString="hunter2")
        assert (code, "hunter2" in text) == ("EncryptionFailure", False)
    assert len(keys_of(sm, encrypted)) == 1


def test_a_description_needs_no_key(sm: Any, kms: Any, encrypted: str, key: str) -> None:
    disable(kms, key)
    sm.update_secret(SecretId=encrypted, Description="new")
    assert sm.describe_secret(SecretId=encrypted)["Description"] == "new"


def test_a_rotation_under_a_dead_key_fails_and_changes_nothing(
    sm: Any, kms: Any, aws: Aws, encrypted: str, key: str
) -> None:
    queue = Queue(aws, sm.describe_secret(SecretId=encrypted)["ARN"])
    function = deploy(aws, ROTATES)
    schedule_deletion(kms, key)
    rules = {"AutomaticallyAfterDays": 30}
    sm.rotate_secret(SecretId=encrypted, RotationLambdaARN=function, RotationRules=rules)
    queue.wait_for("RotationFailed")
    assert keys_of(sm, encrypted) == {"AWSCURRENT": [key]}


def test_each_version_keeps_the_keys_that_it_was_encrypted_under(
    sm: Any, kms: Any, encrypted: str, key: str
) -> None:
    assert keys_of(sm, encrypted) == {"AWSCURRENT": [key]}
    alias, second = f"alias/{uuid.uuid4()}", make_key(kms)
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    sm.update_secret(SecretId=encrypted, KmsKeyId=alias)
    kms.update_alias(AliasName=alias, TargetKeyId=second)
    put(sm, encrypted, "v2")
    assert keys_of(sm, encrypted) == {"AWSPREVIOUS": [key], "AWSCURRENT": [second]}


def test_the_managed_key_has_a_name_of_its_own(sm: Any, name: str, secret: str) -> None:
    other = f"{name}-2"
    sm.create_secret(Name=other, SecretString="v", KmsKeyId="alias/aws/secretsmanager")
    assert keys_of(sm, secret) == keys_of(sm, other) == {"AWSCURRENT": [MANAGED]}


def test_another_key_encrypts_the_versions_with_aws_labels_again(
    sm: Any, kms: Any, encrypted: str, key: str
) -> None:
    put(sm, encrypted, "v2")
    put(sm, encrypted, "v3", "AWSPENDING", MINE)
    put(sm, encrypted, "v4", f"{MINE}/only")
    second = make_key(kms)
    sm.update_secret(SecretId=encrypted, KmsKeyId=second)
    assert keys_of(sm, encrypted) == {
        "AWSPREVIOUS": [key, second],
        "AWSCURRENT": [key, second],
        f"AWSPENDING {MINE}": [key, second],
        f"{MINE}/only": [key],
    }


@DEAD
def test_only_versions_with_aws_labels_outlive_the_key_before(
    sm: Any, kms: Any, encrypted: str, key: str, end: Callable[[Any, str], None]
) -> None:
    put(sm, encrypted, "v2", MINE)
    sm.update_secret(SecretId=encrypted, KmsKeyId="")
    end(kms, key)
    assert sm.get_secret_value(SecretId=encrypted)["SecretString"] == "v1"
    assert refusal(sm.get_secret_value, SecretId=encrypted, VersionStage=MINE)[0] == (
        "DecryptionFailure"
    )
    put(sm, encrypted, "v3")
    assert keys_of(sm, encrypted)["AWSCURRENT"] == [MANAGED]


@DEAD
def test_a_key_that_is_dead_already_is_left_without_its_values(
    sm: Any, kms: Any, encrypted: str, key: str, end: Callable[[Any, str], None]
) -> None:
    end(kms, key)
    sm.update_secret(SecretId=encrypted, KmsKeyId="")
    assert keys_of(sm, encrypted) == {"AWSCURRENT": [key]}
    assert refusal(sm.get_secret_value, SecretId=encrypted)[0] == "DecryptionFailure"


@pytest.mark.parametrize("action", ["kms:Encrypt", "kms:Decrypt"])
def test_without_permission_nothing_is_encrypted_again_and_no_error_says_so(
    sm: Any, kms: Any, encrypted: str, key: str, action: str
) -> None:
    second = make_key(kms)
    deny(kms, second if action == "kms:Encrypt" else key, action)
    sm.update_secret(SecretId=encrypted, KmsKeyId=second)
    assert keys_of(sm, encrypted) == {"AWSCURRENT": [key]}


@pytest.mark.parametrize("action", ["kms:Decrypt", "kms:GenerateDataKey"])
def test_a_key_whose_policy_denies_the_action_is_refused(
    sm: Any, kms: Any, encrypted: str, key: str, action: str
) -> None:
    deny(kms, key, action)
    calls = {
        "kms:Decrypt": lambda: refusal(sm.get_secret_value, SecretId=encrypted),
        "kms:GenerateDataKey": lambda: refusal(
            sm.put_secret_value, SecretId=encrypted, SecretString="v2"
        ),
    }
    assert calls.pop(action)() == ("AccessDeniedException", "Access to KMS is not allowed")


def test_a_value_and_a_key_in_one_update_belong_together(
    sm: Any, kms: Any, encrypted: str, key: str
) -> None:
    second = make_key(kms)
    sm.update_secret(SecretId=encrypted, SecretString="v2", KmsKeyId=second)
    assert keys_of(sm, encrypted) == {"AWSPREVIOUS": [key, second], "AWSCURRENT": [second]}


def test_a_restored_secret_keeps_its_key(sm: Any, kms: Any, encrypted: str, key: str) -> None:
    sm.delete_secret(SecretId=encrypted, RecoveryWindowInDays=7)
    schedule_deletion(kms, key)
    sm.restore_secret(SecretId=encrypted)
    assert sm.describe_secret(SecretId=encrypted)["KmsKeyId"] == key
    assert refusal(sm.get_secret_value, SecretId=encrypted)[0] == "DecryptionFailure"


@DEAD
def test_a_replica_is_as_readable_as_its_own_key(
    sm: Any, sandbox: Sandbox, name: str, end: Callable[[Any, str], None]
) -> None:
    session = boto3.Session("sandbox", "sandbox", region_name=OTHER_REGION)
    there = {
        service: session.client(service, endpoint_url=sandbox.endpoint)
        for service in ("kms", "secretsmanager")
    }
    key = make_key(there["kms"])
    replica = {"Region": OTHER_REGION, "KmsKeyId": key}
    sm.create_secret(Name=name, SecretString="v1", AddReplicaRegions=[replica])
    assert keys_of(there["secretsmanager"], name) == {"AWSCURRENT": [key]}
    assert there["secretsmanager"].describe_secret(SecretId=name)["KmsKeyId"] == key
    end(there["kms"], key)
    assert refusal(there["secretsmanager"].get_secret_value, SecretId=name)[0] == (
        "DecryptionFailure"
    )
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "v1"


def test_a_version_without_a_value_is_not_listed(sm: Any, aws: Aws, secret: str) -> None:
    rules = {"AutomaticallyAfterDays": 30}
    function = deploy(aws, CREATES_NOTHING)
    sm.rotate_secret(SecretId=secret, RotationLambdaARN=function, RotationRules=rules)
    assert len(sm.describe_secret(SecretId=secret)["VersionIdsToStages"]) == 2
    assert list(keys_of(sm, secret)) == ["AWSCURRENT"]
