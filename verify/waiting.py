"""Waits for what AWS does in the background."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(look: Callable[[], T], seconds: float, pause: float = 1) -> T:
    """Look until something true is seen, or the time is over; return what was seen last.

    Args:
        look: what to look at.
        seconds: how long to wait; the first look is at once.
        pause: seconds between two looks.
    """
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen or time.monotonic() >= deadline:
            return seen

        time.sleep(pause)
