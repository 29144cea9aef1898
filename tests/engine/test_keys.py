"""Keys that go while values are encrypted under them: what is in use must stay readable."""

from __future__ import annotations

import json
import uuid
from typing import Any

import boto3
import pytest

from sandbox.environment import REGION, Sandbox
from tests.conftest import Aws, Live, Secrets

OTHER_REGION = "eu-west-1"
MANAGED = "DefaultEncryptionKey"


def keys_of(aws: Aws, arn: str) -> dict[str, list[str]]:
    """The keys of a secret's versions, by label."""
    found = aws("secretsmanager").list_secret_version_ids(SecretId=arn)["Versions"]
    return {label: version["KmsKeyIds"] for version in found for label in version["VersionStages"]}


def state_of(aws: Aws, key: str) -> str:
    return str(aws("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"])


def rotate(aws: Aws, arn: str, value: str) -> None:
    aws("secretsmanager").put_secret_value(SecretId=arn, SecretString=value)


def test_value_outlives_the_key_that_the_map_gives_up(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    stack = secrets("context_name: gives-up\nkms: {create: true}\nsecrets: {a: {secret_data: v}}\n")
    stack.up()
    arn, key = (stack.outputs()[name]["a"] for name in ("secret_arns", "kms_key_arns"))
    assert keys_of(aws, arn) == {"AWSCURRENT": [key], "secretsmap-value": [key]}
    stack.write("context_name: gives-up\nsecrets: {a: {secret_data: v}}\n").up()
    assert state_of(aws, key) == "PendingDeletion"
    assert keys_of(aws, arn)["AWSCURRENT"] == [key, MANAGED]
    assert live(arn) == "v"
    assert set(stack.up("--refresh").changes) == {"same"}


def test_value_outlives_a_key_that_is_replaced(secrets: Secrets, aws: Aws, live: Live) -> None:
    text = "context_name: replaced\nkms: {create: true%s}\nsecrets: {a: {owner: operator}}\n"
    stack = secrets(text % "")
    stack.up()
    arn, key = (stack.outputs()[name]["a"] for name in ("secret_arns", "kms_key_arns"))
    rotate(aws, arn, "in use")
    stack.write(text % ", multi_region: true").up()
    assert state_of(aws, key) == "PendingDeletion"
    assert live(arn) == "in use"


def test_refresh_survives_the_key_of_a_rotated_first_value(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    entry = "a: {owner: operator, secret_data: first}"
    stack = secrets(f"context_name: first\nkms: {{create: true}}\nsecrets: {{{entry}}}\n")
    stack.up()
    arn = stack.outputs()["secret_arns"]["a"]
    for value in ("second", "third"):
        rotate(aws, arn, value)
    stack.write(f"context_name: first\nsecrets: {{{entry}}}\n").up()
    assert live(arn) == "third"
    stack.up("--refresh")
    assert live(arn) == "third"


def test_restored_secret_has_a_readable_value(secrets: Secrets, aws: Aws, live: Live) -> None:
    text = "context_name: dead-key\nkms: {create: true}\n"
    stack = secrets(f"{text}secrets: {{a: {{secret_data: v}}}}\n")
    stack.up()
    arn = stack.outputs()["secret_arns"]["a"]
    stack.write("context_name: dead-key\n").up()
    back = "a: {restore_deleted: true, owner: operator}"
    run = stack.write(f"{text}secrets: {{{back}}}\n").up(good=False)
    if run.code == 0:
        assert live(arn) == "v"
    else:
        assert "cancel-key-deletion" in run.diagnostics


def test_replica_does_not_outlive_its_key(secrets: Secrets, aws: Aws, sandbox: Sandbox) -> None:
    text = "context_name: last\nkms: {create: true, multi_region: true}\nsecrets: {a: {secret_data: v%s}}\n"
    stack = secrets(text % f", replicas: [{{region: {OTHER_REGION}}}]")
    stack.up()
    arn = stack.outputs()["secret_arns"]["a"]
    there = elsewhere(sandbox)
    replica = arn.replace(REGION, OTHER_REGION)
    assert there.get_secret_value(SecretId=replica)["SecretString"] == "v"
    run = stack.write(text % "").up(good=False)
    listed = aws("secretsmanager").describe_secret(SecretId=arn).get("ReplicationStatus")
    if listed:
        assert there.get_secret_value(SecretId=replica)["SecretString"] == "v"
    else:
        assert run.code == 0


def elsewhere(sandbox: Sandbox) -> Any:
    session = boto3.Session("sandbox", "sandbox", region_name=OTHER_REGION)
    return session.client("secretsmanager", endpoint_url=sandbox.endpoint)


def test_key_stays_while_aws_could_not_encrypt_the_value_again(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    """AWS, of UpdateSecret: without kms:Encrypt for the new key it "does not re-encrypt"."""
    closed = no_encryption(aws)
    stack = secrets("context_name: again\nkms: {create: true}\nsecrets: {a: {owner: operator}}\n")
    stack.up()
    arn = stack.outputs()["secret_arns"]["a"]
    rotate(aws, arn, "in use")
    moved = (
        f"context_name: again\ndefault_kms_key_id: {closed}\nsecrets: {{a: {{owner: operator}}}}\n"
    )
    for _ in range(2):
        refused = stack.write(moved).up(good=False)
        assert f"aws secretsmanager update-secret --secret-id again/{stack.name}/a" in (
            refused.diagnostics
        )
        assert live(arn) == "in use"


def no_encryption(aws: Aws) -> str:
    """The ARN of a key whose policy lets nobody encrypt with it."""
    statements = [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return str(
        aws("kms").create_key(Policy=policy, Description=str(uuid.uuid4()))["KeyMetadata"]["Arn"]
    )


@pytest.mark.parametrize("end", ["disabled", "pending deletion"])
def test_refresh_fails_while_the_key_of_a_value_is_dead(
    secrets: Secrets, aws: Aws, end: str
) -> None:
    key = aws("kms").create_key()["KeyMetadata"]["KeyId"]
    context = f"dead-{end[:3]}"
    stack = secrets(
        f"context_name: {context}\ndefault_kms_key_id: {key}\nsecrets: {{a: {{secret_data: v}}}}\n"
    )
    stack.up()
    if end == "disabled":
        aws("kms").disable_key(KeyId=key)
    else:
        aws("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    failed = stack.up("--refresh", good=False)
    assert failed.code != 0
    assert "reading Secrets Manager Secret Version" in failed.diagnostics
    assert "DecryptionFailure" in failed.diagnostics
