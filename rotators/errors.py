"""The error of a rotation, which appears in the function's log."""

from __future__ import annotations


class RotationError(Exception):
    """A rotation that cannot continue; the message never contains a value of the secret."""
