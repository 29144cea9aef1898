"""Ask yaml-language-server about every map, and Mermaid about its picture: `make editor`.

Needs Node.js and the npm registry, so it is no part of `make test`, which compares the record with
the schema of today.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.editor import record, typed
from tests.editor.questions import COMPLETIONS, CURSOR, HOVERS, MISTAKES, Completion, Hover
from tests.editor.server import EditorError, LanguageServer, install, language_server, run, version
from tests.maps_of_repository import valid_maps


def main() -> int:
    """Ask, record, and print what is wrong; return 1 for a wrong answer or without the server."""
    try:
        answers = _answers()
    except EditorError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1

    record.write(answers)
    found = record.problems(answers)
    for problem in found:
        print(problem)
    asked = len(answers["completions"]) + len(answers["hovers"]) + len(answers["mistakes"])
    print(
        f"yaml-language-server {version()}: {len(answers['maps'])} maps, {asked} questions; "
        f"Mermaid: {len(answers['graphs'])} graphs; Pyright: {len(answers['programs'])} pages; "
        f"{len(found)} wrong answers; "
        "Ajv's strict mode accepts the schema"
    )
    return int(bool(found))


def _answers() -> dict[str, Any]:
    schema = record.schema_text()
    folder = install()
    run(["node", "check.mjs"], folder, schema)
    graphs = record.graphs()
    wrong = json.loads(run(["node", "graph.mjs"], folder, json.dumps(graphs)))
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "secret-map.schema.json"
        path.write_text(schema, "utf-8")
        with language_server(path) as server:
            return {
                "server": version(),
                "schema": record.digest(schema),
                "graphs": {
                    name: {"graph": record.digest(text), "problems": wrong[name]}
                    for name, text in graphs.items()
                },
                "programs": typed.checked(folder),
                "maps": {name: _checked(server, name, text) for name, text in valid_maps().items()},
                "completions": {
                    name: _completed(server, name, question)
                    for name, question in COMPLETIONS.items()
                },
                "hovers": {
                    name: _pointed_at(server, name, question) for name, question in HOVERS.items()
                },
                "mistakes": {
                    name: _mistaken(server, name, *question) for name, question in MISTAKES.items()
                },
            }


def _messages(server: LanguageServer, name: str, text: str) -> list[str]:
    found = []
    for problem in server.open(_file(name), text):
        line = problem["range"]["start"]["line"] + 1
        found.append(f"line {line}: {problem['message']}")
    return sorted(found)


def _checked(server: LanguageServer, name: str, text: str) -> dict[str, Any]:
    return {"problems": _messages(server, name, text)}


def _completed(server: LanguageServer, name: str, question: Completion) -> dict[str, Any]:
    line, character = _open(server, f"completion {name}", question.text)
    items = server.complete(_file(f"completion {name}"), line, character)
    offered = {item["label"]: item.get("insertText", item["label"]) for item in items}
    problems = []
    for label, inserted in question.offered.items():
        if offered.get(label) != inserted:
            problems.append(f"`{label}` inserts {offered.get(label)!r}, not {inserted!r}")
    if question.alone and len(offered) > len(question.offered):
        problems.append(f"also offers {sorted(offered.keys() - question.offered.keys())}")
    problems += [f"`{label}` inserts null" for label, text in offered.items() if "null" in text]
    return {"offered": offered, "problems": problems}


def _pointed_at(server: LanguageServer, name: str, question: Hover) -> dict[str, Any]:
    line, character = _open(server, f"hover {name}", question.text)
    shown = server.hover(_file(f"hover {name}"), line, character).replace("\\", "")
    shown = shown.partition("\n\nSource: ")[0]
    problems = [] if question.sentence in shown else [f"lacks {question.sentence!r}"]
    return {"shown": shown, "problems": problems}


def _mistaken(server: LanguageServer, name: str, text: str, beginning: str) -> dict[str, Any]:
    shown = _messages(server, f"mistake {name}", text)
    is_found = any(message.partition(": ")[2].startswith(beginning) for message in shown)
    return {"shown": shown, "problems": [] if is_found else [f"no problem {beginning!r}"]}


def _open(server: LanguageServer, name: str, text: str) -> tuple[int, int]:
    """Open a text without its cursor, and return where that was."""
    before, _, after = text.partition(CURSOR)
    server.open(_file(name), before + after)
    last = before.rpartition("\n")[2]
    return before.count("\n"), len(last)


def _file(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name) + ".yaml"


if __name__ == "__main__":
    raise SystemExit(main())
