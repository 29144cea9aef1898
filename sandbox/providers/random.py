"""`pulumi-resource-random` for the sandbox: RandomPassword and RandomInteger."""

from __future__ import annotations

import secrets
import string
from importlib.metadata import version
from typing import Any

from sandbox.providers.protocol import Properties, Provider, ProviderError, ResourceType, serve

_KINDS = {
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
    "numeric": string.digits,
    "special": "!@#$%&*()-_=+[]{}<>:?",  # the official provider's own default
}
_ARGUMENTS = frozenset(
    ["length", "overrideSpecial", "keepers", "number", *_KINDS]
    + [f"min{kind.capitalize()}" for kind in _KINDS]
)


def create_password(_: Any, inputs: Properties) -> tuple[str, Properties]:  # noqa: ANN401 # no cloud
    """Draw a password: the least number of each kind first, the rest from all, then shuffled."""
    alphabets = {kind: chars for kind, chars in _KINDS.items() if inputs.get(kind, True)}
    if inputs.get("overrideSpecial") and "special" in alphabets:
        alphabets["special"] = inputs["overrideSpecial"]
    drawn = [
        secrets.choice(chars)
        for kind, chars in alphabets.items()
        for _ in range(inputs.get(f"min{kind.capitalize()}") or 0)
    ]
    missing = inputs["length"] - len(drawn)
    if missing < 0 or not alphabets:
        msg = "the length is less than the sum of the minimums, or no kind of character is left"
        raise ProviderError(msg)
    drawn += [secrets.choice("".join(alphabets.values())) for _ in range(missing)]
    secrets.SystemRandom().shuffle(drawn)
    return "none", {"result": "".join(drawn)}


def create_integer(_: Any, inputs: Properties) -> tuple[str, Properties]:  # noqa: ANN401 # no cloud
    """Draw a number from `min` to `max`."""
    drawn = secrets.randbelow(inputs["max"] - inputs["min"] + 1) + inputs["min"]
    return str(drawn), {"result": drawn}


TYPES = {
    "random:index/randomInteger:RandomInteger": ResourceType(
        create=create_integer,
        read=lambda _cloud, _id, state: state,
        replaces=frozenset({"keepers", "max", "min", "seed"}),
        outputs=("result",),
    ),
    "random:index/randomPassword:RandomPassword": ResourceType(
        create=create_password,
        read=lambda _cloud, _id, state: state,
        replaces=_ARGUMENTS,
        outputs=("result", "bcryptHash"),
        secrets=frozenset({"result", "bcryptHash"}),
    ),
}


if __name__ == "__main__":
    serve(Provider(version("pulumi-random"), TYPES, {}, lambda _: None))
