"""Principals: looked up before any resource, and written into one policy per secret."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from secrets_component.arns import Home
from secrets_component.lookups import principals, reference_values
from secrets_component.lookups.principals import ResolvedAccess
from secrets_component.secret_map.references import Template
from tests.maps_of_tests import plan_of
from tests.unit.mocks import ACCOUNT, REGION, Cloud, Made, deploy, run_in_program

APP, OPS = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("app", "ops"))
THERE = "arn:aws:iam::222222222222:role/there"
STACK = "o/iam/dev"
HOME = Home("aws", REGION, ACCOUNT)


def statements(made: Made, kind: str, name: str) -> list[dict[str, Any]]:
    return list(json.loads(made[kind, name]["policy"])["Statement"])


def map_of(*entries: str, head: str = "stacks: {iam: o/iam/dev}") -> str:
    """A map whose entries begin in line 4."""
    return f"context_name: x\n{head}\nsecrets:\n" + "".join(f"  {entry}\n" for entry in entries)


def resolve(
    text: str, outputs: dict[str, Any] | None = None, secret_outputs: tuple[str, ...] = ()
) -> ResolvedAccess:
    """Resolve the access of a map; `outputs` are those of the stack `o/iam/dev`."""
    plan = plan_of(text)

    def run(parent: pulumi.Resource) -> ResolvedAccess:
        values = reference_values.read(plan, parent)
        return principals.resolve(plan, values, HOME, parent)

    return run_in_program(run, Cloud({STACK: outputs or {}}, secret_outputs))


def problems(text: str, outputs: dict[str, Any] | None = None) -> list[str]:
    with pytest.raises(pulumi.RunError) as refused:
        resolve(text, outputs)
    return str(refused.value).splitlines()


def policy_of(access: ResolvedAccess, key: str = "a") -> list[dict[str, Any]]:
    """Return the statements of a secret's policy that is known at once."""
    text = access.policies[key]
    assert isinstance(text, str)
    return list(json.loads(text)["Statement"])


def resolved(value: Any) -> Any:
    """Return what an output resolves to."""
    return asyncio.get_event_loop().run_until_complete(value.future())


def test_only_secrets_with_a_policy_or_grants_get_a_policy() -> None:
    access = resolve(
        map_of(
            f"a: {{access: {{readers: ['{APP}']}}}}",
            f"b: {{policy: {{template: read-secret-policy, principals: ['{OPS}']}}}}",
            "c: {secret_data: v}",
        )
    )
    assert list(access.policies) == ["a", "b"]


def test_policy_of_known_principals_is_written_at_once() -> None:
    (statement,) = policy_of(resolve(map_of(f"a: {{access: {{readers: ['{APP}', '{OPS}']}}}}")))
    assert statement["Principal"] == {"AWS": [APP, OPS]}


def test_roles_of_levels_are_resolved_to_their_arns() -> None:
    access = resolve(map_of("a: {}", head="access: {attach_to: [app, ops]}"))
    assert access.roles == {"app": APP, "ops": OPS}


def test_referenced_principal_is_written_as_it_resolves() -> None:
    access = resolve(map_of("a: {access: {readers: ['${output.iam.role}']}}"), {"role": APP})
    assert list(access.principals.values()) == [APP]
    assert policy_of(access)[0]["Principal"] == {"AWS": [APP]}


def test_document_that_the_map_writes_out_is_left_as_it_is() -> None:
    document = '{"Version": "2012-10-17",  "Statement": []}'
    access = resolve(map_of(f"a: {{policy: '{document}'}}"))
    assert access.policies == {"a": document}


def test_policy_with_a_secret_principal_is_written_once_that_is_known() -> None:
    text = map_of(f"a: {{access: {{readers: ['{OPS}', '${{output.iam.role}}']}}}}")
    access = resolve(text, {"role": APP}, secret_outputs=("role",))
    policy = access.policies["a"]
    assert isinstance(policy, pulumi.Output)
    assert json.loads(resolved(policy))["Statement"][0]["Principal"] == {"AWS": [OPS, APP]}


def test_secret_principal_that_is_not_valid_ends_the_run_once_it_is_known() -> None:
    text = map_of("a: {access: {readers: ['${output.iam.role}']}}")
    with pytest.raises(
        pulumi.RunError,
        match=r"^m:4:27: error: `\$\{output.iam.role\}`: does not resolve to a valid principal: ",
    ):
        resolve(text, {"role": "*"}, secret_outputs=("role",))


@pytest.mark.parametrize(
    "found", ["*", "app", f"arn:aws:sts::{ACCOUNT}:assumed-role/a/b"]
)  # fmt: skip
def test_reference_to_something_else_than_a_principal_is_reported_at_it(found: str) -> None:
    (problem,) = problems(map_of("a: {access: {readers: ['${output.iam.role}']}}"), {"role": found})
    assert problem.startswith(
        "m:4:27: error: `${output.iam.role}`: does not resolve to a valid principal: "
    )


def test_referenced_role_that_does_not_exist_is_reported_at_its_place() -> None:
    gone = f"arn:aws:iam::{ACCOUNT}:role/gone"
    text = map_of("a: {access: {admins: ['${output.iam.role}']}}")
    assert problems(text, {"role": gone}) == [
        f"m:4:25: error: `admins`: the role `{gone}` does not exist in this account; create it first"
    ]


def test_role_that_does_not_exist_is_reported_once_for_the_level_that_names_it() -> None:
    gone = f"arn:aws:iam::{ACCOUNT}:role/gone"
    text = map_of("a: {}", "b: {}", head=f"access: {{readers: ['{gone}']}}")
    assert problems(text) == [
        f"m:2:20: error: `readers`: the role `{gone}` does not exist in this account; create it first"
    ]


