"""An account in this process, and a deployment that runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from moto import mock_aws

from verify.account import Account
from verify.deployment import UpResult
from verify.names import Names
from verify.scene import Scene
from verify.surroundings import Surroundings

NUMBER, REGION, RUN = "123456789012", "eu-central-1", "try-0123abcd"


class FakeDeployment:
    """Remembers the maps, and answers with what a test has set."""

    def __init__(self) -> None:
        self.maps: list[Mapping[str, Any]] = []
        self.arguments: list[tuple[str, ...]] = []
        self.variables: list[Mapping[str, str]] = []
        self.errors: dict[int, str] = {}
        self.changes: tuple[str, ...] = ()
        self.state: dict[str, Any] = {}

    def up(
        self,
        secret_map: Mapping[str, Any],
        *arguments: str,
        variables: Mapping[str, str] | None = None,
    ) -> UpResult:
        self.maps.append(secret_map)
        self.arguments.append(arguments)
        self.variables.append(variables or {})
        return UpResult(self.errors.get(len(self.maps)), self.changes)

    def secret_in_state(self, name: str) -> dict[str, Any]:
        return self.state


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An empty account of moto's."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield Account(
            boto3.Session(region_name=REGION), NUMBER, f"arn:aws:iam::{NUMBER}:user/someone"
        )


@pytest.fixture
def names() -> Names:
    return Names(RUN)


@pytest.fixture
def deployment() -> FakeDeployment:
    return FakeDeployment()


@pytest.fixture
def scene(account: Account, names: Names, deployment: FakeDeployment) -> Scene:
    surroundings = Surroundings(f"arn:aws:iam::{NUMBER}:role/{RUN}-reader", {})
    return Scene(account, names, deployment, surroundings)  # type: ignore[arg-type] # stands in
