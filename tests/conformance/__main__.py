"""Ask Pulumi's bridge and write its answers: `make conformance`, then review the diff."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.conformance import Question, ask
from sandbox.providers.official import Facts, facts
from sandbox.toolchain import ToolchainError
from tests.conformance import (
    FOLDER,
    UNASKED,
    Change,
    comparable,
    digest_of,
    file_of,
    questions_of,
    text_of,
)
from tests.conformance.changes import changes_of
from tests.conformance.corpus import resources


def main() -> int:
    """Write one file per type; return 1 if the judge cannot be built."""
    judged = facts()
    files = _asked(judged)
    questions: list[Question] = []
    entries: list[dict[str, Any]] = []
    for held in files.values():
        for place, question, _ in questions_of(held):
            name, _, label = place.partition(": ")
            questions.append(question)
            entries.append(held["resources"][name]["answers"][label])

    try:
        answers = ask(judged, questions, _report)
    except ToolchainError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1

    for question, entry, answer in zip(questions, entries, answers, strict=True):
        entry["answer"] = comparable(answer, question)

    for held in files.values():
        for resource in held["resources"].values():
            _drop_unasked(resource["answers"])

    for path in FOLDER.glob("*.json"):
        path.unlink()

    for token, held in files.items():
        file_of(token).write_text(text_of(held), "utf-8")

    _report(f"{len(answers)} answers in {len(files)} files; review them: git diff {FOLDER}")
    return 0


def _asked(judged: Mapping[str, Facts]) -> dict[str, dict[str, Any]]:
    """Return the files by type, with the changes but without the answers."""
    files: dict[str, dict[str, Any]] = {}
    shapes = set()
    for token, name, inputs in resources(judged):
        start = {"type": token, "facts": digest_of(judged[token]), "resources": {}}
        held = files.setdefault(token, start)
        shape = (token, frozenset(inputs))
        answers = {"as it is": _entry(Change(is_new=True)), "again": _entry(Change())}
        if shape not in shapes:
            answers |= dict(_entries(judged[token], inputs))

        shapes.add(shape)
        held["resources"][name] = {"inputs": inputs, "answers": answers}

    return files


def _drop_unasked(answers: dict[str, dict[str, Any]]) -> None:
    """Remove the changes of a resource that could not be created, and empty answers."""
    for label, entry in list(answers.items()):
        answer = entry["answer"]
        if answer.get("error", "").startswith(UNASKED):
            del answers[label]
        elif not answer:
            del entry["answer"]


def _entries(found: Facts, inputs: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for label, change in changes_of(found, inputs):
        yield label, _entry(change)


def _entry(change: Change) -> dict[str, Any]:
    shown = change.shown()
    if not shown:
        return {}

    return {"change": shown}


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
