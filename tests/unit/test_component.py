"""SecretMap under Pulumi's mocks: the arguments of every resource, and the outputs."""

import json

import pulumi
import pytest
from pulumi.runtime import mocks

from secrets_component import SecretMap, SecretMapArgs
from tests.unit.mocks import ACCOUNT, REGION, Cloud, deploy

HEAD = "context_name: x\nsecrets:\n"


def test_created_key_encrypts_all_and_rotates() -> None:
    result = deploy(
        "context_name: x\nkms: {create: true}\nsecrets: {a: {}, b: {kms_key_id: alias/o}}\n"
    )
    assert result.made["Key", "m"] == {
        "description": "secrets of x/dev (secretsmanager)",
        "enableKeyRotation": True,
        "deletionWindowInDays": 30,
        "policy": result.made["Key", "m"]["policy"],
    }
    assert result.made["Alias", "m"] == {"name": "alias/x-dev-secrets", "targetKeyId": "made"}
    assert result.made["Secret", "m.a"]["kmsKeyId"].endswith("key/made")
    assert result.made["Secret", "m.b"]["kmsKeyId"] == "alias/o"
    assert result.outputs["kms_key_arns"] == {
        "a": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/made",
        "b": f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/o",
    }


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


def test_replica_in_the_home_region_is_refused_before_anything_exists() -> None:
    with pytest.raises(pulumi.RunError, match=f"m:3:27: error: `replicas`: `{REGION}` is this"):
        deploy(f"{HEAD}  a: {{replicas: [{{region: {REGION}}}]}}\n")


WAITING = (
    "context_name: x\nstacks: {rds: {stack: o/rds/dev, when_missing: wait}}\nsecrets:\n"
    '  a: {secret_data: {host: "${output.rds.endpoint}"}}\n  b: {secret_data: v}\n'
)


def test_secret_waits_for_a_stack_that_is_not_there() -> None:
    result = deploy(WAITING)
    assert ("Secret", "m.a") in result.made
    assert ("SecretVersion", "m.a") not in result.made
    assert result.outputs["waiting"] == {"a": ["${output.rds.endpoint}"]}
    assert set(result.outputs["secret_version_ids"]) == {"b"}


def test_secret_waits_for_an_output_that_is_not_there() -> None:
    assert deploy(WAITING, {"o/rds/dev": {}}).outputs["waiting"] == {
        "a": ["${output.rds.endpoint}"]
    }


def test_waiting_secret_is_filled_once_the_output_is_there() -> None:
    result = deploy(WAITING, {"o/rds/dev": {"endpoint": "h:1"}})
    assert json.loads(result.made["SecretVersion", "m.a"]["secretString"]) == {"host": "h:1"}
    assert result.outputs["waiting"] == {}


def test_each_stack_is_read_once() -> None:
    text = WAITING.replace("secret_data: v", 'secret_data: "${output.rds.endpoint}"')
    assert deploy(text, {"o/rds/dev": {"endpoint": "h"}}).reads == ["o/rds/dev"]


def test_missing_values_are_reported_all_at_once_with_their_positions(monkeypatch) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    with pytest.raises(pulumi.RunError) as refused:
        deploy(
            "context_name: x\nstacks: {rds: o/rds/dev, kms: {stack: o/kms/dev, when_missing: wait}}\n"
            'secrets:\n  a: {secret_data: "${output.rds.endpoint}"}\n'
            '  b: {secret_data: "${config.key}"}\n  c: {secret_data: "${env.NOT_THERE}"}\n'
            '  d: {kms_key_id: "${output.kms.key_id}"}\n'
        )
    lines = str(refused.value).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["m:4:21:", "m:5:21:", "m:6:21:", "m:7:20:"]
    assert "deploy it first, or write `rds: {stack: o/rds/dev, when_missing: wait}`" in lines[0]
    assert "pulumi config set --secret key" in lines[1]
    assert "set `NOT_THERE`" in lines[2]
    assert "cannot wait" in lines[3]


def test_config_and_environment_bring_values_in(monkeypatch) -> None:
    monkeypatch.setenv("TOKEN", "from-environment")
    pulumi.runtime.set_all_config({"secrets:key": "from-config"}, ["secrets:key"])
    made = deploy(HEAD + '  a: {secret_data: "${config.key} ${env.TOKEN}"}\n').made
    assert made["SecretVersion", "m.a"]["secretString"] == "from-config from-environment"


def test_map_as_plain_data_is_accepted_and_an_output_is_not() -> None:
    cloud = Cloud({}, ())
    mocks.set_mocks(cloud, project="secrets", stack="dev")

    @pulumi.runtime.test
    def run() -> None:
        SecretMap("m", SecretMapArgs(secret_map={"context_name": "x", "secrets": {"a": {}}}))
        with pytest.raises(pulumi.RunError, match="never an Output"):
            SecretMap("n", SecretMapArgs(secret_map=pulumi.Output.from_input({})))

    run()
    assert cloud.made["Secret", "m.a"]["name"] == "x/dev/a"


def test_adopted_secret_is_looked_up_by_name_and_keeps_what_the_entry_leaves_out() -> None:
    made = deploy(
        "context_name: x\ntags: {team: t}\ndefault_kms_key_id: alias/k\nsecrets:\n"
        "  a: {import: legacy, owner: operator}\n"
    ).made
    assert made["Secret", "m.a"] == {
        "name": "legacy",
        "recoveryWindowInDays": 30,
    }
