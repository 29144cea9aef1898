"""Keys: the one that a map creates, and the ones that its secrets and replicas use."""

from __future__ import annotations

import json

import pulumi
import pytest

from secrets_component.lookups.account import Identities
from tests.unit.mocks import ACCOUNT, REGION, deploy

CREATED = "context_name: x\nkms: {create: true}\n"
MADE = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/made"


def test_map_without_a_key_of_its_own_creates_none() -> None:
    made = deploy("context_name: x\ndefault_kms_key_id: alias/k\nsecrets: {a: {}}\n").made
    assert not {"Key", "Alias", "ReplicaKey"} & {kind for kind, _ in made}


def test_created_key_has_its_alias_window_and_the_maps_tags() -> None:
    made = deploy(
        "context_name: x\nname: mine\ntags: {team: t}\nsecrets: {}\n"
        "kms: {create: true, alias: own, deletion_window_in_days: 7}\n"
    ).made
    key = made["Key", "m"]
    assert {name: value for name, value in key.items() if name != "policy"} == {
        "description": "secrets of x/dev (mine)",
        "enableKeyRotation": True,
        "multiRegion": False,
        "deletionWindowInDays": 7,
        "tags": {"team": "t", "secretsmap:map": "secrets/dev/m", "secretsmap:state": "m-id"},
    }
    assert made["Alias", "m"] == {"name": "alias/own", "targetKeyId": "made"}


def test_replicas_of_the_key_have_its_policy_window_and_tags() -> None:
    made = deploy(
        "context_name: x\ntags: {team: t}\n"
        "kms: {create: true, multi_region: true, deletion_window_in_days: 7}\n"
        "secrets: {a: {recovery_window_in_days: 7, replicas: [{region: eu-west-1}]}}\n"
    ).made
    key, replica = made["Key", "m"], made["ReplicaKey", "m.eu-west-1"]
    shared = ("policy", "description", "deletionWindowInDays", "tags")
    assert {name: replica[name] for name in shared} == {name: key[name] for name in shared}


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ("", MADE),
        ("kms_key_id: alias/own", "alias/own"),
        ("kms_key_id: '${output.kms.id}'", "referenced"),
        ("kms_key_id: alias/aws/secretsmanager", "alias/aws/secretsmanager"),
        ("import: old", None),
    ],
    ids=["created", "named", "referenced", "AWS-managed", "kept"],
)
def test_secret_has_the_key_that_the_plan_chooses(fields: str, key: str | None) -> None:
    text = f"{CREATED}stacks: {{kms: o/kms/dev}}\nsecrets: {{a: {{{fields}}}}}\n"
    made = deploy(text, {"o/kms/dev": {"id": "referenced"}}).made
    assert made["Secret", "m.a"].get("kmsKeyId") == key


