"""What every test under mocks needs."""

import asyncio

import pytest


@pytest.fixture(autouse=True)
def _loop() -> None:
    """Give each test an event loop of its own: Pulumi's outputs resolve on the current one."""
    asyncio.set_event_loop(asyncio.new_event_loop())
