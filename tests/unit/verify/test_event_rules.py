"""Rules of EventBridge whose target is the function behind `on_rotate`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from verify import event_rules
from verify.event_rules import BY_ACCOUNT, BY_PRODUCT, MissingFunctionError
from verify.scene import Scene

RUN = "try-0123abcd"
ON_ROTATE = f"{RUN}-on-rotate-1a2b3c4"


@pytest.fixture
def functions(scene: Scene) -> dict[str, str]:
    """The functions of a deployed map, by name; one of another map besides."""
    iam, lambda_ = scene.account.client("iam"), scene.account.client("lambda")
    role = iam.create_role(RoleName=RUN, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    made = {}
    for name in ("other-on-rotate-1a2b3c4", ON_ROTATE, scene.names.reader, scene.names.witness):
        made[name] = lambda_.create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.13",
            Handler="x.y",
            Code={"ZipFile": b"x"},
        )["FunctionArn"]
    return made


def only_target(scene: Scene, rule: str) -> Any:
    (target,) = scene.account.client("events").list_targets_by_rule(Rule=rule)["Targets"]
    return target


def test_rule_has_a_name_that_the_products_permission_allows(
    scene: Scene, functions: dict[str, str]
) -> None:
    event_rules.create(scene)
    target = only_target(scene, f"secretsmap-on-rotate-{RUN}")
    assert target["Arn"] == functions[ON_ROTATE]
    message = json.loads(target["Input"])
    assert message["restart"] == [{"lambda": functions[scene.names.reader]}]
    assert message["time"] == BY_PRODUCT


def test_rule_is_about_the_run_so_that_it_is_removed(
    scene: Scene, functions: dict[str, str]
) -> None:
    event_rules.create(scene)
    rule = scene.account.client("events").describe_rule(Name=f"secretsmap-on-rotate-{RUN}")
    assert f"{RUN}/" in rule["Description"]
    assert json.loads(rule["EventPattern"]) == {"source": [RUN], "detail-type": [BY_PRODUCT]}


def test_other_rule_is_allowed_with_a_source_account_only(
    scene: Scene, functions: dict[str, str]
) -> None:
    event_rules.create_with_account(scene)
    target = only_target(scene, f"{RUN}-account")
    assert json.loads(target["Input"])["restart"] == [{"lambda": functions[scene.names.witness]}]
    found = scene.account.client("lambda").get_policy(FunctionName=ON_ROTATE)["Policy"]
    (statement,) = json.loads(found)["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    conditions = {key for one in statement["Condition"].values() for key in one}
    assert {key.lower() for key in conditions} == {"aws:sourcearn", "aws:sourceaccount"}


def test_map_without_the_function_is_reported(scene: Scene) -> None:
    with pytest.raises(MissingFunctionError, match="`try-0123abcd-on-rotate` does not exist"):
        event_rules.create(scene)


def test_events_are_told_apart_by_their_kind(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, str]] = []
    client = scene.account.client("events")
    monkeypatch.setattr(client, "put_events", lambda **request: sent.extend(request["Entries"]))
    event_rules.send_with_account(scene)
    event_rules.put_event(scene, BY_PRODUCT)
    assert [one["DetailType"] for one in sent] == [BY_ACCOUNT, BY_PRODUCT]
    assert {one["Source"] for one in sent} == {RUN}


def describe(scene: Scene, function: str, text: str) -> None:
    scene.account.client("lambda").update_function_configuration(
        FunctionName=function, Description=text
    )


def test_restart_is_seen_in_the_description(
    scene: Scene, functions: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = scene.names.reader
    monkeypatch.setattr(event_rules, "_ATTEMPT_SECONDS", 0)
    assert not event_rules.wait_for_restart(scene, reader, BY_PRODUCT)
    describe(scene, reader, f"restarted: its secret rotated at {BY_ACCOUNT}")
    assert not event_rules.wait_for_restart(scene, reader, BY_PRODUCT)
    describe(scene, reader, f"restarted: its secret rotated at {BY_PRODUCT}")
    assert event_rules.wait_for_restart(scene, reader, BY_PRODUCT)


@pytest.mark.parametrize(
    ("text", "is_restarted"),
    [
        ("", False),
        (f"restarted: its secret rotated at {BY_PRODUCT}", False),
        ("restarted: its secret rotated at 2026-01-01T00:00:00Z", True),
    ],
)
def test_restart_by_a_rotation_has_its_time(
    scene: Scene, functions: dict[str, str], text: str, is_restarted: bool
) -> None:
    describe(scene, scene.names.reader, text)
    assert event_rules.is_restarted_by_rotation(scene) is is_restarted
