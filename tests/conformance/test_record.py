"""What is asked, and what of an answer is recorded."""

from __future__ import annotations

import json

import pytest

from sandbox.conformance import Answer
from sandbox.providers.official import facts_of
from tests.conformance import REGION, Change, comparable, text_of
from tests.conformance.changes import changes_of

TOKEN = "aws:made/up:Thing"
THING = facts_of(
    {
        "shared": {"region": {"computed": True, "replaces": True}},
        "types": {
            TOKEN: {
                "regional": True,
                "inputs": {
                    "name": {"automatic": {"max": 64}},
                    "mode": {"rules": [{"choices": ["a", "b"]}]},
                    "size": {"type": "integer", "rules": [{"range": [1, 9]}]},
                    "block": {"type": "object", "fields": {"on": {"type": "boolean"}}},
                },
            }
        },
    }
)[TOKEN]


def test_each_input_is_changed_removed_added_emptied_and_given_wrongly() -> None:
    given = {
        label: change.given
        for label, change in changes_of(THING, {"mode": "a", "block": {"on": True}})
    }
    assert given["mode: changed"] == {"mode": "b"}
    assert given["mode: removed"] == {"mode": None}
    assert given["size: added"] == {"size": 8}
    assert given["size: emptied"] == {"size": 0}
    assert given["size: wrong"] == {"size": -7}
    assert given["block.on: changed"] == {"block": {"on": False}}
    assert given["block.on: removed"] == {"block": {}}
    assert given["unknown input"] == {"misspelled": "other"}


def test_provider_is_asked_in_another_region_and_for_automatic_names() -> None:
    changes = dict(changes_of(THING, {"name": "given"}))
    assert changes["another region of the provider"].region != REGION
    named = changes["named after 60 letters"]
    assert (named.given, named.logical, named.is_new) == ({"name": None}, "a" * 60, True)


def test_change_is_laid_over_the_inputs() -> None:
    question = Change({"a": None, "b": "2"}).question(TOKEN, "x", {"a": "1", "b": "1"})
    assert (question.olds, question.news) == ({"a": "1", "b": "1"}, {"b": "2"})


def test_new_resource_has_no_run_before() -> None:
    question = Change(is_new=True, logical="y").question(TOKEN, "x", {"a": "1"})
    assert (question.olds, question.name) == (None, "y")


def test_answer_is_recorded_without_what_differs_from_run_to_run() -> None:
    question = Change(is_new=True).question(TOKEN, "x", {"a": "1"})
    inputs = {"a": "1", "name": "x-0a1b2c3", "__defaults": ["name"]}
    shown = comparable(Answer(inputs=inputs), question)
    assert shown == {"added": {"name": "x-<7 hex>", "__defaults": ["name"]}}


@pytest.mark.parametrize(
    ("bridge", "sandbox"),
    [
        (
            "\"policy\" contains an invalid JSON: invalid character 'x'. Examine values at 'x.policy'.",
            "\"policy\" contains an invalid JSON: Expecting value. Examine values at 'x.policy'.",
        ),
        ('"secret_binary" ("<secret>") must be', '"secret_binary" ("[secret]") must be'),
        ("diffing x: 1 error occurred:\n\t* no rules\n\n", "diffing x: no rules"),
    ],
)
def test_accepted_differences_in_wording_are_none(bridge: str, sandbox: str) -> None:
    question = Change().question(TOKEN, "x", {})
    assert comparable(Answer(failures=(bridge,)), question) == comparable(
        Answer(failures=(sandbox,)), question
    )


def test_outputs_that_a_replacement_changes_are_not_recorded() -> None:
    question = Change(given={"rsaBits": 4096}).question("tls:index/privateKey:PrivateKey", "x", {})
    answer = Answer(diffs=("id", "privateKeyPem", "rsaBits"), replaces=("rsaBits",))
    assert comparable(answer, question) == {"diffs": ["rsaBits"], "replaces": ["rsaBits"]}


def test_file_has_a_line_for_each_answer() -> None:
    answers = {"again": {}, "a: removed": {"answer": {"diffs": ["a"]}}}
    held = {"type": TOKEN, "facts": "0", "resources": {"m/x": {"inputs": {}, "answers": answers}}}
    assert json.loads(text_of(held)) == held
    assert '  "a: removed": {"answer": {"diffs": ["a"]}},' in text_of(held).splitlines()
