"""The sandbox's providers answer Check and Diff as Pulumi's own bridge does.

The bridge's answers are the files beside this one. A difference that is known and accepted is
normalised in `tests.conformance`; there is no list of exceptions.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2

from sandbox.conformance import Answer, Question
from sandbox.providers import aws, checks, random, tls
from sandbox.providers.checks import DEFAULTS
from sandbox.providers.cloud import Cloud
from sandbox.providers.official import facts
from sandbox.providers.protocol import Provider
from tests.conformance import (
    COMMAND,
    comparable,
    digest_of,
    file_of,
    questions_of,
    recorded,
)
from tests.conformance.corpus import resources

RECORDED = dict(recorded())
SECRET = "aws:secretsmanager/secret:Secret"
LOOPBACK = "http://127.0.0.1:1"  # nothing is called


class RefusedError(Exception):
    """What the engine gets instead of an answer."""


class Context:
    """gRPC's context, as far as the provider uses it."""

    def abort(self, code: Any, details: str) -> None:
        raise RefusedError(details)


def struct(properties: Any) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(properties)
    return message


@pytest.fixture
def sandbox_answers(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ask the sandbox's provider a question."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", LOOPBACK)
    servers: dict[str, Provider] = {}

    def server(region: str) -> Provider:
        if region not in servers:
            types = {**aws.TYPES, **random.TYPES, **tls.TYPES}
            made = Provider("1", types, facts(), aws.FUNCTIONS, Cloud, aws.ACCESS)
            settings = struct({"region": region})
            made.Configure(provider_pb2.ConfigureRequest(args=settings), Context())
            servers[region] = made
        return servers[region]

    def ask(question: Question) -> Answer:
        try:
            return asked(question, server)
        except RefusedError as refused:
            return Answer(error=str(refused))

    return ask


def asked(question: Question, server: Any) -> Answer:
    """Check the inputs of the run before, then the new ones, then compare them."""
    context = Context()
    urn = f"urn:pulumi:dev::secrets::{question.token}::{question.name}"
    olds = None
    if question.olds is not None:
        request = provider_pb2.CheckRequest(urn=urn, news=struct(question.olds))
        olds = server(question.old_region).Check(request, context).inputs

    provider = server(question.region)
    request = provider_pb2.CheckRequest(urn=urn, olds=olds, news=struct(question.news))
    checked = provider.Check(request, context)
    inputs = json_format.MessageToDict(checked.inputs)
    failures = tuple(failure.reason for failure in checked.failures)
    if failures or olds is None:
        return Answer(failures=failures, inputs=inputs)

    diff = provider.Diff(
        provider_pb2.DiffRequest(
            id="id", urn=urn, olds=state(question.token, olds), old_inputs=olds, news=checked.inputs
        ),
        context,
    )
    return Answer(
        inputs=inputs,
        diffs=tuple(diff.diffs),
        replaces=tuple(diff.replaces),
        deletes_first=diff.deleteBeforeReplace,
    )


def state(token: str, inputs: struct_pb2.Struct) -> struct_pb2.Struct:
    """The state after the run before, with what only AWS knows."""
    found = facts()[token]
    known: dict[str, Any] = dict.fromkeys(found.outputs, "set by AWS")
    for name in found.named("computed"):
        if found.inputs[name].type == "string":
            known[name] = "set by AWS"
    known |= checks.planned(found, json_format.MessageToDict(inputs))
    known.pop(DEFAULTS, None)
    return struct(known)


@pytest.mark.parametrize("token", RECORDED)
def test_sandbox_answers_as_the_bridge_does(token: str, sandbox_answers: Any) -> None:
    wrong = differences(RECORDED[token], sandbox_answers)
    if wrong:
        report = "\n".join(wrong)
        pytest.fail(f"{len(wrong)} answers differ; the bridge is right:\n{report}", pytrace=False)


def differences(held: dict[str, Any], ask: Any) -> list[str]:
    wrong = []
    for place, question, expected in questions_of(held):
        answered = comparable(ask(question), question)
        if answered != expected:
            wrong.append(f"{place}\n  bridge:  {expected}\n  sandbox: {answered}")
    return wrong


def test_another_answer_is_reported(sandbox_answers: Any) -> None:
    held = copy.deepcopy(RECORDED[SECRET])
    resource = held["resources"]["stacks-prod/production.master_password"]
    resource["answers"] = {"name: changed": resource["answers"]["name: changed"]}
    assert differences(held, sandbox_answers) == []
    resource["answers"]["name: changed"]["answer"]["deletes_first"] = False
    assert len(differences(held, sandbox_answers)) == 1


@pytest.mark.parametrize(
    ("token", "change", "expected"),
    [
        (SECRET, "name: changed", {"diffs": ["name"], "replaces": ["name"], "deletes_first": True}),
        (SECRET, "name: removed", {}),
        (
            SECRET,
            "another region of the provider",
            {"diffs": ["region"], "replaces": ["region"], "deletes_first": True},
        ),
        ("aws:kms/key:Key", "multiRegion: removed", {}),
    ],
)
def test_recorded_answers_hold_what_surprises(
    token: str, change: str, expected: dict[str, Any]
) -> None:
    answers = []
    for place, _, answer in questions_of(RECORDED[token]):
        if place.endswith(f": {change}"):
            answers.append(answer)
    assert answers
    assert all(answer == expected for answer in answers)


def test_recorded_answers_refuse_a_dot_in_an_automatic_statement_id() -> None:
    token = "aws:lambda/permission:Permission"
    answers = {place: answer for place, _, answer in questions_of(RECORDED[token])}
    refused = [answers[place]["failures"] for place in answers if place.endswith("named after a.b")]
    assert refused
    for reasons in refused:
        assert any("must contain alphanumeric, underscores or dashes only" in r for r in reasons)


@pytest.mark.parametrize("token", RECORDED)
def test_recorded_answers_are_from_todays_table(token: str) -> None:
    if RECORDED[token]["facts"] != digest_of(facts()[token]):
        where = file_of(token).name
        pytest.fail(f"run `{COMMAND}`, review {where}: the table changed", pytrace=False)


def test_each_kind_of_resource_of_the_maps_is_recorded() -> None:
    missing = []
    for token, name, inputs in resources(facts()):
        held = RECORDED.get(token, {"resources": {}})["resources"].values()
        if not any(resource["inputs"].keys() == inputs.keys() for resource in held):
            missing.append(f"{token} {name}: {sorted(inputs)}")
    if missing:
        pytest.fail(f"run `{COMMAND}`:\n" + "\n".join(missing), pytrace=False)
