"""The outputs of a map: which exist, which are secret."""

from typing import Any

import pulumi
from pulumi.runtime import mocks

from secrets_component import SecretMap, SecretMapArgs
from tests.maps_of_tests import plan_of
from tests.unit.mocks import ACCOUNT, FUNCTION, REGION, Cloud, deploy


def test_only_generated_passwords_is_secret() -> None:
    result = deploy(
        "context_name: x\nkms: {create: true}\nsecrets:\n  a: {generate_random_password: true}\n"
        '  b: {secret_data: "${output.secretsmanager.generated_passwords.a}"}\n'
    )
    assert [name for name, secret in result.is_secret.items() if secret] == ["generated_passwords"]


def test_outputs_of_an_empty_map_are_mappings() -> None:
    outputs = deploy("context_name: x\n").outputs
    assert outputs == {name: {} for name in outputs}


def outputs_of(text: str) -> dict[str, Any]:
    """Return every output that the component documents."""
    mocks.set_mocks(Cloud({}, ()), project="secrets", stack="dev")
    found: dict[str, Any] = {}

    @pulumi.runtime.test
    def run() -> pulumi.Output[None]:
        component = SecretMap("m", SecretMapArgs(secret_map=plan_of(text)))

        async def note() -> None:
            for name in SecretMap.OUTPUTS:
                found[name] = await getattr(component, name).future()

        return pulumi.Output.from_input(note())

    run()
    return found


def test_each_documented_output_has_a_value() -> None:
    assert outputs_of("context_name: x\nsecrets: {a: {secret_data: v}}\n") == {
        "secret_arns": {"a": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x/dev/a-AbCdEf"},
        "secret_names": {"a": "x/dev/a"},
        "secret_version_ids": {"a": "v-m.a"},
        "generated_passwords": {},
        "kms_key_arns": {},
        "policy_arns": {
            "read": f"arn:aws:iam::{ACCOUNT}:policy/m.read",
            "admin": f"arn:aws:iam::{ACCOUNT}:policy/m.admin",
        },
        "waiting": {},
        "initial_passwords": [],
        "next_rotations": {},
        "alarm_topic_arn": None,
    }


def test_passwords_that_others_replace_are_listed_as_initial() -> None:
    outputs = outputs_of(
        "context_name: x\nsecrets:\n  ours: {generate_random_password: true}\n"
        "  theirs: {generate_random_password: true, owner: operator}\n"
        '  field: {owner: operator, random: {pw: {}}, secret_data: "${random.pw}"}\n'
    )
    assert outputs["initial_passwords"] == ["theirs", "field.pw"]


def test_named_topic_of_alarms_is_an_output() -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:ours"
    rotating = f"secret_data: v, rotation_automatically: true, rotation_lambda_arn: '{FUNCTION}'"
    outputs = outputs_of(
        f"context_name: x\nalarms: {{topic_arn: '{topic}'}}\nsecrets: {{a: {{{rotating}}}}}\n"
    )
    assert outputs["alarm_topic_arn"] == topic


def test_key_id_becomes_an_arn_in_the_home_of_the_secret() -> None:
    outputs = outputs_of("context_name: x\nsecrets: {a: {kms_key_id: key-id}}\n")
    assert outputs["kms_key_arns"] == {"a": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/key-id"}
