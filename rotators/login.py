"""A database secret, in the JSON structure of AWS's own rotation functions.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from rotators.errors import RotationError

CLONE = "_clone"
_REQUIRED = ("engine", "host", "username", "password")


@dataclass(frozen=True)
class Login:
    """Where a database is and who logs in to it.

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
        """Write the secret with another password, and user if given; all else stays."""
        return json.dumps(
            {**self._fields, "username": username or self.username, "password": password}
        )

    @property
    def alternate(self) -> str:
        """The name of the other of the two alternating users."""
        if self.username.endswith(CLONE):
            return self.username.removesuffix(CLONE)
        return self.username + CLONE

    def refuse_other(self, current: Login, but: Collection[str]) -> None:
        """Refuse a pending value that differs from the current one in more than the named fields.

        Someone wrote the secret in the middle of the rotation: to finish it would bring the old
        fields back, to set it would change another user's password or another database.
        """
        keys = {*self._fields, *current._fields} - set(but)
        other = sorted(k for k in keys if self._fields.get(k) != current._fields.get(k))
        if other:
            msg = (
                f"the pending version is stale: {', '.join(map(repr, other))} changed in the "
                "current one since it was made; take AWSPENDING off it and rotate again "
                "(aws secretsmanager update-secret-version-stage)"
            )
            raise RotationError(msg)


def parse(text: str, engines: Mapping[str, int], which: str) -> Login:
    """Read a secret's text.

    Args:
        text: the secret's value.
        engines: the engines that are good, each with its default port.
        which: the version or secret that is spoken of.

    Raises:
        RotationError: the text is not the JSON structure; the message names keys only.
    """
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        msg = f"the {which} value is not a JSON object with {', '.join(_REQUIRED)}"
        raise RotationError(msg)
    missing = [key for key in _REQUIRED if not isinstance(fields.get(key), str) or not fields[key]]
    if missing:
        msg = f"the {which} value lacks {', '.join(missing)} (each a text)"
        raise RotationError(msg)
    if fields["engine"] not in engines:
        msg = f"the {which} value's engine is none of {', '.join(engines)}"
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


def _port(port: object, default: int, which: str) -> int:
    if port in (None, ""):
        return default
    text = str(port)
    if not text.isascii() or not text.isdigit():
        msg = f"the {which} value's port is not a number"
        raise RotationError(msg)
    return int(text)


def _tls(written: object, which: str) -> bool:
    if written is None:
        return True
    known = {"true": True, "false": False}.get(str(written).lower())
    if known is None:
        msg = f"the {which} value's ssl must be true or false"
        raise RotationError(msg)
    return known
