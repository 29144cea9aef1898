"""Every value of plain data, with the path that leads to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
        inside = [((*place, step), inner) for step, inner in _children(value)]
        waiting += reversed(inside)


def _children(value: object) -> Iterable[tuple[str | int, object]]:
    """Return the values directly inside another one, each with its key or index."""
    if isinstance(value, dict):
        return value.items()

    if isinstance(value, list):
        return enumerate(value)

    return ()
