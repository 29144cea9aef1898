"""Names: everything that a verification creates begins with the name of its run."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

ENVIRONMENT = "verify"
RULE_PREFIX = "secretsmap-on-rotate-"
"""What the names of the product's rules begin with, and its permission for EventBridge allows."""

MAX_PREFIX = 20
"""Leaves room for the parts of names: a role's or function's has at most 64 characters
(https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)."""

_PREFIX = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_RUN = re.compile(rf"({_PREFIX.pattern})-[0-9a-f]{{8}}")
_LEADS = ("alias/", "/aws/lambda/")


class InvalidNameError(Exception):
    """A prefix or the name of a run is not valid; the message is one line with the reason."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one run.

    Attributes:
        run: the prefix with a random suffix, which no name of the account has.
    """

    run: str

    @property
    def role(self) -> str:
        """The role of the functions that the map does not deploy, and a principal of its policy."""
        return f"{self.run}-reader"

    @property
    def reader(self) -> str:
        """The function that restarts after a rotation."""
        return f"{self.run}-reader"

    @property
    def witness(self) -> str:
        """The function that would restart if EventBridge ignored a condition."""
        return f"{self.run}-witness"

    def secret(self, name: str) -> str:
        """Return the name in AWS of a secret of the map, or of one that it adopts."""
        return f"{self.run}/{ENVIRONMENT}/{name}"


def new_run(prefix: str) -> Names:
    """Add a random suffix to a prefix.

    Raises:
        InvalidNameError: the prefix is not valid.
    """
    if not _PREFIX.fullmatch(prefix) or len(prefix) > MAX_PREFIX:
        msg = f"PREFIX must be 1 to {MAX_PREFIX} letters, digits and inner hyphens, not `{prefix}`"
        raise InvalidNameError(msg)

    return Names(f"{prefix}-{secrets.token_hex(4)}")


def known_run(run: str) -> Names:
    """Return the names of an earlier run.

    Raises:
        InvalidNameError: no run is named so, and to remove by that name could remove anything.
    """
    found = _RUN.fullmatch(run)
    if found is None or len(found[1]) > MAX_PREFIX:
        msg = (
            f"`{run}` is not the name of a run, which is PREFIX, a hyphen and 8 hexadecimal digits"
        )
        raise InvalidNameError(msg)

    return Names(run)


def belongs(name: str, start: str) -> bool:
    """Return whether a name in AWS is of a run, or below a prefix: `try` is not of `trying`."""
    for lead in _LEADS:
        name = name.removeprefix(lead)

    rest = name.removeprefix(start)
    return name.startswith(start) and rest[:1] in ("", "-", "/", ".")


def is_about(description: str, run: str) -> bool:
    """Return whether the description of a key or rule names a secret, or all secrets, of a run."""
    return any(belongs(word, run) for word in description.split())
