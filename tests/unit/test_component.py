"""SecretMap under Pulumi's mocks: the arguments of every resource, and the outputs."""

import json

import pulumi
import pytest
from pulumi.runtime import mocks

from secrets_component import SecretMap, SecretMapArgs
from secrets_component.lookups import safeguards
from secrets_component.lookups.inventory import HeldSecret
from tests.unit.mocks import ACCOUNT, FUNCTION, REGION, Cloud, deploy

HEAD = "context_name: x\nsecrets:\n"


def test_generated_password_has_every_option() -> None:
    made = deploy(HEAD + "  a: {generate_random_password: true, description: d, path: p}\n").made
    assert made["RandomPassword", "m.a"] == {
        "length": 32,
        "special": True,
        "overrideSpecial": "-_.",
        "minLower": 1,
        "minUpper": 1,
        "minNumeric": 1,
        "minSpecial": 1,
    }
    assert made["Secret", "m.a"] == {
        "name": "x/dev/p/a",
        "description": "d",
        "kmsKeyId": "alias/aws/secretsmanager",
        "recoveryWindowInDays": 30,
    }
    version = made["SecretVersion", "m.a"]
    assert version["secretString"] == "generated-m.a"
    assert "versionStages" not in version


def test_written_options_of_a_password_are_passed_on() -> None:
    options = "{length: 40, special: false, min_lower: 3, keepers: {year: 2026}}"
    made = deploy(
        f"{HEAD}  a: {{generate_random_password: true, random_password: {options}}}\n"
    ).made
    password = made["RandomPassword", "m.a"]
    assert {k: password[k] for k in ("length", "special", "minLower", "minSpecial", "keepers")} == {
        "length": 40, "special": False, "minLower": 3, "minSpecial": 0, "keepers": {"year": "2026"},
    }  # fmt: skip


def test_every_source_of_a_value() -> None:
    made = deploy(
        HEAD
        + """\
  text: {secret_data: "a b"}
  json: {secret_data: '{"k": 1}'}
  mapping: {secret_data: {k: 1, u: ü}}
  binary: {secret_binary: aGVsbG8=}
  empty: {}
"""
    ).made
    assert made["SecretVersion", "m.text"]["secretString"] == "a b"
    assert made["SecretVersion", "m.json"]["secretString"] == '{"k": 1}'
    assert made["SecretVersion", "m.mapping"]["secretString"] == '{"k": 1, "u": "ü"}'
    assert made["SecretVersion", "m.binary"]["secretBinary"] == "aGVsbG8="
    assert ("SecretVersion", "m.empty") not in made
    assert ("Secret", "m.empty") in made


def test_random_fields_are_generated_once_each() -> None:
    result = deploy(
        HEAD
        + '  a: {random: {pw: {length: 40}, token: {}}, secret_data: {u: s, p: "${random.pw}", '
        't: "${random.token}"}}\n'
    )
    assert json.loads(result.made["SecretVersion", "m.a"]["secretString"]) == {
        "u": "s",
        "p": "generated-m.a.pw",
        "t": "generated-m.a.token",
    }
    assert result.outputs["generated_passwords"] == {
        "a.pw": "generated-m.a.pw",
        "a.token": "generated-m.a.token",
    }


def test_only_generated_passwords_is_secret() -> None:
    result = deploy(
        "context_name: x\nkms: {create: true}\nsecrets:\n  a: {generate_random_password: true}\n"
        '  b: {secret_data: "${output.secretsmanager.generated_passwords.a}"}\n'
    )
    assert [name for name, secret in result.is_secret.items() if secret] == ["generated_passwords"]


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


ROTATED = (
    "context_name: x\nstacks: {l: o/l/dev}\nsecrets:\n"
    "  a: {secret_data: v, rotation_automatically: true, rotation_days: 7, "
    "rotation_lambda_arn: '${output.l.f}', rotation_window: 3h}\n"
    "  b: {secret_data: v, rotation_automatically: true, rotation_schedule: rate(10 days), "
    "rotation_lambda_arn: '${output.l.f}', rotate_immediately: true}\n"
)


def test_rotation_has_schedule_permission_and_first_value_only() -> None:
    made = deploy(ROTATED, {"o/l/dev": {"f": FUNCTION}}).made
    assert made["SecretRotation", "m.a"] == {
        "secretId": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x/dev/a-AbCdEf",
        "rotationLambdaArn": FUNCTION,
        "rotateImmediately": False,
        "rotationRules": {"automaticallyAfterDays": 7, "duration": "3h"},
    }
    assert made["SecretRotation", "m.b"]["rotationRules"] == {"scheduleExpression": "rate(10 days)"}
    assert made["SecretRotation", "m.b"]["rotateImmediately"] is True
    permissions = [inputs for (kind, _), inputs in made.items() if kind == "Permission"]
    assert permissions == [
        {
            "action": "lambda:InvokeFunction",
            "function": FUNCTION,
            "principal": "secretsmanager.amazonaws.com",
            "sourceAccount": ACCOUNT,
        }
    ]
    assert made["SecretVersion", "m.a.first"]["versionStages"] == ["secretsmap-first-value"]


