"""Who can do what: principals by secrets by actions, each cell with its expected outcome.

How each cell is proven:

* Every cell of TABLE and of the tables below it: by evaluator.py, on the
  documents that were really deployed to the sandbox and are read back from it (GetResourcePolicy,
  GetKeyPolicy, GetPolicyVersion of what is attached to the role). Of the other account, which the
  sandbox does not have, the IAM policies are written here.
* The last test: by moto itself, which can be told to enforce IAM, but compares actions only (every
  resource is `*`, and conditions, resource policies and key policies are not looked at). It runs
  the actions of the deployed policies for real.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

from sandbox.environment import Sandbox
from tests.access.evaluator import Policy, Request, allows
from tests.conftest import ROOT, Aws, SecretsStack

HERE, THERE, REGION = "123456789012", "222222222222", "eu-central-1"
ROLES = ("app", "db", "attached", "single", "ops", "broad", "nobody")
SERVICE = "dms.amazonaws.com"
MAP = """\
context_name: shop
environment: table
kms: {create: true, multi_region: true}
access:
  readers: ["arn:aws:iam::123456789012:role/table-app"]
  admins: ["arn:aws:iam::123456789012:role/table-ops"]
  paths:
    rds:
      readers: ["arn:aws:iam::123456789012:role/table-db", dms.amazonaws.com]
      attach_to: [table-attached]
    web:
      readers: ["arn:aws:iam::222222222222:role/shop"]
      organization_id: o-a1b2c3d4e5
secrets:
  master: {path: rds, generate_random_password: true}
  longer: {name: master-of-all, path: rds, generate_random_password: true}
  nested: {path: rds/replica, generate_random_password: true}
  token:
    path: web
    secret_data: v
    replicas: [{region: eu-west-1}]
    access: {readers: ["arn:aws:iam::123456789012:role/table-single"]}
