"""Rotation functions for AWS Lambda, and the interface for one's own.

Own step: derive from `Rotator`, and make a Lambda handler of it with `handler`.
"""

from rotators.contract import Rotator, handler
from rotators.errors import RotationError
from rotators.versions import Versions

__all__ = ["RotationError", "Rotator", "Versions", "handler"]