NEVER = "another account can never read a secret under the AWS-managed key"


@pytest.mark.parametrize(
    ("fields", "outputs"),
    [
        ("", {}),
        ("kms_key_id: alias/aws/secretsmanager, ", {}),
        ("kms_key_id: '${output.iam.key}', ", {"key": "alias/aws/secretsmanager"}),
    ],
    ids=["default", "named", "referenced"],
)
@pytest.mark.parametrize("reader", [THERE, "222222222222"])
def test_reader_elsewhere_cannot_use_the_aws_managed_key(
    fields: str, outputs: dict[str, str], reader: str
) -> None:
    access = f"access: {{readers: ['{reader}']}}"
    (problem,) = problems(map_of(f"a: {{{fields}{access}}}"), outputs)
    column = 7 + len(fields) + access.index(f"'{reader}'")
    assert problem.startswith(f"m:4:{column}: error: `readers`: {NEVER}")


@pytest.mark.parametrize(
    ("fields", "outputs"),
    [
        ("kms_key_id: alias/own", {}),
        ("kms_key_id: '${output.iam.key}'", {"key": "alias/own"}),
        ("import: old", {}),
    ],
    ids=["named", "referenced", "adopted"],
)
def test_reader_elsewhere_can_use_another_key(fields: str, outputs: dict[str, str]) -> None:
    access = resolve(map_of(f"a: {{{fields}, access: {{readers: ['{THERE}']}}}}"), outputs)
    assert policy_of(access)[0]["Condition"] == {"ArnEquals": {"aws:PrincipalArn": [THERE]}}


@pytest.mark.parametrize("are_secret", [False, True], ids=["known", "known later"])
def test_referenced_principals_that_make_a_policy_too_long_are_refused(are_secret: bool) -> None:
    outputs = {f"r{n}": f"arn:aws:iam::222222222222:role/{n:0>90}" for n in range(190)}
    readers = ", ".join(f"'${{output.iam.{name}}}'" for name in outputs)
    text = map_of(f"a: {{kms_key_id: alias/own, access: {{readers: [{readers}]}}}}")
    secret_outputs = tuple(outputs) if are_secret else ()
    with pytest.raises(
        pulumi.RunError,
        match=r"^m:4:3: error: the secret's policy, with the grants of all its levels, has ",
    ):
        resolve(text, outputs, secret_outputs)


def written(values: dict[str, pulumi.Input[str]]) -> pulumi.Input[str]:
    """Write a document that joins what principals stand for."""
    plan = plan_of(map_of("a: {}"))
    found = {Template((name,)): value for name, value in values.items()}
    return principals.write_when_known(
        plan, list(found), found, lambda known: " ".join(known[template] for template in found)
    )


def test_document_about_known_principals_is_written_at_once() -> None:
    assert written({"a": APP, "b": OPS}) == f"{APP} {OPS}"


def test_document_without_principals_is_written_at_once() -> None:
    assert written({}) == ""


def test_document_waits_for_the_principals_that_are_not_known_yet() -> None:
    later = written({"a": pulumi.Output.from_input(APP), "b": OPS})
    assert isinstance(later, pulumi.Output)
    assert resolved(later) == f"{APP} {OPS}"


def test_missing_identities_are_reported_at_once_before_anything_exists(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Cloud] = []
    monkeypatch.setattr(Cloud, "__init__", _noting(Cloud.__init__, seen))
    with pytest.raises(pulumi.RunError) as refused:
        deploy(
            "context_name: x\naccess:\n  attach_to: [app, gone]\nsecrets:\n"
            f"  a: {{access: {{readers: ['arn:aws:iam::{ACCOUNT}:role/none']}}}}\n"
            f"  b: {{access: {{readers: ['{THERE}']}}}}\n"
        )
    lines = str(refused.value).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["m:3:20:", "m:5:26:", "m:6:26:"]
    assert "the role `gone` does not exist" in lines[0]
    assert "does not exist in this account" in lines[1]
    assert "another account can never read a secret under the AWS-managed key" in lines[2]
    assert [kind for cloud in seen for kind, _ in cloud.made if kind != "SecretMap"] == []


def _noting(plain: Callable[..., None], seen: list[Cloud]) -> Callable[..., None]:
    def noted(self: Cloud, *arguments: Any) -> None:
        plain(self, *arguments)
        seen.append(self)

    return noted


def test_principal_from_a_stack_is_checked_and_used() -> None:
    text = "context_name: x\nstacks: {iam: o/iam/dev}\nsecrets: {a: {access: {readers: ['${output.iam.role}']}}}\n"
    made = deploy(text, {"o/iam/dev": {"role": APP}}).made
    assert statements(made, "SecretPolicy", "m.a")[0]["Principal"] == {"AWS": [APP]}
    with pytest.raises(
        pulumi.RunError,
        match=r"m:3:35: error: .* does not resolve to a valid principal: .*wildcard",
    ):
        deploy(text, {"o/iam/dev": {"role": "*"}})


def test_policy_over_the_limit_only_with_conditions_is_refused_before_anything_exists() -> None:
    accounts = range(222222222222, 222222222222 + 220)
    readers = ", ".join(f"'arn:aws:iam::{account}:role/{'x' * 40}'" for account in accounts)
    text = f"context_name: x\nkms: {{create: true}}\naccess: {{readers: [{readers}]}}\nsecrets: {{a: {{}}}}\n"
    with pytest.raises(
        pulumi.RunError, match=r"m:4:11: error: the secret's policy, .*AWS allows 20,480"
    ):
        deploy(text)
