"""Kill a function before each call that it makes: no password is ever lost, and a retry ends well.

Together these make more than 200 interruptions; the last test counts them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rotators import handlers
from tests.rotators import victims
from tests.rotators.account import Secret
from tests.rotators.conftest import Database

SINGLE = {"postgres": "postgres_single_user", "mariadb": "mysql_single_user"}
ALTERNATING = {"postgres": "postgres_alternating_users", "mariadb": "mysql_alternating_users"}
Kill = Callable[[str, Secret, int], bool]
interruptions = {"survived": 0, "tests": 0}


@pytest.fixture(scope="module")
def victim() -> Iterator[victims.Victim]:
    with victims.started() as victim:
        yield victim


@pytest.fixture
def kill(victim: victims.Victim) -> Iterator[Kill]:
    """Rotate, dying before the given call; False where the rotation was over before it."""

    def carry_out(function: str, secret: Secret, call: int) -> bool:
        victim.order(function, secret, secret.begin(), call=call)
        answer = victim.answer()
        assert answer != "failed"
        interruptions["survived"] += answer == "killed"
        return answer == "killed"

    yield carry_out
    interruptions["tests"] += 1


def sweep(kill: Kill, function: str, prepare: Callable[[], Secret], check: Callable[[Secret], Any],
          after_kill: Callable[[Secret], None] = lambda _: None) -> None:  # fmt: skip
    """Interrupt a rotation before each of its calls, and rotate again after each."""
    call = 1
    while kill(function, secret := prepare(), call):
        check(secret)
        after_kill(secret)
        check(secret)
        secret.rotate(getattr(handlers, function))
        check(secret)
        call += 1
    assert call > 10, "the rotation made fewer calls than it has things to do"


def some_version_opens(database: Database) -> Callable[[Secret], None]:
    def check(secret: Secret) -> None:
        assert any(database.opens(fields) for fields in secret.all_fields().values())

    return check


def current_version_opens(database: Database) -> Callable[[Secret], None]:
    def check(secret: Secret) -> None:
        assert database.opens(secret.fields())

    return check


def test_single_user_never_loses_the_password(
    kill: Kill, database: Database, new_login: Callable[..., Secret]
) -> None:
    secret = new_login(database, database.new_user())
    sweep(kill, SINGLE[database.engine], lambda: secret, some_version_opens(database))
    assert database.opens(secret.fields())


def test_single_user_never_loses_the_password_when_given_up_by_hand(
    kill: Kill, database: Database, new_login: Callable[..., Secret]
) -> None:
    """The operator takes AWSPENDING off after each kill, and AWS drops what has no label."""
    secret = new_login(database, database.new_user())
    check = some_version_opens(database)
    sweep(kill, SINGLE[database.engine], lambda: secret, check, Secret.give_up)
    assert database.opens(secret.fields())


def test_recovery_of_a_rotation_given_up_by_hand_never_loses_the_password(
    kill: Kill, postgres: Database, new_login: Callable[..., Secret]
) -> None:
    """The second rotation, which finds its password in an abandoned version, is killed as well."""
    user = postgres.new_user()

    def abandoned() -> Secret:
        secret = new_login(postgres, user)
        password = secret.fields()["password"]
        postgres.server.run(f"ALTER ROLE {user} PASSWORD '{password}'")
        token = secret.begin()
        for step in ("createSecret", "setSecret"):
            secret.step(handlers.postgres_single_user, step, token)
        secret.give_up()
        return secret

    sweep(kill, "postgres_single_user", abandoned, some_version_opens(postgres))


def test_alternating_users_current_password_always_opens(
    kill: Kill, database: Database, new_login: Callable[..., Secret]
) -> None:
    secret = new_login(database, database.new_user())
    sweep(kill, ALTERNATING[database.engine], lambda: secret, current_version_opens(database))


def test_clone_that_was_made_half_way_has_all_privileges(
    kill: Kill, database: Database, new_login: Callable[..., Secret]
) -> None:
    made: list[Secret] = []

    def first_rotation() -> Secret:
        made.append(new_login(database, database.new_user()))
        return made[-1]

    def check(secret: Secret) -> None:
        fields = secret.fields()
        user = fields["username"].removesuffix("_clone")
        database.run_as(fields, f"INSERT INTO {user}.kept VALUES (1)")

    sweep(kill, ALTERNATING[database.engine], first_rotation, check)
    by_user = [secret.fields()["username"].endswith("_clone") for secret in made]
    # The last kill comes after the move of AWSCURRENT: the rotation that follows is another one.
    assert by_user == [*[True] * (len(made) - 2), False, True]


def test_generated_password_is_always_there(
    kill: Kill, new_secret: Callable[[str], Secret]
) -> None:
    secret = new_secret("first")
    sweep(kill, "generated_password", lambda: secret, lambda secret: len(secret.read()) > 0)
    assert len(secret.read()) == 32


def test_there_were_more_than_200_interruptions() -> None:
    if interruptions["tests"] < 10:
        pytest.skip("only a part of this file ran in this process")
    print(f"{interruptions['survived']} interruptions")
    assert interruptions["survived"] > 200
