"""What the policies of users and roles allow in the running sandbox, and how AWS refuses the rest."""

from __future__ import annotations

import json
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from sandbox.environment import REGION, Sandbox
from sandbox.rules.identities import RECORD_PATH
from tests.conftest import Aws
from tests.sandbox.rules.calls import refusal

ACCOUNT = "123456789012"
Client = Callable[[str], Any]
Act = Callable[..., Client]


def statement(action: str | list[str], resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def role(aws: Aws) -> Iterator[str]:
    """The name of a role without any policy."""
    name = f"caller-{uuid.uuid4()}"
    aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document())
    yield name
    for policy in aws("iam").list_role_policies(RoleName=name)["PolicyNames"]:
        aws("iam").delete_role_policy(RoleName=name, PolicyName=policy)
    aws("iam").delete_role(RoleName=name)


@pytest.fixture
def act(aws: Aws, sandbox: Sandbox, role: str) -> Act:
    """Give the role statements; return clients of a session of it."""

    def clients(*statements: dict[str, Any]) -> Client:
        if statements:  # AWS takes no policy without any
            policy = document(*statements)
            aws("iam").put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=policy)
        arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
        made = aws("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
        session = boto3.Session(
            made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], region_name=REGION
        )
        return lambda service: session.client(service, endpoint_url=sandbox.endpoint)

    return clients


@pytest.fixture
def secret(aws: Aws) -> Iterator[str]:
    """The ARN of a secret."""
    name = f"identities/{uuid.uuid4()}"
    yield aws("secretsmanager").create_secret(Name=name, SecretString="v")["ARN"]
    aws("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def test_role_without_a_policy_may_do_nothing(act: Act, role: str, secret: str) -> None:
    caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/session"
    assert refusal(act()("secretsmanager").describe_secret, SecretId=secret) == (
        "AccessDeniedException",
        f"User: {caller} is not authorized to perform: secretsmanager:DescribeSecret on resource: "
        f"{secret} because no identity-based policy allows the secretsmanager:DescribeSecret action",
    )


def test_action_without_a_resource_names_none(act: Act, role: str) -> None:
    _, text = refusal(act()("secretsmanager").list_secrets)
    assert text.endswith(
        f"{role}/session is not authorized to perform: secretsmanager:ListSecrets because no "
        "identity-based policy allows the secretsmanager:ListSecrets action"
    )


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code"),
    [
        ("secretsmanager", "list_secrets", {}, "AccessDeniedException"),
        ("kms", "list_aliases", {}, "AccessDeniedException"),
        ("logs", "describe_log_groups", {}, "AccessDeniedException"),
        ("events", "list_rules", {}, "AccessDeniedException"),
        ("lambda", "get_function", {"FunctionName": "f"}, "AccessDeniedException"),
        ("iam", "get_role", {"RoleName": "r"}, "AccessDenied"),
        ("sns", "list_topics", {}, "AuthorizationError"),
        ("ec2", "describe_vpcs", {}, "UnauthorizedOperation"),
        ("ecs", "list_clusters", {}, "AccessDeniedException"),
    ],
)
def test_each_service_refuses_in_its_own_form(
    act: Act, service: str, operation: str, arguments: dict[str, Any], code: str
) -> None:
    found, text = refusal(getattr(act()(service), operation), **arguments)
    assert found == code
    assert "is not authorized to perform: " in text


def test_who_one_is_needs_no_right(act: Act, role: str) -> None:
    assert act()("sts").get_caller_identity()["Arn"].endswith(f"assumed-role/{role}/session")


