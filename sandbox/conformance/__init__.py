"""The judge: Pulumi's own Terraform bridge, built from its Go module on the schemas of the table.

The sandbox's providers answer Check and Diff from `official.yaml` in code of this project. The
judge answers the same questions from the same table in code that others wrote: the bridge's Check,
automatic names, Diff and delete-before-replace, on terraform-plugin-sdk's own validation. It lacks
what is no module: terraform-provider-aws's few validators of its own (`rules.go`) and the
functions that pulumi-aws runs before Check (`preCheck` in `main.go`). terraform-provider-random and
-tls are modules: of their types the judge asks the provider itself (`framework_judge.go`); of -tls
the first version that is served after the one that pulumi-tls 5.6.2 embeds.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.providers.official import Facts
from sandbox.toolchain import (
    GoProgram,
    Report,
    ToolchainError,
    cache_directory,
    go_build,
    last_line,
    locked,
)

_GO_MODULE = Path(__file__).parent
_JUDGE = GoProgram(
    name="the judge",
    source="from Pulumi's bridge",
    module=_GO_MODULE,
    arguments=("-trimpath", "-ldflags", "-s -w", "."),
    without_go="there is no Go to build the judge: install it (https://go.dev/doc/install)",
)


@dataclass(frozen=True)
class Question:
    """What Check and Diff are asked.

    Attributes:
        token: the resource's type.
        name: its logical name.
        region: the region of the provider's configuration.
        news: the inputs that the program gives.
        olds: those of the run before; None for a new resource, which has no Diff.
        old_region: the region of that run, where it is another.
    """

    token: str
    name: str
    region: str
    news: Mapping[str, Any]
    olds: Mapping[str, Any] | None = None
    old_region: str = ""


@dataclass(frozen=True)
class Answer:
    """What a provider answers.

    Attributes:
        error: why it answered nothing else.
        failures: Check's reasons; Diff is not asked then.
        inputs: the inputs as Check returns them.
        diffs: the inputs that change.
        replaces: those of them that need another resource.
        deletes_first: the old resource is deleted before the new one is created.
    """

    error: str = ""
    failures: tuple[str, ...] = ()
    inputs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    diffs: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    deletes_first: bool = False


def ask(facts: Mapping[str, Facts], questions: Sequence[Question], report: Report) -> list[Answer]:
    """Return the judge's answers, in the order of the questions.

    Args:
        facts: the table, by type.
        questions: what to ask.
        report: receives one line for each step that takes time.

    Raises:
        ToolchainError: the judge cannot be built, or fails.
    """
    types = {token: dataclasses.asdict(found) for token, found in facts.items()}
    asked = [dataclasses.asdict(question) for question in questions]
    done = subprocess.run(
        [_judge(report)],
        input=json.dumps({"types": types, "questions": asked}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        msg = f"the judge failed: {last_line(done.stderr)}"
        raise ToolchainError(msg)

    return [_answer(given) for given in json.loads(done.stdout)]


def _answer(given: Mapping[str, Any]) -> Answer:
    return Answer(
        error=given.get("error", ""),
        failures=tuple(given.get("failures", ())),
        inputs=given.get("inputs", {}),
        diffs=tuple(given.get("diffs", ())),
        replaces=tuple(given.get("replaces", ())),
        deletes_first=given.get("deleteBeforeReplace", False),
    )


def _judge(report: Report) -> Path:
    """Find or build the program; it is kept outside any checkout, by the hash of its source."""
    home = cache_directory() / "conformance"
    program = home / _digest()
    if program.is_file():
        return program

    home.mkdir(parents=True, exist_ok=True)
    with locked(home / ".lock", _JUDGE.name, report):
        if not program.is_file():
            go_build(_JUDGE, program, report)

    return program


def _digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(_GO_MODULE.rglob("*")):
        if path.suffix in (".go", ".mod", ".sum"):
            digest.update(path.read_bytes())

    return digest.hexdigest()[:16]
