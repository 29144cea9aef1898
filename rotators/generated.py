"""A generated password that nobody else has to be told: readers fetch it from the secret."""

from __future__ import annotations

import json

from rotators import passwords
from rotators.contract import Rotator
from rotators.errors import RotationError
from rotators.versions import Versions


class GeneratedPassword(Rotator):
    """Replaces a text, or the field `password` of a JSON object."""

    def create(self, current: str) -> str:
        """Make a password; the other fields of a JSON object stay."""
        fields = _object(current)
        if fields is None:
            return passwords.generate()
        if "password" not in fields:
            msg = "the current value is a JSON object without a field 'password'"
            raise RotationError(msg)
        return json.dumps({**fields, "password": passwords.generate()})

    def set(self, versions: Versions) -> None:
        """Change nothing outside: there is nothing else that knows the password."""
        self.test(versions)

    def test(self, versions: Versions) -> None:
        """See that the pending value has the current one's form, as its readers expect."""
        pending, current = _object(versions.created()), _object(versions.current())
        if _rest(pending) != _rest(current):
            msg = (
                "the pending version is stale: the current one was changed since it was made; "
                "take AWSPENDING off it and rotate again "
                "(aws secretsmanager update-secret-version-stage)"
            )
            raise RotationError(msg)


def _object(text: str) -> dict[str, object] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _rest(fields: dict[str, object] | None) -> dict[str, object] | None:
    return None if fields is None else {k: v for k, v in fields.items() if k != "password"}