@pytest.mark.parametrize(
    ("head", "fields", "replica"),
    [
        ("", "", {"region": "eu-west-1"}),
        ("kms: {create: true}\n", "", {"region": "eu-west-1"}),
        (
            "kms: {create: true, multi_region: true}\n",
            "",
            {"region": "eu-west-1", "kmsKeyId": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/made"},
        ),
        (
            "kms: {create: true, multi_region: true}\n",
            ", kms_key_id: alias/there",
            {"region": "eu-west-1", "kmsKeyId": "alias/there"},
        ),
        (
            "stacks: {kms: o/kms/dev}\n",
            ", kms_key_id: '${output.kms.id}'",
            {"region": "eu-west-1", "kmsKeyId": "referenced"},
        ),
    ],
    ids=["AWS-managed", "key of one region", "replica of the key", "named", "referenced"],
)
def test_replica_has_the_key_that_the_plan_chooses(
    head: str, fields: str, replica: dict[str, str]
) -> None:
    text = f"context_name: x\n{head}secrets: {{a: {{replicas: [{{region: eu-west-1{fields}}}]}}}}\n"
    made = deploy(text, {"o/kms/dev": {"id": "referenced"}}).made
    assert made["Secret", "m.a"]["replicas"] == [replica]


def test_key_may_be_used_in_the_home_region_and_those_of_its_replicas() -> None:
    made = deploy(
        "context_name: x\nkms: {create: true, multi_region: true}\n"
        "secrets: {a: {replicas: [{region: us-east-1}, {region: eu-west-1}]}}\n"
    ).made
    _, use = json.loads(made["Key", "m"]["policy"])["Statement"]
    assert use["Condition"]["StringEquals"]["kms:ViaService"] == [
        f"secretsmanager.{REGION}.amazonaws.com",
        "secretsmanager.eu-west-1.amazonaws.com",
        "secretsmanager.us-east-1.amazonaws.com",
    ]


def test_policy_of_the_key_names_what_referenced_readers_stand_for() -> None:
    app = f"arn:aws:iam::{ACCOUNT}:role/app"
    made = deploy(
        f"{CREATED}stacks: {{iam: o/iam/dev}}\n"
        "access: {readers: ['${output.iam.role}']}\nsecrets: {a: {}}\n",
        {"o/iam/dev": {"role": app}},
        secrets=("role",),
    ).made
    *_, read = json.loads(made["Key", "m"]["policy"])["Statement"]
    assert read["Principal"] == {"AWS": [app]}


def test_policy_of_the_key_over_kmss_limit_is_refused_at_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A principal that is a reference is measured once it is known."""
    readers = [f"arn:aws:iam::{ACCOUNT}:role/{'r' * 60}{number}" for number in range(72)]
    entries = "".join(
        f"  e{number}: {{access: {{readers: ['${{output.iam.r.{number}}}']}}}}\n"
        for number in range(len(readers))
    )
    monkeypatch.setattr(Identities, "problem_with", lambda *_: None)
    with pytest.raises(pulumi.RunError) as refused:
        deploy(
            f"{CREATED}stacks: {{iam: o/iam/dev}}\nsecrets:\n{entries}",
            {"o/iam/dev": {"r": readers}},
        )
    text = str(refused.value)
    assert text.startswith("m:2:7: error: `create`: the key's policy has ")
    assert text.endswith(
        " characters; KMS allows 32,768; grant to levels instead of single secrets"
    )


def test_multi_region_key_has_a_replica_for_each_replica_without_a_key() -> None:
    made = deploy(
        "context_name: x\nkms: {create: true, multi_region: true}\nsecrets:\n"
        "  a: {replicas: [{region: eu-west-1}, {region: eu-west-2, kms_key_id: alias/o}]}\n"
        "  b: {kms_key_id: alias/o, replicas: [{region: eu-west-3}]}\n"
    ).made
    assert made["Key", "m"]["multiRegion"] is True
    assert [name for kind, name in made if kind == "ReplicaKey"] == ["m.eu-west-1"]
    replica = made["ReplicaKey", "m.eu-west-1"]
    assert (replica["region"], replica["primaryKeyArn"]) == (
        "eu-west-1",
        f"arn:aws:kms:{REGION}:{ACCOUNT}:key/made",
    )
    assert "secretsmanager.eu-west-1.amazonaws.com" in replica["policy"]
    assert made["Secret", "m.a"]["replicas"] == [
        {"region": "eu-west-1", "kmsKeyId": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/made"},
        {"region": "eu-west-2", "kmsKeyId": "alias/o"},
    ]
    assert made["Secret", "m.b"]["replicas"] == [{"region": "eu-west-3"}]


def test_created_key_encrypts_all_and_rotates() -> None:
    result = deploy(
        "context_name: x\nkms: {create: true}\nsecrets: {a: {}, b: {kms_key_id: alias/o}}\n"
    )
    assert result.made["Key", "m"] == {
        "description": "secrets of x/dev (secretsmanager)",
        "enableKeyRotation": True,
        "multiRegion": False,
        "deletionWindowInDays": 30,
        "policy": result.made["Key", "m"]["policy"],
        "tags": {"secretsmap:map": "secrets/dev/m", "secretsmap:state": "m-id"},
    }
    assert result.made["Alias", "m"] == {"name": "alias/x-dev-secrets", "targetKeyId": "made"}
    assert result.made["Secret", "m.a"]["kmsKeyId"].endswith("key/made")
    assert result.made["Secret", "m.b"]["kmsKeyId"] == "alias/o"
    assert result.outputs["kms_key_arns"] == {
        "a": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/made",
        "b": f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/o",
    }


@pytest.mark.parametrize("multi_region", [True, False])
def test_key_says_whether_it_is_multi_region_so_that_a_change_is_seen(multi_region: bool) -> None:
    kms = f"{{create: true, multi_region: {str(multi_region).lower()}}}"
    made = deploy(f"context_name: x\nkms: {kms}\nsecrets: {{a: {{}}}}\n").made
    assert made["Key", "m"]["multiRegion"] is multi_region
