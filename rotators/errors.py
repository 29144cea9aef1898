"""What goes wrong in a rotation, in words for the function's log."""

from __future__ import annotations


class RotationError(Exception):
    """A rotation that cannot go on; the message never holds a value of the secret."""
