"""Keys that Secrets Manager is asked to encrypt with."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.rules.calls import refusal


@pytest.mark.parametrize("key", ["alias/nobody-made-this", str(uuid.UUID(int=7))])
def test_refuses_a_key_that_does_not_exist(sm: Any, name: str, secret: str, key: str) -> None:
    for code, text in (
        refusal(sm.create_secret, Name=name, KmsKeyId=key),
        refusal(sm.update_secret, SecretId=secret, KmsKeyId=key),
    ):
        assert (code, "could not be found" in text) == ("ResourceNotFoundException", True)


def test_refuses_a_key_that_is_disabled(sm: Any, aws: Callable[[str], Any], name: str) -> None:
    kms = aws("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sm.create_secret(Name=name, KmsKeyId=key)
    kms.disable_key(KeyId=key)
    code, text = refusal(sm.create_secret, Name=f"{name}-2", KmsKeyId=key)
    assert (code, "not enabled" in text) == ("InvalidRequestException", True)


def test_takes_a_key_by_id_arn_and_alias(sm: Any, aws: Callable[[str], Any], name: str) -> None:
    kms = aws("kms")
    key = kms.create_key()["KeyMetadata"]
    alias = f"alias/{uuid.uuid4()}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    for number, given in enumerate((key["KeyId"], key["Arn"], alias, "alias/aws/secretsmanager")):
        sm.create_secret(Name=f"{name}-{number}", KmsKeyId=given)
        assert sm.describe_secret(SecretId=f"{name}-{number}")["KmsKeyId"] == given


def test_an_empty_key_goes_back_to_the_managed_one(
    sm: Any, aws: Callable[[str], Any], name: str
) -> None:
    key = aws("kms").create_key()["KeyMetadata"]["KeyId"]
    sm.create_secret(Name=name, KmsKeyId=key)
    sm.update_secret(SecretId=name, KmsKeyId="")
    assert "KmsKeyId" not in sm.describe_secret(SecretId=name)
