"""A generated password that only the secret knows: readers fetch it from there."""

from __future__ import annotations

import json
import re

from rotators import passwords
from rotators.contract import Rotator
from rotators.errors import RotationError
from rotators.versions import Versions

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class GeneratedPassword(Rotator):
    """Replaces a string, or the field `password` of a JSON object."""

    def create(self, current: str) -> str:
        """Generate a password; keep the other fields of a JSON object."""
        fields = _object(current)
        if fields is None:
            _refuse_url(current)
            return passwords.generate()

        if "password" not in fields:
            msg = "the current value is a JSON object without a field 'password'"
            raise RotationError(msg)

        return json.dumps({**fields, "password": passwords.generate()})

    def set(self, versions: Versions) -> None:
        """Set nothing: no other system knows the password."""
        self.test(versions)

    def test(self, versions: Versions) -> None:
        """Check that the pending value differs from the current one in its password only."""
        pending, current = versions.created(), versions.current()
        if _without_password(pending) != _without_password(current):
            versions.abandon("the pending version is outdated: the current one has changed since")


def _refuse_url(text: str) -> None:
    """Refuse a string of which a password is a part at most; nobody could tell which part."""
    if _URL.match(text):
        msg = (
            "the current value is a URL, which a password would replace as a whole; store a JSON "
            "object with a field 'password'"
        )
        raise RotationError(msg)


def _object(text: str) -> dict[str, object] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None

    if isinstance(found, dict):
        return found

    return None


def _without_password(text: str) -> dict[str, object] | None:
    fields = _object(text)
    if fields is not None:
        fields.pop("password", None)

    return fields
