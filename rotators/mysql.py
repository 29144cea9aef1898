"""MySQL and MariaDB."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import Any

import pymysql

from rotators.database import CONNECT_SECONDS, tls_context, tls_failure
from rotators.errors import RotationError
from rotators.login import Login

# https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html and
# https://mariadb.com/kb/en/mariadb-error-codes/
_WRONG_PASSWORD = (1045, 1698)
_REASONS = {
    1040: "the server has too many connections",
    1044: "the user may not use the database of the secret's dbname",
    1049: "the database of the secret's dbname does not exist",
    1129: "the server blocks this address after too many failed connections",
    1227: "the user may not do this",
    1396: "the user does not exist",
    1819: "the server's password policy refuses the new password; set PASSWORD_LENGTH and "
    "PASSWORD_CHARACTERS to what it asks for",
    1820: "the user's password has expired",
    1862: "the user's password has expired",
    2003: "the server cannot be reached",
    2026: "the server offers no TLS",
    3118: "the user is locked",
    3159: "the server accepts TLS only; remove '\"ssl\": false' from the secret",
    4150: "the user is blocked after too many wrong passwords",
    4151: "the user is locked",
}
_ACCOUNT = r"[`'](?:[^`']|``|'')*[`']@[`'](?:[^`']|``|'')*[`']"
_GRANT = re.compile(rf"(?P<what>(?:GRANT|REVOKE) .+ (?:TO|FROM) ){_ACCOUNT}(?P<rest>.*)", re.DOTALL)
_IDENTIFIED = re.compile(r" IDENTIFIED (?:BY PASSWORD|VIA|WITH) .*?(?=( REQUIRE | WITH |$))")


class MySQL:
    """The engine."""

    ports: Mapping[str, int] = {"mysql": 3306, "mariadb": 3306, "aurora-mysql": 3306}
    longest_user = 32  # MySQL's; MariaDB allows more

    def connect(self, login: Login) -> MySQLSession | None:
        """Log in; return None where the server refuses user and password."""
        context = tls_context(login)
        tls: dict[str, Any] = {"ssl_disabled": True}
        if context is not None:
            tls = {"ssl": context}

        try:
            connection = pymysql.connect(
                host=login.host,
                port=login.port,
                user=login.username,
                # UTF-8 as in _run's statements; PyMySQL would encode a string as Latin-1.
                password=login.password.encode(),
                database=login.dbname,
                connect_timeout=CONNECT_SECONDS,
                read_timeout=CONNECT_SECONDS,
                autocommit=True,
                **tls,
            )
        except pymysql.MySQLError as error:
            if _code(error) in _WRONG_PASSWORD:
                return None

            msg = f"MySQL at {login.host}:{login.port}: {_reason(error)}"
        except (OSError, RuntimeError) as error:  # PyMySQL: RuntimeError asks for `cryptography`
            msg = f"MySQL at {login.host}:{login.port}: {type(error).__name__}"
        else:
            return MySQLSession(connection)

        raise RotationError(msg) from None


class MySQLSession:
    """An open connection."""

    def __init__(self, connection: pymysql.connections.Connection[Any]) -> None:
        """Keep a connection."""
        self._connection = connection

    def set_own_password(self, password: str) -> None:
        """Change the password of the user who logged in."""
        # MariaDB allows a user without privileges this statement only, and expects a hash there.
        statement = "SET PASSWORD = %s"
        if "mariadb" in str(self._connection.get_server_info()).lower():
            statement = "SET PASSWORD = PASSWORD(%s)"

        self._run(statement, password)

    def account(self) -> str:
        """Return the account that the server chose, `user@host`."""
        [[account]] = self._run("SELECT CURRENT_USER()")
        return str(account)

    def set_password(self, user: str, password: str, like: str) -> None:
        """Change a user's password, after granting it every privilege of account `like`.

        Privileges are only added: the other user may have been granted more than this one.
        """
        source, _, host = like.rpartition("@")
        self._run("CREATE USER IF NOT EXISTS %s@%s IDENTIFIED BY %s", user, host, password)
        self._copy_grants(source, user, host)
        self._run("ALTER USER %s@%s IDENTIFIED BY %s", user, host, password)

    def check(self) -> None:
        """Run a query."""
        self._run("SELECT 1")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _copy_grants(self, source: str, target: str, host: str) -> None:
        account = self._connection.escape(target) + "@" + self._connection.escape(host)
        for (grant,) in self._run("SHOW GRANTS FOR %s@%s", source, host):
            statement = for_account(grant, account)
            if statement is not None:
                self._run(statement)

        [[tls]] = self._run(
            "SELECT ssl_type FROM mysql.user WHERE User = %s AND Host = %s", source, host
        )
        if tls in ("ANY", b"ANY"):
            self._run("ALTER USER %s@%s REQUIRE SSL", target, host)

    def _run(self, statement: str, *parameters: str) -> list[tuple[Any, ...]]:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement, parameters or None)
                return list(cursor.fetchall())
        except pymysql.MySQLError as error:
            msg = f"MySQL: {_reason(error)}"
        except OSError:
            msg = "MySQL closed the connection"

        raise RotationError(msg) from None


def for_account(grant: str, account: str) -> str | None:
    """Return a line of SHOW GRANTS as a grant for another account, without a password.

    Return None for a line of another kind, such as MariaDB's `SET DEFAULT ROLE`.
    """
    found = _GRANT.fullmatch(grant)
    if found is None:
        return None

    return found["what"] + account + _IDENTIFIED.sub("", found["rest"])


def _code(error: pymysql.MySQLError) -> int:
    if error.args and isinstance(error.args[0], int):
        return error.args[0]

    return 0


def _reason(error: pymysql.MySQLError) -> str:
    """Explain the server's code; its own text may repeat a part of the statement."""
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, ssl.SSLError):
        return tls_failure(cause)

    code = _code(error)
    return f"{_REASONS.get(code, 'the server refuses')} (error {code or 'unknown'})"
