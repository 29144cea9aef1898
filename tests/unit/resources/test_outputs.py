"""The outputs of a map: which exist, which are secret."""

import pytest

from secrets_component.lookups import safeguards
from secrets_component.lookups.inventory import HeldSecret
from tests.unit.mocks import ACCOUNT, FUNCTION, REGION, deploy

HEAD = "context_name: x\nsecrets:\n"


def test_only_generated_passwords_is_secret() -> None:
    result = deploy(
        "context_name: x\nkms: {create: true}\nsecrets:\n  a: {generate_random_password: true}\n"
        "  c: {random: {k: {kind: key_pair}}, secret_data: '${random.k}'}\n"
        '  b: {secret_data: "${output.secretsmanager.generated_passwords.a}"}\n'
    )
    assert [name for name, secret in result.is_secret.items() if secret] == ["generated_passwords"]


def test_outputs_of_an_empty_map_are_empty() -> None:
    outputs = deploy("context_name: x\n").outputs
    assert outputs.pop("initial_passwords") == []
    assert outputs.pop("alarm_topic_arn") is None
    assert outputs == {name: {} for name in outputs}
    assert len(outputs) == 10


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
    state = safeguards.AccountState(own={"a": held, "b": held})
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


def test_each_documented_output_has_a_value() -> None:
    assert deploy("context_name: x\nsecrets: {a: {secret_data: v}}\n").outputs == {
        "secret_arns": {"a": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x/dev/a-AbCdEf"},
        "secret_names": {"a": "x/dev/a"},
        "secret_version_ids": {"a": "v-m.a"},
        "generated_passwords": {},
        "public_keys": {},
        "kms_key_arns": {},
        "policy_arns": {
            "read": f"arn:aws:iam::{ACCOUNT}:policy/m.read",
            "admin": f"arn:aws:iam::{ACCOUNT}:policy/m.admin",
        },
        "waiting": {},
        "waiting_rotations": {},
        "initial_passwords": [],
        "next_rotations": {},
        "alarm_topic_arn": None,
    }


def test_only_a_secret_without_a_value_is_waiting() -> None:
    outputs = deploy(
        "context_name: x\nstacks: {l: {stack: o/l/dev, when_missing: wait}}\nsecrets:\n"
        "  url: {secret_data: 'http://${output.l.host}'}\n"
        "  key: {secret_data: v, rotation_automatically: true, "
        "rotation_lambda_arn: '${output.l.f}'}\n"
        "  both: {secret_data: 'http://${output.l.host}', rotation_automatically: true, "
        "rotation_lambda_arn: '${output.l.f}'}\n"
    ).outputs
    host, function = ["${output.l.host}"], ["${output.l.f}"]
    assert outputs["waiting"] == {"url": host, "both": host}
    assert outputs["waiting_rotations"] == {"key": function, "both": function}
    assert set(outputs["secret_version_ids"]) == {"key"}


def test_key_id_becomes_an_arn_in_the_home_of_the_secret() -> None:
    outputs = deploy("context_name: x\nsecrets: {a: {kms_key_id: key-id}}\n").outputs
    assert outputs["kms_key_arns"] == {"a": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/key-id"}
