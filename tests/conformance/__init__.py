"""What Pulumi's own bridge answers to Check and Diff, as JSON files that are reviewed as a diff.

`make conformance` writes them (`python -m tests.conformance`); the tests hold the sandbox's
providers against them, without Go. A file per resource type holds:

    facts       a digest of the type's entry in `official.yaml`, from which the judge's schema is made
    resources   each resource that the maps of this repository make, by map and logical name: its
                inputs and, by what is changed in them, the answer

A change's `given` is laid over the inputs, null removes one; `logical` is another logical name and
`region` another region of the provider. What is left out of an answer is empty or false.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.conformance import Answer, Question
from sandbox.providers.checks import DEFAULTS
from sandbox.providers.official import Facts, facts

FOLDER = Path(__file__).parent
COMMAND = "make conformance"
REGION, OTHER_REGION = "eu-central-1", "us-east-1"
BASE64_SECRET = base64.b64encode(b"<secret>").decode()
UNASKED = "the run before: "
"""How the judge begins the error of a resource that could not be created."""

_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
_ASSET, _ARCHIVE = "c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"
_DIGITS = re.compile(r"-[0-9a-f]{7}(?![0-9a-f])")
_ACCEPTED = (
    # Python's and Go's JSON parsers and ARN parsers describe the same fault in other words.
    (
        re.compile(r"(contains an invalid JSON(?: policy)?|is an invalid ARN):.*?(?=\. Examine|$)"),
        r"\1",
    ),
    # The plugin framework's answer ends in the description of the input.
    (re.compile(r"(Missing required property '[^']*'): .*"), r"\1"),
    # Terraform lists the errors of a plan, of which there is one.
    (re.compile(r"1 error occurred:\n\t\* (.*?)\n\n", re.DOTALL), r"\1"),
    # The bridge prints the value of a secret in its reasons; the sandbox never does.
    (re.compile(r"<secret>|\[secret\]"), "<value>"),
)
"""The differences in wording that are accepted, each with its replacement on both sides."""


@dataclass(frozen=True)
class Change:
    """What is changed in a resource before Check and Diff are asked.

    Attributes:
        given: inputs to set, or to remove where None.
        logical: another logical name, for a new resource without inputs of a run before.
        region: another region of the provider.
        is_new: there is no run before.
    """

    given: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    logical: str = ""
    region: str = ""
    is_new: bool = False

    def question(self, token: str, name: str, inputs: Mapping[str, Any]) -> Question:
        """Return what is asked of a resource with these inputs."""
        olds = None
        if not self.is_new:
            olds = _sent(inputs)

        news = {}
        for key, value in {**inputs, **self.given}.items():
            if value is not None:
                news[key] = value

        region = self.region or REGION
        return Question(token, self.logical or name, region, _sent(news), olds, REGION)

    def shown(self) -> dict[str, Any]:
        """Return the change as the file holds it."""
        return {key: value for key, value in dataclasses.asdict(self).items() if value}


def file_of(token: str) -> Path:
    """Return the file of a resource type."""
    package, module, name = token.split(":")
    service = module.partition("/")[0]
    if service == "index":
        service = package

    return FOLDER / f"{service}-{name}.json"


def digest_of(facts: Facts) -> str:
    """Return a short digest of a type's facts."""
    text = json.dumps(dataclasses.asdict(facts), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def recorded() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each type with what its file holds."""
    for path in sorted(FOLDER.glob("*.json")):
        held = json.loads(path.read_text("utf-8"))
        yield held["type"], held


def questions_of(held: Mapping[str, Any]) -> Iterator[tuple[str, Question, dict[str, Any]]]:
    """Yield each question of a file, with its place and the answer that is recorded."""
    for name, resource in held["resources"].items():
        logical = name.partition("/")[2]
        for label, entry in resource["answers"].items():
            change = Change(**entry.get("change", {}))
            question = change.question(held["type"], logical, resource["inputs"])
            yield f"{name}: {label}", question, entry.get("answer", {})


def text_of(held: Mapping[str, Any]) -> str:
    """Write a type's file: a line for each answer, so that a changed one is a changed line."""
    lines = ["{", f'"type": {_line(held["type"])},', f'"facts": {_line(held["facts"])},']
    lines.append('"resources": {')
    resources = []
    for name in sorted(held["resources"]):
        resource = held["resources"][name]
        answers = []
        for label in sorted(resource["answers"]):
            answers.append(f"  {_line(label)}: {_line(resource['answers'][label])}")

        start = f' {_line(name)}: {{"inputs": {_line(resource["inputs"])}, "answers": {{\n'
        resources.append(start + ",\n".join(answers) + "\n }}")

    return "\n".join([*lines, ",\n".join(resources), "}", "}"]) + "\n"


def _line(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def comparable(answer: Answer, question: Question) -> dict[str, Any]:
    """Return an answer without what differs from run to run or is accepted to differ.

    The inputs are those that Check added to a new resource's; later ones add the same.
    """
    shown: dict[str, Any] = {
        "error": _worded(answer.error),
        "failures": sorted(_worded(reason) for reason in answer.failures),
        "diffs": _changed_inputs(answer, question),
        "replaces": sorted(answer.replaces),
        "deletes_first": answer.deletes_first,
    }
    if question.olds is None and not answer.failures:
        shown["added"] = _added(answer, question)

    return {key: value for key, value in shown.items() if value}


def _changed_inputs(answer: Answer, question: Question) -> list[str]:
    """Return the inputs that change; the bridge lists outputs that a replacement changes too."""
    found = facts().get(question.token, Facts({}))
    return sorted(set(answer.diffs) - {"id", *found.outputs})


def _added(answer: Answer, question: Question) -> dict[str, Any]:
    """Return what Check added to the inputs, without what only marks it."""
    given = _unmarked(question.news)
    added = {}
    for key, value in _unmarked(answer.inputs).items():
        if key == DEFAULTS:
            added[key] = sorted(value)
        elif given.get(key) != value and not _is_archive(question.news.get(key)):
            added[key] = value

    return json.loads(_DIGITS.sub("-<7 hex>", json.dumps(added)))


def _is_archive(value: Any) -> bool:
    return isinstance(value, dict) and value.get(_SIGNATURE) == _ARCHIVE


def _unmarked(value: Any) -> Any:
    """Return a value without the marks of secrets and of defaults inside it."""
    match value:
        case dict() if value.get(_SIGNATURE) == _SECRET:
            return _unmarked(value["value"])
        case dict():
            found = {}
            for key, inner in value.items():
                if key != DEFAULTS or inner:
                    found[key] = _unmarked(inner)

            return found
        case list():
            return [_unmarked(inner) for inner in value]
        case float() if value.is_integer():
            return int(value)
    return value


def _worded(reason: str) -> str:
    for pattern, replacement in _ACCEPTED:
        reason = pattern.sub(replacement, reason)

    return _DIGITS.sub("-<7 hex>", reason)


def _sent(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs as the engine sends them: files hold a marker instead of an archive."""
    return {key: _as_archive(value) for key, value in inputs.items()}


def _as_archive(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch("<.*archive>", value):
        return value

    source = {_SIGNATURE: _ASSET, "text": value}
    return {_SIGNATURE: _ARCHIVE, "assets": {"function.py": source}}
