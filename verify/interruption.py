"""Ctrl-C and other requests to stop: they end the verification, and never its clean-up."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_WAIT = b"still removing what was created; please wait\n"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """The process was asked to stop.

    Attributes:
        signal: the number of the signal.
    """

    def __init__(self, number: int) -> None:
        """Keep the signal."""
        super().__init__(signal.Signals(number).name)
        self.signal = number


class Interruption:
    """Raises the first signal as `Interrupted`, and answers all later ones with one line."""

    def __init__(self) -> None:
        """Listen to signals from now on."""
        self._may_raise = True
        self._is_deferred = False
        self._waiting: int | None = None
        for number in _SIGNALS:
            signal.signal(number, self._handle)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Raise a signal that arrives in the block at its end: a process must not start unknown.

        Raises:
            Interrupted: a signal has arrived.
        """
        self._is_deferred = True
        try:
            yield
        finally:
            self._is_deferred = False

        if self._waiting is not None:
            raise Interrupted(self._waiting)

    def disarm(self) -> None:
        """Raise nothing from now on: the clean-up runs to its end."""
        self._may_raise = False

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self._may_raise:
            self._may_raise = False
            if not self._is_deferred:
                raise Interrupted(number)

            self._waiting = number
            return

        os.write(sys.stderr.fileno(), _WAIT)  # `print` may be interrupted in the middle itself
