"""Whole deployments by a role whose only policy is `policies/deployer.json.tpl`."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox import api
from sandbox.environment import REGION, Sandbox
from sandbox.rules.identities import RECORD_PATH
from sandbox.toolchain import pulumi_cli
from secrets_component.iam import documents
from secrets_component.iam.templates import fill, listed, shipped
from tests import rights
from tests.conftest import ROOT, SecretsStack, Stack
from tests.sandbox.rules.functions_code import deploy

ACCOUNT = "123456789012"
DEPLOYER = f"arn:aws:iam::{ACCOUNT}:role/deployer"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
DEV = {
    "partition": "aws",
    "account": ACCOUNT,
    "region": REGION,
    "secrets": "myapp/dev/*",
    "functions": "myapp-dev-*",
    "map": "database-secrets",
    "alias": "myapp-dev-secrets",
    "rotation_function_arns": None,
}
"""The template's values for `stacks/dev.yaml`."""

FULL = """\
context_name: full
name: full
tags: {{team: payments, old: tag}}
kms: {{create: true, multi_region: true}}
access:
  readers: ["arn:aws:iam::123456789012:role/reader", "arn:aws:iam::123456789012:user/operator"]
  attach_to: [worker]
  paths: {{rds: {{admins: ["arn:aws:iam::123456789012:role/reader"]}}}}
alarms:
  create: true
  detections:  # one that counts is enough
    {{deletion: false, policy_changed: false, written_by_hand: false, unexpected_read: false,
      rotation_changed: false, read_after_deletion: false, key_weakened: false, trail_weakened: false}}
secrets:
  master:
    path: rds
    description: first
    generate_random_password: true
    replicas: [{{region: eu-west-1}}, {{region: us-east-1}}]
    policy: {{template: cross-account-secret-policy, principals: ["111122223333"]}}
  db:
    path: rds
    random: {{password: {{}}}}
    secret_data: {{engine: postgres, host: a, username: app, password: "${{random.password}}"}}
    rotated_fields: [username, password]
    rotation_automatically: true
    rotation:
      function: postgres-alternating-users
      superuser_secret_arn: "${{output.secretsmanager.secret_arns.master}}"
      subnet_ids: [{subnet}]
      security_group_ids: [{group}]
    on_rotate: [{{lambda: '{function}'}}]
  own: {{secret_data: one}}
  key:
    generate_random_password: true
    owner: operator
    rotation_automatically: true
    rotation_lambda_arn: '{function}'
  once:
    generate_random_password: true
    owner: operator
    rotation_automatically: true
    rotation_lambda_arn: '{function}'
  legacy: {{import: legacy, owner: operator}}
  back: {{restore_deleted: true, owner: operator}}
  token: {{owner: operator}}
"""
CHANGES = {
    "team: payments, old: tag": "team: orders",
    "multi_region: true": "multi_region: false",
    "description: first": "description: second",
    "[{region: eu-west-1}, {region: us-east-1}]": "[{region: eu-west-1}]",
    "host: a": "host: b",
    "rotation_automatically: true\n    rotation_lambda": (
        "rotation_automatically: true\n    rotation_days: 7\n    rotation_lambda"
    ),
    "      function: postgres": "      timeout: 90\n      function: postgres",
    '["arn:aws:iam::123456789012:role/reader", ': "[",
    "secret_data: one": "secret_data: two",
    "attach_to: [worker]": "attach_to: []",
}
"""What an update of the map changes."""


