"""Who can do what: principals by secrets by actions, each cell with its expected outcome.

How each cell is proven:

* Every cell of TABLE and of the tables below it: by the product's evaluator, on the documents that
  were really deployed to the sandbox and are read back from it (GetResourcePolicy, GetKeyPolicy,
  GetPolicyVersion of what is attached to the role). Of the other account, which the sandbox does
  not have, the IAM policies are written in `table.py`. `test_oracle.py` has the same cells as an
  independent simulator decides them.
* The last test: by moto itself, which can be told to enforce IAM, but compares actions only (every
  resource is `*`, and conditions, resource policies and key policies are not looked at). It runs
  the actions of the deployed policies for real.
"""

from __future__ import annotations

import json
import shutil
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

from sandbox.environment import Sandbox
from tests.access.table import (
    BROAD,
    CALLS,
    FOREIGN,
    MAP,
    REGION,
    ROLES,
    TABLE,
    TRUST,
    Deployed,
    Policy,
    all_allowed,
)
from tests.conftest import ROOT, Aws, SecretsStack


@pytest.fixture(scope="module")
def world(sandbox: Sandbox, aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    iam, project = aws("iam"), tmp_path_factory.mktemp("table")
    for name in ROLES:
        iam.create_role(RoleName=f"table-{name}", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName="table-broad", PolicyName="all", PolicyDocument=json.dumps(BROAD))
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, project)
    shutil.copy(ROOT / "Pulumi.dev.yaml", project / "Pulumi.table.yaml")
    (project / "stacks").mkdir()
    (project / ".venv").symlink_to(ROOT / ".venv")
    stack = SecretsStack(sandbox, project, "table", None).write(MAP)
    stack.up()
    assert set(stack.up("--refresh").changes) == {"same"}
    return _read_back(stack.outputs(), aws)


def _read_back(outputs: dict[str, Any], aws: Any) -> Deployed:
    manager, kms, iam = aws("secretsmanager"), aws("kms"), aws("iam")

    def document(arn: str) -> Policy:
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]

    def of_role(name: str) -> list[Policy]:
        listed = iam.list_attached_role_policies(RoleName=f"table-{name}")["AttachedPolicies"]
        return [document(policy["PolicyArn"]) for policy in listed]

    key_arn = outputs["kms_key_arns"]["token"]
    key_id = key_arn.rpartition("/")[2]
    there = boto3.Session("sandbox", "sandbox", region_name="eu-west-1").client(
        "kms", endpoint_url=kms.meta.endpoint_url
    )
    return Deployed(
        outputs["secret_arns"],
        {
            key: json.loads(manager.get_resource_policy(SecretId=arn)["ResourcePolicy"])
            for key, arn in outputs["secret_arns"].items()
        },
        key_arn,
        json.loads(kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]),
        json.loads(there.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]),
        {name: [*of_role(name), *([BROAD] if name == "broad" else [])] for name in ROLES},
        {name: document(arn) for name, arn in outputs["policy_arns"].items()},
    )


@pytest.mark.parametrize(("who", "secret", "action", "expected"), TABLE)
def test_caller_can_do_exactly_what_the_table_says(
    world: Deployed, who: str, secret: str, action: str, expected: bool
) -> None:
    assert all_allowed(world.calls(who, secret, *CALLS[action])) is expected


@pytest.mark.parametrize(
    ("who", "secret", "expected"),
    [("app", "token", True), ("single", "token", True), ("partner", "token", True), ("broad", "token", False)],
)  # fmt: skip
def test_replica_is_read_in_its_region_under_the_replica_key(
    world: Deployed, who: str, secret: str, expected: bool
) -> None:
    calls = world.calls(who, secret, *CALLS["read"], region="eu-west-1")
    assert all_allowed(calls) is expected


@pytest.mark.parametrize("who", [*ROLES, *FOREIGN])
def test_no_caller_decrypts_outside_secrets_manager(world: Deployed, who: str) -> None:
    through_s3 = world.calls(who, "token", *CALLS["read"], via="s3.eu-central-1.amazonaws.com")
    assert not all_allowed(through_s3)
    assert not all_allowed([world.use_of_key(who, "Decrypt", {})])


def test_the_key_decrypts_no_secret_of_another_map(world: Deployed) -> None:
    context = {
        "kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com",
        "kms:EncryptionContext:SecretARN": world.arns["token"],
    }
    assert all_allowed([world.use_of_key("app", "Decrypt", context)])
    foreign = world.arns["token"].replace("shop/table/", "shop/tableau/")
    context["kms:EncryptionContext:SecretARN"] = foreign
    assert not all_allowed([world.use_of_key("app", "Decrypt", context)])


