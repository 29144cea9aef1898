"""The logical names of all resources, which are their identity in users' stacks."""

from pathlib import Path
from typing import Any, Literal

import pulumi
import pytest

from secrets_component.resources import hosting
from secrets_component.resources.scope import Scope
from tests.unit import mocks
from tests.unit.mocks import ACCOUNT, FUNCTION, REGION, deploy

EVERYTHING = f"""\
context_name: x
kms: {{create: true, multi_region: true}}
alarms: {{create: true}}
access: {{paths: {{p: {{attach_to: [app]}}}}}}
secrets:
  password:
    generate_random_password: true
    path: p
    replicas: [{{region: eu-west-1}}]
    policy: {{template: read-secret-policy, principals: ["{ACCOUNT}"]}}
  random: {{random: {{token: {{}}}}, secret_data: "${{random.token}}"}}
  fields: {{owner: operator, rotated_fields: [password], secret_data: {{host: h, password: p}}}}
  custom:
    secret_data: v
    rotation_automatically: true
    rotation_lambda_arn: {FUNCTION}
    on_rotate: [{{lambda: reader}}]
  hosted:
    generate_random_password: true
    rotation_automatically: true
    rotation: {{function: generated-password}}
"""

LOGICAL_NAMES = {
    "SecretMap": ["m"],
    "Alias": ["m"],
    "Key": ["m"],
    "ReplicaKey": ["m.eu-west-1"],
    "EventRule": ["m-alarms", "m.custom.on-rotate"],
    "EventTarget": ["m-alarms", "m.custom.on-rotate"],
    "Topic": ["m-alarms"],
    "TopicPolicy": ["m-alarms"],
    "Function": ["m-on-rotate", "m.hosted.rotation"],
    "LogGroup": ["m-on-rotate", "m.hosted.rotation"],
    "Role": ["m-on-rotate", "m.hosted.rotation"],
    "RolePolicy": ["m-on-rotate", "m.hosted.rotation"],
    "Permission": ["m-on-rotate", "m.hosted.rotation", "m.rotation-634e79be"],
    "Policy": ["m.admin", "m.p/admin", "m.p/read", "m.read"],
    "RolePolicyAttachment": ["m.p/read:app"],
    "RandomInteger": ["m.fields.edition"],
    "RandomPassword": ["m.hosted", "m.password", "m.random.token"],
    "Secret": ["m.custom", "m.fields", "m.hosted", "m.password", "m.random"],
    "SecretPolicy": ["m.password"],
    "SecretRotation": ["m.custom", "m.hosted"],
    "SecretVersion": ["m.custom", "m.fields.fields", "m.hosted", "m.password", "m.random"],
    "Stash": ["m"],
}  # fmt: skip


def test_logical_names_never_change(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(hosting, "archive", lambda _: tmp_path)
    names: dict[str, list[str]] = {}
    for kind, name in deploy(EVERYTHING).made:
        names.setdefault(kind, []).append(name)
    assert {kind: sorted(found) for kind, found in names.items()} == LOGICAL_NAMES


def scope_of(entry: str, *, is_top: bool = True) -> Scope:
    return mocks.scope_of(f"context_name: x\nsecrets: {{a: {entry}}}\n", is_top=is_top)


@pytest.mark.parametrize(
    ("part", "joint", "name"),
    [("p/read", ".", "m.p/read"), ("alarms", "-", "m-alarms")],
)
def test_part_of_a_map_is_joined_by_what_aws_allows_in_names(
    part: str, joint: Literal[".", "-"], name: str
) -> None:
    assert scope_of("{}").map_part(part, joint=joint) == name


def test_part_of_a_map_is_joined_by_a_dot_by_default() -> None:
    assert scope_of("{}").map_part(f"rotation-{REGION}") == f"m.rotation-{REGION}"


def aliases_of(scope: Scope, part: str | None = None, **options: Any) -> list[str]:
    secret = scope.plan.secrets["a"]
    names = []
    for alias in scope.options(secret, part, **options).aliases or []:
        names.append(str(alias.name) if isinstance(alias, pulumi.Alias) else str(alias))
    return names


def test_entry_that_was_not_renamed_has_no_aliases() -> None:
    assert aliases_of(scope_of("{}"), "rotation") == []


def test_renamed_entry_keeps_each_resource_by_its_old_name() -> None:
    scope = scope_of("{name: old, renamed_from: old}")
    assert aliases_of(scope) == ["m.old"]
    assert aliases_of(scope, "rotation") == ["m.old.rotation"]


def test_former_part_is_an_alias_under_the_new_and_the_old_key() -> None:
    scope = scope_of("{name: old, renamed_from: old}", is_top=False)
    assert aliases_of(scope, formerly=("first", "t")) == ["m.a.first", "m.old", "m.old.first"]


def test_former_part_of_a_component_at_the_top_is_a_urn() -> None:
    deploy("context_name: x\n")  # sets the names of project and stack
    assert aliases_of(scope_of("{}"), formerly=("first", "aws:x/y:Y")) == [
        "urn:pulumi:dev::secrets::secretsmap:index:SecretMap$aws:x/y:Y::m.a.first"
    ]


def test_further_options_are_passed_on() -> None:
    scope = scope_of("{}")
    options = scope.options(scope.plan.secrets["a"], retain_on_delete=True)
    assert options.retain_on_delete is True
