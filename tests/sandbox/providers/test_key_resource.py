"""Key and ReplicaKey: what their creation waits for, and when they count as gone."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.providers.cloud import Cloud
from sandbox.providers.kms import (
    create_key,
    create_replica_key,
    delete_key,
    read_key,
    read_replica_key,
    update_key,
)
from sandbox.providers.protocol import Properties, ProviderError
from tests.conftest import Aws
from tests.sandbox.providers.test_secret_resource import make_role

HERE = "arn:aws:iam::123456789012"
OTHER_REGION = "eu-west-1"


def policy(*principals: str) -> str:
    statements = [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"{HERE}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ]
    for principal in principals:
        statements.append(
            {
                "Effect": "Allow",
                "Principal": {"AWS": principal},
                "Action": "kms:Decrypt",
                "Resource": "*",
            }
        )
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_creation_waits_for_a_role_that_is_too_new(
    cloud: Cloud, aws: Aws, short_retry: float
) -> None:
    name = f"late-{uuid.uuid4()}"
    threading.Timer(short_retry / 3, make_role, (aws, name)).start()
    wanted = policy(f"{HERE}:role/{name}")
    _, made = create_key(cloud, {"policy": wanted})
    assert made is not None
    assert made["policy"] == wanted


@pytest.mark.parametrize(
    ("change", "doing"),
    [
        (lambda cloud, _, wanted: create_key(cloud, wanted), "creating KMS Key: "),
        (lambda cloud, key, wanted: update_key(cloud, key, {}, wanted), "updating KMS Key (KEY): "),
    ],
    ids=["create", "update"],
)
def test_the_retries_end(
    cloud: Cloud, short_retry: float, change: Callable[[Cloud, str, Properties], Any], doing: str
) -> None:
    identity, _ = create_key(cloud, {})
    start = time.monotonic()
    with pytest.raises(ProviderError) as refused:
        change(cloud, identity, {"policy": policy(f"{HERE}:role/nobody")})
    assert short_retry / 2 < time.monotonic() - start < short_retry * 5
    assert "(MalformedPolicyDocumentException)" in str(refused.value)
    assert str(refused.value).startswith(doing.replace("KEY", identity))


def test_a_policy_that_locks_the_deployer_out_needs_the_bypass(
    cloud: Cloud, short_retry: float
) -> None:
    locks = json.dumps({"Version": "2012-10-17", "Statement": []})
    with pytest.raises(ProviderError, match="will not allow you to update the key policy"):
        create_key(cloud, {"policy": locks})
    create_key(cloud, {"policy": locks, "bypassPolicyLockoutSafetyCheck": True})


def test_a_key_pending_deletion_counts_as_gone(cloud: Cloud) -> None:
    identity, state = create_key(cloud, {})
    delete_key(cloud, identity, state or {})
    assert read_key(cloud, identity, {}) is None
    delete_key(cloud, identity, state or {})


def test_a_primary_key_that_waits_for_its_replicas_counts_as_gone(cloud: Cloud, aws: Aws) -> None:
    identity, state = create_key(cloud, {"multiRegion": True})
    assert state is not None
    there = cloud.at({"region": OTHER_REGION})
    create_replica_key(there, {"primaryKeyArn": state["arn"]})
    delete_key(cloud, identity, state)
    assert aws("kms").describe_key(KeyId=identity)["KeyMetadata"]["KeyState"] == (
        "PendingReplicaDeletion"
    )
    assert read_key(cloud, identity, {}) is None


def test_a_region_takes_no_second_replica_while_one_is_dying(cloud: Cloud) -> None:
    _, state = create_key(cloud, {"multiRegion": True})
    assert state is not None
    there = cloud.at({"region": OTHER_REGION})
    wanted = {"primaryKeyArn": state["arn"]}
    replica, made = create_replica_key(there, wanted)
    delete_key(there, replica, made or {})
    with pytest.raises(ProviderError, match="AlreadyExistsException"):
        create_replica_key(there, wanted)


def test_a_replica_has_a_policy_a_description_and_tags_of_its_own(cloud: Cloud) -> None:
    _, state = create_key(cloud, {"multiRegion": True, "description": "primary"})
    assert state is not None
    there = cloud.at({"region": OTHER_REGION})
    wanted = {
        "primaryKeyArn": state["arn"],
        "description": "replica",
        "policy": policy("111122223333"),
        "tags": {"a": "1"},
        "tagsAll": {"a": "1"},
    }
    identity, _ = create_replica_key(there, wanted)
    found = read_replica_key(there, identity, wanted)
    assert found is not None
    assert {key: found[key] for key in wanted} == wanted
    primary = read_key(cloud, identity, {})
    assert primary is not None
    assert (primary["description"], primary["tags"]) == ("primary", None)


def test_a_key_that_was_disabled_by_hand_is_enabled_again(cloud: Cloud, aws: Aws) -> None:
    identity, _ = create_key(cloud, {"isEnabled": True})
    aws("kms").disable_key(KeyId=identity)
    found = read_key(cloud, identity, {})
    assert found is not None
    assert found["isEnabled"] is False
    again: Any = update_key(cloud, identity, found, {"isEnabled": True})
    assert again["isEnabled"] is True


def test_an_update_calls_only_for_what_changed(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {"description": "first", "enableKeyRotation": True}
    identity, _ = create_key(cloud, wanted)
    found = read_key(cloud, identity, wanted)
    assert found is not None
    called: list[str] = []
    call = Cloud.call

    def recorded(cloud: Cloud, service: str, operation: str, **inputs: Any) -> Any:
        called.append(operation)
        return call(cloud, service, operation, **inputs)

    monkeypatch.setattr(Cloud, "call", recorded)
    update_key(cloud, identity, found, {**found, "description": "second"})
    reads = ("describe", "get", "list")
    assert [one for one in called if not one.startswith(reads)] == ["update_key_description"]