def test_operator_owned_value_never_requests_awscurrent() -> None:
    made = deploy(HEAD + "  a: {secret_data: v, owner: operator}\n").made
    assert made["SecretVersion", "m.a.first"]["versionStages"] == ["secretsmap-first-value"]


def test_policies_from_template_and_inline() -> None:
    made = deploy(
        HEAD
        + """\
  a:
    kms_key_id: alias/own
    policy:
      template: cross-account-secret-policy
      principals: ["111122223333", "arn:aws:iam::111122223333:role/r"]
      organization_id: o-abcdefghij
  b: {policy: {template: read-secret-policy, principals: ["111122223333"]}}
  c: {policy: '{"Version": "2012-10-17", "Statement": []}'}
"""
    ).made
    shared = made["SecretPolicy", "m.a"]
    assert shared["blockPublicPolicy"] is True
    assert json.loads(shared["policy"])["Statement"] == [
        {
            "Sid": "ReadFromOtherAccounts",
            "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws:iam::111122223333:root"]},
            "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}},
        },
        {
            "Sid": "ReadFromOtherAccounts2",
            "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws:iam::111122223333:root"]},
            "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
            "Resource": "*",
            "Condition": {
                "ArnEquals": {"aws:PrincipalArn": ["arn:aws:iam::111122223333:role/r"]},
                "StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"},
            },
        },
    ]
    read = json.loads(made["SecretPolicy", "m.b"]["policy"])["Statement"]
    assert [statement["Sid"] for statement in read] == ["ReadSecrets"]
    assert read[0]["Principal"] == {"AWS": ["arn:aws:iam::111122223333:root"]}
    assert json.loads(made["SecretPolicy", "m.c"]["policy"])["Statement"] == []


def test_level_policies_end_at_the_hierarchy() -> None:
    result = deploy("context_name: x\nkms: {create: true}\nsecrets: {a: {}}\n")
    read = json.loads(result.made["Policy", "m.read"]["policy"])["Statement"]
    level = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x/dev/*"
    assert read[0]["Resource"] == level
    assert read[1]["Resource"] == [f"arn:aws:kms:{REGION}:{ACCOUNT}:key/made"]
    assert read[1]["Condition"] == {
        "StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:SecretARN": level},
    }
    admin = json.loads(result.made["Policy", "m.admin"]["policy"])
    assert not any("*" in action for s in admin["Statement"] for action in s["Action"])


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


def test_value_over_the_limit_is_refused_without_the_value() -> None:
    text = WAITING.replace("secret_data: v", 'secret_data: "${output.rds.endpoint}"')
    with pytest.raises(pulumi.RunError, match="larger than AWS's 65,536 bytes") as refused:
        deploy(text, {"o/rds/dev": {"endpoint": "s3cret" * 11_000}})
    assert "s3cret" not in str(refused.value)


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


def test_outputs_of_an_empty_map_are_empty() -> None:
    outputs = deploy("context_name: x\n").outputs
    assert outputs.pop("initial_passwords") == []
    assert outputs.pop("alarm_topic_arn") is None
    assert outputs == {name: {} for name in outputs}
    assert len(outputs) == 8


def test_passwords_that_the_map_writes_once_are_initial() -> None:
    outputs = deploy(
        f"{HEAD}  a: {{generate_random_password: true}}\n"
        "  b: {generate_random_password: true, owner: operator}\n"
        "  c: {random: {pw: {}}, secret_data: {p: '${random.pw}'}, rotation_automatically: true, "
        f"rotation_lambda_arn: '{FUNCTION}'}}\n"
    ).outputs
    assert set(outputs["generated_passwords"]) == {"a", "b", "c.pw"}
    assert outputs["initial_passwords"] == ["b", "c.pw"]


def test_next_rotations_are_those_that_the_account_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    when = "2026-12-01T00:00:00+00:00"
    held = HeldSecret("x/dev/b", "arn", None, is_filled=True, next_rotation=when, service=None)
    state = safeguards.AccountState({}, {"a": held, "b": held})
    monkeypatch.setattr(safeguards, "check_account", lambda *_: state)
    outputs = deploy(
        f"{HEAD}  a: {{}}\n  b: {{secret_data: v, rotation_automatically: true, "
        f"rotation_lambda_arn: '{FUNCTION}'}}\n"
    ).outputs
    assert outputs["next_rotations"] == {"b": when}


def test_custom_alarm_topic_is_an_output() -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:on-call"
    outputs = deploy(
        f"context_name: x\nalarms: {{topic_arn: '{topic}'}}\nsecrets:\n  a: {{secret_data: v, "
        f"rotation_automatically: true, rotation_lambda_arn: '{FUNCTION}'}}\n"
    ).outputs
    assert outputs["alarm_topic_arn"] == topic


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
    assert ("SecretVersion", "m.a.first") not in result.made


def test_adopted_secret_is_looked_up_by_name_and_keeps_what_the_entry_leaves_out() -> None:
    made = deploy(
        "context_name: x\ntags: {team: t}\ndefault_kms_key_id: alias/k\nsecrets:\n"
        "  a: {import: legacy, owner: operator}\n"
    ).made
    assert made["Secret", "m.a"] == {
        "name": "legacy",
        "recoveryWindowInDays": 30,
    }
