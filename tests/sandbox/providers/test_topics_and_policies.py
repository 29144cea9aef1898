"""Topic and IAM Policy: a name that is taken, and a document's sixth version."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from sandbox.providers.cloud import Cloud
from sandbox.providers.events import create_topic
from sandbox.providers.iam import create_iam_policy, update_iam_policy
from sandbox.providers.protocol import ProviderError
from tests.conftest import Aws


@pytest.fixture
def name() -> str:
    return f"made-{uuid.uuid4()}"


def test_a_topic_that_exists_is_refused_in_the_patchs_words(
    cloud: Cloud, aws: Aws, name: str
) -> None:
    aws("sns").create_topic(Name=name)
    with pytest.raises(ProviderError) as refused:
        create_topic(cloud, {"name": name})
    assert str(refused.value) == f"SNS Topic ({name}) already exists"


def test_a_topic_that_does_not_exist_is_created(cloud: Cloud, name: str) -> None:
    arn, made = create_topic(cloud, {"name": name})
    assert made is not None
    assert made["arn"] == arn


def document(number: int) -> str:
    statement = {"Effect": "Allow", "Action": f"s3:Get{number}", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def versions(aws: Aws, arn: str) -> list[Any]:
    listed = aws("iam").list_policy_versions(PolicyArn=arn)["Versions"]
    return sorted(int(version["VersionId"].removeprefix("v")) for version in listed)


def test_the_oldest_version_makes_room_for_the_sixth(cloud: Cloud, aws: Aws, name: str) -> None:
    arn, state = create_iam_policy(cloud, {"name": name, "policy": document(1)})
    for number in range(2, 6):
        update_iam_policy(cloud, arn, state or {}, {"policy": document(number)})
    assert versions(aws, arn) == [1, 2, 3, 4, 5]
    found = update_iam_policy(cloud, arn, state or {}, {"policy": document(6)})
    assert versions(aws, arn) == [2, 3, 4, 5, 6]
    assert found is not None
    assert json.loads(found["policy"]) == json.loads(document(6))


def test_the_default_version_is_never_the_one_that_goes(cloud: Cloud, aws: Aws, name: str) -> None:
    arn, state = create_iam_policy(cloud, {"name": name, "policy": document(1)})
    for number in range(2, 6):
        update_iam_policy(cloud, arn, state or {}, {"policy": document(number)})
    aws("iam").set_default_policy_version(PolicyArn=arn, VersionId="v1")
    update_iam_policy(cloud, arn, state or {}, {"policy": document(6)})
    assert versions(aws, arn) == [1, 3, 4, 5, 6]


def test_aws_itself_refuses_a_sixth_version(cloud: Cloud, aws: Aws, name: str) -> None:
    arn, _ = create_iam_policy(cloud, {"name": name, "policy": document(1)})
    for number in range(2, 6):
        aws("iam").create_policy_version(PolicyArn=arn, PolicyDocument=document(number))
    with pytest.raises(ProviderError, match="LimitExceeded"):
        cloud.call("iam", "create_policy_version", PolicyArn=arn, PolicyDocument=document(6))
