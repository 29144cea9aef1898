"""How a value is written into the text around a reference, so that its reader gets it back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from enum import Enum, auto
from typing import TypeAlias
from urllib.parse import quote


class Escape(Enum):
    """What happens to a value on its way into a text. `docs/values.md` has the table of places."""

    DROP_PORT = auto()
    """A host whose port the map sets itself: RDS's `endpoint` is `host:port`.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Endpoint.html
    """

    PERCENT = auto()
    """The user part of a URL, its port, fragment, and names and values of its query.

    https://www.rfc-editor.org/rfc/rfc3986#section-2
    """

    PERCENT_PATH = auto()
    """The path of a URL: slashes stay."""

    PERCENT_HOST = auto()
    """The host of a URL: what hosts with ports, lists of them and IPv6 addresses have stays."""

    JSON = auto()
    """Inside a JSON string. https://www.rfc-editor.org/rfc/rfc8259#section-7"""

    JSON_VALUE = auto()
    """Outside of strings in JSON: one whole value, as JSON writes it."""

    LIBPQ = auto()
    """Between quotes, or as a part of a value, in a connection string of libpq.

    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE
    """

    LIBPQ_VALUE = auto()
    """A whole value in a connection string of libpq, where an empty one needs quotes."""

    FIELD = auto()
    """Without quotes in a `Key=…;Host=…` string. Its readers quote in different ways, so a value
    that needs quotes is refused."""

    SINGLE_QUOTED = auto()
    """Between `'` in such a string.

    https://learn.microsoft.com/en-us/dotnet/api/system.data.common.dbconnectionstringbuilder
    """

    DOUBLE_QUOTED = auto()
    """Between `"` in such a string."""

    BRACED = auto()
    """Between `{` and `}` in such a string of ODBC's or JDBC's.

    https://learn.microsoft.com/en-us/sql/odbc/reference/syntax/sqldriverconnect-function
    """


Escapes: TypeAlias = tuple[Escape, ...]
"""What happens to a value, in this order: the innermost text first."""


class EscapeError(ValueError):
    """A value that cannot be written where it is referenced; the message never contains it."""


_DOUBLED = {Escape.SINGLE_QUOTED: "'", Escape.DOUBLE_QUOTED: '"', Escape.BRACED: "}"}
_SAFE = {Escape.PERCENT: "", Escape.PERCENT_PATH: "/", Escape.PERCENT_HOST: ":[],/%"}
# Compiled at first use, by `re` itself: `validate` must start fast.
_PORT = r":[0-9]+\Z"
_SPECIAL_IN_LIBPQ = r"[\\'\s]"
_SPECIAL_IN_FIELD = r"[;\n\r]|\A[\s\"'{=]|\s\Z"


def escaped(text: str, escape: Escape) -> str:
    """Return a text as its place needs it.

    Raises:
        EscapeError: the text does not fit there.
    """
    if escape in _SAFE:
        return quote(text, safe=_SAFE[escape])

    if escape in _DOUBLED:
        return text.replace(_DOUBLED[escape], _DOUBLED[escape] * 2)

    match escape:
        case Escape.JSON:
            return json.dumps(text, ensure_ascii=False)[1:-1]
        case Escape.JSON_VALUE:
            return _json_value(text)
        case Escape.DROP_PORT:
            return _without_port(text)
        case Escape.FIELD:
            return _field(text)
        case _:
            return _in_libpq(text, escape)


def is_host_with_port(key: str, siblings: Iterable[str]) -> bool:
    """Return whether a field is the host of a host and port pair."""
    return key.lower() in ("host", "hostname") and "port" in map(str.lower, siblings)


def _without_port(host: str) -> str:
    """Return a host without its port; an IPv6 address has one only after brackets (`[::1]:80`)."""
    if host.count(":") > 1 and "]:" not in host:
        return host

    return re.sub(_PORT, "", host)


def _json_value(text: str) -> str:
    """Return a text that is JSON by itself: it can neither end nor add a field."""
    try:
        json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        msg = "makes the JSON invalid; quote the reference"
        raise EscapeError(msg) from None

    return text


def _refuse_constant(name: str) -> None:
    """Refuse `NaN` and the infinities, which Python reads and JSON does not have."""
    raise ValueError(name)


def _in_libpq(text: str, escape: Escape) -> str:
    is_empty = not text
    if is_empty and escape is Escape.LIBPQ_VALUE:
        return "''"

    return re.sub(_SPECIAL_IN_LIBPQ, r"\\\g<0>", text)


def _field(text: str) -> str:
    if re.search(_SPECIAL_IN_FIELD, text):
        msg = (
            "has a character that needs quotes in a connection string; write quotes around the "
            "reference (`Password='${…}'`), or braces for ODBC (`Password={${…}}`)"
        )
        raise EscapeError(msg)

    return text
