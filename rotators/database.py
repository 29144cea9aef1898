"""Passwords of database users: one user, or two that alternate.

Both strategies are AWS's
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotation-strategy.html). At every
moment, wherever the function is interrupted, some labelled version of the secret opens the
database.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Protocol

from rotators import passwords
from rotators.contract import Rotator, secrets_manager
from rotators.errors import RotationError
from rotators.login import CLONE, Login, parse
from rotators.versions import Versions

CONNECT_SECONDS = 5


class Session(Protocol):
    """An open connection of the user who logged in."""

    def set_own_password(self, password: str) -> None:
        """Change the password of the user who logged in."""

    def account(self) -> str:
        """Return the account that logged in, as the engine names it."""

    def set_password(self, user: str, password: str, like: str) -> None:
        """Set another user's password; create the user with the privileges of account `like`."""

    def check(self) -> None:
        """Run a query."""

    def close(self) -> None:
        """Close the connection."""


class Engine(Protocol):
    """A kind of database."""

    ports: Mapping[str, int]
    """Default ports, by the accepted values of a secret's `engine`."""
    longest_user: int
    """Maximum number of characters in a user's name."""

    def connect(self, login: Login) -> Session | None:
        """Log in; return None where the engine refuses user and password.

        Raises:
            RotationError: the server cannot be reached or trusted, or the database does not exist.
        """


def tls_context(login: Login) -> ssl.SSLContext | None:
    """Return the check of the server's certificate and name; None where the secret turns TLS off.

    `CA_BUNDLE` is the path of a file of certificates, such as RDS's
    https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem; default: the system's.
    """
    if not login.tls:
        return None

    bundle = os.environ.get("CA_BUNDLE") or None
    try:
        context = ssl.create_default_context(cafile=bundle)
    except OSError:
        msg = f"CA_BUNDLE: {bundle} is not a readable file of PEM certificates"
        raise RotationError(msg) from None

    # Python 3.13 also requires RFC 5280's form, which CAs in use lack; trust and name are checked.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def tls_failure(error: ssl.SSLError) -> str:
    """Explain why TLS failed, if possible by the problem of the certificate."""
    problem = getattr(error, "verify_message", "") or error.reason or "unknown reason"
    return f"TLS failed: {problem}"


class SingleUser(Rotator):
    """The user changes its own password; from set to finish, the current one is refused."""

    def __init__(self, engine: Engine) -> None:
        """Rotate users of an engine."""
        self._engine = engine

    def create(self, current: str) -> str:
        """Return the current value with a new password."""
        login = parse(current, self._engine.ports, "current")
        return login.text(password=passwords.generate(portable=True))

    def set(self, versions: Versions) -> None:
        """Log in with the version that the database accepts, and set the pending password."""
        pending, current = read_logins(self._engine, versions, but=("password",))
        abandon_unless_portable(versions, pending)
        if self._opens(pending):
            return  # an earlier attempt got this far

        session = self._engine.connect(current)
        if session is None:
            session = self._open(versions.previous(), current)

        if session is None:
            session = self._recover(versions, current)

        with closing(session):
            versions.mark_last_set()
            session.set_own_password(pending.password)
            undo_late_change(self._engine, versions, pending, session.set_own_password)

    def test(self, versions: Versions) -> None:
        """Log in with the pending password and run a query."""
        try_login(self._engine, versions, but=("password",))

    def _opens(self, login: Login) -> bool:
        session = self._engine.connect(login)
        if session is None:
            return False

        session.close()
        return True

    def _recover(self, versions: Versions, current: Login) -> Session:
        """Log in with the last set password, and set the current one.

        Only LAST_SET keeps that version: the current one takes over before the label moves.
        """
        session = self._open(versions.last_set(), current)
        if session is None:
            msg = (
                f"the database refuses user {current.username!r} with the pending, the "
                "current, the previous and the last set password; set the current one by hand"
            )
            raise RotationError(msg)

        session.set_own_password(current.password)
        undo_late_change(self._engine, versions, current, session.set_own_password)
        return session

    def _open(self, text: str | None, current: Login) -> Session | None:
        """Log in with an older password, as the same user on the same server."""
        if text is None:
            return None

        older = parse(text, self._engine.ports, "older")
        if not older.is_same_user(current):
            return None

        return self._engine.connect(replace(current, password=older.password))


