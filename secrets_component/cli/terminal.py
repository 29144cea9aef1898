"""Colours, where a person reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO

_CODES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "dim": "2"}


def has_colours(stream: TextIO, variables: Mapping[str, str] = os.environ) -> bool:
    """Return whether a stream shows colours.

    That is a terminal, unless `NO_COLOR` is set to anything but an empty string
    (https://no-color.org) or `TERM` is `dumb`.
    """
    if variables.get("NO_COLOR"):
        return False

    return stream.isatty() and variables.get("TERM") != "dumb"


def coloured(text: str, colour: str, *, on: bool) -> str:
    """Return a text in a colour of the terminal (`bold`, `dim`, `red`, `green` or `yellow`).

    Args:
        text: the text.
        colour: the colour.
        on: whether to colour at all.
    """
    if not on:
        return text

    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"
