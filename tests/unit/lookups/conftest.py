"""Settings of a stack, which Pulumi keeps for the whole process."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pulumi
import pytest


@pytest.fixture
def configure() -> Iterator[Callable[..., None]]:
    """Set the stack's configuration, for one test."""
    yield pulumi.runtime.set_all_config
    pulumi.runtime.set_all_config({}, [])
