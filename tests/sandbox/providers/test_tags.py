"""Tags of every type that this project tags: written, changed, removed, read back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.providers import aws as provider
from sandbox.providers.cloud import Cloud
from sandbox.providers.protocol import Properties
from tests.conftest import Aws
from tests.sandbox.providers.test_secret_resource import make_role
from tests.sandbox.rules.calls import policy_for
from tests.sandbox.rules.functions_code import zipped

STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]})
TRUST = policy_for({"Service": "lambda.amazonaws.com"}, Action="sts:AssumeRole")
TYPES = {
    "rule": "aws:cloudwatch/eventRule:EventRule",
    "topic": "aws:sns/topic:Topic",
    "log group": "aws:cloudwatch/logGroup:LogGroup",
    "policy": "aws:iam/policy:Policy",
    "role": "aws:iam/role:Role",
    "key": "aws:kms/key:Key",
    "function": "aws:lambda/function:Function",
    "secret": "aws:secretsmanager/secret:Secret",
}


def inputs_of(kind: str, name: str, folder: Any, role: str) -> Properties:
    """The inputs of a resource of a kind, without tags."""
    archive = folder / "code.zip"
    archive.write_bytes(zipped(index=""))
    inputs: dict[str, Properties] = {
        "rule": {"name": name, "scheduleExpression": "rate(1 day)"},
        "topic": {"name": name},
        "log group": {"name": name},
        "policy": {"name": name, "policy": POLICY},
        "role": {"name": name, "assumeRolePolicy": TRUST},
        "key": {"description": name},
        "function": {
            "name": name,
            "role": role,
            "runtime": "python3.13",
            "handler": "index.handler",
            "code": {"path": str(archive)},
        },
        "secret": {"name": name},
    }
    return inputs[kind]


@dataclass
class Tagged:
    """A resource whose tags are changed and read."""

    cloud: Cloud
    kind: str
    inputs: Properties
    identity: str = ""
    state: Properties | None = None

    def create(self, **tags: str) -> None:
        wanted = {**self.inputs, "tags": tags, "tagsAll": {**self.cloud.default_tags, **tags}}
        self.identity, outputs = self.type.create(self.cloud, wanted)
        self.state = {**wanted, **(outputs or {})}

    def update(self, **tags: str) -> None:
        wanted = {**self.inputs, "tags": tags, "tagsAll": {**self.cloud.default_tags, **tags}}
        assert self.type.update is not None
        assert self.state is not None
        outputs = self.type.update(self.cloud, self.identity, self.state, wanted)
        self.state = {**self.state, **wanted, **(outputs or {})}

    def read(self) -> tuple[Any, Any]:
        """The tags as a refresh finds them."""
        found = self.type.read(self.cloud, self.identity, self.state or {})
        assert found is not None
        return found["tags"], found["tagsAll"]

    @property
    def type(self) -> Any:
        return provider.TYPES[TYPES[self.kind]]


@pytest.fixture(params=list(TYPES))
def tagged(request: Any, cloud: Cloud, tmp_path: Any, aws: Aws) -> Tagged:
    name = f"tagged-{uuid.uuid4()}"
    role = make_role(aws, f"of-{name}")
    return Tagged(cloud, request.param, inputs_of(request.param, name, tmp_path, role))


def test_tags_are_created_changed_and_removed(tagged: Tagged) -> None:
    tagged.create(kept="1", changed="1", gone="1")
    assert tagged.read()[0] == {"kept": "1", "changed": "1", "gone": "1"}
    tagged.update(kept="1", changed="2", new="1")
    assert tagged.read()[0] == {"kept": "1", "changed": "2", "new": "1"}
    tagged.update()
    assert tagged.read() == (None, {})


def test_a_tag_that_somebody_else_added_is_read(tagged: Tagged, aws: Aws) -> None:
    tagged.create(own="1")
    add_by_hand(aws, tagged, "foreign")
    assert tagged.read()[0] == {"own": "1", "foreign": "1"}


def test_default_tags_are_not_the_resources_own(tagged: Tagged) -> None:
    tagged.cloud.default_tags["team"] = "payments"
    tagged.create(own="1")
    assert tagged.read() == ({"own": "1"}, {"own": "1", "team": "payments"})


def add_by_hand(aws: Aws, tagged: Tagged, key: str) -> None:
    arn = (tagged.state or {}).get("arn")
    name = tagged.inputs.get("name")
    pair = [{"Key": key, "Value": "1"}]
    calls: dict[str, Callable[[], Any]] = {
        "rule": lambda: aws("events").tag_resource(ResourceARN=arn, Tags=pair),
        "topic": lambda: aws("sns").tag_resource(ResourceArn=arn, Tags=pair),
        "log group": lambda: aws("logs").tag_resource(resourceArn=arn, tags={key: "1"}),
        "policy": lambda: aws("iam").tag_policy(PolicyArn=arn, Tags=pair),
        "role": lambda: aws("iam").tag_role(RoleName=name, Tags=pair),
        "key": lambda: aws("kms").tag_resource(
            KeyId=tagged.identity, Tags=[{"TagKey": key, "TagValue": "1"}]
        ),
        "function": lambda: aws("lambda").tag_resource(Resource=arn, Tags={key: "1"}),
        "secret": lambda: aws("secretsmanager").tag_resource(SecretId=arn, Tags=pair),
    }
    calls[tagged.kind]()
