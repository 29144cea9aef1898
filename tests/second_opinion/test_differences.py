"""Each difference between the emulators is known, judged and of use."""

from __future__ import annotations

import ast
import functools
import html
import re
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

from sandbox import second_opinion
from tests.conftest import ROOT
from tests.second_opinion import COMMAND, probes_of, services
from tests.second_opinion.answers import call_of, read
from tests.second_opinion.differences import (
    RIGHT,
    Difference,
    Place,
    explained,
    known,
    places,
    recorded_places,
    used,
)

KNOWN = known()
PLACES = list(recorded_places())
_MODELS = {
    "AmazonCloudWatchLogs": "logs",
    "AmazonECS": "ecs",
    "AmazonRDS": "rds",
    "IAM": "iam",
    "eventbridge": "events",
    "kms": "kms",
    "lambda": "lambda",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
}
"""boto3's names of the services, by the part of the address of AWS's documentation."""

ACCEPTED_BY_BOTH = {
    "lambda/functions that AWS refuses": {2, 4, 5, 7},
    "iam/roles that AWS refuses": {1, 2, 3},
    "iam/policies that AWS refuses": {5},
    "kms/aliases that AWS refuses": {3},
    "events/rules that AWS refuses": {5, 6},
    "rds/databases that AWS refuses": {1, 2},
}
"""Steps that AWS refuses and neither emulator does, by probe."""


def report(lines: list[str], advice: str) -> None:
    if lines:
        pytest.fail("\n".join([*lines, advice]), pytrace=False)


def test_each_difference_between_the_answers_is_explained() -> None:
    unknown = [
        f"{place.path}: sandbox {place.sandbox!r}, ministack {place.ministack!r}"
        for place in PLACES
        if not explained(place, KNOWN)
    ]
    report(unknown, "find out what AWS does, and add the place to a row of differences.yaml")


def test_each_pattern_is_of_use() -> None:
    unused = []
    for name, difference in KNOWN.items():
        unused += [f"{name}: {pattern}" for pattern in difference.at if not used(pattern, PLACES)]
    report(unused, "remove these patterns: the emulators answer alike there")


@pytest.mark.parametrize("name", KNOWN)
def test_each_difference_is_judged(name: str) -> None:
    difference = KNOWN[name]
    assert difference.right in RIGHT
    assert difference.source.startswith("https://")
    assert difference.at or difference.test, "a row without a place needs the test that holds it"


@pytest.mark.parametrize("name", [name for name, one in KNOWN.items() if one.test])
def test_each_test_that_is_named_exists(name: str) -> None:
    path, _, function = KNOWN[name].test.partition("::")
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    assert function in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("name", [name for name, one in KNOWN.items() if "/API_" in one.source])
def test_each_quotation_is_in_awss_own_api_model(name: str) -> None:
    service = _MODELS[KNOWN[name].source.split("/")[3]]
    for quoted in re.findall(r'"([^"]+)"', KNOWN[name].aws):
        assert quoted in documentation_of(service)


@functools.cache
def documentation_of(service: str) -> str:
    """All that AWS writes about a service's API, as it comes with boto3."""
    loader = botocore.session.get_session().get_component("data_loader")
    lines = []
    for text in texts(loader.load_service_model(service, "service-2")):
        lines.append(" ".join(html.unescape(re.sub("<[^>]+>", "", text)).split()))
    return "\n".join(lines)


def texts(model: Any) -> Iterator[str]:
    items = model.items() if isinstance(model, dict) else enumerate(model)
    for key, value in items:
        if key == "documentation":
            yield value
        elif isinstance(value, dict | list):
            yield from texts(value)


def test_what_ministack_has_right_is_fixed_or_has_a_reason() -> None:
    for name, difference in KNOWN.items():
        if difference.right in ("ministack", "neither"):
            assert difference.done.startswith(("fixed", "nothing; ", "nothing yet; ")), name


@pytest.mark.parametrize("service", services())
def test_answers_are_from_the_probes_and_the_version_of_today(service: str) -> None:
    held = read(service)
    asked = {name: list(map(call_of, steps)) for name, steps in probes_of(service).items()}
    recorded = {name: [s["call"] for s in steps] for name, steps in held["probes"].items()}
    if (held["version"], recorded) != (second_opinion.version(), asked):
        pytest.fail(f"run `{COMMAND}`: the probes or ministack changed", pytrace=False)


@pytest.mark.parametrize("probe", ACCEPTED_BY_BOTH)
def test_both_accept_what_the_api_model_refuses(probe: str) -> None:
    service, _, name = probe.partition("/")
    accepted = set()
    for number, step in enumerate(read(service)["probes"][name], 1):
        answers = [step["ministack"], step.get("sandbox", {})]
        if number in ACCEPTED_BY_BOTH[probe] and not any("refused" in a for a in answers):
            accepted.add(number)
    assert accepted == ACCEPTED_BY_BOTH[probe], "this can be taken off the list"


def row(*at: str) -> Difference:
    return Difference("a", "b", "c", "sandbox", "d", "https://e", "f", at)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("s a", 1, 2)]),
        ({"a": 1}, {}, [("s a", 1, "(absent)")]),
        ({"refused": "X"}, {"a": 1, "b": 2}, [("s refused", "X", "accepted")]),
        ({"refused": "X"}, {"refused": "Y"}, [("s refused", "X", "Y")]),
        (
            {"refused": "X", "says": True},
            {"refused": "X", "says": False},
            [("s says", True, False)],
        ),
        ({"t": [{"Key": "k", "v": 1}]}, {"t": [{"Key": "k", "v": 2}]}, [("s t.k.v", 1, 2)]),
        ({"l": ["a"]}, {"l": ["a", "b"]}, [("s l", ["a"], ["a", "b"])]),
    ],
)
def test_a_difference_is_found_by_its_field(ours: Any, theirs: Any, expected: Any) -> None:
    found = [(place.path, place.sandbox, place.ministack) for place in places("s", ours, theirs)]
    assert found == expected


def test_a_place_is_explained_by_a_pattern_only() -> None:
    place = Place("s/p: 1 call a.b", 1, 2)
    rows = {"one": row("s/p: * call a.*"), "two": row("s/q: * call a.*")}
    assert explained(place, rows) == ["one"]
    assert used("s/p: 1 *", [place])
    assert not used("s/p: 2 *", [place])