@dataclass(frozen=True)
class World:
    """A sandbox of its own, in which one role deploys and its rights are recorded."""

    sandbox: Sandbox
    session: Any

    def aws(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.sandbox.endpoint)

    def deployer(self, statements: list[dict[str, Any]]) -> dict[str, Any]:
        """The variables of a process that runs as a role with these statements and no others."""
        self.aws("iam").put_role_policy(
            RoleName="deployer",
            PolicyName="deployer",
            PolicyDocument=documents.document(statements),
        )
        made = self.aws("sts").assume_role(RoleArn=DEPLOYER, RoleSessionName="ci")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
            "AWS_SESSION_TOKEN": made["SessionToken"],
        }

    def needed(self) -> list[dict[str, Any]]:
        """The rights that the deployer needed so far, each with whether it was allowed."""
        url = f"{self.sandbox.endpoint}{RECORD_PATH}"
        with urllib.request.urlopen(url) as answer:  # noqa: S310 # the sandbox's own address
            return [one for one in json.load(answer) if one["principal"] == DEPLOYER]

    def stack(self, folder: Path, name: str, text: str) -> SecretsStack:
        """A stack of this project's program over a map."""
        (folder / "stacks").mkdir(parents=True)
        for file in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(ROOT / file, folder)
        shutil.copy(ROOT / "Pulumi.dev.yaml", folder / f"Pulumi.{name}.yaml")
        (folder / ".venv").symlink_to(ROOT / ".venv")
        return SecretsStack(self.sandbox, folder, name, None).write(text)

    def example(self, folder: Path, name: str) -> Stack:
        """A stack of an example, which the sandbox's own identity deploys."""
        shutil.copytree(ROOT / "examples" / name, folder / name)
        text = (folder / name / "Pulumi.yaml").read_text()
        (folder / name / "Pulumi.yaml").write_text(text.replace("../../.venv", str(ROOT / ".venv")))
        return Stack(self.sandbox, folder / name, "dev", None)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("rights") / "sandbox"
    cli = pulumi_cli(lambda line: print(line, file=sys.stderr))
    sandbox = Sandbox(home, api.start(home, 0, print), cli)
    sandbox.prepare()
    made = World(sandbox, boto3.Session("sandbox", "sandbox", region_name=REGION))
    for role in ("deployer", "reader", "worker"):
        made.aws("iam").create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
    made.aws("iam").create_user(UserName="operator")
    where = {"LocationConstraint": REGION}
    made.aws("s3").create_bucket(Bucket="trail", CreateBucketConfiguration=where)
    made.aws("cloudtrail").create_trail(Name="trail", S3BucketName="trail")
    made.aws("cloudtrail").start_logging(Name="trail")
    yield made
    api.stop(home)


@dataclass(frozen=True)
class Life:
    """The policy of a map's whole life, and the rights that it needed."""

    statements: list[dict[str, Any]]
    needed: list[dict[str, Any]]


