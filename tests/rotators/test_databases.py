"""Rotations on real servers: who may log in afterwards, and what is refused with which words."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from rotators import RotationError, handlers
from tests.rotators.account import STEPS, Secret
from tests.rotators.conftest import BOSS, FIRST, Database

SINGLE = {"postgres": handlers.postgres_single_user, "mariadb": handlers.mysql_single_user}
ALTERNATING = {
    "postgres": handlers.postgres_alternating_users,
    "mariadb": handlers.mysql_alternating_users,
}


def test_single_user_new_password_opens_and_old_one_does_not(
    database: Database, new_login: Callable[..., Secret]
) -> None:
    secret = new_login(database, database.new_user())
    for _ in range(3):
        before = secret.fields()
        secret.rotate(SINGLE[database.engine])
        after = secret.fields()
        assert after == {**before, "password": after["password"]}
        assert database.opens(after)
        assert not database.opens(before)
        assert secret.fields(VersionStage="AWSPREVIOUS") == before


def test_alternating_users_old_password_still_opens(
    database: Database, new_login: Callable[..., Secret]
) -> None:
    secret = new_login(database, database.new_user())
    for _ in range(3):
        before = secret.fields()
        secret.rotate(ALTERNATING[database.engine])
        after = secret.fields()
        assert {before["username"], after["username"]} == {
            before["username"].removesuffix("_clone"),
            before["username"].removesuffix("_clone") + "_clone",
        }
        assert database.opens(after)
        assert database.opens(before)
    assert not database.opens({**before, "password": "first-password"})


def test_alternating_users_have_the_same_privileges(
    database: Database, new_login: Callable[..., Secret]
) -> None:
    user = database.new_user()
    secret = new_login(database, user)
    for n in range(3):
        database.run_as(secret.fields(), f"CREATE TABLE {user}.made{n} (n int)")
        secret.rotate(ALTERNATING[database.engine])
        # What the other user made is usable, as is what was there before.
        database.run_as(secret.fields(), f"INSERT INTO {user}.made{n} VALUES (1)")
        database.run_as(secret.fields(), f"INSERT INTO {user}.kept VALUES (1)")
        database.run_as(secret.fields(), f"ALTER TABLE {user}.made{n} ADD COLUMN m int")


def test_clone_must_use_tls_where_its_user_must(
    mariadb: Database, new_login: Callable[..., Secret]
) -> None:
    user = mariadb.new_user()
    new_login(mariadb, user).rotate(handlers.mysql_alternating_users)
    [[tls]] = mariadb.server.run(f"SELECT ssl_type FROM mysql.user WHERE User = '{user}_clone'")
    assert tls in ("ANY", b"ANY")


def test_grant_with_wildcards_option_and_odd_names_is_cloned(
    mariadb: Database, new_login: Callable[..., Secret]
) -> None:
    user, run = mariadb.new_user(), mariadb.server.run
    run(f"CREATE DATABASE `odd% TO ``{user}`")
    run(
        f"GRANT SELECT ON `odd\\% TO ``{user}`.* TO {user}@'%%' WITH GRANT OPTION".replace(
            "%%", "%"
        )
    )
    secret = new_login(mariadb, user)
    secret.rotate(handlers.mysql_alternating_users)
    grants = [row[0] for row in run(f"SHOW GRANTS FOR {user}_clone@'%'")]
    assert any("odd" in grant and grant.endswith("WITH GRANT OPTION") for grant in grants)


def test_user_of_another_address_is_left_alone(
    mariadb: Database, new_login: Callable[..., Secret]
) -> None:
    user, run = mariadb.new_user(), mariadb.server.run
    run(f"CREATE USER {user}@'10.9.9.9' IDENTIFIED BY 'somebody-else'")
    query = (
        f"SELECT authentication_string FROM mysql.user WHERE User = '{user}' AND Host = '10.9.9.9'"
    )
    before = run(query)
    secret = new_login(mariadb, user)
    secret.rotate(handlers.mysql_alternating_users)
    secret.rotate(handlers.mysql_alternating_users)
    assert run(query) == before


def test_user_with_an_odd_name_rotates(
    database: Database, new_login: Callable[..., Secret]
) -> None:
    name, run = "Odd \"user-Ä'1", database.server.run
    if database.engine == "postgres":
        quoted = '"Odd ""user-Ä\'1"'
        database.run_as(BOSS, f"CREATE ROLE {quoted} LOGIN PASSWORD 'first-password'")
    else:
        run("CREATE USER %s@'%%' IDENTIFIED BY 'first-password'", name)
    secret = new_login(database, name)
    for rotators in (SINGLE, ALTERNATING, SINGLE, ALTERNATING, SINGLE):
        secret.rotate(rotators[database.engine])
        assert database.opens(secret.fields())


def test_password_never_reaches_the_log_of_the_server(
    postgres: Database, new_login: Callable[..., Secret]
) -> None:
    secret = new_login(postgres, postgres.new_user())
    secret.rotate(handlers.postgres_single_user)
    secret.rotate(handlers.postgres_alternating_users)
    log = (postgres.server.ca.parent / "log").read_text()
    assert "PASSWORD 'SCRAM-SHA-256$" in log
    for fields in secret.all_fields().values():
        assert fields["password"] == "first-password" or fields["password"] not in log


def test_password_for_a_server_set_to_md5_opens(
    postgres: Database, new_login: Callable[..., Secret]
) -> None:
    run = postgres.server.run
    run("CREATE ROLE legacy LOGIN PASSWORD 'first-password'")
    run("ALTER ROLE legacy SET password_encryption TO 'md5'")
    new_login(postgres, "legacy").rotate(handlers.postgres_single_user)
    [[stored]] = run("SELECT rolpassword FROM pg_authid WHERE rolname = 'legacy'")
    assert stored.startswith("md5")


def test_repeated_steps_change_nothing(
    database: Database, new_login: Callable[..., Secret]
) -> None:
    secret = new_login(database, database.new_user())
    handler, token = SINGLE[database.engine], secret.begin()
    for step in STEPS:
        for _ in range(2):
            secret.step(handler, step, token)
    labels, fields = secret.labels(), secret.fields()
    for step in STEPS:  # the rotation is over: nothing happens any more
        secret.step(handler, step, token)
    assert (secret.labels(), secret.fields()) == (labels, fields)
    assert database.opens(fields)


def test_rotation_given_up_by_hand_is_recovered(
    database: Database, new_login: Callable[..., Secret]
) -> None:
    secret = new_login(database, database.new_user())
    token, handler = secret.begin(), SINGLE[database.engine]
    secret.step(handler, "createSecret", token)
    secret.step(handler, "setSecret", token)
    assert not database.opens(secret.fields())
    secret.give_up()
    secret.rotate(handler)
    assert database.opens(secret.fields())


def test_password_that_was_replaced_by_hand_never_comes_back(
    database: Database, new_login: Callable[..., Secret]
) -> None:
    """It may have leaked: the operator changes it in the database and in the secret."""
    user = database.new_user()
    secret = new_login(database, user)
    secret.rotate(SINGLE[database.engine])
    leaked = secret.fields()
    database.set_password(user, "by-hand")
    secret.put(password="by-hand")
    secret.rotate(SINGLE[database.engine])
    assert database.opens(secret.fields())
    assert not database.opens(leaked)


@pytest.mark.parametrize(
    "characters", ["pässwörd", "²½\u00b4", "€uro", "\u3000wide", "pass\u00adword"]
)
def test_password_by_hand_that_clients_send_in_different_ways_is_replaced(
    database: Database, new_login: Callable[..., Secret], characters: str
) -> None:
    user = database.new_user()
    secret = new_login(database, user, password=characters)
    database.set_password(user, characters)
    secret.rotate(SINGLE[database.engine])
    assert secret.fields()["password"].isascii()
    assert database.opens(secret.fields())


def test_password_by_hand_that_no_client_can_send_is_reported(
    postgres: Database, new_login: Callable[..., Secret]
) -> None:
    user = postgres.new_user()
    secret = new_login(postgres, user, password="bell\a")
    postgres.set_password(user, "bell\a")
    with pytest.raises(RotationError, match=r"has characters that SASLprep .* prohibits"):
        secret.rotate(handlers.postgres_single_user)


def test_password_by_hand_is_set_again_where_a_rotation_was_given_up(
    database: Database, new_login: Callable[..., Secret], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recovery sets the current password first; readers must be able to log in with that."""
    user = database.new_user()
    secret = new_login(database, user, password="pässwörd")
    database.set_password(user, "pässwörd")
    handler, token = SINGLE[database.engine], secret.begin()
    for step in STEPS[:2]:
        secret.step(handler, step, token)
    secret.give_up()
    monkeypatch.setattr("rotators.versions.Versions.mark_last_set", _interrupted)
    with pytest.raises(KeyboardInterrupt):
        secret.rotate(handler)
    assert database.opens(secret.fields())


