"""An answer as it is recorded: without what differs from run to run, and the files of them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.second_opinion import ANSWERS, Step

_IDS = re.compile(
    r"\b(?:mrk-)?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b"
    r"|\b[0-9a-f]{64}\b"  # key material
    r"|\bA[A-Z0-9]{15,}\b"  # IAM: AROA…, ANPA…
)
_SUFFIX = re.compile(r"(:secret:.+)-[A-Za-z0-9]{6}$")
_ADDRESS = re.compile(r"https?://[^\"\s]+")
_DAY = 86_400
_NOW = 1.5 * _DAY  # AWS tells of an access only the day


class Symbols:
    """The names that a probe's ids are recorded under: by the step and field that first show them.

    Args:
        given: what the probe itself chose, with its placeholder.
    """

    def __init__(self, given: Mapping[str, str]) -> None:
        self._names = dict(given)

    def meet(self, answer: Any, number: int) -> None:
        """Name the ids of a step's answer that no earlier step has shown."""
        texts = sorted(_texts(answer), key=lambda found: (not _IDS.fullmatch(found[1]), found))
        for path, text in texts:  # a field that is an id names it better than one that contains it
            for found in _IDS.findall(text):
                self._names.setdefault(found, f"<{number}.{path}>")

    def shown(self, text: str) -> str:
        """Return a text with its ids and addresses replaced."""
        text = _SUFFIX.sub(r"\1-<6>", text)
        for found, name in self._names.items():
            text = text.replace(found, name)

        return _ADDRESS.sub("<address>", text)


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text of an answer with its path; a key is a text too."""
    match value:
        case dict():
            for key, item in value.items():
                yield path or "key", key
                yield from _texts(item, f"{path}.{key}".removeprefix("."))
        case list():
            for item in value:
                yield from _texts(item, path)
        case str():
            yield path, value


def recorded(
    answer: Mapping[str, Any], step: Step, number: int, symbols: Symbols
) -> dict[str, Any]:
    """Return a step's answer as it is recorded; of a refusal its code."""
    symbols.meet(answer, number)
    if "Error" in answer:
        shown: dict[str, Any] = {"refused": answer["Error"]["Code"]}
        if step.says is not None:
            shown["says"] = step.says in answer["Error"].get("Message", "")

        return shown

    plain = _plain(answer, symbols)
    if step.keep is not None:
        items = plain.get(step.keep, [])
        plain[step.keep] = [item for item in items if "<name>" in json.dumps(item)]

    if step.show is not None:
        return _selected(plain, step.show)

    return dict(plain)


def _plain(value: Any, symbols: Symbols) -> Any:
    """Return a value for JSON, in an order of its own: AWS promises none."""
    match value:
        case dict():
            shown = {symbols.shown(key): _plain(item, symbols) for key, item in value.items()}
            return dict(sorted(shown.items()))
        case list():
            return sorted((_plain(item, symbols) for item in value), key=json.dumps)
        case datetime():
            return _moment(value)
        case bytes():
            return {"bytes": base64.b64encode(value).decode()}
        case str():
            return _text(value, symbols)
    return value


def _text(value: str, symbols: Symbols) -> Any:
    """Return a text, and a document as what it says."""
    if value.startswith("{"):
        return {"document": _plain(json.loads(value), symbols)}

    return symbols.shown(value)


def _moment(value: datetime) -> str:
    ahead = (value - datetime.now(UTC)).total_seconds()
    if ahead > _NOW:
        return f"<in {round(ahead / _DAY)} days>"

    if ahead < -_NOW:
        return "<long ago>"

    return "<now>"


def _selected(answer: Any, paths: Sequence[str]) -> dict[str, Any]:
    """Return the fields at some paths, in which `*` is every item of a list."""
    return {path: found for path in paths if (found := _at(answer, path.split("."))) is not None}


def _at(answer: Any, path: Sequence[str]) -> Any:
    if not path:
        return answer

    if path[0] == "*":
        return [_at(item, path[1:]) for item in answer or []]

    if not isinstance(answer, dict):
        return None

    return _at(answer.get(path[0]), path[1:])


def read(service: str) -> dict[str, Any]:
    """Read a service's answers."""
    return dict(json.loads((ANSWERS / f"{service}.json").read_text("utf-8")))


def call_of(step: Step) -> str:
    """Return the call as it is recorded with its answers."""
    arguments = json.dumps(step.arguments, ensure_ascii=False, default=_encoded)
    return f"{step.service}.{step.operation} {arguments}"


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def entry_of(step: Step, theirs: Any, ours: Any) -> dict[str, Any]:
    """Return the line of a step: ministack's answer, and the sandbox's if it is another one."""
    entry = {"call": call_of(step), "ministack": theirs}
    if ours != theirs:
        entry["sandbox"] = ours

    return entry


def text_of(version: str, probes: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Write a file of answers: a line for each step, so that another answer is another line."""
    written = []
    for name, steps in probes.items():
        lines = [f"  {json.dumps(step, ensure_ascii=False)}" for step in steps]
        written.append(f" {json.dumps(name)}: [\n" + ",\n".join(lines) + "\n ]")

    body = ",\n".join(written)
    return f'{{\n"version": {json.dumps(version)},\n"probes": {{\n{body}\n}}\n}}\n'
