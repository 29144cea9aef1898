"""New passwords."""

from __future__ import annotations

import os
import secrets
import string

from rotators.errors import RotationError

LENGTH = 32
CHARACTERS = string.ascii_letters + string.digits + "-_."
"""Letters, digits, and signs without meaning to URLs (RFC 3986), shells and database engines."""

_KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits)


def is_portable(text: str) -> bool:
    """Return whether all database clients send a password alike: it is printable ASCII.

    Others are sent as UTF-8, as Latin-1 (PyMySQL), or changed beforehand (SCRAM: RFC 5802's
    SASLprep), so that a password that one client sets is refused from another.
    """
    return text.isascii() and text.isprintable()


def generate(*, portable: bool = False) -> str:
    """Generate a password with at least one character of each kind among those allowed.

    The environment may set its length (`PASSWORD_LENGTH`) and characters (`PASSWORD_CHARACTERS`).

    Args:
        portable: refuse characters that database clients send in different ways.
    """
    length = int(os.environ.get("PASSWORD_LENGTH") or LENGTH)
    characters = os.environ.get("PASSWORD_CHARACTERS") or CHARACTERS
    if portable and not is_portable(characters):
        msg = (
            "PASSWORD_CHARACTERS has characters other than printable ASCII, which database "
            "clients encode in different ways"
        )
        raise RotationError(msg)

    kinds = _by_kind(characters)
    if length < len(kinds):
        msg = f"PASSWORD_LENGTH ({length}) is less than the {len(kinds)} kinds of character"
        raise RotationError(msg)

    chosen = [secrets.choice(kind) for kind in kinds]
    while len(chosen) < length:
        chosen.append(secrets.choice(characters))

    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _by_kind(characters: str) -> list[str]:
    """Return the characters of each kind that are among those allowed; all others are one kind."""
    kinds = []
    left = set(characters)
    for kind in (*_KINDS, characters):
        found = left.intersection(kind)
        if found:
            kinds.append("".join(found))

        left -= found

    return kinds
