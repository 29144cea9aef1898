"""Connection strings that are no URLs, taken apart into their fields.

Two kinds are known: `Key=…;Host=…`, as ADO.NET, ODBC, SQL Server's JDBC driver and Azure write
them, and libpq's `host=… password=…`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from secrets_component.secret_map.escapes import Escape

_QUOTED_OR_PLAIN = (
    r"'(?P<single>(?:[^']|'')*+)'|\"(?P<double>(?:[^\"]|\"\")*+)\"|\{(?P<braced>(?:[^}]|\}\})*+)\}"
    r"|(?P<plain>[^;'\"{\s][^;\n]*+|)"
)
_FIELD = re.compile(
    rf"\s*+(?P<name>[A-Za-z][\w .-]{{0,63}}+)=[ \t]*+(?:{_QUOTED_OR_PLAIN})\s*+(?:;\s*+|\Z)",
    re.ASCII,
)
_JDBC = re.compile(r"\s*jdbc:[a-z]+://[^;?\s]*+;")
_QUOTING = {
    "single": Escape.SINGLE_QUOTED,
    "double": Escape.DOUBLE_QUOTED,
    "braced": Escape.BRACED,
    "plain": Escape.FIELD,
}
_HOSTS = frozenset(
    {"addr", "address", "data source", "host", "hostname", "network address", "server"}
)

_LIBPQ_FIELD = re.compile(
    r"\s*+(?P<name>[a-z_]+)\s*+=\s*+(?:'(?P<quoted>(?:[^'\\]|\\.)*+)'|(?P<plain>(?:[^\s'\\]|\\.)"
    r"(?:[^\s\\]|\\.)*+|))(?:\s++|\Z)",
    re.DOTALL | re.ASCII,
)
_LIBPQ_NAMES = frozenset({
    "application_name", "channel_binding", "client_encoding", "connect_timeout", "dbname",
    "fallback_application_name", "gssencmode", "gsslib", "host", "hostaddr", "keepalives",
    "keepalives_count", "keepalives_idle", "keepalives_interval", "krbsrvname",
    "load_balance_hosts", "options", "passfile", "password", "port", "require_auth", "requirepeer",
    "service", "sslcert", "sslcompression", "sslcrl", "sslkey", "sslmode", "sslpassword",
    "sslrootcert", "target_session_attrs", "tcp_user_timeout", "user",
})  # fmt: skip
"""https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS"""

_WHERE = frozenset({"dbname", "host", "hostaddr", "service"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a connection string.

    Attributes:
        name: in lower case.
        value: as it is written, without its quotes.
        quoting: what a reference in the value needs.
        is_host: the field names a host.
    """

    name: str
    value: str
    quoting: Escape
    is_host: bool


def fields_of(text: str) -> tuple[list[Field], str]:
    """Return the fields of a connection string, and what of the text is in none of them.

    That is all of any other text, and the URL that SQL Server's JDBC driver has before the fields.
    """
    libpq = _libpq_fields(text)
    if libpq:
        return libpq, ""

    url = _JDBC.match(text)
    start = url.end() if url else 0
    fields = []
    for found in _each(_FIELD, text, start):
        name = found["name"].strip().lower()
        kind = str(found.lastgroup)
        fields.append(Field(name, found[kind], _QUOTING[kind], name in _HOSTS))

    is_any_text = start == 0 and len(fields) == 1  # such as `a=b`
    if is_any_text or not fields:
        return [], text

    return fields, text[:start].rstrip(";")


def _libpq_fields(text: str) -> list[Field]:
    """Return the fields of a connection string of libpq's; none of any other text."""
    fields = []
    for found in _each(_LIBPQ_FIELD, text, 0):
        name = found["name"]
        kind = str(found.lastgroup)
        value = found[kind]
        quoting = Escape.LIBPQ
        if kind == "plain" and len(value) == 1:  # perhaps a reference and nothing else
            quoting = Escape.LIBPQ_VALUE

        fields.append(Field(name, value, quoting, name == "host"))

    names = {field.name for field in fields}
    if len(names) < 2 or names.isdisjoint(_WHERE):  # noqa: PLR2004 # `host=a` alone is any text
        return []

    return fields if names <= _LIBPQ_NAMES else []


def _each(field: re.Pattern[str], text: str, start: int) -> list[re.Match[str]]:
    """Return the fields that a text consists of, or none if it has anything else."""
    found = []
    while start < len(text):
        match = field.match(text, start)
        if match is None:
            return []

        found.append(match)
        start = match.end()

    return found
