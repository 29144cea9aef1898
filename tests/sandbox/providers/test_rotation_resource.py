"""SecretRotation: what its creation retries, its deletion does not swallow, its refresh clears."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

import pytest

from sandbox.providers.cloud import Cloud
from sandbox.providers.protocol import Properties, ProviderError
from sandbox.providers.secretsmanager import (
    cancel_rotation,
    create_rotation,
    read_rotation,
    update_rotation,
)
from tests.conftest import Aws
from tests.sandbox.rules.functions_code import ROTATES, allow, deploy, wait_until

CALLER = "secretsmanager.amazonaws.com"


@pytest.fixture
def arn(sm: Any) -> str:
    return str(sm.create_secret(Name=f"rotation/{uuid.uuid4()}", SecretString="v1")["ARN"])


def rotation(arn: str, function: str, **changed: Any) -> Properties:
    rules = {"automaticallyAfterDays": 30}
    return {
        "secretId": arn,
        "rotationLambdaArn": function,
        "rotationRules": rules,
        "rotateImmediately": False,
        **changed,
    }


def test_creation_waits_for_a_permission_that_is_not_there_yet(
    cloud: Cloud, aws: Aws, arn: str, short_retry: float
) -> None:
    function = deploy(aws, ROTATES, principal=None)
    late = threading.Timer(short_retry / 3, allow, (aws, function, CALLER))
    late.start()
    identity, made = create_rotation(cloud, rotation(arn, function))
    assert identity == arn
    assert made is not None
    assert (made["rotationEnabled"], made["rotationLambdaArn"]) == (True, function)


def test_creation_waits_for_a_rotation_that_ends(
    cloud: Cloud, sm: Any, aws: Aws, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.providers.retries.PROPAGATION_SECONDS", 30)
    function = deploy(aws, ROTATES)
    create_rotation(cloud, rotation(arn, function, rotateImmediately=True))
    create_rotation(cloud, rotation(arn, function))  # InvalidRequestException until then
    assert sm.get_secret_value(SecretId=arn)["SecretString"] == "new"


@pytest.mark.parametrize("kind", ["AccessDeniedException", "InvalidRequestException"])
def test_the_retries_of_creation_end(
    cloud: Cloud, sm: Any, aws: Aws, arn: str, short_retry: float, kind: str
) -> None:
    function = deploy(aws, ROTATES, principal=None if kind == "AccessDeniedException" else CALLER)
    if kind == "InvalidRequestException":
        sm.put_secret_value(SecretId=arn, SecretString="v2", VersionStages=["AWSPENDING"])
    start = time.monotonic()
    with pytest.raises(ProviderError) as refused:
        create_rotation(cloud, rotation(arn, function))
    assert short_retry / 2 < time.monotonic() - start < short_retry * 5
    text = str(refused.value)
    assert text.startswith(f"creating Secrets Manager Secret Rotation ({arn}): ")
    assert kind in text


def test_another_refusal_is_not_retried(cloud: Cloud, aws: Aws, arn: str) -> None:
    inputs = rotation(arn, deploy(aws, ROTATES), rotationRules={"automaticallyAfterDays": 1001})
    start = time.monotonic()
    with pytest.raises(ProviderError, match="InvalidParameterException"):
        create_rotation(cloud, inputs)
    assert time.monotonic() - start < 1


def test_creation_rotates_at_once_unless_told_not_to(
    cloud: Cloud, sm: Any, aws: Aws, arn: str
) -> None:
    inputs = rotation(arn, deploy(aws, ROTATES))
    del inputs["rotateImmediately"]
    create_rotation(cloud, inputs)
    wait_until(lambda: sm.get_secret_value(SecretId=arn)["SecretString"] == "new")


def test_a_change_of_rotate_immediately_alone_rotates_nothing(
    cloud: Cloud, sm: Any, aws: Aws, arn: str
) -> None:
    function = deploy(aws, ROTATES)
    create_rotation(cloud, rotation(arn, function))
    olds, news = rotation(arn, function), rotation(arn, function, rotateImmediately=True)
    wait_until(lambda: len(sm.describe_secret(SecretId=arn)["VersionIdsToStages"]) == 1)  # tested
    update_rotation(cloud, arn, olds, news)
    assert len(sm.describe_secret(SecretId=arn)["VersionIdsToStages"]) == 1
    news["rotationRules"] = {"automaticallyAfterDays": 31}
    update_rotation(cloud, arn, olds, news)
    wait_until(lambda: sm.get_secret_value(SecretId=arn)["SecretString"] == "new")


def test_deletion_turns_rotation_off(cloud: Cloud, sm: Any, aws: Aws, arn: str) -> None:
    create_rotation(cloud, rotation(arn, deploy(aws, ROTATES)))
    cancel_rotation(cloud, arn, {})
    assert sm.describe_secret(SecretId=arn)["RotationEnabled"] is False


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"ForceDeleteWithoutRecovery": True}, "ResourceNotFoundException"),
        ({"RecoveryWindowInDays": 7}, "InvalidRequestException"),
    ],
    ids=["gone", "marked"],
)
def test_deletion_fails_for_a_secret_that_is_gone_or_marked(
    cloud: Cloud, sm: Any, aws: Aws, arn: str, how: dict[str, Any], code: str
) -> None:
    create_rotation(cloud, rotation(arn, deploy(aws, ROTATES)))
    sm.delete_secret(SecretId=arn, **how)
    with pytest.raises(ProviderError) as refused:
        cancel_rotation(cloud, arn, {})
    assert str(refused.value).startswith(f"deleting Secret Manager Secret Rotation ({arn}): ")
    assert code in str(refused.value)


def test_a_refresh_of_a_cancelled_rotation_clears_function_and_rules(
    cloud: Cloud, sm: Any, aws: Aws, arn: str
) -> None:
    inputs = rotation(arn, deploy(aws, ROTATES))
    create_rotation(cloud, inputs)
    sm.cancel_rotate_secret(SecretId=arn)
    found = read_rotation(cloud, arn, inputs)
    assert found is not None
    assert found == {
        "secretId": arn,
        "rotationEnabled": False,
        "rotationLambdaArn": None,
        "rotationRules": None,
        "rotateImmediately": False,
    }


def test_a_schedule_expression_is_read_without_days(cloud: Cloud, aws: Aws, arn: str) -> None:
    rules = {"scheduleExpression": "rate(10 days)", "duration": "3h"}
    _, made = create_rotation(cloud, rotation(arn, deploy(aws, ROTATES), rotationRules=rules))
    assert made is not None
    assert made["rotationRules"] == rules
