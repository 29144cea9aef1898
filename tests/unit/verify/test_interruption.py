"""Signals: the first ends the run, the others never its clean-up."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from verify.interruption import Interrupted, Interruption

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_first_signal_is_raised(number: signal.Signals) -> None:
    Interruption()
    with pytest.raises(Interrupted, match=number.name) as raised:
        os.kill(os.getpid(), number)
    assert raised.value.signal == number


def test_later_signals_are_answered_and_not_raised(capfd: pytest.CaptureFixture[str]) -> None:
    Interruption()
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    assert capfd.readouterr().err.count("still removing what was created; please wait") == 2


def test_deferred_signal_is_raised_at_the_end_of_its_block() -> None:
    interruption = Interruption()
    done = []

    def block() -> None:
        with interruption.deferred():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("the rest of the block")

    with pytest.raises(Interrupted, match="SIGTERM"):
        block()
    assert done


def test_signal_after_a_deferred_block_is_raised_at_once() -> None:
    interruption = Interruption()
    with interruption.deferred():
        pass
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGINT)


def test_clean_up_is_not_interrupted_at_all(capfd: pytest.CaptureFixture[str]) -> None:
    Interruption().disarm()
    os.kill(os.getpid(), signal.SIGINT)
    assert "please wait" in capfd.readouterr().err
