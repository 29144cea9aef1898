"""The provider's functions, called on the running sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.environment import Sandbox
from sandbox.providers import retries
from sandbox.providers.cloud import Cloud
from tests.conftest import Aws


@pytest.fixture
def cloud(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """The API as the provider reaches it."""
    for name, value in sandbox.environment().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    return Cloud({})


@pytest.fixture
def sm(aws: Aws) -> Any:
    return aws("secretsmanager")


@pytest.fixture
def short_retry(monkeypatch: pytest.MonkeyPatch) -> float:
    """Seconds that the provider retries; officially 120."""
    monkeypatch.setattr(retries, "PROPAGATION_SECONDS", 1.0)
    return 1.0
