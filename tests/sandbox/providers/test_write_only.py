"""SecretVersion with a write-only value: read by its labels, never by its value."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2

from sandbox.providers import aws as aws_provider
from sandbox.providers.cloud import Cloud
from sandbox.providers.official import facts
from sandbox.providers.protocol import Provider
from sandbox.providers.secretsmanager import create_version, read_version

TOKEN = "aws:secretsmanager/secretVersion:SecretVersion"
URN = f"urn:pulumi:dev::project::{TOKEN}::v"
NEEDLE = "Zq7NeedleOfASecret"


@pytest.fixture
def arn(sm: Any) -> str:
    return str(sm.create_secret(Name=f"written/{uuid.uuid4()}", SecretString="v1")["ARN"])


def written(arn: str) -> dict[str, Any]:
    return {"secretId": arn, "secretStringWo": NEEDLE, "secretStringWoVersion": 1}


def test_it_is_found_while_a_label_is_on_it(cloud: Cloud, sm: Any, arn: str) -> None:
    identity, state = create_version(cloud, written(arn))
    assert state is not None
    assert (state["hasSecretStringWo"], state["secretString"]) == (True, None)
    assert sm.get_secret_value(SecretId=arn)["SecretString"] == NEEDLE
    sm.put_secret_value(SecretId=arn, SecretString="v3")
    found = read_version(cloud, identity, state)
    assert found is not None
    assert found["versionStages"] == ["AWSPREVIOUS"]
    sm.put_secret_value(SecretId=arn, SecretString="v4")
    assert read_version(cloud, identity, state) is None


def test_its_value_is_never_read(cloud: Cloud, sm: Any, aws: Any, arn: str) -> None:
    kms = aws("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sm.update_secret(SecretId=arn, KmsKeyId=key)
    identity, state = create_version(cloud, written(arn))
    kms.disable_key(KeyId=key)
    assert read_version(cloud, identity, state or {}) is not None
    with pytest.raises(Exception, match="DecryptionFailure"):
        read_version(cloud, identity, {})


@pytest.fixture
def provider(cloud: Cloud) -> Provider:
    served = Provider("1", aws_provider.TYPES, facts(), {}, lambda _: cloud, aws_provider.ACCESS)
    served.Configure(provider_pb2.ConfigureRequest(), None)
    return served


def struct(properties: dict[str, Any]) -> Struct:
    message = Struct()
    message.update(properties)
    return message


def test_the_state_has_the_value_in_its_inputs_until_a_refresh(
    provider: Provider, arn: str
) -> None:
    inputs = {**written(arn), "region": "eu-central-1"}
    request = provider_pb2.CreateRequest(urn=URN, properties=struct(inputs))
    made = provider.Create(request, None)
    assert NEEDLE not in str(MessageToDict(made.properties))
    read = provider.Read(
        provider_pb2.ReadRequest(
            id=made.id, urn=URN, properties=made.properties, inputs=struct(inputs)
        ),
        None,
    )
    assert "secretStringWo" not in MessageToDict(read.inputs)
    assert MessageToDict(read.inputs)["secretStringWoVersion"] == 1
    diff = provider.Diff(
        provider_pb2.DiffRequest(
            id=made.id,
            urn=URN,
            olds=read.properties,
            old_inputs=read.inputs,
            news=struct(inputs),
        ),
        None,
    )
    assert list(diff.diffs) == []
