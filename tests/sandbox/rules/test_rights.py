"""Which rights AWS demands for a call, each on which resource.

The sources are those of `sandbox/rules/rights.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.secretsmanager.models import secretsmanager_backends

from sandbox.rules.calls import Call
from sandbox.rules.rights import Right, demanded

ACCOUNT, REGION = "123456789012", "eu-central-1"
SM = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret"
KMS = f"arn:aws:kms:{REGION}:{ACCOUNT}"
IAM = f"arn:aws:iam::{ACCOUNT}"
LAMBDA = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
EVENTS = f"arn:aws:events:{REGION}:{ACCOUNT}:rule"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"
SNS = f"arn:aws:sns:{REGION}:{ACCOUNT}"
ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm"
TRAIL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/t"
TAGS = [{"Key": "a", "Value": "b"}]


def rights(service: str, operation: str, /, **parameters: Any) -> list[tuple[str, str]]:
    return [(one.action, one.resource) for one in full(service, operation, **parameters)]


def full(service: str, operation: str, /, **parameters: Any) -> list[Right]:
    return demanded(Call(service, operation, parameters, ACCOUNT, REGION))


@pytest.fixture
def cloud() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def secret(cloud: None) -> str:
    sm = boto3.client("secretsmanager", region_name=REGION)
    return str(sm.create_secret(Name="a/b", SecretString="v")["ARN"])


@pytest.fixture
def key(cloud: None) -> str:
    kms = boto3.client("kms", region_name=REGION)
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/own", TargetKeyId=arn)
    return str(arn)


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        ("sts", "GetCallerIdentity", {}, []),
        ("secretsmanager", "UnknownOperation", {}, [("secretsmanager:UnknownOperation", "*")]),
        ("sts", "AssumeRole", {"RoleArn": f"{IAM}:role/r"}, [("sts:AssumeRole", f"{IAM}:role/r")]),
        ("secretsmanager", "ListSecrets", {}, [("secretsmanager:ListSecrets", "*")]),
        ("secretsmanager", "CreateSecret", {"Name": "a/b"}, [("secretsmanager:CreateSecret", f"{SM}:a/b-??????")]),
        ("secretsmanager", "CreateSecret", {"Name": "a", "Tags": TAGS, "AddReplicaRegions": [{"Region": "eu-west-1"}]},
         [(f"secretsmanager:{one}", f"{SM}:a-??????") for one in ("CreateSecret", "TagResource", "ReplicateSecretToRegions")]),
        ("secretsmanager", "DescribeSecret", {"SecretId": "none"}, [("secretsmanager:DescribeSecret", "none")]),
        ("kms", "ListAliases", {}, [("kms:ListAliases", "*")]),
        ("kms", "CreateKey", {}, [("kms:CreateKey", "*")]),
        ("kms", "CreateKey", {"Tags": TAGS, "MultiRegion": True},
         [("kms:CreateKey", "*"), ("kms:TagResource", f"{KMS}:key/*"),
          ("iam:CreateServiceLinkedRole", f"{IAM}:role/aws-service-role/mrk.kms.amazonaws.com/AWSServiceRoleForKeyManagementServiceMultiRegionKeys")]),
        ("iam", "ListRoles", {}, [("iam:ListRoles", "*")]),
        ("iam", "GetUser", {"UserName": "u"}, [("iam:GetUser", f"{IAM}:user/u")]),
        ("iam", "CreateRole", {"RoleName": "r", "Path": "/p/", "Tags": TAGS},
         [("iam:CreateRole", f"{IAM}:role/p/r"), ("iam:TagRole", f"{IAM}:role/p/r")]),
        ("iam", "CreatePolicy", {"PolicyName": "p", "Tags": TAGS},
         [("iam:CreatePolicy", f"{IAM}:policy/p"), ("iam:TagPolicy", f"{IAM}:policy/p")]),
        ("iam", "GetPolicy", {"PolicyArn": f"{IAM}:policy/p"}, [("iam:GetPolicy", f"{IAM}:policy/p")]),
        ("iam", "AddRoleToInstanceProfile", {"InstanceProfileName": "i", "RoleName": "r"},
         [("iam:AddRoleToInstanceProfile", f"{IAM}:instance-profile/i"), ("iam:PassRole", f"{IAM}:role/r")]),
        ("lambda", "ListFunctions", {}, [("lambda:ListFunctions", "*")]),
        ("lambda", "Invoke", {"FunctionName": "f"}, [("lambda:InvokeFunction", f"{LAMBDA}:f")]),
        ("lambda", "GetPolicy", {"FunctionName": f"{ACCOUNT}:function:f", "Qualifier": "live"}, [("lambda:GetPolicy", f"{LAMBDA}:f:live")]),
        ("lambda", "GetFunction", {"FunctionName": f"{LAMBDA}:f:live", "Qualifier": "live"}, [("lambda:GetFunction", f"{LAMBDA}:f:live")]),
        ("lambda", "TagResource", {"Resource": f"{LAMBDA}:f"}, [("lambda:TagResource", f"{LAMBDA}:f")]),
        ("lambda", "CreateFunction", {"FunctionName": "f", "Role": f"{IAM}:role/r", "Tags": {"a": "b"}, "VpcConfig": {"SubnetIds": ["s"]}},
         [("lambda:CreateFunction", f"{LAMBDA}:f"), ("iam:PassRole", f"{IAM}:role/r"), ("lambda:TagResource", f"{LAMBDA}:f"),
          ("ec2:DescribeSecurityGroups", "*"), ("ec2:DescribeSubnets", "*"), ("ec2:DescribeVpcs", "*")]),
        ("events", "ListRules", {}, [("events:ListRules", "*")]),
        ("events", "PutRule", {"Name": "r", "Tags": TAGS}, [("events:PutRule", f"{EVENTS}/r"), ("events:TagResource", f"{EVENTS}/r")]),
        ("events", "DescribeRule", {"Name": "r", "EventBusName": "bus"}, [("events:DescribeRule", f"{EVENTS}/bus/r")]),
        ("events", "PutTargets", {"Rule": "r", "EventBusName": "default", "Targets": [{"RoleArn": f"{IAM}:role/r"}]},
         [("events:PutTargets", f"{EVENTS}/r"), ("iam:PassRole", f"{IAM}:role/r")]),
        ("events", "ListTagsForResource", {"ResourceARN": f"{EVENTS}/r"}, [("events:ListTagsForResource", f"{EVENTS}/r")]),
        ("logs", "DescribeLogGroups", {"logGroupNamePrefix": "g"}, [("logs:DescribeLogGroups", f"{LOGS}::log-stream:")]),
        ("logs", "CreateLogGroup", {"logGroupName": "g", "tags": {"a": "b"}},
         [("logs:CreateLogGroup", f"{LOGS}:g:log-stream:"), ("logs:TagResource", f"{LOGS}:g")]),
        ("logs", "ListTagsForResource", {"resourceArn": f"{LOGS}:g"}, [("logs:ListTagsForResource", f"{LOGS}:g")]),
        ("sns", "ListTopics", {}, [("sns:ListTopics", "*")]),
        ("sns", "CreateTopic", {"Name": "t", "Tags": TAGS}, [("sns:CreateTopic", f"{SNS}:t"), ("sns:TagResource", f"{SNS}:t")]),
        ("sns", "Publish", {"TopicArn": f"{SNS}:t"}, [("sns:Publish", f"{SNS}:t")]),
        ("sns", "UntagResource", {"ResourceArn": f"{SNS}:t"}, [("sns:UntagResource", f"{SNS}:t")]),
        ("ecs", "UpdateService", {"service": "s"}, [("ecs:UpdateService", "*")]),
        ("monitoring", "PutMetricData", {}, [("cloudwatch:PutMetricData", "*")]),
        ("monitoring", "PutMetricAlarm", {"AlarmName": "a", "Tags": TAGS}, [("cloudwatch:PutMetricAlarm", f"{ALARM}:a"), ("cloudwatch:TagResource", f"{ALARM}:a")]),
        ("monitoring", "DescribeAlarms", {"AlarmNames": ["a"]}, [("cloudwatch:DescribeAlarms", f"{ALARM}:a")]),
        ("monitoring", "ListTagsForResource", {"ResourceARN": f"{ALARM}:a"}, [("cloudwatch:ListTagsForResource", f"{ALARM}:a")]),
        ("cloudtrail", "DescribeTrails", {}, [("cloudtrail:DescribeTrails", "*")]),
        ("cloudtrail", "GetTrailStatus", {"Name": "t"}, [("cloudtrail:GetTrailStatus", TRAIL)]),
        ("cloudtrail", "GetEventSelectors", {"TrailName": TRAIL}, [("cloudtrail:GetEventSelectors", TRAIL)]),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("cloud")
def test_call_needs(
    service: str, operation: str, parameters: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert rights(service, operation, **parameters) == expected


@pytest.mark.parametrize("given", ["a/b", "whole", "partial"])
def test_secret_has_its_arn_however_it_is_given(secret: str, given: str) -> None:
    secret_id = {"whole": secret, "partial": secret[:-7]}.get(given, given)
    assert rights("secretsmanager", "GetSecretValue", SecretId=secret_id) == [
        ("secretsmanager:GetSecretValue", secret)
    ]


@pytest.mark.usefixtures("cloud")
def test_role_has_its_path() -> None:
    iam = boto3.client("iam", region_name=REGION)
    iam.create_role(RoleName="r", Path="/team/", AssumeRolePolicyDocument="{}")
    assert rights("iam", "GetRole", RoleName="r") == [("iam:GetRole", f"{IAM}:role/team/r")]


@pytest.mark.usefixtures("cloud")
def test_attached_policy_and_service_of_a_passed_role_are_sent() -> None:
    (attach,) = full("iam", "AttachRolePolicy", RoleName="r", PolicyArn=f"{IAM}:policy/p")
    assert (attach.resource, attach.context) == (
        f"{IAM}:role/r",
        {"iam:PolicyARN": f"{IAM}:policy/p"},
    )
    _, passed = full("lambda", "UpdateFunctionConfiguration", FunctionName="f", Role="r")
    assert passed.context == {"iam:PassedToService": "lambda.amazonaws.com"}


def test_rotation_needs_the_function_that_is_named_or_set(secret: str) -> None:
    function = f"{LAMBDA}:rotate"
    named = rights("secretsmanager", "RotateSecret", SecretId="a/b", RotationLambdaARN=function)
    assert named == [("secretsmanager:RotateSecret", secret), ("lambda:InvokeFunction", function)]
    assert rights("secretsmanager", "RotateSecret", SecretId="a/b") == named[:1]
    secretsmanager_backends[ACCOUNT][REGION].secrets["a/b"].rotation_lambda_arn = function
    assert rights("secretsmanager", "RotateSecret", SecretId="a/b") == named


@pytest.mark.parametrize("given", ["alias/own", "whole"])
def test_key_has_its_arn_however_it_is_given(key: str, given: str) -> None:
    key_id = {"whole": key}.get(given, given)
    (right,) = full("kms", "DescribeKey", KeyId=key_id)
    assert (right.action, right.resource) == ("kms:DescribeKey", key)
    assert right.context["kms:ResourceAliases"] == ["alias/own"]


def test_alias_needs_the_right_on_itself_and_on_its_keys(key: str) -> None:
    other = boto3.client("kms", region_name=REGION).create_key()["KeyMetadata"]["Arn"]
    assert rights("kms", "DeleteAlias", AliasName="alias/own") == [
        ("kms:DeleteAlias", f"{KMS}:alias/own"),
        ("kms:DeleteAlias", key),
    ]
    moved = rights("kms", "UpdateAlias", AliasName="alias/own", TargetKeyId=other)
    assert sorted(resource for _, resource in moved) == sorted([f"{KMS}:alias/own", key, other])


def test_replica_key_needs_the_primary_and_a_new_key_in_its_region(key: str) -> None:
    assert rights("kms", "ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1", Tags=TAGS) == [
        ("kms:ReplicateKey", key),
        ("kms:CreateKey", "*"),
        ("kms:TagResource", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/*"),
    ]


WRITE = {"kms:GenerateDataKey", "kms:Decrypt"}


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("CreateSecret", {"Name": "new", "KmsKeyId": "alias/own"}, WRITE),
        ("PutSecretValue", {"SecretId": "keyed"}, WRITE),
        ("GetSecretValue", {"SecretId": "keyed"}, {"kms:Decrypt"}),
        ("UpdateSecret", {"SecretId": "keyed", "Description": "d"}, set()),
        ("UpdateSecret", {"SecretId": "plain", "KmsKeyId": "alias/own"}, {*WRITE, "kms:Encrypt"}),
        ("UpdateSecret", {"SecretId": "keyed", "KmsKeyId": "alias/aws/secretsmanager"}, {"kms:Decrypt"}),
        ("ReplicateSecretToRegions", {"SecretId": "keyed", "AddReplicaRegions": [{"Region": "eu-west-1"}]}, {"kms:Decrypt"}),
        ("DescribeSecret", {"SecretId": "keyed"}, set()),
        ("GetSecretValue", {"SecretId": "plain"}, set()),
        ("CreateSecret", {"Name": "new", "KmsKeyId": "alias/none"}, set()),
    ],
)  # fmt: skip
def test_customer_managed_key_is_used_for_the_caller(
    key: str, operation: str, parameters: dict[str, Any], expected: set[str]
) -> None:
    sm = boto3.client("secretsmanager", region_name=REGION)
    sm.create_secret(Name="keyed", SecretString="v", KmsKeyId=key)
    sm.create_secret(Name="plain", SecretString="v")
    uses = [one for one in full("secretsmanager", operation, **parameters) if one.through]
    assert {one.action for one in uses} == expected
    for one in uses:
        assert one.resource == key
        assert one.context["kms:ViaService"] == f"secretsmanager.{REGION}.amazonaws.com"
        assert str(one.context["kms:EncryptionContext:SecretARN"]).startswith(SM)


def test_replica_is_encrypted_under_its_own_key(key: str) -> None:
    west = boto3.client("kms", region_name="eu-west-1").create_key()["KeyMetadata"]["Arn"]
    replicas = [{"Region": "eu-west-1", "KmsKeyId": west}]
    uses = full("secretsmanager", "CreateSecret", Name="a", AddReplicaRegions=replicas)[2:]
    assert {(one.action, one.resource) for one in uses} == {
        ("kms:GenerateDataKey", west),
        ("kms:Encrypt", west),
    }
    assert uses[0].context["kms:ViaService"] == "secretsmanager.eu-west-1.amazonaws.com"
    assert ":eu-west-1:" in str(uses[0].context["kms:EncryptionContext:SecretARN"])