@pytest.fixture(scope="module")
def life(world: World, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """Preview, deploy, refresh, repair, change and destroy a map with every feature."""
    function = deploy(world.aws, "def handler(*_): pass", principal=None)
    sm = world.aws("secretsmanager")
    sm.create_secret(Name="legacy", SecretString="v")
    sm.create_secret(Name="full/full/back", SecretString="v")
    sm.delete_secret(SecretId="full/full/back", RecoveryWindowInDays=7)
    values = {
        **DEV,
        "secrets": ["full/full/*", "legacy-??????"],
        "functions": "full-full-*",
        "map": "full",
        "alias": "full-full-secrets",
        "rotation_function_arns": function,
    }
    statements = fill(shipped("deployer"), values)
    text = FULL.format(function=function, **network(world))
    stack = world.stack(tmp_path_factory.mktemp("full") / "secrets", "full", text)
    deployer = world.deployer(statements)
    before = len(world.needed())
    stack.pulumi("preview", **deployer)
    stack.up(**deployer)
    assert set(stack.up("--refresh", **deployer).changes) == {"same"}
    change_by_hand(world, stack)
    assert stack.up("--refresh", **deployer).changes["update"] == 2
    stack.write(changed(text))
    stack.up(**deployer)
    assert set(stack.up("--refresh", **deployer).changes) == {"same"}
    stack.pulumi("refresh", "--yes", **deployer)
    stack.pulumi("destroy", "--yes", **deployer)
    return Life(statements, world.needed()[before:])


def network(world: World) -> dict[str, str]:
    ec2 = world.aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    return {"subnet": subnet, "group": group}


def change_by_hand(world: World, stack: Stack) -> None:
    """Change what the program sets, so that the next run sets it back."""
    key = stack.outputs()["kms_key_arns"]["own"]
    kms = world.aws("kms")
    kms.update_key_description(KeyId=key, Description="by hand")
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    policy["Statement"].append({**policy["Statement"][0], "Sid": "ByHand"})
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    functions = world.aws("lambda").list_functions()["Functions"]
    (role,) = (one["Role"] for one in functions if one["FunctionName"].startswith("full-on-rotate"))
    trust = json.loads(documents.ASSUMED_BY_LAMBDA)
    trust["Statement"][0]["Principal"] = {"Service": "ec2.amazonaws.com"}
    world.aws("iam").update_assume_role_policy(
        RoleName=role.rpartition("/")[2], PolicyDocument=json.dumps(trust)
    )


def changed(text: str) -> str:
    for before, after in CHANGES.items():
        assert before in text
        text = text.replace(before, after)
    off = "    rotation_automatically: true\n    rotation_days: 7\n    rotation_lambda_arn:"
    kept, _, turned_off = text.partition("  once:\n")
    assert off in turned_off
    lines = [line for line in turned_off.splitlines() if "rotation_" not in line]
    return "\n".join([f"{kept}  once:", *lines, ""])


def test_whole_life_of_a_map_needs_no_other_right(life: Life) -> None:
    assert life.needed
    assert [one for one in life.needed if not one["allowed"]] == []


def test_each_right_of_the_table_is_used_here_or_by_the_official_provider(life: Life) -> None:
    used = {one["action"] for one in life.needed}
    marked = {right.action for right in rights.rights() if right.is_official_only}
    in_table = {right.action for right in rights.rights()}
    assert sorted(in_table - used - marked) == [], "in the table, but never needed"
    assert sorted(marked & used) == [], f"needed here, too: {sorted(marked & used)}"
    assert sorted(used - in_table) == [], "needed, but not in the table"


def test_no_action_statement_or_resource_could_be_left_out(life: Life) -> None:
    """Each is the only one that allows something that this map's life needs."""
    marked = {right.action for right in rights.rights() if right.is_official_only}
    needed = {(one["action"], one["resource"]) for one in life.needed}
    for statement in life.statements:
        others = [one for one in life.statements if one is not statement]
        open_rights = {right for right in needed if not any(allows(one, *right) for one in others)}
        for action in listed(statement["Action"]):
            own = {right for right in open_rights if right[0] == action}
            assert own or action in marked, (statement["Sid"], action)
        for pattern in listed(statement["Resource"]):
            rest = [one for one in listed(statement["Resource"]) if one != pattern]
            without = {**statement, "Resource": rest}
            assert [right for right in open_rights if not allows(without, *right)], pattern


def allows(statement: dict[str, Any], action: str, resource: str) -> bool:
    """Compare action and resource; that conditions hold, the deployment shows."""
    if action not in listed(statement["Action"]):
        return False
    return any(fnmatchcase(resource, pattern) for pattern in listed(statement["Resource"]))


@pytest.mark.long
def test_circle_of_the_guide_is_deployed(world: World, tmp_path: Path) -> None:
    world.example(tmp_path, "kms").up()
    text = (ROOT / "stacks" / "dev.yaml").read_text()
    secrets = world.stack(tmp_path / "secrets", "dev", text)
    deployer = world.deployer(fill(shipped("deployer"), DEV))
    secrets.up(**deployer)
    world.example(tmp_path, "rds").up()
    secrets.up(**deployer)
    assert secrets.outputs()["waiting"] == {}
    assert set(secrets.outputs()["waiting_rotations"]) == {"api_key"}
    assert set(secrets.up("--refresh", **deployer).changes) == {"same"}
    secrets.pulumi("destroy", "--yes", **deployer)


def test_policy_of_another_map_is_refused(world: World, tmp_path: Path) -> None:
    stack = world.stack(
        tmp_path, "foreign", "context_name: foreign\nsecrets: {a: {secret_data: hunter2}}\n"
    )
    deployer = world.deployer(fill(shipped("deployer"), DEV))
    refused = stack.up(good=False, **deployer)
    assert refused.code != 0
    assert "not authorized to perform: secretsmanager:CreateSecret" in refused.diagnostics


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("secretsmanager:PutSecretValue", "arn:aws:secretsmanager:…:secret:one/right/a-"),
        ("kms:CreateKey", ""),
        ("iam:CreatePolicy", "arn:aws:iam::123456789012:policy/one."),
    ],
)
def test_missing_right_is_reported_in_one_line(
    world: World, tmp_path: Path, action: str, resource: str
) -> None:
    name = f"right-{action.rpartition(':')[2].lower()}"
    stack = world.stack(
        tmp_path,
        name,
        textwrap.dedent(
            f"""\
            context_name: {name}
            environment: right
            name: one
            kms: {{create: true}}
            access: {{readers: ["{DEPLOYER}"]}}
            secrets: {{a: {{secret_data: hunter2}}}}
            """
        ),
    )
    values = {**DEV, "secrets": f"{name}/right/*", "map": "one", "alias": f"{name}-right-secrets"}
    statements = fill(shipped("deployer"), values)
    for statement in statements:
        statement["Action"] = [one for one in listed(statement["Action"]) if one != action]
    deployer = world.deployer([one for one in statements if one["Action"]])
    refused = stack.up(good=False, **deployer)
    said = [line for line in refused.diagnostics.splitlines() if action in line]
    where = resource.replace("…", f"{REGION}:{ACCOUNT}").replace("one/right", f"{name}/right")
    assert said, refused.diagnostics
    for line in said:
        assert f"{DEPLOYER.replace('iam', 'sts').replace('role', 'assumed-role')}/ci is not" in line
        assert where in line
        assert f"because no identity-based policy allows the {action} action" in line
    assert "Traceback" not in refused.text
    assert "hunter2" not in refused.text