"""
# The caller who deploys to the sandbox, as moto calls it.
DEPLOYER = f"arn:aws:sts::{HERE}:user/moto"


def role(name: str, account: str = HERE) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def everything(*actions: str) -> Policy:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


BROAD = everything("secretsmanager:*", "kms:*")
READ_ALL = everything("secretsmanager:GetSecretValue", "kms:Decrypt")
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": HERE}, "Action": "sts:AssumeRole"}]}  # fmt: skip
ORGANIZATION = {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}
FOREIGN: dict[str, tuple[str, list[Policy], dict[str, str]]] = {
    "partner": (role("shop", THERE), [READ_ALL], ORGANIZATION),
    "partner without a policy of its own": (role("shop", THERE), [], ORGANIZATION),
    "partner's other role": (role("other", THERE), [READ_ALL], ORGANIZATION),
    "partner of another organization": (
        role("shop", THERE),
        [READ_ALL],
        {"aws:PrincipalOrgID": "o-x"},
    ),
    "service": (SERVICE, [], {"aws:SourceAccount": HERE}),
    "service for another account": (SERVICE, [], {"aws:SourceAccount": THERE}),
}
SECRETS = ("master", "longer", "nested", "token")
RDS = ("master", "longer", "nested")
# Who → secrets that it can read; everyone else and everything else is denied.
READERS = {
    "app": SECRETS,
    "db": RDS,
    "attached": RDS,
    "single": ("token",),
    "ops": SECRETS,
    "broad": (),  # IAM lets it do everything; the key does not
    "nobody": (),
    "partner": ("token",),
    "partner without a policy of its own": (),
    "partner's other role": (),
    "partner of another organization": (),
    "service": RDS,
    "service for another account": (),
}
WRITERS = {"ops": SECRETS}
TABLE = [
    (who, secret, action, secret in table.get(who, ()))
    for action, table in (("read", READERS), ("write", WRITERS))
    for who in READERS
    for secret in SECRETS
]


@dataclass(frozen=True)
class World:
    """What was deployed, read back."""

    arns: dict[str, str]
    secret_policies: dict[str, Policy | None]
    key_arn: str
    key_policy: Policy
    replica_policy: Policy
    attached: dict[str, list[Policy]]
    levels: dict[str, Policy]

    def caller(self, who: str) -> tuple[str, list[Policy], dict[str, str]]:
        if who in FOREIGN:
            return FOREIGN[who]
        return role(f"table-{who}"), self.attached[who], {}

    def can(
        self,
        who: str,
        secret: str,
        action: str,
        use_of_key: str,
        region: str = REGION,
        via: str | None = None,
    ) -> bool:
        """Decide a call to Secrets Manager and the use of the key that it makes as its caller."""
        principal, identity, context = self.caller(who)
        arn = self.arns[secret].replace(REGION, region)
        key = self.key_arn.replace(REGION, region)
        call = Request(principal, f"secretsmanager:{action}", arn, context)
        decrypt = Request(principal, f"kms:{use_of_key}", key, {
            **context,
            "kms:ViaService": via or f"secretsmanager.{region}.amazonaws.com",
            "kms:EncryptionContext:SecretARN": arn,
            "kms:EncryptionContext:SecretVersionId": "v",
        })  # fmt: skip
        key_policy = self.key_policy if region == REGION else self.replica_policy
        return allows(call, identity, self.secret_policies[secret]) and allows(
            decrypt, identity, key_policy, is_key=True
        )


@pytest.fixture(scope="module")
def world(sandbox: Sandbox, aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> World:
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


def _read_back(outputs: dict[str, Any], aws: Any) -> World:
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
    return World(
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
    world: World, who: str, secret: str, action: str, expected: bool
) -> None:
    call, use = {
        "read": ("GetSecretValue", "Decrypt"),
        "write": ("PutSecretValue", "GenerateDataKey"),
    }[action]
    assert world.can(who, secret, call, use) is expected


@pytest.mark.parametrize(
    ("who", "secret", "expected"),
    [("app", "token", True), ("single", "token", True), ("partner", "token", True), ("broad", "token", False)],
)  # fmt: skip
def test_replica_is_read_in_its_region_under_the_replica_key(
    world: World, who: str, secret: str, expected: bool
) -> None:
    assert world.can(who, secret, "GetSecretValue", "Decrypt", "eu-west-1") is expected


@pytest.mark.parametrize("who", [*ROLES, *FOREIGN])
def test_no_caller_decrypts_outside_secrets_manager(world: World, who: str) -> None:
    assert not world.can(
        who, "token", "GetSecretValue", "Decrypt", via="s3.eu-central-1.amazonaws.com"
    )
    principal, identity, context = world.caller(who)
    direct = Request(principal, "kms:Decrypt", world.key_arn, context)
    assert not allows(direct, identity, world.key_policy, is_key=True)


def test_the_key_decrypts_no_secret_of_another_map(world: World) -> None:
    principal, identity, context = world.caller("app")
    foreign = world.arns["token"].replace("shop/table/", "shop/tableau/")
    request = Request(principal, "kms:Decrypt", world.key_arn, {
        **context,
        "kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com",
        "kms:EncryptionContext:SecretARN": foreign,
    })  # fmt: skip
    assert not allows(request, identity, world.key_policy, is_key=True)


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
    world: World, who: str, action: str, expected: bool
) -> None:
    principal, identity, context = world.caller(who)
    request = Request(principal, f"secretsmanager:{action}", world.arns["master"], context)
    assert allows(request, identity, world.secret_policies["master"]) is expected


def test_deployer_writes_and_reads_back_and_the_account_administers_the_key(
    world: World,
) -> None:
    for use in ("GenerateDataKey", "Decrypt"):
        request = Request(DEPLOYER, f"kms:{use}", world.key_arn, {
            "kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com",
            "kms:EncryptionContext:SecretARN": world.arns["master"],
            "kms:EncryptionContext:SecretVersionId": "RequestToValidateKeyAccess",
        })  # fmt: skip
        assert allows(request, [BROAD], world.key_policy, is_key=True)
        assert not allows(request, [], world.key_policy, is_key=True)
    for action in ("PutKeyPolicy", "ScheduleKeyDeletion"):
        request = Request(role("table-broad"), f"kms:{action}", world.key_arn)
        assert allows(request, [BROAD], world.key_policy, is_key=True)


def test_levels_have_one_policy_to_read_and_one_to_administer(world: World) -> None:
    assert set(world.levels) == {
        f"{path}{kind}"
        for path in ("", "rds/", "rds/replica/", "web/")
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
    world: World,
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