@pytest.mark.parametrize(
    ("who", "action", "expected"),
    [
        ("ops", "DeleteSecret", True),
        ("ops", "RotateSecret", True),
        ("ops", "PutResourcePolicy", False),  # an administrator cannot let others in
        ("app", "DescribeSecret", True),
        ("app", "DeleteSecret", False),
        ("app", "GetResourcePolicy", False),
        ("attached", "DescribeSecret", True),
        ("attached", "PutSecretValue", False),
        ("nobody", "DescribeSecret", False),
    ],
)
def test_actions_other_than_reading_and_writing(
    world: Deployed, who: str, action: str, expected: bool
) -> None:
    policy = world.secret_policies["master"]
    call = world.call(who, f"secretsmanager:{action}", world.arns["master"], policy)
    assert all_allowed([call]) is expected


def test_deployer_writes_and_reads_back_and_the_account_administers_the_key(
    world: Deployed,
) -> None:
    context = {
        "kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com",
        "kms:EncryptionContext:SecretARN": world.arns["master"],
        "kms:EncryptionContext:SecretVersionId": "RequestToValidateKeyAccess",
    }
    for use in ("GenerateDataKey", "Decrypt"):
        assert all_allowed([world.use_of_key("deployer", use, context)])
        assert not all_allowed([world.use_of_key("deployer without a policy", use, context)])
    for action in ("PutKeyPolicy", "ScheduleKeyDeletion"):
        assert all_allowed([world.use_of_key("broad", action, {})])


@pytest.mark.parametrize("name", ["shop/table/rds/payroll", "shop/table/rds/master/old"])
def test_level_covers_no_secret_of_another_map(world: Deployed, name: str) -> None:
    """Another map may have the same context and environment, and the same key."""
    arn = world.arns["master"].replace("shop/table/rds/master", name)
    context = {
        "kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com",
        "kms:EncryptionContext:SecretARN": arn,
    }
    read = world.call("attached", "secretsmanager:GetSecretValue", arn, None)
    assert not all_allowed([read])
    assert not all_allowed([world.use_of_key("attached", "Decrypt", context)])


def test_levels_have_one_policy_to_read_and_one_to_administer(world: Deployed) -> None:
    assert set(world.levels) == {
        f"{path}{kind}"
        for path in ("", "rds/", "rds/replica/", "web/", "api/")
        for kind in ("read", "admin")
    }


@pytest.mark.parametrize(
    ("output", "service", "operation", "arguments", "expected"),
    [
        ("read", "secretsmanager", "get_secret_value", {}, True),
        ("read", "secretsmanager", "describe_secret", {}, True),
        ("read", "secretsmanager", "put_secret_value", {"SecretString": "w"}, False),
        ("read", "secretsmanager", "delete_secret", {}, False),
        ("rds/admin", "secretsmanager", "put_secret_value", {"SecretString": "w"}, True),
        ("rds/admin", "secretsmanager", "put_resource_policy", {"ResourcePolicy": "{}"}, False),
        ("rds/admin", "secretsmanager", "delete_secret", {}, True),
    ],
)
def test_actions_of_deployed_policies_run_for_real(
    world: Deployed,
    output: str,
    service: str,
    operation: str,
    arguments: dict[str, Any],
    expected: bool,
) -> None:
    """Run the actions under moto, which does not enforce resources or conditions: both are open."""
    statements = [
        {"Effect": s["Effect"], "Action": s["Action"], "Resource": "*"}
        for s in world.levels[output]["Statement"]
    ]
    with mock_aws():
        iam = boto3.client("iam", region_name=REGION)
        iam.create_user(UserName="u")
        opened = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=opened)
        key = iam.create_access_key(UserName="u")["AccessKey"]
        boto3.client("secretsmanager", region_name=REGION).create_secret(Name="s", SecretString="v")
        client = boto3.client(
            service,
            region_name=REGION,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )
        passes = set_initial_no_auth_action_count(0)(_passes)  # from here on, moto enforces
        assert passes(lambda: getattr(client, operation)(SecretId="s", **arguments)) is expected


def _passes(call: Any) -> bool:
    try:
        call()
    except ClientError as error:
        assert "is not authorized to perform" in str(error)
        return False
    return True
