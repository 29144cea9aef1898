"""Every value of plain data, with the path that leads to it."""

from __future__ import annotations

from collections.abc import Iterator

from secrets_component.errors import KeyPath


def nodes(data: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """Yield a value and all values inside it, each with its path, in the order of the data.

    Args:
        data: JSON or YAML data.
        path: the path of `data` itself.
    """
    waiting = [(path, data)]
    while waiting:
        place, value = waiting.pop()
        yield place, value
        inside: list[tuple[KeyPath, object]] = []
        if isinstance(value, dict):
            inside = [((*place, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            inside = [((*place, index), inner) for index, inner in enumerate(value)]

        waiting += reversed(inside)
