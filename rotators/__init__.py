"""Rotation functions for AWS Lambda.

To write your own, subclass `Rotator` and wrap it with `handler`.
"""

from rotators.contract import Rotator, handler
from rotators.errors import RotationError
from rotators.versions import Versions

__all__ = ["RotationError", "Rotator", "Versions", "handler"]
