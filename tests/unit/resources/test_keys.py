"""One answer to which keys a secret and its replicas are under, for all that needs it."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from secrets_component.resources.keys import KeysInUse, SecretKeys
from tests.unit.mocks import ACCOUNT, REGION, deploy

HEAD = "context_name: x\nsecrets:\n"
HERE = f"arn:aws:kms:{REGION}:{ACCOUNT}:"
THERE = f"arn:aws:kms:eu-west-1:{ACCOUNT}:"


class Container:
    """A secret as AWS has it."""

    def __init__(self, partition: str = "aws", kms_key: str | None = None) -> None:
        arn = f"arn:{partition}:secretsmanager:{REGION}:{ACCOUNT}:secret:a-AbCdEf"
        self.arn, self.kms_key_id = pulumi.Output.from_input(arn), pulumi.Output.from_input(kms_key)


def found(output: pulumi.Output[Any]) -> tuple[Any, bool]:
    async def note() -> tuple[Any, bool]:
        return await output.future(), await output.is_secret()

    return asyncio.get_event_loop().run_until_complete(note())


def in_use(keys: SecretKeys, container: Any, *, is_kept: bool = False) -> Any:
    return found(keys.in_use(container, is_kept=is_kept).arns)[0]


@pytest.mark.parametrize(
    ("key", "arn"),
    [
        ("1234-ab", f"{HERE}key/1234-ab"),
        ("alias/k", f"{HERE}alias/k"),
        (f"{HERE}key/k", f"{HERE}key/k"),
    ],
)
def test_key_is_an_arn_however_the_map_names_it(key: str, arn: str) -> None:
    assert in_use(SecretKeys(key, {}), Container()) == {REGION: arn}


@pytest.mark.parametrize(
    "key", [None, "", "alias/aws/secretsmanager", f"{HERE}alias/aws/secretsmanager"]
)
def test_aws_managed_key_is_none_of_them(key: str | None) -> None:
    assert in_use(SecretKeys(key, {}), Container()) == {}
    assert in_use(SecretKeys(None, {}), Container(kms_key=key), is_kept=True) == {}


def test_key_of_a_replica_is_in_its_region_and_in_the_secrets_partition() -> None:
    keys = SecretKeys("alias/k", {"eu-west-1": "alias/k", "us-east-1": None})
    assert in_use(keys, Container("aws-us-gov")) == {
        REGION: f"arn:aws-us-gov:kms:{REGION}:{ACCOUNT}:alias/k",
        "eu-west-1": f"arn:aws-us-gov:kms:eu-west-1:{ACCOUNT}:alias/k",
    }


def test_adopted_secret_is_under_the_key_that_it_has() -> None:
    assert in_use(SecretKeys(None, {}), Container(kms_key="k"), is_kept=True) == {
        REGION: f"{HERE}key/k"
    }


def test_key_is_no_secret_wherever_its_name_comes_from() -> None:
    keys = SecretKeys(pulumi.Output.secret("alias/k"), {})
    container: Any = Container()
    used = keys.in_use(container, is_kept=False)
    assert found(used.at_home(container)) == (f"{HERE}alias/k", False)


def test_at_home_is_the_secrets_own_key() -> None:
    container: Any = Container()
    used = KeysInUse(pulumi.Output.from_input({"eu-west-1": f"{THERE}key/k"}))
    assert found(used.at_home(container))[0] is None


def test_output_of_keys_is_plain_though_a_key_comes_from_a_secret() -> None:
    result = deploy(
        f"stacks: {{kms: o/kms/dev}}\n{HEAD}  a: {{kms_key_id: '${{output.kms.id}}'}}\n  b: {{import: legacy-k}}\n",
        {"o/kms/dev": {"id": "hidden"}},
        ("id",),
    )
    assert result.outputs["kms_key_arns"] == {"a": f"{HERE}key/hidden", "b": f"{HERE}key/kept"}
    assert not result.is_secret["kms_key_arns"]
    assert not result.is_secret["policy_arns"]
