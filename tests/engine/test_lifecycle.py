"""The whole way through the real engine: create, change, rename, remove, fail, go on."""

import json
import time

import pytest

from tests.conftest import Aws, Live, Secrets

TWO = """\
context_name: {context}
secrets:
  a: {{path: p, generate_random_password: true}}
  b: {{secret_data: "user:${{output.secretsmanager.generated_passwords.a}}"}}
"""


def test_create_then_second_run_changes_nothing(secrets: Secrets, live: Live) -> None:
    stack = secrets(TWO.format(context="create"))
    assert stack.up().changes["create"] > 5
    outputs = stack.outputs()
    password = outputs["generated_passwords"]["a"]
    assert len(password) == 32
    assert live("create/create-then-second-run-changes-nothing/p/a") == password
    assert live(outputs["secret_arns"]["b"]) == f"user:{password}"
    assert set(stack.up().changes) == {"same"}
    assert set(stack.up("--refresh").changes) == {"same"}


def test_update_in_place_keeps_the_value(secrets: Secrets, live: Live, aws: Aws) -> None:
    stack = secrets(TWO.format(context="update"))
    stack.up()
    before = stack.outputs()
    stack.write(TWO.format(context="update").replace("path: p,", "path: p, description: new,"))
    assert stack.up().changes["update"] == 1
    arn = before["secret_arns"]["a"]
    assert aws("secretsmanager").describe_secret(SecretId=arn)["Description"] == "new"
    assert live(arn) == before["generated_passwords"]["a"]


def test_changed_value_of_the_map_becomes_current_and_the_old_one_previous(
    secrets: Secrets, aws: Aws
) -> None:
    stack = secrets("context_name: changed\nsecrets: {a: {secret_data: one}}\n")
    stack.up()
    arn = stack.outputs()["secret_arns"]["a"]
    stack.write("context_name: changed\nsecrets: {a: {secret_data: two}}\n").up()
    client = aws("secretsmanager")
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "two"
    old = client.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")
    assert old["SecretString"] == "one"


def test_rename_creates_the_new_secret_before_the_old_one_goes(
    secrets: Secrets, live: Live, aws: Aws
) -> None:
    text = "context_name: rename\nsecrets: {a: {name: old, generate_random_password: true}}\n"
    stack = secrets(text)
    stack.up()
    before = stack.outputs()
    steps = stack.write(text.replace("name: old", "name: new")).up().steps
    secret = "aws:secretsmanager/secret:Secret"
    version = "aws:secretsmanager/secretVersion:SecretVersion"
    created = [steps.index(("create-replacement", kind)) for kind in (secret, version)]
    assert max(created) < steps.index(("delete-replaced", secret))
    after = stack.outputs()
    assert live(after["secret_arns"]["a"]) == before["generated_passwords"]["a"]
    gone = aws("secretsmanager").describe_secret(SecretId=before["secret_arns"]["a"])
    assert gone["DeletedDate"] is not None


def test_renamed_from_replaces_nothing(secrets: Secrets) -> None:
    fields = "{name: n, generate_random_password: true, policy: {template: read-secret-policy, principals: ['123456789012']}}"
    stack = secrets(f"context_name: moved\nsecrets: {{a: {fields}}}\n")
    stack.up()
    before = stack.outputs()
    stack.write(f"context_name: moved\nsecrets: {{b: {fields[:-1]}, renamed_from: a}}}}\n")
    changes = stack.up().changes
    assert set(changes) == {"same", "update"}
    assert changes["update"] == 1  # the tag with the key
    after = stack.outputs()
    assert after["secret_arns"] == {"b": before["secret_arns"]["a"]}
    assert after["generated_passwords"] == {"b": before["generated_passwords"]["a"]}


