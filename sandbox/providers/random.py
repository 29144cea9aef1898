"""`pulumi-resource-random` for the sandbox: RandomPassword, RandomBytes and RandomInteger."""

from __future__ import annotations

import base64
import secrets
import string
from importlib.metadata import version
from typing import Any

from sandbox.providers.official import facts
from sandbox.providers.protocol import (
    Created,
    Properties,
    Provider,
    ResourceType,
    serve,
)

_KINDS = {
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
    "numeric": string.digits,
    "special": "!@#$%&*()-_=+[]{}<>:?",  # the official provider's own default
}


def create_password(_: Any, inputs: Properties) -> Created:  # noqa: ANN401 # no cloud
    """Generate a password: the minimum of each kind first, the rest from all, then shuffled."""
    alphabets = _alphabets(inputs)
    drawn = []
    for kind, characters in alphabets.items():
        drawn += _draw(characters, inputs.get(f"min{kind.capitalize()}") or 0)

    missing = inputs["length"] - len(drawn)  # Check refuses fewer than the sum of the minimums
    drawn += _draw("".join(alphabets.values()), missing)
    secrets.SystemRandom().shuffle(drawn)
    return "none", {"result": "".join(drawn)}


def _alphabets(inputs: Properties) -> dict[str, str]:
    """Return the characters of each kind that is on."""
    alphabets = {kind: characters for kind, characters in _KINDS.items() if inputs.get(kind, True)}
    if "special" in alphabets and inputs.get("overrideSpecial"):
        alphabets["special"] = inputs["overrideSpecial"]

    return alphabets


def _draw(characters: str, number: int) -> list[str]:
    return [secrets.choice(characters) for _ in range(number)]


def create_integer(_: Any, inputs: Properties) -> Created:  # noqa: ANN401 # no cloud
    """Generate a number from `min` to `max`."""
    drawn = secrets.randbelow(inputs["max"] - inputs["min"] + 1) + inputs["min"]
    return str(drawn), {"result": drawn}


def create_bytes(_: Any, inputs: Properties) -> Created:  # noqa: ANN401 # no cloud
    """Generate bytes, which both outputs encode."""
    drawn = secrets.token_bytes(inputs["length"])
    return "none", {"base64": base64.b64encode(drawn).decode(), "hex": drawn.hex()}


TYPES = {
    "random:index/randomBytes:RandomBytes": ResourceType(
        create=create_bytes,
        read=lambda _cloud, _id, state: state,
    ),
    "random:index/randomInteger:RandomInteger": ResourceType(
        create=create_integer,
        read=lambda _cloud, _id, state: state,
    ),
    "random:index/randomPassword:RandomPassword": ResourceType(
        create=create_password,
        read=lambda _cloud, _id, state: state,
    ),
}


if __name__ == "__main__":
    serve(Provider(version("pulumi-random"), TYPES, facts(), {}, lambda _: None))
