"""The secret itself: its properties, its key, its replicas, and what is kept of an adopted one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pulumi.runtime.mocks import MockMonitor

from secrets_component.lookups import safeguards
from secrets_component.lookups.inventory import HeldSecret
from secrets_component.lookups.safeguards import AccountState
from tests.unit.mocks import ACCOUNT, REGION, deploy

HEAD = "context_name: x\nsecrets:\n"


def arn(name: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the engine is asked to register, by logical name, of secrets only."""
    seen: dict[str, Any] = {}
    register: Callable[[MockMonitor, Any], Any] = MockMonitor.RegisterResource

    def note(self: MockMonitor, request: Any) -> Any:
        if request.type == "aws:secretsmanager/secret:Secret":
            seen[request.name] = request
        return register(self, request)

    monkeypatch.setattr(MockMonitor, "RegisterResource", note)
    return seen


def secret(fields: str, head: str = "# no head") -> dict[str, Any]:
    """Return the inputs of the secret that an entry with these fields becomes."""
    text = f"context_name: x\n{head}\nsecrets: {{a: {{{fields}}}}}\n"
    return deploy(text).made["Secret", "m.a"]


@pytest.mark.parametrize("fields", ["", "kms_key_id: alias/aws/secretsmanager"])
def test_aws_managed_key_is_named_so_that_a_former_key_is_left(fields: str) -> None:
    assert secret(fields)["kmsKeyId"] == "alias/aws/secretsmanager"


def test_secret_has_its_name_description_window_and_tags() -> None:
    fields = "path: p/q, name: n, description: d, recovery_window_in_days: 7, tags: {own: o}"
    assert secret(fields, "tags: {team: t}") == {
        "name": "x/dev/p/q/n",
        "description": "d",
        "kmsKeyId": "alias/aws/secretsmanager",
        "recoveryWindowInDays": 7,
        "tags": {"team": "t", "own": "o"},
    }


def test_replicas_keep_their_order_and_keys() -> None:
    fields = "replicas: [{region: us-east-1}, {region: eu-west-1, kms_key_id: alias/there}]"
    assert secret(fields)["replicas"] == [
        {"region": "us-east-1"},
        {"region": "eu-west-1", "kmsKeyId": "alias/there"},
    ]


def test_arn_and_name_are_offered_to_other_entries() -> None:
    made = deploy(
        HEAD + "  a: {secret_data: '${output.secretsmanager.secret_arns.b} "
        "${output.secretsmanager.secret_names.b}'}\n  b: {}\n"
    ).made
    assert made["SecretVersion", "m.a"]["secretString"] == f"{arn('x/dev/b')} x/dev/b"


@pytest.mark.parametrize(
    ("fields", "head", "ignored"),
    [
        ("", "", ["description", "kmsKeyId", "tags", "replicas"]),
        ("", "default_kms_key_id: alias/k", ["description", "kmsKeyId", "tags", "replicas"]),
        ("", "tags: {team: t}", ["description", "kmsKeyId", "tags", "replicas"]),
        ("description: d", "", ["kmsKeyId", "tags", "replicas"]),
        ("kms_key_id: alias/own", "", ["description", "tags", "replicas"]),
        ("tags: {own: o}", "", ["description", "kmsKeyId", "replicas"]),
        ("replicas: [{region: eu-west-1}]", "", ["description", "kmsKeyId", "tags"]),
    ],
)
def test_adopted_secret_keeps_what_its_entry_does_not_set(
    requests: dict[str, Any], fields: str, head: str, ignored: list[str]
) -> None:
    inputs = secret(f"import: old, {fields}" if fields else "import: old", head)
    assert requests["m.a"].importId == arn("old")
    assert list(requests["m.a"].ignoreChanges) == ignored
    assert not set(ignored) & set(inputs)


def test_secret_of_the_map_ignores_no_changes_and_imports_nothing(requests: dict[str, Any]) -> None:
    secret("")
    assert requests["m.a"].importId == ""
    assert list(requests["m.a"].ignoreChanges) == []


@pytest.mark.parametrize("protect", [True, False])
def test_protected_secret_is_protected_in_the_stack(
    requests: dict[str, Any], protect: bool
) -> None:
    secret(f"protect: {str(protect).lower()}")
    assert requests["m.a"].protect is protect


def deploy_with(monkeypatch: pytest.MonkeyPatch, state: AccountState) -> None:
    """Deploy two secrets into an account of which this is known."""
    monkeypatch.setattr(safeguards, "check_account", lambda *_: state)
    deploy(HEAD + "  a: {import: old}\n  b: {}\n")


@pytest.mark.parametrize(("service", "is_retained"), [("rds", True), (None, False)])
def test_secret_that_a_service_manages_stays_when_its_entry_goes(
    monkeypatch: pytest.MonkeyPatch,
    requests: dict[str, Any],
    service: str | None,
    is_retained: bool,
) -> None:
    held = HeldSecret(
        "old", arn("old"), deletion=None, is_filled=True, next_rotation=None, service=service
    )
    deploy_with(monkeypatch, AccountState({"a": arn("old")}, {"a": held}))
    assert requests["m.a"].retainOnDelete is is_retained
    assert not requests["m.b"].retainOnDelete


def test_restored_secret_is_imported_by_its_arn(
    monkeypatch: pytest.MonkeyPatch, requests: dict[str, Any]
) -> None:
    deploy_with(monkeypatch, AccountState({"b": arn("x/dev/b")}))
    assert requests["m.b"].importId == arn("x/dev/b")


def test_replicas_recovery_window_and_tags() -> None:
    made = deploy(
        "context_name: x\ntags: {team: t}\nsecrets:\n  a: {recovery_window_in_days: 0, "
        "tags: {team: u}, replicas: [{region: eu-west-1, kms_key_id: alias/there}]}\n"
    ).made
    assert made["Secret", "m.a"] == {
        "name": "x/dev/a",
        "kmsKeyId": "alias/aws/secretsmanager",
        "recoveryWindowInDays": 0,
        "replicas": [{"region": "eu-west-1", "kmsKeyId": "alias/there"}],
        "tags": {"team": "u"},
    }


def test_adopted_secret_is_looked_up_by_name_and_keeps_what_the_entry_leaves_out() -> None:
    made = deploy(
        "context_name: x\ntags: {team: t}\ndefault_kms_key_id: alias/k\nsecrets:\n"
        "  a: {import: legacy, owner: operator}\n"
    ).made
    assert made["Secret", "m.a"] == {
        "name": "legacy",
        "recoveryWindowInDays": 30,
    }
