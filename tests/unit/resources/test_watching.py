"""Watching: what a map's event patterns name, on moto's matcher with documented events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from moto.events.models import EventPattern

from tests.cloudtrail import ACCOUNT, REGION, Event, call, foreign, role
from tests.unit.mocks import FUNCTION, Deployed, deploy

READER = f"arn:aws:iam::{ACCOUNT}:role/app"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ALL = (
    "{rotation_failed: true, unexpected_read: true, denied_reads: true, batch_read: true, "
    "enumeration: true, console_read: true, old_version_read: true, decrypted_elsewhere: true, "
    "many_unexpected_reads: true, decoy_touched: [a]}"
)


def deployed(
    detections: str, entry: str = "secret_data: v", header: str = "", **more: Any
) -> Deployed:
    return deploy(
        f"context_name: x\n{header}"
        f"alarms: {{create: true, detections: {detections}}}\nsecrets: {{a: {{{entry}}}}}\n",
        **more,
    )


def rules(made: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    """The rules by the last part of their names."""
    found = {}
    for (kind, name), inputs in made.items():
        if kind == "EventRule":
            found[name.removeprefix("m-alarms").removeprefix("-")] = inputs
    return found


def takes(of: Deployed, name: str, event: Event) -> bool:
    return EventPattern.load(rules(of.made)[name]["eventPattern"]).matches_event(event)


def read(by: Event) -> Event:
    return call("GetSecretValue", by, parameters={"secretId": "x/dev/a"})


def test_default_detections_are_those_that_are_rarely_wrong() -> None:
    entry = f"secret_data: v, rotation_automatically: true, rotation_lambda_arn: '{FUNCTION}'"
    header = f"default_kms_key_id: '{KEY}'\naccess: {{readers: ['{READER}']}}\n"
    assert set(rules(deployed("{}", entry, header).made)) == {
        "",
        "unexpected-read",
        "denied-reads",
        "deletion",
        "policy-changed",
        "written-by-hand",
        "rotation-changed",
        "read-after-deletion",
        "key-weakened",
        "trail-weakened",
    }


def test_every_detection_has_few_rules() -> None:
    assert len(rules(deployed(ALL, header=f"default_kms_key_id: '{KEY}'\n").made)) == 17


def test_map_that_names_no_reader_expects_none_unless_it_says_so() -> None:
    assert "unexpected-read" not in rules(deployed("{}").made)
    assert "unexpected-read" in rules(deployed("{unexpected_read: true}").made)


def test_secrets_under_the_aws_managed_key_have_no_key_to_watch() -> None:
    assert "key-weakened" not in rules(deployed("{}").made)


@pytest.mark.parametrize(
    ("header", "entry"),
    [
        (f"access: {{readers: ['{READER}']}}\n", "secret_data: v"),
        ("access: {attach_to: [app]}\n", "secret_data: v"),
        ("access: {paths: {p: {attach_to: [app]}}}\n", "path: p, secret_data: v"),
        ("", f"secret_data: v, access: {{admins: ['{READER}']}}"),
        ("", f"secret_data: v, policy: {{template: read-secret-policy, principals: ['{READER}']}}"),
        (
            "",
            "secret_data: v, policy: {Version: '2012-10-17', Statement: [{Effect: Allow, "
            f"Principal: {{AWS: '{READER}'}}, Action: secretsmanager:GetSecretValue, Resource: '*'}}]}}",
        ),
        ("stacks: {iam: o/iam/dev}\naccess: {readers: ['${output.iam.role}']}\n", "secret_data: v"),
    ],
)
def test_whoever_the_map_names_is_expected(header: str, entry: str) -> None:
    of = deployed("{}", entry, header, stacks={"o/iam/dev": {"role": READER}})
    assert takes(of, "unexpected-read", read(role("stranger")))
    assert not takes(of, "unexpected-read", read(role("app")))


def test_who_deploys_rotates_or_is_listed_is_expected() -> None:
    entry = (
        "generate_random_password: true, rotation_automatically: true, "
        "rotation: {function: generated-password}"
    )
    text = f"""
        context_name: x
        alarms:
          create: true
          expected: ['arn:aws:iam::{ACCOUNT}:role/break/glass', '999999999999']
          detections: {{}}
        secrets:
          a: {{{entry}}}
          b: {{secret_data: v, rotation_automatically: true, rotation_lambda_arn: '{FUNCTION}'}}
    """
    of = deploy(text)
    hosted = of.made["Role", "m.a.rotation"]["name"]
    known = (
        role("deployer"),
        role(hosted),
        role("any", "rotate"),
        role("glass"),
        foreign("999999999999"),
    )
    assert [by for by in known if takes(of, "unexpected-read", read(by))] == []
    assert takes(of, "unexpected-read", read(role("rotate")))


def test_reading_rules_are_in_the_state_that_sees_reads_and_the_others_are_not() -> None:
    found = rules(deployed(ALL, header=f"default_kms_key_id: '{KEY}'\n").made)
    reading = {name for name, inputs in found.items() if "state" in inputs}
    assert {inputs.get("state") for inputs in found.values()} == {
        None,
        "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
    }
    changing = {"", "deletion", "policy-changed", "written-by-hand", "rotation-changed"}
    assert set(found) - reading == changing | {"key-weakened", "trail-weakened"}


def test_keys_of_secrets_are_watched_by_arn_and_id() -> None:
    of = deployed("{}", header=f"default_kms_key_id: '{KEY}'\n")
    for key in (KEY, KEY.rpartition("/")[2]):
        event = call("DisableKey", role("x"), service="kms", parameters={"keyId": key})
        assert takes(of, "key-weakened", event)


def test_too_many_accounts_are_refused_at_their_place() -> None:
    accounts = [str(100000000000 + number) for number in range(200)]
    text = f"context_name: x\nalarms: {{create: true, detections: {{}}, expected: {json.dumps(accounts)}}}\nsecrets: {{a: {{secret_data: v}}}}\n"
    with pytest.raises(pulumi.RunError, match=r"m:2:\d+: error: `detections`: `.*` has to name"):
        deploy(text)


@pytest.mark.parametrize("count", [100, 300])
def test_many_readers_take_more_rules_all_within_the_limit(count: int) -> None:
    names = [f"myapp-service-{number}-execution" for number in range(count)]
    known = ", ".join(f"'arn:aws:iam::{ACCOUNT}:role/{name}'" for name in names)
    text = (
        "context_name: x\n"
        f"alarms: {{create: true, detections: {{}}, expected: [{known}]}}\nsecrets: {{a: {{}}}}\n"
    )
    patterns = [inputs["eventPattern"] for inputs in rules(deploy(text).made).values()]
    assert max(len(pattern) for pattern in patterns) <= 2_048
    loaded = [EventPattern.load(pattern) for pattern in patterns]
    assert not [
        name for name in names if any(one.matches_event(read(role(name))) for one in loaded)
    ]
    assert sum(one.matches_event(read(role("myapp-service-x"))) for one in loaded) == 1
