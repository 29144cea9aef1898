"""Secret: what its creation waits for, and what its reading fails on."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

import pytest

from sandbox.providers.cloud import Cloud
from sandbox.providers.protocol import ProviderError
from sandbox.providers.secretsmanager import (
    FUNCTIONS,
    create_secret,
    delete_secret,
    read_secret,
    update_secret,
)
from tests.conftest import Aws
from tests.sandbox.rules.calls import READER, policy_for


@pytest.fixture
def name() -> str:
    return f"secret/{uuid.uuid4()}"


@pytest.fixture
def arn(sm: Any, name: str) -> str:
    return str(sm.create_secret(Name=name)["ARN"])


def make_role(aws: Aws, name: str) -> str:
    return str(aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"])


@pytest.fixture
def broken(sm: Any, aws: Aws, arn: str) -> str:
    """A secret whose policy names a role that was deleted since."""
    role = make_role(aws, f"gone-{uuid.uuid4()}")
    sm.put_resource_policy(SecretId=arn, ResourcePolicy=policy_for({"AWS": role}))
    aws("iam").delete_role(RoleName=role.rpartition("/")[2])
    return arn


def test_creation_waits_for_a_name_that_becomes_free(
    cloud: Cloud, sm: Any, name: str, arn: str, short_retry: float
) -> None:
    sm.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    gone = {"SecretId": arn, "ForceDeleteWithoutRecovery": True}
    threading.Timer(short_retry / 3, sm.delete_secret, kwargs=gone).start()
    made, _ = create_secret(cloud, {"name": name})
    assert made != arn


def test_the_retries_of_creation_end(
    cloud: Cloud, sm: Any, name: str, arn: str, short_retry: float
) -> None:
    sm.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    start = time.monotonic()
    with pytest.raises(ProviderError) as refused:
        create_secret(cloud, {"name": name})
    assert short_retry / 2 < time.monotonic() - start < short_retry * 5
    assert str(refused.value).startswith(f"creating Secrets Manager Secret ({name}): ")
    assert "scheduled for deletion" in str(refused.value)


def test_a_name_that_is_taken_is_refused_at_once(
    cloud: Cloud, name: str, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it waited"))
    with pytest.raises(ProviderError, match="ResourceExistsException"):
        create_secret(cloud, {"name": name})


def test_reading_always_asks_for_the_policy(cloud: Cloud, sm: Any, arn: str) -> None:
    found = read_secret(cloud, arn, {})
    assert found is not None
    assert found["policy"] == ""
    policy = policy_for({"AWS": [READER]})
    sm.put_resource_policy(SecretId=arn, ResourcePolicy=policy)
    found = read_secret(cloud, arn, {"policy": policy})
    assert found is not None
    assert found["policy"] == policy


def test_reading_fails_where_the_policy_may_not_be_read(
    cloud: Cloud, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Cloud.call

    def call(self: Cloud, service: str, operation: str, /, **arguments: Any) -> Any:
        if operation == "get_resource_policy":
            msg = "An error occurred (AccessDeniedException): not authorized"
            raise ProviderError(msg)
        return plain(self, service, operation, **arguments)

    monkeypatch.setattr(Cloud, "call", call)
    with pytest.raises(ProviderError) as failed:
        read_secret(cloud, arn, {})
    assert str(failed.value).startswith(f"reading Secrets Manager Secret ({arn}) policy: ")
    assert "AccessDenied" in str(failed.value)


def test_reading_fails_while_the_policy_names_a_deleted_role(
    cloud: Cloud, broken: str, short_retry: float
) -> None:
    start = time.monotonic()
    with pytest.raises(ProviderError) as failed:
        read_secret(cloud, broken, {})
    assert short_retry / 2 < time.monotonic() - start < short_retry * 5
    assert str(failed.value) == (
        f"reading Secrets Manager Secret ({broken}) policy: contains invalid principals"
    )


def test_reading_heals_when_the_policy_does(
    cloud: Cloud, sm: Any, broken: str, short_retry: float
) -> None:
    threading.Timer(short_retry / 3, sm.delete_resource_policy, kwargs={"SecretId": broken}).start()
    assert read_secret(cloud, broken, {}) is not None


def test_an_update_is_done_and_then_fails_at_its_reading(
    cloud: Cloud, sm: Any, broken: str, short_retry: float
) -> None:
    with pytest.raises(ProviderError, match="contains invalid principals"):
        update_secret(cloud, broken, {}, {"description": "new"})
    assert sm.describe_secret(SecretId=broken)["Description"] == "new"


def test_deletion_and_the_data_source_read_no_principals(
    cloud: Cloud, sm: Any, broken: str
) -> None:
    look_up = FUNCTIONS["aws:secretsmanager/getSecret:getSecret"]
    assert "AROA" in look_up(cloud, {"arn": broken})["policy"]
    delete_secret(cloud, broken, {"recoveryWindowInDays": 7})
    assert "DeletedDate" in sm.describe_secret(SecretId=broken)