def test_removed_entry_stays_restorable(secrets: Secrets, aws: Aws) -> None:
    two = "context_name: removed\nsecrets: {a: {secret_data: v}, b: {secret_data: w, recovery_window_in_days: 7}}\n"
    stack = secrets(two)
    stack.up()
    arn = stack.outputs()["secret_arns"]["b"]
    stack.write("context_name: removed\nsecrets: {a: {secret_data: v}}\n").up()
    client = aws("secretsmanager")
    gone = client.describe_secret(SecretId=arn)["DeletedDate"]
    assert 6.9 < (gone.timestamp() - time.time()) / 86_400 < 7.1
    client.restore_secret(SecretId=arn)
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "w"


def test_recovery_window_of_zero_deletes_at_once(secrets: Secrets, aws: Aws) -> None:
    stack = secrets(
        "context_name: zero\nsecrets: {a: {secret_data: v, recovery_window_in_days: 0}}\n"
    )
    stack.up()
    arn = stack.outputs()["secret_arns"]["a"]
    stack.write("context_name: zero\nsecrets: {}\n").up()
    client = aws("secretsmanager")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_secret(SecretId=arn)


def test_failure_half_way_is_resumed(secrets: Secrets, live: Live, aws: Aws) -> None:
    text = """\
        context_name: half
        secrets:
          a: {secret_data: {pw: "${random.pw}"}, random: {pw: {}}}
          b: {secret_data: v, kms_key_id: alias/later}
        """
    stack = secrets(text)
    failed = stack.up(good=False)
    assert failed.code != 0
    assert "KMS key in the request could not be found" in failed.text
    kms = aws("kms")
    kms.create_alias(AliasName="alias/later", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    # Whether the password was created before the failure depends on which provider starts first.
    steps = [*failed.steps, *stack.up().steps]
    assert steps.count(("create", "random:index/randomPassword:RandomPassword")) == 1
    password = stack.outputs()["generated_passwords"]["a.pw"]
    assert json.loads(live("half/failure-half-way-is-resumed/a")) == {"pw": password}
    assert live("half/failure-half-way-is-resumed/b") == "v"
    assert set(stack.up().changes) == {"same"}


def test_protected_secret_is_not_removed(secrets: Secrets, live: Live) -> None:
    stack = secrets("context_name: kept\nsecrets: {a: {secret_data: v, protect: true}}\n")
    stack.up()
    stack.write("context_name: kept\nsecrets: {}\n")
    refused = stack.up(good=False)
    assert "protect" in refused.text
    assert live("kept/protected-secret-is-not-removed/a") == "v"


def test_errors_of_the_map_end_the_run_in_plain_text(secrets: Secrets) -> None:
    stack = secrets("context_name: bad\nsecrets: {a: {nmae: x, secret_data: hunter2}}\n")
    refused = stack.pulumi("up", "--yes", "--skip-preview", good=False)
    name = "stacks/errors-of-the-map-end-the-run-in-plain-text.yaml"
    assert f"{name}:2:15: error: unknown key `nmae`; did you mean `name`?" in refused.text
    assert "Traceback" not in refused.text
    assert "hunter2" not in refused.text


def test_every_kind_of_resource_survives_a_refresh_without_a_change(
    secrets: Secrets, aws: Aws
) -> None:
    kms = aws("kms")
    kms.create_alias(AliasName="alias/all", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    stack = secrets(
        """\
        context_name: every
        kms: {create: true, alias: every-own}
        tags: {team: t}
        secrets:
          a: {generate_random_password: true, replicas: [{region: eu-west-1}], tags: {x: y}, description: d}
          b: {secret_binary: aGVsbG8=, kms_key_id: alias/all}
          c: {secret_data: {k: 1}, policy: {template: cross-account-secret-policy, principals: ["111122223333"]}}
          d: {random: {pw: {special: false}}, secret_data: "x ${random.pw}", owner: operator}
          e: {}
        """
    )
    stack.up()
    assert set(stack.up("--refresh").changes) == {"same"}
    assert set(stack.up().changes) == {"same"}
    assert stack.pulumi("destroy", "--yes").code == 0
