"""The resources that the maps of this repository make, as Pulumi's mocks record them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sandbox.providers.official import Facts, Input
from tests import pages, snapshots
from tests.conformance import BASE64_SECRET
from tests.conformance.changes import other_value
from tests.snapshots import ROOT, SCENARIOS, Scenario

_OF_PAGES = {"shop": "README.md", "orders": "docs/access.md"}
"""The maps that pages show, as far as their resources' answers are stored."""

_TEXT = Input()
_ANY = Scenario("dev", SCENARIOS["dev"].stacks, roles=("orders", "dba", "reporting"))
"""The stacks and roles that the maps build on."""


def resources(facts: Mapping[str, Facts]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each resource of a type in the table: its type, map and name, and inputs."""
    for name, scenario, text in maps():
        for token, of_type in recorded(scenario, text)["resources"].items():
            if token not in facts:
                continue

            for logical, resource in of_type.items():
                inputs = _as_sent(facts[token].inputs, resource["inputs"])
                yield token, f"{name}/{logical}", inputs


def maps() -> Iterator[tuple[str, Scenario, str]]:
    """Yield the stacks, the maps of pages and those of the tests, each with its text."""
    for stack in ("dev", "prod"):
        text = (ROOT / "stacks" / f"{stack}.yaml").read_text("utf-8")
        yield f"stacks-{stack}", SCENARIOS[stack], text

    for name, page in _OF_PAGES.items():
        shown = pages.files((ROOT / page).read_text("utf-8"))
        yield f"readme-{name}", _ANY, shown[f"{name}.yaml"]

    for path in sorted((ROOT / "tests" / "maps").glob("*.yaml")):
        yield path.stem, _ANY, path.read_text("utf-8")

    for path in sorted(Path(__file__).parent.glob("maps/*.yaml")):
        yield path.stem, _ANY, path.read_text("utf-8")


def recorded(scenario: Scenario, text: str) -> dict[str, Any]:
    """Return the resources and outputs of a map, as the snapshots hold them."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "stacks").mkdir()
        (Path(folder) / "stacks" / f"{scenario.stack}.yaml").write_text(text, "utf-8")
        return snapshots.taken(scenario, ROOT / "__main__.py", Path(folder))


def _as_sent(facts: Mapping[str, Input], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a snapshot's inputs as a program gives them: documents are texts again.

    The mocks know no outputs of most resources, so inputs made of these are missing: a required
    one gets any value that the rules accept.
    """
    sent = {}
    for key, value in inputs.items():
        if value is not None:
            sent[key] = _value(facts.get(key, Input()), value)

    for name, found in facts.items():
        if found.required and name not in sent:
            sent[name] = other_value(found, None)

    return sent


def _value(found: Input, value: Any) -> Any:
    if found.type == "string" and isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)

    if found.type == "map":
        return {key: _value(_TEXT, inner) for key, inner in value.items() if inner is not None}

    if value == snapshots.SECRET and any(rule.limit == "base64" for rule in found.rules):
        return BASE64_SECRET

    if isinstance(value, dict) and found.fields:
        return _as_sent(found.fields, value)

    return value
