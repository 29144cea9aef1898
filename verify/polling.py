"""Reads a secret under its old and its new name while it is renamed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import ClientError

from verify.account import REFUSALS, Account, error_code

_PAUSE_SECONDS = 0.2
_UNREADABLE = ("ResourceNotFoundException", "InvalidRequestException")
"""Secrets Manager's answers where there is no secret, no value, or a scheduled deletion
(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html)."""


@dataclass
class Reads:
    """What a reader of both names has seen.

    Attributes:
        total: how often it has read.
        missing: how often neither name had a value.
        other: how often the value was not the one from before.
        unanswered: how often AWS did not answer for another reason.
        new: how often only the new name had a value.
    """

    total: int = 0
    missing: int = 0
    other: int = 0
    unanswered: int = 0
    new: int = 0


@contextmanager
def reading(account: Account, old: str, new: str) -> Iterator[Reads]:
    """Read both names until the block has ended, always the old one first.

    So a rename that creates the new secret before it removes the old one is never seen without a
    value.
    """
    client = account.client("secretsmanager")
    expected = client.get_secret_value(SecretId=old)["SecretString"]
    reads = Reads()
    is_over = threading.Event()

    def value_of(name: str) -> str | None:
        return _value_of(lambda: client.get_secret_value(SecretId=name))

    def read_until_over() -> None:
        is_last = False
        while not is_last:
            is_last = is_over.wait(_PAUSE_SECONDS)
            try:
                _read(reads, value_of, (old, new), expected)
            except REFUSALS:
                reads.unanswered += 1

    thread = threading.Thread(target=read_until_over, daemon=True)
    thread.start()
    try:
        yield reads
    finally:
        is_over.set()
        thread.join()


def _read(
    reads: Reads, value_of: Callable[[str], str | None], names: tuple[str, str], expected: str
) -> None:
    old, new = names
    value = value_of(old)
    if value is None:
        value = value_of(new)
        reads.new += value is not None

    reads.total += 1
    if value is None:
        reads.missing += 1
    elif value != expected:
        reads.other += 1


def _value_of(read: Callable[[], dict[str, str]]) -> str | None:
    try:
        return read()["SecretString"]
    except ClientError as error:
        if error_code(error) in _UNREADABLE:
            return None

        raise
