"""Access through the real engine: what comes, goes, and is refused before anything exists."""

import json

import pytest

from tests.conftest import Aws, Secrets

TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})  # fmt: skip


def test_attached_policy_and_replica_key_come_and_go(secrets: Secrets, aws: Aws) -> None:
    iam = aws("iam")
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST)

    def attached() -> list[str]:
        listed = iam.list_attached_role_policies(RoleName="worker")["AttachedPolicies"]
        return [policy["PolicyArn"] for policy in listed]

    text = """\
        context_name: comes
        kms: {create: true, multi_region: true}
        access: {paths: {rds: {attach_to: [worker]}}}
        secrets: {a: {path: rds, generate_random_password: true, replicas: [{region: eu-west-1}]}}
        """
    stack = secrets(text)
    stack.up()
    outputs = stack.outputs()
    assert attached() == [outputs["policy_arns"]["rds/read"]]
    replicas = aws("secretsmanager").describe_secret(SecretId=outputs["secret_arns"]["a"])[
        "ReplicationStatus"
    ]
    key = outputs["kms_key_arns"]["a"].replace("eu-central-1", "eu-west-1")
    assert [(replica["Region"], replica["KmsKeyId"]) for replica in replicas] == [
        ("eu-west-1", key)
    ]
    stack.write(text.replace("access: {paths: {rds: {attach_to: [worker]}}}", "access: {}"))
    assert stack.up().changes["delete"] == 1
    assert attached() == []
    assert stack.pulumi("destroy", "--yes").code == 0


def test_missing_role_is_reported_and_nothing_is_created(secrets: Secrets, aws: Aws) -> None:
    stack = secrets(
        """\
        context_name: absent
        kms: {create: true}
        access: {attach_to: [nobody-here], readers: ["arn:aws:iam::123456789012:role/nor-here"]}
        secrets: {a: {generate_random_password: true}}
        """
    )
    refused = stack.up(good=False)
    name = "stacks/missing-role-is-reported-and-nothing-is-created.yaml"
    assert (
        f"{name}:3:22: error: `attach_to`: the role `nobody-here` does not exist"
        in refused.diagnostics
    )
    assert (
        f"{name}:3:46: error: `readers`: the role `arn:aws:iam::123456789012:role/nor-here` does not"
        in refused.diagnostics
    )
    assert [kind for op, kind in refused.steps if op == "create" and kind.startswith("aws:")] == []
    client = aws("secretsmanager")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_secret(SecretId="absent/missing-role-is-reported-and-nothing-is-created/a")
