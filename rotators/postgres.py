"""PostgreSQL."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection, identifier, literal
from scramp import ScramException
from scramp.utils import saslprep

from rotators.database import CONNECT_SECONDS, tls_context, tls_failure
from rotators.errors import RotationError
from rotators.login import CLONE, Login

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_WRONG_PASSWORD = "28P01"  # noqa: S105 # an error code
_NOT_ALLOWED = "42501"
_REASONS = {
    "28000": "the server has no rule for this user, address and TLS mode, or the user may not "
    "log in",
    "3D000": "the database of the secret's dbname does not exist",
    "53300": "the server has too many connections",
    "57P03": "the server is starting or stopping",
    "22023": "the server refuses the new password",
    _NOT_ALLOWED: "the user may not do this",
    "42704": "the user does not exist",
}
_SCRAM_ROUNDS = 4096  # PostgreSQL's own default


class Postgres:
    """The engine."""

    ports: Mapping[str, int] = {"postgres": 5432, "aurora-postgresql": 5432}
    longest_user = 63

    def connect(self, login: Login) -> PostgresSession | None:
        """Log in; return None where the server refuses user and password."""
        where = f"PostgreSQL at {login.host}:{login.port}"
        context = tls_context(login) or False
        try:
            connection = Connection(
                login.username,
                host=login.host,
                port=login.port,
                database=login.dbname or "postgres",
                password=login.password,
                timeout=CONNECT_SECONDS,
                ssl_context=context,
            )
        except DatabaseError as error:
            if _code(error) == _WRONG_PASSWORD:
                return None

            msg = f"{where}: {_reason(error)}"
        except ScramException:
            msg = (
                f"{where}: the password of user {login.username!r} has characters that SASLprep "
                "(RFC 4013) prohibits; set another by hand"
            )
        except ssl.SSLError as error:
            msg = f"{where}: {tls_failure(error)}"
        except (InterfaceError, OSError) as error:
            msg = f"{where} cannot be reached: {error.__cause__ or error}"
        else:
            return PostgresSession(connection, login.username)

        raise RotationError(msg) from None


class PostgresSession:
    """An open connection."""

    def __init__(self, connection: Connection, user: str) -> None:
        """Keep the connection of a user."""
        self._connection = connection
        self._user = user

    def set_own_password(self, password: str) -> None:
        """Change the password of the user who logged in."""
        self._run("SET ROLE NONE")  # a clone acts as the other user from its login on
        self._alter_password(self._user, password)

    def account(self) -> str:
        """Return the user who logged in."""
        return self._user

    def set_password(self, user: str, password: str, like: str) -> None:
        """Change a user's password; create a clone as a member of the user that it replaces.

        A clone acts as that user from its login on (`SET role`): what either creates belongs to
        one owner, and both can use it.
        """
        if user.endswith(CLONE):
            base, clone = identifier(like), identifier(user)
            with self._as_admin_of(base):
                if not self._run("SELECT 1 FROM pg_roles WHERE rolname = :name", name=user):
                    self._run(f"CREATE ROLE {clone} LOGIN")

                self._run(f"GRANT {base} TO {clone}")

            with self._as_admin_of(clone):
                self._run(f"ALTER ROLE {clone} SET role TO {base}")

        with self._as_admin_of(identifier(user)):
            self._alter_password(user, password)

    def check(self) -> None:
        """Run a query."""
        self._run("SELECT 1")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def _as_admin_of(self, role: str) -> Iterator[None]:
        """Explain which right is missing, if the server says that one is.

        From version 16 on, CREATEROLE alone no longer allows to change every role
        (https://www.postgresql.org/docs/16/release-16.html).
        """
        try:
            yield
        except _NotAllowedError:
            boss = identifier(self._user)
            msg = (
                f"PostgreSQL: the superuser {boss} may not change {role}; it needs CREATEROLE "
                f"and, from PostgreSQL 16 on, `GRANT {role} TO {boss} WITH ADMIN OPTION`"
            )
            raise RotationError(msg) from None

    def _alter_password(self, user: str, password: str) -> None:
        # Hashed here, as psql's \password does: the server may log statements.
        [[method]] = self._run("SHOW password_encryption")
        hashed = scram(password) if method == "scram-sha-256" else _md5(password, user)
        self._run(f"ALTER ROLE {identifier(user)} PASSWORD {literal(hashed)}")

    def _run(self, statement: str, **parameters: str) -> Any:  # noqa: ANN401 # rows of anything
        try:
            return self._connection.run(statement, **parameters)
        except DatabaseError as error:
            msg = f"PostgreSQL: {_reason(error)}"
            if _code(error) == _NOT_ALLOWED:
                raise _NotAllowedError(msg) from None
        except (InterfaceError, OSError):
            msg = "PostgreSQL closed the connection"

        raise RotationError(msg) from None


class _NotAllowedError(RotationError):
    """The user who logged in lacks a right."""


def scram(password: str) -> str:
    """Hash a password as PostgreSQL stores it (RFC 5803, with RFC 7677's SHA-256)."""
    salt = os.urandom(16)
    prepared = _prepared(password).encode()
    salted = hashlib.pbkdf2_hmac("sha256", prepared, salt, _SCRAM_ROUNDS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored = hashlib.sha256(client).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    keys = f"{_base64(stored)}:{_base64(server)}"
    return f"SCRAM-SHA-256${_SCRAM_ROUNDS}:{_base64(salt)}${keys}"


def _prepared(password: str) -> str:
    """Normalize a password as the server does; it hashes one that SASLprep prohibits as it is."""
    try:
        return str(saslprep(password))
    except ScramException:
        return password


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _md5(password: str, user: str) -> str:
    """Hash a password for a server that is set to MD5, the only method besides SCRAM."""
    return "md5" + hashlib.md5((password + user).encode(), usedforsecurity=False).hexdigest()


def _code(error: DatabaseError) -> str:
    if error.args and isinstance(error.args[0], dict):
        return str(error.args[0].get("C", "unknown"))

    return "unknown"


def _reason(error: DatabaseError) -> str:
    """Explain the server's code; its own text may repeat a part of the statement."""
    code = _code(error)
    return f"{_REASONS.get(code, 'the server refuses')} (SQLSTATE {code})"
