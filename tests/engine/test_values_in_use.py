"""Histories of edits, runs, kills and writes by others: the value in use stays, or the run refuses.

Each test is one item of the review that found the ways in which a value was lost.
"""

from __future__ import annotations

import json

import pytest

from tests.conftest import Aws, Live, Secrets, SecretsStack
from tests.engine.test_live_values import rotate


def fill(aws: Aws, stack: SecretsStack, key: str = "a", value: str = "by hand") -> str:
    """Write a value as an operator does; return the secret's ARN."""
    arn = stack.outputs()["secret_arns"][key]
    aws("secretsmanager").put_secret_value(SecretId=arn, SecretString=value)
    return str(arn)


def test_empty_entry_that_somebody_filled_is_not_renamed(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    stack = secrets("context_name: l2\nsecrets:\n  key: {name: payment}\n")
    stack.up()
    arn = fill(aws, stack, "key")
    refused = stack.write("context_name: l2\nsecrets:\n  key: {name: payment, path: pay}\n").up(
        good=False
    )
    assert ":3:3: error: renaming `l2/" in refused.diagnostics
    assert live(arn) == "by hand"


def test_removed_import_does_not_replace_the_adopted_secret(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    made = aws("secretsmanager").create_secret(Name="legacy-l2", SecretString="in use")
    stack = secrets("context_name: l2b\nsecrets:\n  db: {import: legacy-l2}\n")
    stack.up()
    refused = stack.write("context_name: l2b\nsecrets:\n  db: {}\n").up(good=False)
    assert "`import: legacy-l2`" in refused.diagnostics
    assert live(made["ARN"]) == "in use"


def test_partial_arn_is_adopted_by_the_name_in_aws(secrets: Secrets, aws: Aws, live: Live) -> None:
    made = aws("secretsmanager").create_secret(Name="my-orders-db", SecretString="in use")
    partial = made["ARN"][:-7]
    text = "context_name: l1c\nsecrets:\n  a: {%sowner: operator}\n"
    stack = secrets(text % f"import: '{partial}', ")
    stack.up()
    assert stack.outputs()["secret_names"]["a"] == "my-orders-db"
    assert set(stack.up().changes) == {"same"}
    stack.write(text % "").up(good=False)
    assert live("my-orders-db") == "in use"


def test_waiting_entry_that_somebody_filled_is_kept(secrets: Secrets, aws: Aws, live: Live) -> None:
    text = (
        "context_name: l3\nstacks: {rds: {stack: organization/none/dev, when_missing: wait}}\n"
        "secrets:\n  conn: {%ssecret_data: '${output.rds.endpoint}'}\n"
    )
    stack = secrets(text % "")
    stack.up()
    arn = fill(aws, stack, "conn")
    refused = stack.write(text % "path: new, ").up(good=False)
    assert ":4:3: error: renaming" in refused.diagnostics
    literal = "context_name: l3\nsecrets:\n  conn: {secret_data: 'db:5432'}\n"
    kept = stack.write(literal).up()
    assert "keeps the value that someone else wrote" in kept.diagnostics
    assert live(arn) == "by hand"
    stack.write(literal.replace("'db:5432'", "'db:5432', owner: map")).up()
    assert live(arn) == "db:5432"


def test_owner_and_name_changed_in_one_edit_are_refused(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    stack = secrets("context_name: l6\nsecrets:\n  a: {owner: operator, secret_data: first}\n")
    stack.up()
    arn = fill(aws, stack)
    stack.write("context_name: l6\nsecrets:\n  a: {path: p, secret_data: first}\n").up(good=False)
    assert live(arn) == "by hand"


def test_options_of_a_password_that_others_replaced_change_nothing(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    text = "context_name: l7\nsecrets:\n  a: {generate_random_password: true, random_password: {length: %d}, owner: operator}\n"
    stack = secrets(text % 32)
    stack.up()
    arn = fill(aws, stack)
    before = stack.outputs()["generated_passwords"]
    stack.write(text % 40).up()
    assert stack.outputs()["generated_passwords"] == before
    assert live(arn) == "by hand"


OWN_PROGRAM = """\
from secrets_component import SecretMap, SecretMapArgs, load_secret_map
import pulumi
SecretMap("shop", SecretMapArgs(secret_map=load_secret_map(f"stacks/{pulumi.get_stack()}.yaml")))
"""


def test_rename_is_refused_in_a_program_that_exports_nothing(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    text = "context_name: l9a\nsecrets:\n  a: {name: %s, owner: operator, secret_data: first}\n"
    stack = secrets(text % "old")
    (stack.project / "__main__.py").write_text(OWN_PROGRAM, "utf-8")
    stack.up()
    name = f"l9a/{stack.name}/old"
    aws("secretsmanager").put_secret_value(SecretId=name, SecretString="by hand")
    refused = stack.write(text % "new").up(good=False)
    assert "renaming" in refused.diagnostics
    assert live(name) == "by hand"


def test_rename_is_refused_after_a_first_run_that_failed(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    text = "context_name: l9b\nsecrets:\n  a: {%sowner: operator}\n  z: {kms_key_id: %s}\n"
    stack = secrets(text % ("", "alias/typo"))
    stack.up(good=False)
    name = f"l9b/{stack.name}/a"
    aws("secretsmanager").put_secret_value(SecretId=name, SecretString="by hand")
    stack.write(text % ("path: p, ", "alias/aws/secretsmanager")).up(good=False)
    assert live(name) == "by hand"


def test_living_secret_of_somebody_else_is_neither_restored_nor_overwritten(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    stack = secrets("context_name: l12\nsecrets:\n  a: {secret_data: mine}\n")
    name = f"l12/{stack.name}/a"
    aws("secretsmanager").create_secret(Name=name, SecretString="theirs")
    refused = stack.up(good=False)
    assert f":3:3: error: `{name}` exists already" in refused.diagnostics
    assert f"`import: {name}`" in refused.diagnostics
    restore = "restore_deleted: true, owner: map, secret_data: mine"
    stack.write(f"context_name: l12\nsecrets:\n  a: {{{restore}}}\n").up(good=False)
    assert live(name) == "theirs"


def test_new_label_of_a_map_is_refused_with_the_old_one(secrets: Secrets) -> None:
    text = "context_name: f3\nname: %s\nsecrets:\n  a: {generate_random_password: true}\n"
    stack = secrets(text % "one")
    stack.up()
    before = stack.outputs()["generated_passwords"]
    refused = stack.write(text % "two").up(good=False)
    assert "write `name: one`" in refused.diagnostics
    stack.write(text % "one").up()
    assert stack.outputs()["generated_passwords"] == before


def test_names_that_swap_are_refused_before_anything_is_created(secrets: Secrets, aws: Aws) -> None:
    text = "context_name: f7\nsecrets:\n  a: {name: %s, secret_data: v}\n  b: {name: %s, secret_data: w}\n"
    stack = secrets(text % ("x", "y"))
    stack.up()
    before = stack.outputs()["secret_arns"]
    refused = stack.write(text % ("y", "x")).up(good=False)
    assert "is still the name of the entry `b`" in refused.diagnostics
    assert stack.outputs()["secret_arns"] == before


def test_rename_that_failed_half_way_is_finished_or_refused(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    text = "context_name: f5\nsecrets:\n  a: {name: %s, secret_data: v}\n%s"
    stack = secrets(text % ("old", ""))
    stack.up()
    fails = "  z: {kms_key_id: alias/typo}\n"
    stack.write(text % ("new", fails)).up(good=False)
    back = stack.write(text % ("old", "")).up(good=False)
    assert "is not finished" in back.diagnostics
    stack.write(text % ("new", "")).up()
    assert live(f"f5/{stack.name}/new") == "v"
    stack.up()
    deleted = aws("secretsmanager").describe_secret(SecretId=f"f5/{stack.name}/old")
    assert deleted["DeletedDate"] is not None


def test_secret_whose_creation_was_not_recorded_is_taken_up_again(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    stack = secrets("context_name: f6\nsecrets:\n  a: {secret_data: v}\n  b: {secret_data: w}\n")
    stack.up()
    arns = stack.outputs()["secret_arns"]
    state = json.loads(stack.state())["checkpoint"]["latest"]["resources"]
    for kind in ("secretVersion:SecretVersion", "secret:Secret"):
        for resource in state:
            if resource["urn"].endswith(f"{kind}::secretsmanager.b"):
                stack.pulumi("state", "delete", resource["urn"], "--yes", "--target-dependents")

    stack.up()
    assert stack.outputs()["secret_arns"] == arns
    assert live(arns["b"]) == "w"
    assert set(stack.up().changes) == {"same"}


def test_secret_of_a_lost_state_is_refused_and_adopted_in_words(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    text = "context_name: lost2\nsecrets:\n  a: {%sgenerate_random_password: true}\n"
    stack = secrets(text % "")
    stack.up()
    name = f"lost2/{stack.name}/a"
    password = live(name)
    for resource in reversed(json.loads(stack.state())["checkpoint"]["latest"]["resources"]):
        if "secretsmap:index:SecretMap" in resource["urn"]:
            stack.pulumi("state", "delete", resource["urn"], "--yes")

    refused = stack.up(good=False)
    assert (
        f"`{name}` was created by this map, but is not in the stack's state" in refused.diagnostics
    )
    stack.write(text % f"import: {name}, owner: operator, ").up()
    assert live(name) == password


def test_key_renamed_without_a_word_is_refused(secrets: Secrets, aws: Aws, live: Live) -> None:
    text = "context_name: keyed\nsecrets:\n  %s: {path: p, owner: operator%s}\n"
    stack = secrets(text % ("stripe_api_key", ""))
    stack.up()
    arn = fill(aws, stack, "stripe_api_key")
    refused = stack.write(text % ("stripe_key", "")).up(good=False)
    assert "write `renamed_from: stripe_api_key`" in refused.diagnostics
    assert live(arn) == "by hand"
    stack.write(text % ("stripe_key", ", renamed_from: stripe_api_key, name: stripe_api_key")).up()
    assert stack.outputs()["secret_arns"] == {"stripe_key": arn}
    assert live(arn) == "by hand"


@pytest.mark.parametrize("owner", ["operator", "map"])
def test_other_region_leaves_no_value_behind(
    secrets: Secrets, aws: Aws, live: Live, owner: str
) -> None:
    stack = secrets(
        f"context_name: region-{owner}\nsecrets:\n  a: {{owner: {owner}, secret_data: v}}\n"
    )
    (stack.project / "__main__.py").write_text(OWN_PROGRAM, "utf-8")
    stack.up()
    name = f"region-{owner}/{stack.name}/a"
    if owner == "operator":
        aws("secretsmanager").put_secret_value(SecretId=name, SecretString="by hand")
    stack.pulumi("config", "set", "aws:region", "eu-west-1")
    run = stack.up(good=owner == "map")
    if owner == "operator":
        assert "is in region `eu-central-1`" in run.diagnostics
        assert live(name) == "by hand"


def test_run_that_may_not_list_secrets_changes_no_value(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    stack = secrets("context_name: blind\nsecrets:\n  a: {name: old, secret_data: one}\n")
    stack.up()
    arn = stack.outputs()["secret_arns"]["a"]
    other = {"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"}
    stopped = stack.up(good=False, **other)
    assert "run this again" in stopped.diagnostics
    assert "Traceback" not in stopped.text
    assert live(arn) == "one"


def test_last_replica_is_removed_by_hand_before_its_key_goes(secrets: Secrets, aws: Aws) -> None:
    text = "context_name: l11\nkms: {create: true, multi_region: true}\nsecrets:\n  a: {secret_data: v%s}\n"
    stack = secrets(text % ", replicas: [{region: eu-west-1}]")
    stack.up()
    refused = stack.write(text % "").up(good=False)
    assert (
        ":4:3: error: the provider cannot remove the last replicas; run `aws" in refused.diagnostics
    )
    assert ("delete", "aws:kms/replicaKey:ReplicaKey") not in refused.steps
    arn = stack.outputs()["secret_arns"]["a"]
    aws("secretsmanager").remove_regions_from_replication(
        SecretId=arn, RemoveReplicaRegions=["eu-west-1"]
    )
    assert ("delete", "aws:kms/replicaKey:ReplicaKey") in stack.up("--refresh").steps


def test_run_says_which_values_change(secrets: Secrets, aws: Aws) -> None:
    text = (
        "context_name: words\nsecrets:\n  a: {name: %s, secret_data: %s}\n  b: {secret_data: w}\n"
    )
    stack = secrets(text % ("old", "one"))
    stack.up()
    changed = stack.write(text % ("old", "two"))
    words = f"`words/{stack.name}/old` gets a new value from the map"
    for command in ("preview", "up"):
        run = changed.pulumi(
            *([command] if command == "preview" else ["up", "--yes", "--skip-preview"])
        )
        assert words in run.text
        assert f"`words/{stack.name}/b`" not in run.text

    renamed = stack.write(text % ("new", "two")).pulumi("preview").text
    assert "the new secret gets the map's value before the old one goes" in renamed
    removed = stack.write("context_name: words\nsecrets:\n  b: {secret_data: w}\n").pulumi(
        "preview"
    )
    assert f"`words/{stack.name}/old` is removed with its entry" in removed.text


ROTATION = "rotation_automatically: true, rotation_lambda_arn: {function}"


def test_rotated_fields_that_rotation_wrote_stay_when_rotation_is_turned_off(
    secrets: Secrets, aws: Aws, live: Live, rotator: str
) -> None:
    value = 'secret_data: {host: %s, password: "${random.password}"}, random: {password: {}}'
    rotating = f", rotated_fields: [password], {ROTATION.format(function=rotator)}"
    text = f"context_name: l4\nsecrets:\n  a: {{{value}%s}}\n"
    stack = secrets(text % ("old", rotating))
    stack.up()
    arn = stack.outputs()["secret_arns"]["a"]
    rotated = '{"host": "old", "password": "rotated"}'
    rotate(aws("secretsmanager"), arn, rotated)
    stack.write(text % ("old", "")).up()
    assert live(arn) == rotated
    kept = stack.write(text % ("new", "")).up()
    assert "keeps the value that someone else wrote" in kept.diagnostics
    assert live(arn) == rotated


def test_second_map_that_shares_a_key_with_the_first_can_be_added(secrets: Secrets) -> None:
    one = "secretsmanager: {vars: {context_name: f1, secrets: {key: {owner: operator}}}}"
    two = "api: {metadata: {component: secretsmanager}, vars: {context_name: f1b, secrets: {key: {owner: operator}}}}"
    stack = secrets(f"components: {{terraform: {{{one}}}}}\n")
    stack.up()
    stack.write(f"components: {{terraform: {{{one}, {two}}}}}\n").up()
    assert set(stack.outputs()["secret_arns"]) == {"secretsmanager", "api"}
    assert set(stack.up().changes) == {"same"}


def test_secret_is_not_restored_under_a_key_that_is_deleted(secrets: Secrets, aws: Aws) -> None:
    text = "context_name: l10\nkms: {create: true}\nsecrets:\n  a: {%ssecret_data: v}\n"
    stack = secrets(text % "")
    stack.up()
    key = stack.outputs()["kms_key_arns"]["a"]
    stack.pulumi("destroy", "--yes")
    refused = stack.write(text % "restore_deleted: true, owner: map, ").up(good=False)
    assert f"`aws kms cancel-key-deletion --key-id {key}" in refused.diagnostics
    key_id = key.rpartition("/")[2]  # moto answers ARNs with an internal error
    aws("kms").cancel_key_deletion(KeyId=key_id)
    aws("kms").enable_key(KeyId=key_id)
    stack.up()


def test_import_that_failed_half_way_and_is_taken_back_leaves_the_secret(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    aws("secretsmanager").create_secret(Name="legacy-l1", SecretString="in use")
    text = "context_name: l1\nsecrets:\n  db: {import: legacy-l1, kms_key_id: alias/typo}\n"
    stack = secrets(text)
    stack.up(good=False)
    stack.write("context_name: l1\n").up()
    assert live("legacy-l1") == "in use"


def test_adopted_secret_goes_to_another_key_by_renamed_from_only(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    aws("secretsmanager").create_secret(Name="legacy-k", SecretString="in use")
    text = "context_name: adk\nsecrets:\n  %s: {import: legacy-k}\n"
    stack = secrets(text % "a")
    stack.up()
    stack.write(text % "b").up()
    assert live("legacy-k") == "in use"
    assert list(stack.outputs()["secret_arns"]) == ["b"]


def test_value_that_somebody_removed_from_the_map_by_hand_is_not_written_again(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    text = "context_name: drift\nsecrets:\n  a: {generate_random_password: true%s}\n"
    stack = secrets(text % "")
    stack.up()
    arn = fill(aws, stack)
    for flags in ((), ("--refresh",), ()):
        assert "keeps the value that someone else wrote" in stack.up(*flags).diagnostics
        assert live(arn) == "by hand"

    changed = text % ", random_password: {length: 50}"
    stack.write(changed).up()
    assert live(arn) == "by hand"
    stack.write(text % ", path: other").up(good=False)


def test_unfinished_rename_goes_on_after_someone_wrote_into_the_old_secret(
    secrets: Secrets, aws: Aws, live: Live
) -> None:
    text = "context_name: f5b\nsecrets:\n  a: {name: %s, secret_data: v%s}\n%s"
    stack = secrets(text % ("old", "", ""))
    stack.up()
    stack.write(text % ("new", "", "  z: {kms_key_id: alias/typo}\n")).up(good=False)
    old, new = (f"f5b/{stack.name}/{name}" for name in ("old", "new"))
    client = aws("secretsmanager")
    client.put_secret_value(SecretId=old, SecretString="by hand")
    back = stack.write(text % ("old", "", "")).up(good=False)
    assert "write the new name again" in back.diagnostics
    on = stack.write(text % ("new", "", "")).up(good=False)
    assert f"copy it to `{new}`, then write that name and `allow_loss: copied`" in on.diagnostics
    assert live(old) == "by hand"
    client.put_secret_value(SecretId=new, SecretString="by hand")
    stack.write(text % ("new", ", allow_loss: copied", "")).up()
    assert live(new) == "by hand"
    assert set(stack.write(text % ("new", "", "")).up().changes) == {"same"}


@pytest.mark.parametrize("is_newer", [True, pytest.param(False, marks=pytest.mark.long)])
def test_entry_that_takes_the_key_of_a_removed_one_keeps_its_value(
    secrets: Secrets, aws: Aws, live: Live, *, is_newer: bool
) -> None:
    head = f"context_name: taken-{is_newer}\nsecrets:\n"
    a, b = "  a: {name: x, secret_data: v}\n", "  b: {name: y, secret_data: w}\n"
    stack = secrets(head + (a if is_newer else b))
    stack.up()
    stack.write(head + a + b).up()
    arn = fill(aws, stack, "b")
    renamed = "  a: {renamed_from: b, name: y, secret_data: w}\n"
    refused = stack.write(head + renamed).up(good=False)
    assert "is still the secret of the key `a`; remove that entry in a run" in refused.diagnostics
    assert live(arn) == "by hand"
    stack.write(head + b).up()
    stack.write(head + renamed).up()
    assert stack.outputs()["secret_arns"] == {"a": arn}
    assert live(arn) == "by hand"


def test_stack_that_is_renamed_keeps_its_secrets(secrets: Secrets, aws: Aws, live: Live) -> None:
    text = "context_name: ren\nenvironment: fixed\nsecrets:\n  a: {owner: operator}\n"
    stack = secrets(text)
    stack.up()
    arn = fill(aws, stack)
    stack.pulumi("stack", "rename", "renamed")
    renamed = SecretsStack(stack.sandbox, stack.project, "renamed", None).write(text)
    assert renamed.up().changes == {"same": 5, "update": 1}
    assert renamed.outputs()["secret_arns"]["a"] == arn
    assert live(arn) == "by hand"
    assert (
        "renaming"
        in renamed.write(text.replace("{owner", "{name: b, owner")).up(good=False).diagnostics
    )
