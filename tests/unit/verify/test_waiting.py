"""Waiting for something to be seen."""

from verify.waiting import wait_for


def test_first_look_is_at_once() -> None:
    assert wait_for(lambda: "seen", seconds=0) == "seen"


def test_looks_until_something_is_seen() -> None:
    looks = iter([0, 0, 3])
    assert wait_for(lambda: next(looks), seconds=5, pause=0) == 3


def test_last_look_is_returned_when_the_time_is_over() -> None:
    assert wait_for(list, seconds=0.01, pause=0.001) == []
