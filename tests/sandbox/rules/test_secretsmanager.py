"""Names, values, deletion, replicas and rotation, as the running sandbox answers boto3."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from sandbox.environment import REGION, Sandbox
from tests.sandbox.rules.calls import MINE, READER, policy_for, refusal

OTHER_REGION = "eu-west-1"


WRITES = ["create_secret", "put_secret_value", "update_secret"]


@pytest.mark.parametrize("bad", ["with blank", "ä", "a:b", "", "a" * 513])
def test_refuses_a_name_outside_the_rules(sm: Any, bad: str) -> None:
    code, text = refusal(sm.create_secret, Name=bad, SecretString="v")
    assert code == "ValidationException"
    assert "Invalid name" in text


def test_takes_every_character_that_a_name_may_hold(sm: Any, name: str) -> None:
    wanted = f"{name}/_+=.@-aZ9"
    assert sm.create_secret(Name=wanted, SecretString="v")["Name"] == wanted


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    "value",
    [
        {"SecretString": "x" * 65_537},
        {"SecretString": "é" * 32_769},
        {"SecretBinary": b"x" * 65_537},
    ],
    ids=["characters", "bytes", "binary"],
)
def test_refuses_a_value_over_65536_bytes(
    sm: Any, name: str, write: str, value: dict[str, Any]
) -> None:
    if write != "create_secret":
        sm.create_secret(Name=name)
    key = "Name" if write == "create_secret" else "SecretId"
    code, text = refusal(getattr(sm, write), **{key: name}, **value)
    assert (code, "between 1 and 65536" in text) == ("ValidationException", True)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("value", [{"SecretString": "x" * 65_536}, {"SecretBinary": b"x" * 65_536}])
def test_takes_a_value_of_65536_bytes(
    sm: Any, name: str, write: str, value: dict[str, Any]
) -> None:
    if write != "create_secret":
        sm.create_secret(Name=name)
    getattr(sm, write)(**{"Name" if write == "create_secret" else "SecretId": name}, **value)
    read = sm.get_secret_value(SecretId=name)
    assert {key: read[key] for key in value} == value


def test_a_refused_value_is_not_in_the_refusal(sm: Any, secret: str) -> None:
    _, text = refusal(sm.put_secret_value, SecretId=secret, SecretString="hunter2" * 10_000)
    assert "hunter2" not in text


def test_a_secret_without_a_value_cannot_be_read(sm: Any, name: str) -> None:
    sm.create_secret(Name=name)
    expected = (
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    )
    assert refusal(sm.get_secret_value, SecretId=name) == expected
    assert refusal(sm.get_secret_value, SecretId=name, VersionStage="AWSCURRENT") == expected


def test_a_name_scheduled_for_deletion_stays_taken(sm: Any, secret: str) -> None:
    sm.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
    assert refusal(sm.create_secret, Name=secret, SecretString="v") == (
        "InvalidRequestException",
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
    )


def test_a_name_deleted_at_once_is_free(sm: Any, secret: str) -> None:
    sm.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    sm.create_secret(Name=secret, SecretString="v2")
    assert sm.get_secret_value(SecretId=secret)["SecretString"] == "v2"


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("put_secret_value", {"SecretString": "v2"}),
        ("update_secret", {"Description": "d"}),
        ("put_resource_policy", {"ResourcePolicy": policy_for({"AWS": READER})}),
        ("rotate_secret", {"RotationRules": {"AutomaticallyAfterDays": 30}}),
        ("update_secret_version_stage", {"VersionStage": MINE, "MoveToVersionId": "x" * 32}),
        ("tag_resource", {"Tags": [{"Key": "k", "Value": "v"}]}),
        ("untag_resource", {"TagKeys": ["k"]}),
        ("replicate_secret_to_regions", {"AddReplicaRegions": [{"Region": OTHER_REGION}]}),
    ],
)
def test_a_secret_scheduled_for_deletion_cannot_be_changed(
    sm: Any, secret: str, operation: str, arguments: dict[str, Any]
) -> None:
    sm.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
    code, text = refusal(getattr(sm, operation), SecretId=secret, **arguments)
    assert (code, "was marked for deletion" in text) == ("InvalidRequestException", True)


def test_a_restored_secret_has_its_value(sm: Any, secret: str) -> None:
    sm.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
    sm.restore_secret(SecretId=secret)
    assert sm.get_secret_value(SecretId=secret)["SecretString"] == "v1"


def test_a_replica_keeps_its_own_key(sm: Any, sandbox: Sandbox, name: str) -> None:
    session = boto3.Session("sandbox", "sandbox", region_name=OTHER_REGION)
    key = session.client("kms", endpoint_url=sandbox.endpoint).create_key()["KeyMetadata"]["KeyId"]
    wanted = [{"Region": OTHER_REGION, "KmsKeyId": key}]
    sm.create_secret(Name=name, SecretString="v1", AddReplicaRegions=wanted)
    sm.create_secret(Name=f"{name}-2", SecretString="v1")
    sm.replicate_secret_to_regions(SecretId=f"{name}-2", AddReplicaRegions=wanted)
    for made in (name, f"{name}-2"):
        (status,) = sm.describe_secret(SecretId=made)["ReplicationStatus"]
        assert (status["Region"], status["KmsKeyId"]) == (OTHER_REGION, key)


def test_a_replica_needs_a_key_of_its_own_region(
    sm: Any, aws: Callable[[str], Any], secret: str
) -> None:
    here = aws("kms").create_key()["KeyMetadata"]["KeyId"]
    replicas = [{"Region": OTHER_REGION, "KmsKeyId": here}]
    code, _ = refusal(sm.replicate_secret_to_regions, SecretId=secret, AddReplicaRegions=replicas)
    assert code == "ResourceNotFoundException"
    assert "ReplicationStatus" not in sm.describe_secret(SecretId=secret)


@pytest.mark.parametrize("region", ["moon-north-1", REGION])
def test_refuses_a_replica_in_no_region_or_in_its_own(sm: Any, name: str, region: str) -> None:
    replicas = [{"Region": region}]
    code, _ = refusal(sm.create_secret, Name=name, SecretString="v", AddReplicaRegions=replicas)
    assert code == "InvalidParameterException"


def test_a_replica_cannot_be_written(sm: Any, sandbox: Sandbox, name: str) -> None:
    sm.create_secret(Name=name, SecretString="v1", AddReplicaRegions=[{"Region": OTHER_REGION}])
    session = boto3.Session("sandbox", "sandbox", region_name=OTHER_REGION)
    there = session.client("secretsmanager", endpoint_url=sandbox.endpoint)
    assert there.get_secret_value(SecretId=name)["SecretString"] == "v1"
    _, text = refusal(there.put_secret_value, SecretId=name, SecretString="v2")
    assert "replica" in text


def test_rotation_begins_with_an_empty_pending_version_and_no_other_meanwhile(
    sm: Any, secret: str, function: str
) -> None:
    rules_ = {"AutomaticallyAfterDays": 30}
    begun = sm.rotate_secret(SecretId=secret, RotationLambdaARN=function, RotationRules=rules_)
    token = begun["VersionId"]
    assert sm.describe_secret(SecretId=secret)["VersionIdsToStages"][token] == ["AWSPENDING"]
    empty = refusal(sm.get_secret_value, SecretId=secret, VersionId=token)
    assert empty[0] == "ResourceNotFoundException"
    code, text = refusal(sm.rotate_secret, SecretId=secret)
    assert (code, "previous rotation isn't complete" in text) == ("InvalidRequestException", True)
    for value in ("new", "new"):  # filled once, and again with the same
        sm.put_secret_value(
            SecretId=secret,
            ClientRequestToken=token,
            SecretString=value,
            VersionStages=["AWSPENDING"],
        )
    other = refusal(
        sm.put_secret_value, SecretId=secret, ClientRequestToken=token, SecretString="other"
    )
    assert other[0] == "ResourceExistsException"


def test_a_cancelled_rotation_is_off_and_needs_its_function_again(
    sm: Any, secret: str, function: str
) -> None:
    sm.rotate_secret(
        SecretId=secret,
        RotationLambdaARN=function,
        RotationRules={"AutomaticallyAfterDays": 30},
        RotateImmediately=False,
    )
    sm.cancel_rotate_secret(SecretId=secret)
    found = sm.describe_secret(SecretId=secret)
    assert found["RotationEnabled"] is False
    assert not {"RotationLambdaARN", "RotationRules"} & set(found)
    assert refusal(sm.rotate_secret, SecretId=secret)[0] == "InvalidRequestException"


@pytest.mark.parametrize("write", WRITES)
def test_refuses_a_text_and_bytes_at_once(sm: Any, name: str, write: str) -> None:
    key = "Name"
    if write != "create_secret":
        sm.create_secret(Name=name)
        key = "SecretId"
    code, text = refusal(getattr(sm, write), **{key: name}, SecretString="a", SecretBinary=b"a")
    assert (code, "both a binary" in text) == ("InvalidParameterException", True)


@pytest.mark.parametrize("place", [f"{REGION}:999999999999", f"{OTHER_REGION}:123456789012"])
def test_the_arn_of_another_account_or_region_finds_nothing(
    sm: Any, secret: str, place: str
) -> None:
    own = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:{secret}"
    assert sm.get_secret_value(SecretId=own)["SecretString"] == "v1"
    elsewhere = f"arn:aws:secretsmanager:{place}:secret:{secret}"
    for call in (sm.get_secret_value, sm.describe_secret):
        assert refusal(call, SecretId=elsewhere)[0] == "ResourceNotFoundException"
    code, _ = refusal(sm.put_secret_value, SecretId=elsewhere, SecretString="v2")
    assert code == "ResourceNotFoundException"
    assert sm.get_secret_value(SecretId=secret)["SecretString"] == "v1"


def test_a_read_is_dated_by_its_day(sm: Any, name: str) -> None:
    sm.create_secret(Name=name)
    assert refusal(sm.get_secret_value, SecretId=name)[0] == "ResourceNotFoundException"
    assert "LastAccessedDate" not in sm.describe_secret(SecretId=name)
    sm.put_secret_value(SecretId=name, SecretString="v1")
    sm.get_secret_value(SecretId=name)
    read = sm.describe_secret(SecretId=name)["LastAccessedDate"].astimezone(UTC)
    assert read.replace(hour=0, minute=0, second=0, microsecond=0) == read
    assert timedelta() <= datetime.now(UTC) - read < timedelta(days=1, minutes=1)
    (listed,) = sm.list_secrets(Filters=[{"Key": "name", "Values": [name]}])["SecretList"]
    assert listed["LastAccessedDate"] == read


def test_a_read_in_one_region_is_none_in_another(sm: Any, sandbox: Sandbox, name: str) -> None:
    sm.create_secret(Name=name, SecretString="v1", AddReplicaRegions=[{"Region": OTHER_REGION}])
    session = boto3.Session("sandbox", "sandbox", region_name=OTHER_REGION)
    there = session.client("secretsmanager", endpoint_url=sandbox.endpoint)
    there.get_secret_value(SecretId=name)
    assert "LastAccessedDate" in there.describe_secret(SecretId=name)
    assert "LastAccessedDate" not in sm.describe_secret(SecretId=name)


def test_replication_answers_with_the_arn(sm: Any, secret: str) -> None:
    arn = sm.describe_secret(SecretId=secret)["ARN"]
    added = sm.replicate_secret_to_regions(
        SecretId=secret, AddReplicaRegions=[{"Region": OTHER_REGION}]
    )
    removed = sm.remove_regions_from_replication(
        SecretId=secret, RemoveReplicaRegions=[OTHER_REGION]
    )
    assert added["ARN"] == removed["ARN"] == arn
    assert [status["Region"] for status in added["ReplicationStatus"]] == [OTHER_REGION]
    assert removed["ReplicationStatus"] == []
