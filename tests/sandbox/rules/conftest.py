"""Secrets Manager in the running sandbox, and a secret in it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox.environment import REGION, Sandbox
from tests.sandbox.rules.calls import make_function


@pytest.fixture(scope="module")
def sm(sandbox: Sandbox) -> Any:
    """Secrets Manager, with none of boto3's own checks before AWS's."""
    session = boto3.Session("sandbox", "sandbox", region_name=REGION)
    unchecked = Config(parameter_validation=False)
    return session.client("secretsmanager", endpoint_url=sandbox.endpoint, config=unchecked)


@pytest.fixture
def name() -> str:
    return f"rules/{uuid.uuid4()}"


@pytest.fixture
def secret(sm: Any, name: str) -> str:
    """A secret that holds `v1`."""
    sm.create_secret(Name=name, SecretString="v1")
    return name


@pytest.fixture
def labels(sm: Any) -> Callable[[str], dict[str, list[str]]]:
    """The labels of each version of a secret, by the version's value."""

    def read(secret_id: str) -> dict[str, list[str]]:
        versions = sm.list_secret_version_ids(SecretId=secret_id)["Versions"]
        ids = {version["VersionId"]: sorted(version["VersionStages"]) for version in versions}
        values = {}
        for version, stages in ids.items():
            found = sm.get_secret_value(SecretId=secret_id, VersionId=version)
            values[found["SecretString"]] = stages
        return values

    return read


@pytest.fixture(scope="module")
def function(aws: Callable[[str], Any]) -> str:
    """The ARN of a function that Secrets Manager may call."""
    return make_function(aws, allowed=True)
