"""The secret itself: its properties, its key, its replicas, and what is kept of an adopted one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pulumi
import pytest
from pulumi_aws.secretsmanager.outputs import SecretReplica

from secrets_component.lookups import safeguards
from secrets_component.lookups.inventory import HeldSecret, Inventory
from secrets_component.lookups.safeguards import AccountState
from secrets_component.resources import secret as secret_resource
from tests.maps_of_tests import plan_of
from tests.unit.conftest import Registered
from tests.unit.mocks import ACCOUNT, REGION, Cloud, deploy

HEAD = "context_name: x\nsecrets:\n"
UNSET = ["description", "kmsKeyId", "tags", "tagsAll", "replicas"]
MANAGED = "alias/aws/secretsmanager"


MARKS = {"secretsmap:map": "secrets/dev/m", "secretsmap:key": "a", "secretsmap:state": "m-id"}


def arn(name: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"


@pytest.fixture
def requests(registered: Registered) -> dict[str, Any]:
    """What the engine is asked to register, by logical name, of secrets only."""
    return registered["aws:secretsmanager/secret:Secret"]


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
        "tags": {"team": "t", "own": "o", **MARKS},
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
        ("", "", UNSET),
        ("", "default_kms_key_id: alias/k", UNSET),
        ("", "tags: {team: t}", UNSET),
        ("description: d", "", ["kmsKeyId", "tags", "tagsAll", "replicas"]),
        ("kms_key_id: alias/own", "", ["description", "tags", "tagsAll", "replicas"]),
        ("tags: {own: o}", "", ["description", "kmsKeyId", "replicas"]),
        ("replicas: [{region: eu-west-1}]", "", ["description", "kmsKeyId", "tags", "tagsAll"]),
    ],
)
def test_adopted_secret_keeps_what_its_entry_does_not_set(
    requests: dict[str, Any], fields: str, head: str, ignored: list[str]
) -> None:
    inputs = secret(f"import: old, {fields}" if fields else "import: old", head)
    assert requests["m.a"].importId == arn("old")
    assert list(requests["m.a"].ignoreChanges) == ignored
    assert not (set(ignored) - {"tags"}) & set(inputs)


def test_adopted_secret_keeps_its_tags_beside_the_marks_of_the_map(
    monkeypatch: pytest.MonkeyPatch, requests: dict[str, Any]
) -> None:
    tags = {"theirs": "1", "aws:cloudformation:stack-name": "s"}
    state = AccountState(own={"a": held("old", tags=tags)}, imports={"a": arn("old")})
    made = deploy_with(monkeypatch, state)
    assert made["Secret", "m.a"]["tags"] == {
        **MARKS,
        "theirs": "1",
        "secretsmap:adopted": "imported",
    }
    assert list(requests["m.a"].ignoreChanges) == ["description", "kmsKeyId", "replicas"]


def test_secret_is_protected_while_the_account_is_unknown(
    monkeypatch: pytest.MonkeyPatch, requests: dict[str, Any]
) -> None:
    deploy_with(monkeypatch, AccountState(is_blind=True))
    assert requests["m.b"].protect is True


def test_replicas_that_the_provider_cannot_remove_stop_the_run() -> None:
    plan = plan_of("context_name: x\nsecrets:\n  a: {}\n")
    left = [SecretReplica(region="eu-west-1"), SecretReplica(region="eu-north-1")]
    with pytest.raises(pulumi.RunError) as refused:
        secret_resource._refuse_to_leave_replicas(plan, plan.secrets["a"], left)
    assert str(refused.value) == (
        "m:3:3: error: the provider cannot remove the last replicas; run `aws secretsmanager "
        "remove-regions-from-replication --secret-id x/dev/a --remove-replica-regions eu-north-1 "
        "eu-west-1`, then `pulumi up --refresh`"
    )
    secret_resource._refuse_to_leave_replicas(plan, plan.secrets["a"], None)


MULTI_REGION = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/mrk-1"


@pytest.mark.parametrize(
    ("replica", "kms_key", "is_refused"),
    [
        ("{region: eu-west-1}", MULTI_REGION, True),
        ("{region: eu-west-1, kms_key_id: alias/aws/secretsmanager}", MULTI_REGION, False),
        ("{region: eu-west-1}", "alias/aws/secretsmanager", False),
        ("{region: eu-west-1}", None, False),
    ],
)
def test_replica_leaves_the_key_of_its_region_in_words_only(
    monkeypatch: pytest.MonkeyPatch, replica: str, kms_key: str | None, is_refused: bool
) -> None:
    """The provider would leave it under a key that goes with `multi_region`."""
    held = {"replicas": [{"region": "eu-west-1", "kmsKeyId": kms_key}]}
    monkeypatch.setattr(Cloud, "of_secrets", held)
    if not is_refused:
        secret(f"replicas: [{replica}]")
        return

    with pytest.raises(pulumi.RunError) as refused:
        secret(f"replicas: [{replica}]")
    assert str(refused.value) == (
        "m:3:15: error: `replicas`: the provider would leave the replica in `eu-west-1` under the "
        f"key `{MULTI_REGION}`; write `kms_key_id: alias/aws/secretsmanager` at this replica"
    )


def test_secret_of_the_map_ignores_no_changes_and_imports_nothing(requests: dict[str, Any]) -> None:
    secret("")
    assert requests["m.a"].importId == ""
    assert list(requests["m.a"].ignoreChanges) == []


def test_successor_of_a_secret_exists_before_it_goes(requests: dict[str, Any]) -> None:
    secret("")
    assert requests["m.a"].deleteBeforeReplaceDefined
    assert requests["m.a"].deleteBeforeReplace is False


@pytest.mark.parametrize("protect", [True, False])
def test_protected_secret_is_protected_in_the_stack(
    requests: dict[str, Any], protect: bool
) -> None:
    secret(f"protect: {str(protect).lower()}")
    assert requests["m.a"].protect is protect


def deploy_with(monkeypatch: pytest.MonkeyPatch, state: AccountState) -> dict[Any, Any]:
    """Deploy two secrets into an account of which this is known."""
    monkeypatch.setattr(safeguards, "check_account", lambda *_: state)
    return deploy(HEAD + "  a: {import: old}\n  b: {}\n").made


def held(name: str, **more: Any) -> HeldSecret:
    """A secret of the account."""
    filled = HeldSecret(
        name, arn(name), deletion=None, is_filled=True, next_rotation=None, service=None
    )
    return replace(filled, **more)


@pytest.mark.parametrize(("service", "is_retained"), [("rds", True), (None, False)])
def test_secret_that_a_service_manages_stays_when_its_entry_goes(
    monkeypatch: pytest.MonkeyPatch,
    requests: dict[str, Any],
    service: str | None,
    is_retained: bool,
) -> None:
    deploy_with(monkeypatch, AccountState(own={"b": held("x/dev/b", service=service)}))
    assert requests["m.b"].retainOnDelete is is_retained


@pytest.mark.parametrize(
    ("fields", "is_retained"),
    [("import: old", True), ("restore_deleted: true", True), ("secret_data: v", False)],
)
def test_adopted_secret_stays_when_its_entry_goes(
    requests: dict[str, Any], fields: str, is_retained: bool
) -> None:
    # A run that ends between import and update leaves no recovery window in the state, and the
    # provider would delete the secret without one.
    secret(fields)
    assert requests["m.a"].retainOnDelete is is_retained


ACCOUNT_OF_THE_SDK = cast("Inventory", object())


@pytest.mark.parametrize(
    ("found", "key", "ignored"),
    [
        (None, None, ["kmsKeyId"]),
        (held("x/dev/b"), None, ["kmsKeyId"]),
        (held("x/dev/b", kms_key=MANAGED), None, ["kmsKeyId"]),
        (held("x/dev/b", kms_key=f"arn:aws:kms:{REGION}:{ACCOUNT}:{MANAGED}"), None, ["kmsKeyId"]),
        (held("x/dev/b", kms_key="alias/other"), MANAGED, []),
    ],
    ids=["new", "default key", "alias", "alias ARN", "other key"],
)
def test_aws_managed_key_is_named_only_for_a_secret_that_may_have_another(
    monkeypatch: pytest.MonkeyPatch,
    requests: dict[str, Any],
    found: HeldSecret | None,
    key: str | None,
    ignored: list[str],
) -> None:
    state = AccountState(own={"b": found} if found else {}, inventory=ACCOUNT_OF_THE_SDK)
    made = deploy_with(monkeypatch, state)
    assert made["Secret", "m.b"].get("kmsKeyId") == key
    assert list(requests["m.b"].ignoreChanges) == ignored


def test_restored_secret_is_imported_by_its_arn(
    monkeypatch: pytest.MonkeyPatch, requests: dict[str, Any]
) -> None:
    deploy_with(monkeypatch, AccountState(imports={"b": arn("x/dev/b")}))
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
        "tags": {"team": "u", **MARKS},
    }


def test_adopted_secret_is_looked_up_by_name_and_keeps_what_the_entry_leaves_out() -> None:
    made = deploy(
        "context_name: x\ntags: {team: t}\ndefault_kms_key_id: alias/k\nsecrets:\n"
        "  a: {import: legacy, owner: operator}\n"
    ).made
    assert made["Secret", "m.a"] == {
        "name": "legacy",
        "recoveryWindowInDays": 30,
        "tags": {**MARKS, "secretsmap:adopted": "imported"},
    }
