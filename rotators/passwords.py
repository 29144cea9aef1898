"""New passwords."""

from __future__ import annotations

import os
import secrets
import string

from rotators.errors import RotationError

LENGTH = 32
CHARACTERS = string.ascii_letters + string.digits + "-_."
"""Letters, digits and what means nothing to URLs (RFC 3986), shells and database engines."""

_KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits)


def generate() -> str:
    """Make a password with at least one character of each kind that it may hold.

    The environment may set its length (`PASSWORD_LENGTH`) and characters (`PASSWORD_CHARACTERS`).
    """
    length = int(os.environ.get("PASSWORD_LENGTH") or LENGTH)
    characters = os.environ.get("PASSWORD_CHARACTERS") or CHARACTERS
    kinds = [kept for kind in _KINDS if (kept := _common(kind, characters))]
    others = "".join(c for c in characters if not any(c in kind for kind in _KINDS))
    kinds += [others] if others else []
    if length < len(kinds):
        msg = f"PASSWORD_LENGTH ({length}) is less than the {len(kinds)} kinds of character"
        raise RotationError(msg)
    chosen = [secrets.choice(kind) for kind in kinds]
    chosen += [secrets.choice(characters) for _ in range(length - len(kinds))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _common(kind: str, characters: str) -> str:
    return "".join(c for c in kind if c in characters)