@pytest.mark.parametrize(
    ("pattern", "is_allowed"),
    [
        ("secret:identities/*", True),
        ("secret:other/*", False),
        ("secret:identities/?", False),
        ("secret:identities/[a-z]*", False),
    ],
)
def test_resource_must_match(act: Act, secret: str, pattern: str, is_allowed: bool) -> None:
    resource = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:{pattern}"
    sm = act(statement("secretsmanager:Describe*", resource))("secretsmanager")
    if is_allowed:
        assert sm.describe_secret(SecretId=secret)["ARN"] == secret
        assert sm.describe_secret(SecretId=secret.rpartition(":")[2][:-7])["ARN"] == secret
    else:
        refusal(sm.describe_secret, SecretId=secret)


def test_denial_wins(act: Act, secret: str) -> None:
    denied = {**statement("secretsmanager:GetSecretValue", secret), "Effect": "Deny"}
    sm = act(statement("secretsmanager:*"), denied)("secretsmanager")
    assert sm.describe_secret(SecretId=secret)
    code, text = refusal(sm.get_secret_value, SecretId=secret)
    assert (code, text.endswith(f"{secret} with an explicit deny in a policy")) == (
        "AccessDeniedException",
        True,
    )


def test_condition_must_hold(act: Act, aws: Aws, role: str) -> None:
    policy = aws("iam").create_policy(
        PolicyName=f"p-{uuid.uuid4()}", PolicyDocument=document(statement("kms:ListKeys"))
    )["Policy"]["Arn"]
    own = {"ArnLike": {"iam:PolicyARN": f"arn:aws:iam::{ACCOUNT}:policy/p-*"}}
    iam = act(statement("iam:AttachRolePolicy", Condition=own))("iam")
    foreign = "arn:aws:iam::aws:policy/AdministratorAccess"
    refusal(iam.attach_role_policy, RoleName=role, PolicyArn=foreign)
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    aws("iam").detach_role_policy(RoleName=role, PolicyArn=policy)


def test_every_right_of_a_call_is_needed(act: Act, aws: Aws) -> None:
    name = f"tagged-{uuid.uuid4()}"
    sm = act(statement("secretsmanager:CreateSecret"))("secretsmanager")
    _, text = refusal(sm.create_secret, Name=name, Tags=[{"Key": "a", "Value": "b"}])
    assert "not authorized to perform: secretsmanager:TagResource on resource: " in text
    listed = aws("secretsmanager").list_secrets(Filters=[{"Key": "name", "Values": [name]}])
    assert listed["SecretList"] == []
    sm.create_secret(Name=name)


def test_attached_policies_count_in_their_default_version(act: Act, aws: Aws, role: str) -> None:
    iam, name = aws("iam"), f"v-{uuid.uuid4()}"
    useless = document(statement("kms:ListKeys"))
    arn = iam.create_policy(PolicyName=name, PolicyDocument=useless)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    sm = act()("secretsmanager")
    allowing = document(statement("secretsmanager:ListSecrets"))
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=allowing, SetAsDefault=False)
    refusal(sm.list_secrets)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    assert sm.list_secrets()["SecretList"] is not None
    iam.detach_role_policy(RoleName=role, PolicyArn=arn)


def test_user_has_the_policies_of_their_groups(aws: Aws, sandbox: Sandbox) -> None:
    iam, name = aws("iam"), f"user-{uuid.uuid4()}"
    iam.create_user(UserName=name)
    iam.create_group(GroupName=name)
    iam.add_user_to_group(GroupName=name, UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)
    sm = session.client("secretsmanager", endpoint_url=sandbox.endpoint)
    _, text = refusal(sm.list_secrets)
    assert text.startswith(f"User: arn:aws:iam::{ACCOUNT}:user/{name} is not authorized")
    allowing = document(statement("secretsmanager:ListSecrets"))
    iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=allowing)
    assert sm.list_secrets()["SecretList"] is not None


