"""Ask and record: `make second-opinion`, then review the diff.

With `sandbox` only the sandbox is asked, and its answers are recorded beside those that ministack
gave before: after a rule has changed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox import api, second_opinion
from sandbox.toolchain import ToolchainError
from tests.second_opinion import ANSWERS, ROOT, document, probes_of, services
from tests.second_opinion.answers import entry_of, read, text_of
from tests.second_opinion.asking import Asker


def main() -> int:
    """Write the answers and the document; return 1 if an emulator does not start."""
    parser = argparse.ArgumentParser(prog="python -m tests.second_opinion", description=__doc__)
    parser.add_argument("who", nargs="?", choices=["both", "sandbox"], default="both")
    try:
        _record(with_ministack=parser.parse_args().who == "both")
    except (ToolchainError, api.ApiError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1

    document.FILE.write_text(document.text(), "utf-8")
    _report(
        f"review the answers: git diff {ANSWERS.parent.relative_to(ROOT)} {document.FILE.relative_to(ROOT)}"
    )
    return 0


def _record(*, with_ministack: bool) -> None:
    theirs = _recorded()
    if with_ministack:
        with serving(second_opinion.NAME) as endpoint:
            theirs = _answers(Asker(endpoint))

    with serving(api.MOTO) as endpoint:
        ours = _answers(Asker(endpoint))

    for service in services():
        written: dict[str, list[dict[str, Any]]] = {}
        for name, steps in probes_of(service).items():
            answers = zip(steps, theirs[service][name], ours[service][name], strict=True)
            written[name] = [entry_of(*answer) for answer in answers]

        text = text_of(second_opinion.version(), written)
        (ANSWERS / f"{service}.json").write_text(text, "utf-8")


def _recorded() -> dict[str, dict[str, list[Any]]]:
    """Return ministack's answers as they are recorded."""
    found: dict[str, dict[str, list[Any]]] = {}
    for path in ANSWERS.glob("*.json"):
        probes = read(path.stem)["probes"]
        found[path.stem] = {}
        for name, steps in probes.items():
            found[path.stem][name] = [step["ministack"] for step in steps]

    return found


def _answers(asker: Asker) -> dict[str, dict[str, list[Any]]]:
    found: dict[str, dict[str, list[Any]]] = {}
    for service in services():
        found[service] = {name: asker.ask(steps) for name, steps in probes_of(service).items()}

    return found


@contextmanager
def serving(emulator: str) -> Iterator[str]:
    """Serve an emulator for the time of the block; its endpoint."""
    before = os.environ.get("SANDBOX_API")
    os.environ["SANDBOX_API"] = emulator
    try:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "home"
            try:
                yield api.start(home, 0, _report)
            finally:
                api.stop(home)
    finally:
        os.environ.pop("SANDBOX_API")
        if before is not None:
            os.environ["SANDBOX_API"] = before


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
