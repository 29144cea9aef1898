"""A database secret, in the JSON structure of AWS's own rotation functions.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from rotators.errors import RotationError

CLONE = "_clone"
_REQUIRED = ("engine", "host", "username", "password")


@dataclass(frozen=True)
class Login:
    """The address of a database, and the user who logs in to it.

    Attributes:
        tls: connect with TLS and check the server's certificate; off only for `"ssl": false`.
        master_arn: the superuser's secret (`masterarn`), for alternating users.
    """

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    dbname: str | None
    tls: bool
    master_arn: str | None
    _fields: Mapping[str, Any] = field(repr=False)

    def text(self, *, password: str, username: str | None = None) -> str:
        """Return the secret's text with another password, and user if given; keep all else."""
        changed = {"username": username or self.username, "password": password}
        return json.dumps({**self._fields, **changed})

    @property
    def alternate(self) -> str:
        """The name of the other of the two alternating users."""
        if self.username.endswith(CLONE):
            return self.username.removesuffix(CLONE)

        return self.username + CLONE

    def differences(self, other: Login, but: Collection[str]) -> list[str]:
        """Return the fields, apart from those named in `but`, that differ from another value's."""
        keys = {*self._fields, *other._fields}.difference(but)
        return [key for key in sorted(keys) if self._fields.get(key) != other._fields.get(key)]

    def is_same_user(self, other: Login) -> bool:
        """Return whether another value is for the same user on the same server."""
        mine = (self.host, self.port, self.username)
        return mine == (other.host, other.port, other.username)


def parse(text: str, engines: Mapping[str, int], which: str) -> Login:
    """Read a secret's text.

    Args:
        text: the secret's value.
        engines: the accepted engines, each with its default port.
        which: the version or secret, as errors call it.

    Raises:
        RotationError: the text is not the JSON structure; the message names keys only.
    """
    fields = _object(text, which)
    missing = [key for key in _REQUIRED if not _is_filled(fields.get(key))]
    if missing:
        msg = f"the {which} value lacks {', '.join(missing)} (non-empty strings)"
        raise RotationError(msg)

    if fields["engine"] not in engines:
        msg = f"the {which} value's engine is not one of {', '.join(engines)}"
        raise RotationError(msg)

    return Login(
        host=fields["host"],
        port=_port(fields.get("port"), engines[fields["engine"]], which),
        username=fields["username"],
        password=fields["password"],
        dbname=fields.get("dbname") or None,
        tls=_tls(fields.get("ssl"), which),
        master_arn=fields.get("masterarn") or None,
        _fields=fields,
    )


def _object(text: str, which: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None

    if isinstance(found, dict):
        return found

    msg = f"the {which} value is not a JSON object with {', '.join(_REQUIRED)}"
    raise RotationError(msg)


def _is_filled(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _port(port: object, default: int, which: str) -> int:
    if port in (None, ""):
        return default

    text = str(port)
    if not re.fullmatch(r"[0-9]+", text):
        msg = f"the {which} value's port is not a number"
        raise RotationError(msg)

    return int(text)


def _tls(written: object, which: str) -> bool:
    if written is None:
        return True

    text = str(written).lower()
    if text not in ("true", "false"):
        msg = f"the {which} value's ssl must be true or false"
        raise RotationError(msg)

    return text == "true"
