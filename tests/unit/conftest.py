"""What every test under mocks needs."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from pulumi.runtime.mocks import MockMonitor

Registered = dict[str, dict[str, Any]]


@pytest.fixture(autouse=True)
def _loop() -> None:
    """Give each test an event loop of its own: Pulumi's outputs resolve on the current one."""
    asyncio.set_event_loop(asyncio.new_event_loop())


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Registered:
    """What the engine is asked to register, by type and logical name: with all options."""
    seen: Registered = defaultdict(dict)
    register: Callable[[MockMonitor, Any], Any] = MockMonitor.RegisterResource

    def note(self: MockMonitor, request: Any) -> Any:
        seen[request.type][request.name] = request
        return register(self, request)

    monkeypatch.setattr(MockMonitor, "RegisterResource", note)
    return seen
