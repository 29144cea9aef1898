"""Questions to AWS whose refusal is an answer, too: it is noted with the right that it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from secrets_component.audit.reading import REFUSALS
from secrets_component.lookups.inventory import AccountError, Inventory

_AT_ONCE = 8
_Asked = TypeVar("_Asked")
_Answered = TypeVar("_Answered")


@dataclass(frozen=True, slots=True)
class Reply:
    """What AWS answered.

    Attributes:
        answer: None where AWS refused, or what was asked for does not exist.
        code: AWS's code then, such as `ResourceNotFoundException`.
        is_absent: whether what was asked for does not exist.
    """

    answer: Mapping[str, Any] | None
    code: str = ""
    is_absent: bool = False


class Asking:
    """Asks AWS, for one section.

    Attributes:
        account: the account, for questions without a refusal.
    """

    def __init__(self, account: Inventory) -> None:
        """Ask nothing yet."""
        self.account = account
        self._unseen: dict[str, None] = {}

    @property
    def unseen(self) -> tuple[str, ...]:
        """What could not be looked at, and the right that it needs, a line each."""
        return tuple(self._unseen)

    def ask(self, what: str, right: str, **arguments: object) -> Reply:
        """Ask for one answer.

        Args:
            what: what it is about, for people.
            right: the right that it needs, which names the service and the operation.
            arguments: those of the operation.

        Raises:
            AccountError: AWS does not answer at all.
        """
        service, _, operation = right.partition(":")
        try:
            return Reply(self.account.ask(service, _snake_case(operation), **arguments))
        except AccountError as error:
            if error.is_absent:
                return Reply(None, error.code, is_absent=True)

            self.note(what, right, error)
            return Reply(None, error.code)

    def note(self, what: str, right: str, error: AccountError) -> None:
        """Note what could not be looked at.

        Raises:
            AccountError: AWS does not answer at all.
        """
        if not error.is_answer:
            raise error from None

        reason = f"AWS answers {error.code}"
        if error.code in REFUSALS:
            reason = f"needs {right}"

        self.add_unseen(f"{what}: {reason}")

    def add_unseen(self, line: str) -> None:
        """Note a line about what could not be looked at."""
        self._unseen[line] = None


def at_once(ask: Callable[[_Asked], _Answered], about: Iterable[_Asked]) -> list[_Answered]:
    """Return the answers to one question about many things, a few at a time."""
    threads = ThreadPoolExecutor(_AT_ONCE)
    try:
        return list(threads.map(ask, about))
    finally:
        threads.shutdown(cancel_futures=True)  # after Ctrl-C, ask nothing more


def _snake_case(operation: str) -> str:
    """Return an operation's name as boto3 has it (`GetPolicy` → `get_policy`)."""
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation)
    return words.removeprefix("_")