def _interrupted(_: object) -> None:
    raise KeyboardInterrupt


def test_characters_that_clients_send_in_different_ways_change_nothing(
    database: Database, new_login: Callable[..., Secret], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = new_login(database, database.new_user())
    monkeypatch.setenv("PASSWORD_CHARACTERS", "abc²½\u00b4")
    for handlers_of in (SINGLE, ALTERNATING):
        with pytest.raises(RotationError, match="characters other than printable ASCII"):
            secret.rotate(handlers_of[database.engine])
    assert database.opens(secret.fields())


def test_pending_password_that_clients_send_in_different_ways_is_never_set(
    database: Database, new_login: Callable[..., Secret]
) -> None:
    """An earlier version of the function may have created it."""
    secret = new_login(database, database.new_user())
    token = secret.begin()
    value = json.dumps({**secret.fields(), "password": "²½\u00b4"})
    secret.client.put_secret_value(
        SecretId=secret.arn, ClientRequestToken=token, SecretString=value,
        VersionStages=["AWSPENDING"],
    )  # fmt: skip
    with pytest.raises(RotationError, match=r"pending password has .* rotate again"):
        secret.rotate(SINGLE[database.engine])
    assert database.opens(secret.fields())
    secret.rotate(SINGLE[database.engine])
    assert database.opens(secret.fields())


def test_test_of_a_new_schedule_logs_in_with_the_value_in_use(
    database: Database, new_login: Callable[..., Secret]
) -> None:
    """Where AWS's pending version has no value; `testSecret` alone is called."""
    for rotators in (SINGLE, ALTERNATING):
        secret = new_login(database, database.new_user())
        handler, token = rotators[database.engine], secret.begin()
        secret.step(handler, "testSecret", token)
        secret.put(password="not-the-one")
        with pytest.raises(RotationError, match="refuses user"):
            secret.step(handler, "testSecret", token)


@pytest.mark.parametrize("right", ["NOCREATEROLE", "CREATEROLE"])
def test_right_that_the_superuser_lacks_is_named(
    postgres: Database, new_login: Callable[..., Secret], account: Any, right: str
) -> None:
    if right == "CREATEROLE" and postgres.server.run("SHOW server_version_num") < [["160000"]]:
        pytest.skip("before version 16, CREATEROLE is all that it takes")
    user, weak = postgres.new_user(), f"weak_{right.lower()}"
    postgres.server.run(f"CREATE ROLE {weak} LOGIN {right} PASSWORD '{FIRST}'")
    secret = new_login(postgres, user)
    boss = secret.fields()["masterarn"]
    value = json.loads(account.get_secret_value(SecretId=boss)["SecretString"])
    login = json.dumps({**value, "username": weak, "password": FIRST})
    account.put_secret_value(SecretId=boss, SecretString=login)
    with pytest.raises(RotationError) as refused:
        secret.rotate(handlers.postgres_alternating_users)
    assert str(refused.value) == (
        f'PostgreSQL: the superuser "{weak}" may not change "{user}"; it needs CREATEROLE and, '
        f'from PostgreSQL 16 on, `GRANT "{user}" TO "{weak}" WITH ADMIN OPTION`'
    )


def test_previous_password_is_used_where_the_current_one_was_never_set(
    database: Database, new_login: Callable[..., Secret]
) -> None:
    secret = new_login(database, database.new_user())
    secret.put(password="written-into-the-secret-only")
    secret.rotate(SINGLE[database.engine])
    assert database.opens(secret.fields())


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no such server": ({"port": 1}, "cannot be reached"),
    "no such database": ({"dbname": "nowhere"}, "dbname does not exist|may not use the database"),
    "certificate of another name": ({"host": "127.0.0.1"}, "TLS failed: .*mismatch"),
    "user unknown": ({"username": "nobody-here"}, "refuses user 'nobody-here' with the pending"),
    "other engine": ({"engine": "oracle"}, "current value's engine is not one of"),
    "no user": ({"username": ""}, "current value lacks username"),
    "bad port": ({"port": "54x"}, "current value's port is not a number"),
    "bad ssl": ({"ssl": "maybe"}, "current value's ssl must be true or false"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusal_has_a_reason_and_no_password(
    database: Database,
    new_login: Callable[..., Secret],
    caplog: pytest.LogCaptureFixture,
    case: str,
) -> None:
    fields, reason = REFUSED[case]
    secret = new_login(database, database.new_user(), **fields)
    with caplog.at_level(logging.DEBUG, "rotators"), pytest.raises(RotationError, match=reason):
        secret.rotate(SINGLE[database.engine])
    assert "failed: " in caplog.text
    for fields in secret.all_fields().values():
        assert fields["password"] not in caplog.text


def test_server_that_no_ca_vouches_for_is_refused(
    database: Database, new_login: Callable[..., Secret], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = new_login(database, database.new_user())
    monkeypatch.delenv("CA_BUNDLE")
    with pytest.raises(RotationError, match=r"TLS failed: .*certificate"):
        secret.rotate(SINGLE[database.engine])
    monkeypatch.setenv("CA_BUNDLE", "/nowhere.pem")
    with pytest.raises(RotationError, match=r"CA_BUNDLE: /nowhere.pem is not a readable file"):
        secret.rotate(SINGLE[database.engine])


def test_tls_is_off_only_where_the_secret_says_so(
    postgres: Database, new_login: Callable[..., Secret]
) -> None:
    postgres.server.run("CREATE ROLE plain LOGIN PASSWORD 'first-password'")
    secret = new_login(postgres, "plain")
    with pytest.raises(RotationError, match="no rule for this user, address and TLS mode"):
        secret.rotate(handlers.postgres_single_user)
    secret.give_up()
    secret.put(ssl=False)
    secret.rotate(handlers.postgres_single_user)
    assert secret.fields()["password"] != "first-password"


def test_password_is_not_sent_to_a_server_without_tls(
    new_login: Callable[..., Secret], database: Database
) -> None:
    """A server that offers no TLS, and records what it receives."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        received: list[bytes] = []

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                if database.engine == "postgres":
                    received.append(connection.recv(1024))
                    connection.sendall(b"N")
                else:
                    greeting = b"\x0a10.11\x00" + b"\x01\0\0\0" + b"12345678\0" + b"\xff\xf7"
                    greeting += b"\x08\x02\x00\xff\x81\x15" + b"\0" * 10 + b"123456789012\0"
                    greeting += b"mysql_clear_password\0"
                    connection.sendall(len(greeting).to_bytes(3, "little") + b"\0" + greeting)
                connection.settimeout(3)
                received.append(connection.recv(1024))

        thread = threading.Thread(target=serve)
        thread.start()
        secret = new_login(database, database.new_user(), port=listener.getsockname()[1])
        with pytest.raises(RotationError, match=r"cannot be reached|offers no TLS"):
            secret.rotate(SINGLE[database.engine])
        thread.join()
    assert not any(b"first-password" in piece for piece in received)


def test_refused_password_is_reported_without_it(
    mariadb: Database,
    new_login: Callable[..., Secret],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = new_login(mariadb, mariadb.new_user())
    mariadb.server.run("INSTALL SONAME 'simple_password_check'")
    try:
        mariadb.server.run("SET GLOBAL simple_password_check_minimal_length = 60")
        with pytest.raises(RotationError, match="password policy refuses the new password"):
            secret.rotate(handlers.mysql_single_user)
        assert mariadb.opens(secret.fields())
        for fields in secret.all_fields().values():
            assert fields["password"] not in caplog.text
        secret.give_up()
        monkeypatch.setenv("PASSWORD_LENGTH", "64")
        secret.rotate(handlers.mysql_single_user)
        assert len(secret.fields()["password"]) == 64
        assert mariadb.opens(secret.fields())
    finally:
        mariadb.server.run("UNINSTALL SONAME 'simple_password_check'")


def test_outdated_pending_version_is_refused(
    database: Database, new_login: Callable[..., Secret]
) -> None:
    secret = new_login(database, database.new_user())
    for step in ("setSecret", "testSecret"):
        token = secret.begin()
        secret.step(SINGLE[database.engine], "createSecret", token)
        pending = secret.read(VersionId=token)
        secret.put(host=f"elsewhere for {step}")
        later = secret.client.put_secret_value(
            SecretId=secret.arn, SecretString=pending, VersionStages=["AWSPENDING"]
        )["VersionId"]
        with pytest.raises(RotationError, match=r"outdated: 'host' changed .* rotate again"):
            secret.step(SINGLE[database.engine], step, later)
        assert later not in secret.labels()


def test_superuser_of_another_server_is_refused(
    database: Database, new_login: Callable[..., Secret], account: Any
) -> None:
    secret = new_login(database, database.new_user())
    boss = secret.fields()["masterarn"]
    value = json.loads(account.get_secret_value(SecretId=boss)["SecretString"])
    account.put_secret_value(SecretId=boss, SecretString=json.dumps({**value, "host": "other"}))
    with pytest.raises(RotationError, match="for another host"):
        secret.rotate(ALTERNATING[database.engine])


def test_superuser_may_be_named_by_the_function(
    database: Database, new_login: Callable[..., Secret], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = new_login(database, database.new_user())
    monkeypatch.setenv("SUPERUSER_SECRET_ARN", secret.fields()["masterarn"])
    secret.put(masterarn=None)
    secret.rotate(ALTERNATING[database.engine])
    assert database.opens(secret.fields())
    monkeypatch.delenv("SUPERUSER_SECRET_ARN")
    with pytest.raises(RotationError, match="no superuser"):
        secret.rotate(ALTERNATING[database.engine])


def test_user_whose_current_password_is_wrong_gets_no_clone(
    database: Database, new_login: Callable[..., Secret]
) -> None:
    secret = new_login(database, database.new_user())
    secret.put(password="guessed")
    with pytest.raises(RotationError, match=r"refuses user .* with the current password"):
        secret.rotate(ALTERNATING[database.engine])


def test_name_too_long_for_a_clone_is_refused(
    database: Database, new_login: Callable[..., Secret]
) -> None:
    secret = new_login(database, "u" * 60)
    with pytest.raises(RotationError, match="is longer than the engine's"):
        secret.rotate(ALTERNATING[database.engine])
