"""Steps that come twice, late, or in another order, on real databases.

After each of them some labelled version opens the database. Once a rotation has been run to its
end, the version in use does, whatever an overtaken attempt still does afterwards.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from rotators import RotationError, handlers
from tests.rotators import victims
from tests.rotators.account import STEPS, Secret
from tests.rotators.conftest import Database

STRATEGIES = ["single_user", "alternating_users"]
Meanwhile = Callable[[str, Secret, str], None]


@pytest.fixture(scope="module")
def victim() -> Iterator[victims.Victim]:
    with victims.started() as victim:
        yield victim


@pytest.fixture(scope="module")
def other_victim() -> Iterator[victims.Victim]:
    with victims.started() as victim:
        yield victim


@pytest.fixture(params=STRATEGIES)
def strategy(request: pytest.FixtureRequest, database: Database) -> str:
    """The name of a function for the database."""
    engine = database.engine.replace("mariadb", "mysql")
    return f"{engine}_{request.param}"


def attempt(strategy: str, secret: Secret, token: str) -> None:
    """Call all four steps, as AWS does when it repeats a rotation."""
    for step in STEPS:
        secret.step(getattr(handlers, strategy), step, token)


def rotate_until_done(strategy: str, secret: Secret) -> None:
    """Rotate as AWS does after what went wrong: it attempts again what is pending."""
    try:
        secret.rotate(getattr(handlers, strategy))
    except RotationError as refused:
        assert "rotate again" in str(refused)
        secret.rotate(getattr(handlers, strategy))


def some_version_opens(database: Database, secret: Secret) -> bool:
    return any(database.opens(fields) for fields in secret.all_fields().values())


def repeat_and_rotate(strategy: str, secret: Secret, token: str) -> None:
    """Run the same rotation to its end, and the next one too."""
    attempt(strategy, secret, token)
    secret.rotate(getattr(handlers, strategy))


def give_up_and_rotate(strategy: str, secret: Secret, _: str) -> None:
    """Take AWSPENDING off, as AWS advises for a rotation that is stuck, and rotate anew."""
    secret.give_up()
    secret.rotate(getattr(handlers, strategy))


@pytest.mark.parametrize(
    "meanwhile", [repeat_and_rotate, pytest.param(give_up_and_rotate, marks=pytest.mark.long)]
)
def test_overtaken_attempt_never_locks_readers_out(
    victim: victims.Victim,
    database: Database,
    new_login: Callable[..., Secret],
    strategy: str,
    meanwhile: Meanwhile,
) -> None:
    """An attempt waits before each of its calls in turn, while others run to their end."""
    secret = new_login(database, database.new_user())
    for call in itertools.count(1):
        token = secret.begin()
        victim.order(strategy, secret, token, call=call, signal="SIGSTOP")
        if victim.answer() != "stopped":
            break
        meanwhile(strategy, secret, token)
        assert database.opens(secret.fields())
        assert victim.go_on() in ("done", "failed")
        assert database.opens(secret.fields())
        rotate_until_done(strategy, secret)
        assert database.opens(secret.fields())
    assert call > 15, "the rotation made fewer calls than it has things to do"


def test_two_rotations_at_once_end_with_a_version_in_use_that_opens(
    victim: victims.Victim,
    database: Database,
    new_login: Callable[..., Secret],
    strategy: str,
) -> None:
    """A rotation that was given up goes on before the next one tests, or before it finishes."""
    handler = getattr(handlers, strategy)
    secret = new_login(database, database.new_user())
    for call in itertools.count(1):
        token = secret.begin()
        victim.order(strategy, secret, token, call=call, signal="SIGSTOP")
        if victim.answer() != "stopped":
            break
        secret.give_up()
        later = secret.begin()
        steps = 2 + call % 2
        for step in STEPS[:steps]:
            secret.step(handler, step, later)
        victim.go_on()
        assert some_version_opens(database, secret)
        try:
            for step in STEPS[steps:]:
                secret.step(handler, step, later)
        except RotationError:
            rotate_until_done(strategy, secret)
        assert database.opens(secret.fields())
    assert call > 15, "the rotation made fewer calls than it has things to do"


@pytest.mark.parametrize("step", STEPS)
def test_same_step_twice_at_the_same_time(
    victim: victims.Victim,
    other_victim: victims.Victim,
    database: Database,
    new_login: Callable[..., Secret],
    strategy: str,
    step: str,
) -> None:
    secret = new_login(database, database.new_user())
    for _ in range(3):
        token = secret.begin()
        for earlier in STEPS[: STEPS.index(step)]:
            secret.step(getattr(handlers, strategy), earlier, token)
        both = (victim, other_victim)
        for one in both:
            one.order(strategy, secret, token, steps=[step])
        assert "done" in {one.answer() for one in both}
        assert some_version_opens(database, secret)
        attempt(strategy, secret, token)
        assert database.opens(secret.fields())


def test_steps_in_any_order_never_make_a_version_current_that_does_not_open(
    database: Database, new_login: Callable[..., Secret], strategy: str
) -> None:
    handler = getattr(handlers, strategy)
    secret = new_login(database, database.new_user())
    create, *others = STEPS
    for order in [STEPS[::-1], *((create, *rest) for rest in itertools.permutations(others))]:
        token = secret.begin()
        for step in order:
            try:
                secret.step(handler, step, token)
            except RotationError:
                assert step != "createSecret"
            assert some_version_opens(database, secret)
        attempt(strategy, secret, token)
        assert database.opens(secret.fields())
