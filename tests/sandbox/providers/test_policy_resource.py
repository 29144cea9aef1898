"""SecretPolicy: what its creation waits for, and what a refresh finds."""

from __future__ import annotations

import json
import threading
import time
import uuid
from typing import Any

import pytest

from sandbox.providers.cloud import Cloud, same_policy_or
from sandbox.providers.protocol import ProviderError
from sandbox.providers.secretsmanager import create_policy, delete_policy, read_policy
from tests.conftest import Aws
from tests.sandbox.providers.test_secret_resource import make_role
from tests.sandbox.rules.calls import READER, policy_for


@pytest.fixture
def arn(sm: Any) -> str:
    return str(sm.create_secret(Name=f"policy/{uuid.uuid4()}")["ARN"])


def test_creation_waits_for_a_role_that_is_too_new(
    cloud: Cloud, aws: Aws, arn: str, short_retry: float
) -> None:
    name = f"late-{uuid.uuid4()}"
    policy = policy_for({"AWS": f"arn:aws:iam::123456789012:role/{name}"})
    threading.Timer(short_retry / 3, make_role, (aws, name)).start()
    assert create_policy(cloud, {"secretArn": arn, "policy": policy})[0] == arn


def test_the_retries_of_creation_end(cloud: Cloud, arn: str, short_retry: float) -> None:
    policy = policy_for({"AWS": "arn:aws:iam::123456789012:role/nobody"})
    start = time.monotonic()
    with pytest.raises(ProviderError) as refused:
        create_policy(cloud, {"secretArn": arn, "policy": policy})
    assert short_retry / 2 < time.monotonic() - start < short_retry * 5
    assert str(refused.value).startswith(f"putting Secrets Manager Secret ({arn}) policy: ")
    assert "(MalformedPolicyDocumentException)" in str(refused.value)
    assert "unsupported principal" in str(refused.value)


def test_another_malformed_policy_is_refused_at_once(cloud: Cloud, arn: str) -> None:
    start = time.monotonic()
    with pytest.raises(ProviderError, match="MalformedPolicyDocumentException"):
        create_policy(cloud, {"secretArn": arn, "policy": "{}"})
    assert time.monotonic() - start < 1


def test_a_policy_that_means_the_same_is_no_change(cloud: Cloud, arn: str) -> None:
    policy = policy_for({"AWS": ["111122223333"]})
    create_policy(cloud, {"secretArn": arn, "policy": policy})
    found = read_policy(cloud, arn, {"policy": policy})
    assert found == {"secretArn": arn, "policy": policy}


def test_a_deleted_role_is_a_change_and_no_failure(cloud: Cloud, aws: Aws, arn: str) -> None:
    role = make_role(aws, f"gone-{uuid.uuid4()}")
    policy = policy_for({"AWS": role})
    create_policy(cloud, {"secretArn": arn, "policy": policy})
    aws("iam").delete_role(RoleName=role.rpartition("/")[2])
    found = read_policy(cloud, arn, {"policy": policy})
    assert found is not None
    assert "AROA" in found["policy"]


def test_deletion_does_not_fail_for_a_secret_that_is_gone(cloud: Cloud, sm: Any, arn: str) -> None:
    sm.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    delete_policy(cloud, arn, {})


ALLOW = json.loads(policy_for({"AWS": READER}, Action=["a:A", "a:B"]))
STATEMENT = ALLOW["Statement"][0]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"Statement": STATEMENT}, True),
        ({"Statement": [{**STATEMENT, "Action": ["a:B", "a:A"]}]}, True),
        ({"Statement": [{**STATEMENT, "Principal": {"AWS": [READER]}}]}, True),
        ({"Statement": [{**STATEMENT, "Action": ["a:A"]}]}, False),
        ({"Statement": [{**STATEMENT, "Effect": "Deny"}]}, False),
        ({"Statement": [STATEMENT, {**STATEMENT, "Sid": "b"}]}, False),
        ({"Version": "2008-10-17"}, False),
    ],
)
def test_policies_are_compared_by_their_meaning(change: dict[str, Any], same: bool) -> None:
    written, found = json.dumps(ALLOW), json.dumps({**ALLOW, **change})
    assert (same_policy_or(written, found) == written) is same


def test_an_account_is_its_root_user() -> None:
    by_id, by_arn = (
        policy_for({"AWS": principal})
        for principal in ("111122223333", "arn:aws:iam::111122223333:root")
    )
    assert same_policy_or(by_id, by_arn) == by_id
    assert same_policy_or(None, by_arn) == by_arn


def test_a_policy_that_was_added_since_is_shown() -> None:
    assert same_policy_or("", '{"Statement": []}') == '{"Statement": []}'