def test_resource_policy_of_a_secret_lets_in_and_keeps_out(
    act: Act, aws: Aws, role: str, secret: str
) -> None:
    sm = aws("secretsmanager")
    caller = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{role}"}
    granting = statement("secretsmanager:GetSecretValue", Principal=caller)
    sm.put_resource_policy(SecretId=secret, ResourcePolicy=document(granting))
    assert act()("secretsmanager").get_secret_value(SecretId=secret)["SecretString"] == "v"
    denying = {**granting, "Effect": "Deny"}
    sm.put_resource_policy(SecretId=secret, ResourcePolicy=document(denying))
    refusal(act(statement("secretsmanager:*"))("secretsmanager").get_secret_value, SecretId=secret)


@pytest.mark.parametrize("delegates", [True, False])
def test_key_policy_must_leave_it_to_iam(act: Act, aws: Aws, delegates: bool) -> None:
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    other = {"AWS": "arn:aws:iam::111122223333:root"}
    policy = document(statement("kms:*", Principal=root if delegates else other))
    bypass = {"BypassPolicyLockoutSafetyCheck": True}
    key = aws("kms").create_key(Policy=policy, **bypass)["KeyMetadata"]["Arn"]
    kms = act(statement("kms:*"))("kms")
    if delegates:
        assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    else:
        refusal(kms.get_key_rotation_status, KeyId=key)


def test_key_policy_may_name_the_caller(act: Act, aws: Aws, role: str) -> None:
    caller = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{role}"}
    policy = document(statement("kms:GetKeyRotationStatus", Principal=caller))
    bypass = {"BypassPolicyLockoutSafetyCheck": True}
    key = aws("kms").create_key(Policy=policy, **bypass)["KeyMetadata"]["Arn"]
    assert act()("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


def test_secret_under_a_key_needs_the_key_through_secrets_manager(act: Act, aws: Aws) -> None:
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    name = f"keyed-{uuid.uuid4()}"
    arn = aws("secretsmanager").create_secret(Name=name, SecretString="v", KmsKeyId=key)["ARN"]
    read = statement("secretsmanager:GetSecretValue", arn)
    assert refusal(act(read)("secretsmanager").get_secret_value, SecretId=name) == (
        "AccessDeniedException",
        "Access to KMS is not allowed",
    )
    condition = {
        "StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:SecretARN": arn},
    }
    decrypt = statement("kms:Decrypt", key, Condition=condition)
    sm = act(read, decrypt)("secretsmanager")
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "v"


def test_role_that_does_not_exist_is_not_judged(aws: Aws, sandbox: Sandbox) -> None:
    """moto assumes any; the sandbox has no policy to judge such a session by."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/nobody"
    made = aws("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    session = boto3.Session(
        made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], region_name=REGION
    )
    sm = session.client("secretsmanager", endpoint_url=sandbox.endpoint)
    assert sm.list_secrets()["SecretList"] is not None


def test_rights_are_recorded_once_with_their_outcome(
    act: Act, sandbox: Sandbox, role: str, secret: str
) -> None:
    sm = act(statement("secretsmanager:DescribeSecret", secret))("secretsmanager")
    sm.describe_secret(SecretId=secret)
    sm.describe_secret(SecretId=secret)
    refusal(sm.get_secret_value, SecretId=secret)
    url = f"{sandbox.endpoint}{RECORD_PATH}"
    with urllib.request.urlopen(url) as answer:  # noqa: S310 # the sandbox's own address
        entries = [one for one in json.load(answer) if one["principal"].endswith(role)]
    assert [(one["action"], one["resource"], one["allowed"]) for one in entries] == [
        ("secretsmanager:DescribeSecret", secret, True),
        ("secretsmanager:GetSecretValue", secret, False),
    ]


def test_operation_that_is_unknown_is_refused(act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    sm = act(statement("secretsmanager:ListSecrets"))("secretsmanager")
    sm.meta.events.register(
        "before-sign",
        lambda request, **_: request.headers.replace_header(
            "X-Amz-Target", "secretsmanager.ReadAll"
        ),
    )
    _, text = refusal(sm.list_secrets)
    assert "not authorized to perform: secretsmanager:UnknownOperation" in text
