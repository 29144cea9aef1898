"""`secretBinary`: base64 in the program, bytes on AWS, base64 again in the state."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import pytest

from sandbox.providers.cloud import Cloud
from sandbox.providers.protocol import ProviderError
from sandbox.providers.secretsmanager import create_version, read_version


@pytest.fixture
def arn(sm: Any) -> str:
    return str(sm.create_secret(Name=f"binary/{uuid.uuid4()}")["ARN"])


@pytest.mark.parametrize("value", [b"\x00\xff\xfe", b"plain text", bytes(range(256))])
def test_the_bytes_come_back(cloud: Cloud, sm: Any, arn: str, value: bytes) -> None:
    text = base64.b64encode(value).decode()
    identity, made = create_version(cloud, {"secretId": arn, "secretBinary": text})
    read = sm.get_secret_value(SecretId=arn)
    assert read["SecretBinary"] == value
    assert "SecretString" not in read
    assert made is not None
    assert made["secretBinary"] == text
    found = read_version(cloud, identity, {})
    assert found is not None
    assert (found["secretBinary"], found["secretString"]) == (text, None)


def test_bytes_that_look_like_base64_are_read_as_they_are(cloud: Cloud, sm: Any, arn: str) -> None:
    """The official provider's `Base64EncodeOnce` does not encode them."""
    identity, _ = create_version(cloud, {"secretId": arn, "secretBinary": "YWJjZA=="})
    assert sm.get_secret_value(SecretId=arn)["SecretBinary"] == b"abcd"
    found = read_version(cloud, identity, {})
    assert found is not None
    assert found["secretBinary"] == "abcd"


def test_a_text_that_is_not_base64_is_refused_without_showing_it(cloud: Cloud, arn: str) -> None:
    with pytest.raises(ProviderError) as refused:
        create_version(cloud, {"secretId": arn, "secretBinary": "hunter2!"})
    assert str(refused.value) == "`secretBinary` is not base64"