class AlternatingUsers(Rotator):
    """A superuser changes the password of the user not in use; readers are never refused."""

    def __init__(self, engine: Engine) -> None:
        """Rotate users of an engine."""
        self._engine = engine

    def create(self, current: str) -> str:
        """Return the current value with the other user and a new password."""
        login = parse(current, self._engine.ports, "current")
        if len(login.alternate) > self._engine.longest_user:
            msg = (
                f"user {login.username!r} with {CLONE!r} is longer than the engine's "
                f"{self._engine.longest_user} characters"
            )
            raise RotationError(msg)

        password = passwords.generate(portable=True)
        return login.text(password=password, username=login.alternate)

    def set(self, versions: Versions) -> None:
        """Let the superuser create the other user if it does not exist, and set its password.

        A second attempt repeats all of it: a login that works does not show whether grants were
        copied.
        """
        pending, current = read_logins(self._engine, versions, but=("username", "password"))
        abandon_unless_portable(versions, pending)
        if pending.username != current.alternate:
            versions.abandon(f"the pending version's user is not {current.alternate!r}")

        # As AWS's functions do: a value that cannot log in as the user must not yield the other.
        session = self._engine.connect(current)
        if session is None:
            msg = f"the database refuses user {current.username!r} with the current password"
            raise RotationError(msg)

        with closing(session):
            account = session.account()

        with closing(self._superuser(current)) as superuser:
            change = partial(superuser.set_password, pending.username, like=account)
            versions.mark_last_set()
            change(pending.password)
            undo_late_change(self._engine, versions, pending, change)

    def test(self, versions: Versions) -> None:
        """Log in as the other user and run a query."""
        try_login(self._engine, versions, but=("username", "password"))

    def _superuser(self, current: Login) -> Session:
        arn = current.master_arn or os.environ.get("SUPERUSER_SECRET_ARN")
        if not arn:
            msg = "no superuser: the secret has no 'masterarn', and SUPERUSER_SECRET_ARN is not set"
            raise RotationError(msg)

        value = secrets_manager().get_secret_value(SecretId=arn).get("SecretString") or ""
        superuser = parse(value, self._engine.ports, "superuser's")
        if superuser.host != current.host:
            msg = "the superuser's secret is for another host than the user's"
            raise RotationError(msg)

        session = self._engine.connect(superuser)
        if session is None:
            msg = f"the database refuses the superuser {superuser.username!r} of {arn}"
            raise RotationError(msg)

        return session


def read_logins(engine: Engine, versions: Versions, but: Collection[str]) -> tuple[Login, Login]:
    """Return the pending and the current login; they may differ in the fields named in `but`.

    If more differs, the secret was written in the middle of the rotation: finishing it would bring
    the old fields back, setting it would change the password of another user or database.
    """
    pending = parse(versions.created(), engine.ports, "pending")
    current = parse(versions.current(), engine.ports, "current")
    changed = pending.differences(current, but)
    if changed:
        names = ", ".join(map(repr, changed))
        versions.abandon(f"the pending version is outdated: {names} changed in the current one")

    return pending, current


def abandon_unless_portable(versions: Versions, pending: Login) -> None:
    """Refuse a pending password that readers could not log in with, before it is set."""
    if not passwords.is_portable(pending.password):
        versions.abandon(
            "the pending password has characters other than printable ASCII, which database "
            "clients encode in different ways"
        )


def undo_late_change(
    engine: Engine, versions: Versions, changed: Login, change: Callable[[str], None]
) -> None:
    """Set the password that counts if another rotation took over while this one changed it.

    Args:
        engine: the kind of database.
        versions: the secret's versions in this rotation.
        changed: the user whose password this rotation has just changed.
        change: sets the password of that user.

    Raises:
        RotationError: another rotation took over.
    """
    newer = versions.newer_values()
    for text in newer:
        login = parse(text, engine.ports, "newer")
        if login.is_same_user(changed):
            change(login.password)
            break

    if newer:
        msg = "another rotation has taken over; the database has that one's password again"
        raise RotationError(msg)


def try_login(engine: Engine, versions: Versions, but: Collection[str]) -> None:
    """Log in with the pending version and run a query."""
    pending, _ = read_logins(engine, versions, but)
    session = engine.connect(pending)
    if session is None:
        msg = f"the database refuses user {pending.username!r} with the pending password"
        raise RotationError(msg)

    with closing(session):
        session.check()
