"""`rotated_fields`: the map changes its own fields and preserves the rotated ones."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import grpc
import pulumi
import pytest
from pulumi.runtime import mocks

from secrets_component.lookups import safeguards
from secrets_component.lookups.safeguards import AccountState
from secrets_component.resources import rotated_fields
from tests.maps_of_tests import plan_of
from tests.unit.conftest import Registered
from tests.unit.mocks import Cloud, deploy, scope_of

HEAD = "context_name: x\nsecrets:\n"


def test_rotated_fields_are_written_only_when_the_maps_own_change() -> None:
    result = deploy(
        HEAD + "  a: {owner: operator, rotated_fields: [password], random: {password: {}}, "
        'secret_data: {host: h, password: "${random.password}"}}\n'
    )
    edition = result.made["RandomInteger", "m.a.edition"]
    assert edition == {"min": 1, "max": 2**31 - 1, "keepers": {"fields": '{"host": "h"}'}}
    version = result.made["SecretVersion", "m.a.fields"]
    assert json.loads(version["secretStringWo"]) == {
        "host": "h",
        "password": "generated-m.a.password",
    }
    assert version["secretStringWoVersion"] == 7
    assert version["versionStages"] == ["secretsmap-own-fields", "AWSCURRENT"]
    assert ("SecretVersion", "m.a.first") not in result.made


OWN = "  a: {owner: operator, rotated_fields: [password, token], secret_data: {host: h, password: p, token: t}}\n"


class ProviderError(grpc.RpcError):
    """What the provider answers where it cannot read a value."""

    def __init__(self, details: str) -> None:
        self._details = details

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return self._details


Answer = Callable[[str | ProviderError], None]


@pytest.fixture
def current(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Let AWS answer with this current value, or with this error."""

    def answer(found: str | ProviderError) -> None:
        others = Cloud.call

        def call(self: Cloud, args: mocks.MockCallArgs) -> Any:
            if not args.token.endswith(":getSecretVersion"):
                return others(self, args)
            if isinstance(found, ProviderError):
                raise found
            return {"secretString": found}

        monkeypatch.setattr(Cloud, "call", call)

    return answer


def stored() -> dict[str, str]:
    return json.loads(deploy(HEAD + OWN).made["SecretVersion", "m.a.fields"]["secretStringWo"])


def test_rotated_fields_keep_their_current_values(current: Answer) -> None:
    current('{"host": "old", "password": "rotated", "token": "new", "other": 1}')
    assert stored() == {"host": "h", "password": "rotated", "token": "new"}


def test_field_that_is_not_there_yet_gets_the_maps_value(current: Answer) -> None:
    current('{"host": "old", "token": "new"}')
    assert stored() == {"host": "h", "password": "p", "token": "new"}


@pytest.mark.parametrize("found", ["s3cret", '["s3cret"]'])
def test_current_value_without_fields_is_refused_and_not_shown(found: str) -> None:
    plan = plan_of(HEAD + OWN)
    problem = r"m:3:\d+: error: `rotated_fields`: the current value is not a JSON"
    with pytest.raises(pulumi.RunError, match=problem) as no:
        rotated_fields._with_rotated_fields(plan, plan.secrets["a"], ['{"password": "p"}', found])
    assert "s3cret" not in str(no.value)


def test_secret_without_a_value_gets_the_maps(current: Answer) -> None:
    current(ProviderError("reading Secrets Manager Secret Version: couldn't find resource"))
    assert stored() == {"host": "h", "password": "p", "token": "t"}


def test_value_that_cannot_be_read_ends_the_run(current: Answer) -> None:
    current(ProviderError("AccessDeniedException"))
    mocks.set_mocks(Cloud({}, ()), project="secrets", stack="dev")
    scope = scope_of(HEAD + OWN)
    secret = scope.plan.secrets["a"]
    found = rotated_fields._current_value(
        scope, secret, pulumi.Output.from_input("arn"), AccountState()
    )
    with pytest.raises(
        pulumi.RunError,
        match=r"m:3:\d+: error: `rotated_fields`: cannot read the current value: .*Access",
    ):
        asyncio.get_event_loop().run_until_complete(found.future())


def test_labels_of_a_version_that_exists_never_change(registered: Registered) -> None:
    # Otherwise a rotation's successor would lose AWSCURRENT to the map's version.
    deploy(HEAD + OWN)
    version = registered["aws:secretsmanager/secretVersion:SecretVersion"]["m.a.fields"]
    assert list(version.ignoreChanges) == ["versionStages"]


@pytest.mark.parametrize("is_empty", [True, False])
def test_value_is_read_unless_aws_confirms_that_there_is_none(
    monkeypatch: pytest.MonkeyPatch, current: Answer, is_empty: bool
) -> None:
    # The provider looks two minutes for a value that does not exist.
    current('{"host": "old", "password": "rotated", "token": "new"}')
    monkeypatch.setattr(safeguards.AccountState, "is_empty", lambda *_: is_empty)
    assert stored()["password"] == ("p" if is_empty else "rotated")
