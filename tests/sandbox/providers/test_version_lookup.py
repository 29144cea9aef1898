"""The function getSecretVersion: what it finds, and how it fails."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

import pytest

from sandbox.providers.cloud import Cloud
from sandbox.providers.protocol import Properties, ProviderError
from sandbox.providers.secretsmanager import FUNCTIONS


@pytest.fixture
def arn(sm: Any) -> str:
    return str(sm.create_secret(Name=f"lookup/{uuid.uuid4()}")["ARN"])


def look_up(cloud: Cloud, **wanted: str) -> Properties:
    return FUNCTIONS["aws:secretsmanager/getSecretVersion:getSecretVersion"](cloud, wanted)


@pytest.mark.parametrize("state", ["empty", "marked", "gone"])
def test_a_missing_version_fails_in_the_official_words_after_a_while(
    cloud: Cloud, sm: Any, arn: str, short_retry: float, state: str
) -> None:
    if state == "marked":
        sm.put_secret_value(SecretId=arn, SecretString="v1")
        sm.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    if state == "gone":
        sm.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    start = time.monotonic()
    with pytest.raises(ProviderError) as failed:
        look_up(cloud, secretId=arn)
    assert short_retry / 2 < time.monotonic() - start < short_retry * 5
    assert str(failed.value) == (
        f"reading Secrets Manager Secret Version ({arn}|AWSCURRENT): couldn't find resource"
    )


def test_a_version_that_appears_meanwhile_is_found(
    cloud: Cloud, sm: Any, arn: str, short_retry: float
) -> None:
    put = {"SecretId": arn, "SecretString": "v1"}
    threading.Timer(short_retry / 3, sm.put_secret_value, kwargs=put).start()
    assert look_up(cloud, secretId=arn)["secretString"] == "v1"


def test_a_version_is_found_by_id_or_label(cloud: Cloud, sm: Any, arn: str) -> None:
    first = sm.put_secret_value(SecretId=arn, SecretString="v1")["VersionId"]
    sm.put_secret_value(SecretId=arn, SecretString="v2")
    found = look_up(cloud, secretId=arn, versionId=first)
    assert (found["secretString"], found["id"]) == ("v1", f"{arn}|{first}")
    found = look_up(cloud, secretId=arn, versionStage="AWSPREVIOUS")
    assert (found["secretString"], found["id"]) == ("v1", f"{arn}|AWSPREVIOUS")
    found = look_up(cloud, secretId=arn)
    assert (found["secretString"], found["id"]) == ("v2", f"{arn}|AWSCURRENT")
