"""Where the two emulators answer otherwise, and what is known of each difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import yaml

from tests.second_opinion import FOLDER, services
from tests.second_opinion.answers import read

RIGHT = ("sandbox", "ministack", "neither", "both", "unsettled")
_NAMING = ("AliasName", "Key", "Name", "PolicyArn", "Region", "Sid", "TagKey", "VersionId")
_ABSENT = "(absent)"


@dataclass(frozen=True)
class Difference:
    """A row of docs/second-opinion.md.

    Attributes:
        about: the behaviour.
        sandbox: what moto with the sandbox's rules does.
        ministack: what ministack does.
        right: whose answer is AWS's; `both` where AWS's documentation allows either.
        aws: what AWS does, by the source.
        source: where that is written.
        done: what was done, or why nothing.
        at: the places of the answers, as patterns; none where the two answer alike by now.
        test: the test that holds what was fixed.
    """

    about: str
    sandbox: str
    ministack: str
    right: str
    aws: str
    source: str
    done: str
    at: tuple[str, ...] = ()
    test: str = ""


@dataclass(frozen=True)
class Place:
    """A field of an answer that differs.

    Attributes:
        path: `service/probe: step operation field`.
        sandbox: the sandbox's value.
        ministack: ministack's value.
    """

    path: str
    sandbox: Any
    ministack: Any


def known() -> dict[str, Difference]:
    """Read the differences, by their ids."""
    held = yaml.safe_load((FOLDER / "differences.yaml").read_text("utf-8"))
    return {name: _difference(written) for name, written in held.items()}


def _difference(written: Mapping[str, Any]) -> Difference:
    places = tuple(written.get("at", ()))
    return Difference(**{**written, "at": places})


def recorded_places() -> Iterator[Place]:
    """Yield each field that differs in the recorded answers."""
    for service in services():
        for probe, steps in read(service)["probes"].items():
            for number, step in enumerate(steps, 1):
                operation = step["call"].split()[0].partition(".")[2]
                start = f"{service}/{probe}: {number} {operation}"
                if "sandbox" in step:
                    yield from places(start, step["sandbox"], step["ministack"])


def places(start: str, ours: Any, theirs: Any) -> Iterator[Place]:
    """Yield where two answers to a step differ; where one is a refusal, once."""
    if ("refused" in ours) != ("refused" in theirs):
        words = [answer.get("refused", "accepted") for answer in (ours, theirs)]
        yield Place(f"{start} refused", *words)
        return

    left, right = dict(_leaves(ours)), dict(_leaves(theirs))
    for path in sorted(left.keys() | right.keys()):
        values = (left.get(path, _ABSENT), right.get(path, _ABSENT))
        if values[0] != values[1]:
            yield Place(f"{start} {path}", *values)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each plain value of an answer with its path; items are known by what names them."""
    inner: Iterator[tuple[str, Any]] = iter(())
    match value:
        case dict() if value:
            inner = iter(value.items())
        case list() if _naming(value):
            inner = ((item[_naming(value)], item) for item in value)
        case _ if path:
            yield path, value
    for key, item in inner:
        yield from _leaves(item, f"{path}.{key}".removeprefix("."))


def _naming(items: list[Any]) -> str:
    """Return the field that names each of the items, if one does."""
    for field in _NAMING:
        names = [item.get(field) for item in items if isinstance(item, dict)]
        if names and len(set(names)) == len(items) and None not in names:
            return field

    return ""


def explained(place: Place, differences: Mapping[str, Difference]) -> list[str]:
    """Return the ids of the differences that explain a place, and which pattern does."""
    found = []
    for name, difference in differences.items():
        if any(_matches(place.path, pattern) for pattern in difference.at):
            found.append(name)

    return found


def used(pattern: str, found: list[Place]) -> bool:
    """Return whether a pattern is of any use."""
    return any(_matches(place.path, pattern) for place in found)


def _matches(path: str, pattern: str) -> bool:
    return fnmatchcase(path, pattern.replace("[", "[[]"))
