"""JSON text of policies → plain data, however odd the text is."""

from __future__ import annotations

import json
from typing import Any

from secrets_component.secret_map.walk import nodes

MAX_LEVELS = 64
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
            `MAX_LEVELS`.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise JsonTextError(error.msg.lower(), error.lineno, error.colno) from None
    except RecursionError:
        raise JsonTextError(_TOO_NESTED) from None
    except ValueError:  # Python's own limit of digits
        msg = "a number with too many digits"
        raise JsonTextError(msg) from None

    if any(len(path) >= MAX_LEVELS for path, _ in nodes(document)):
        raise JsonTextError(_TOO_NESTED)

    return document


_TOO_NESTED = f"nested deeper than {MAX_LEVELS} levels"
