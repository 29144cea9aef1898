"""JSON text of policies → plain data, however odd the text is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

MAX_DEPTH = 64
"""Levels; AWS's policy language has fewer than ten."""


class JsonTextError(ValueError):
    """The text is no JSON that a policy may be; the message never quotes it."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        """Keep the message, and the place in the text from line and column 1."""
        super().__init__(message)
        self.line, self.column = line, column


def parse_json(text: str) -> Any:  # noqa: ANN401 # any JSON value
    """Parse a policy's text.

    Raises:
        JsonTextError: the text is not JSON, has numbers beyond all use, or is nested deeper than
            `MAX_DEPTH`.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise JsonTextError(error.msg.lower(), error.lineno, error.colno) from None
    except RecursionError:
        raise JsonTextError(_TOO_DEEP) from None
    except ValueError:  # Python's own limit of digits
        msg = "a number with too many digits"
        raise JsonTextError(msg) from None

    if _is_deeper(document, MAX_DEPTH):
        raise JsonTextError(_TOO_DEEP)

    return document


_TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"


def _is_deeper(document: object, levels: int) -> bool:
    nodes = [document]
    for _ in range(levels):
        nodes = [child for node in nodes for child in _children(node)]
        if not nodes:
            return False

    return True


def _children(node: object) -> Iterable[object]:
    if isinstance(node, dict):
        return node.values()

    return node if isinstance(node, list) else ()
