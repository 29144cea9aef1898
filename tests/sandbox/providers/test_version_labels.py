"""SecretVersion moves labels as the official provider does, and is refused where that one is."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from sandbox.providers.cloud import Cloud
from sandbox.providers.protocol import ProviderError
from sandbox.providers.secretsmanager import delete_version, update_version

MINE = "mine"


@pytest.fixture
def arn(sm: Any) -> str:
    return str(sm.create_secret(Name=f"labels/{uuid.uuid4()}", SecretString="v1")["ARN"])


def current(sm: Any, arn: str) -> str:
    return f"{arn}|{sm.get_secret_value(SecretId=arn)['VersionId']}"


def test_a_label_that_another_version_has_is_refused(cloud: Cloud, sm: Any, arn: str) -> None:
    holder = sm.put_secret_value(SecretId=arn, SecretString="v2", VersionStages=[MINE])
    identity = current(sm, arn)
    with pytest.raises(ProviderError) as refused:
        update_version(
            cloud, identity, {"versionStages": []}, {"versionStages": [MINE, "AWSCURRENT"]}
        )
    text = str(refused.value)
    assert text.startswith(f"adding Secrets Manager Secret Version ({identity}) stage ({MINE}): ")
    assert "RemoveFromVersionId can't be empty" in text
    assert holder["VersionId"] in text


def test_a_label_that_no_version_has_is_added(cloud: Cloud, sm: Any, arn: str) -> None:
    identity = current(sm, arn)
    found = update_version(
        cloud, identity, {"versionStages": ["AWSCURRENT"]}, {"versionStages": ["AWSCURRENT", MINE]}
    )
    assert found is not None
    assert found["versionStages"] == ["AWSCURRENT", MINE]


def test_current_moves_back_and_takes_previous_along(cloud: Cloud, sm: Any, arn: str) -> None:
    identity = current(sm, arn)
    sm.put_secret_value(SecretId=arn, SecretString="v2")
    found = update_version(
        cloud, identity, {"versionStages": ["AWSPREVIOUS"]}, {"versionStages": ["AWSCURRENT"]}
    )
    assert found is not None
    assert found["versionStages"] == ["AWSCURRENT"]
    assert sm.get_secret_value(SecretId=arn)["SecretString"] == "v1"


@pytest.mark.parametrize(
    "how",
    [{"ForceDeleteWithoutRecovery": True}, {"RecoveryWindowInDays": 7}],
    ids=["gone", "marked"],
)
def test_deletion_of_a_version_accepts_that_the_secret_is_gone(
    cloud: Cloud, sm: Any, arn: str, how: dict[str, Any]
) -> None:
    identity = current(sm, arn)
    sm.delete_secret(SecretId=arn, **how)
    delete_version(cloud, identity, {"versionStages": ["AWSCURRENT", MINE]})
