"""AWS's refusals and AWS's handling of versions, as the running sandbox answers boto3."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox import rules
from sandbox.environment import REGION, Sandbox

OTHER_REGION = "eu-west-1"
READER = "arn:aws:iam::111122223333:role/reader"
MINE = "secretsmap/written"  # a staging label of our own


@pytest.fixture(scope="module")
def sm(sandbox: Sandbox) -> Any:
    """Secrets Manager, with none of boto3's own checks before AWS's."""
    session = boto3.Session("sandbox", "sandbox", region_name=REGION)
    unchecked = Config(parameter_validation=False)
    return session.client("secretsmanager", endpoint_url=sandbox.endpoint, config=unchecked)


@pytest.fixture
def name() -> str:
    return f"rules/{uuid.uuid4()}"


@pytest.fixture
def secret(sm: Any, name: str) -> str:
    """A secret that holds `v1`."""
    sm.create_secret(Name=name, SecretString="v1")
    return name


@pytest.fixture
def labels(sm: Any) -> Callable[[str], dict[str, list[str]]]:
    """The labels of each version of a secret, by the version's value."""

    def read(secret_id: str) -> dict[str, list[str]]:
        versions = sm.list_secret_version_ids(SecretId=secret_id)["Versions"]
        ids = {version["VersionId"]: sorted(version["VersionStages"]) for version in versions}
        value = lambda i: sm.get_secret_value(SecretId=secret_id, VersionId=i)["SecretString"]  # noqa: E731
        return {value(i): stages for i, stages in ids.items()}

    return read


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    """The code and the text with which AWS refuses a call."""
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def policy_for(principal: Any, **more: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


# names and values


@pytest.mark.parametrize("bad", ["with blank", "ä", "a:b", "", "a" * 513])
def test_refuses_a_name_outside_the_rules(sm: Any, bad: str) -> None:
    code, text = refusal(sm.create_secret, Name=bad, SecretString="v")
    assert code == "ValidationException"
    assert "Invalid name" in text


def test_takes_every_character_that_a_name_may_hold(sm: Any, name: str) -> None:
    wanted = f"{name}/_+=.@-aZ9"
    assert sm.create_secret(Name=wanted, SecretString="v")["Name"] == wanted


WRITES = ["create_secret", "put_secret_value", "update_secret"]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    "value",
    [
        {"SecretString": "x" * 65_537},
        {"SecretString": "é" * 32_769},
        {"SecretBinary": b"x" * 65_537},
    ],
    ids=["characters", "bytes", "binary"],
)
def test_refuses_a_value_over_65536_bytes(
    sm: Any, name: str, write: str, value: dict[str, Any]
) -> None:
    if write != "create_secret":
        sm.create_secret(Name=name)
    key = "Name" if write == "create_secret" else "SecretId"
    code, text = refusal(getattr(sm, write), **{key: name}, **value)
    assert (code, "between 1 and 65536" in text) == ("ValidationException", True)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("value", [{"SecretString": "x" * 65_536}, {"SecretBinary": b"x" * 65_536}])
def test_takes_a_value_of_65536_bytes(
    sm: Any, name: str, write: str, value: dict[str, Any]
) -> None:
    if write != "create_secret":
        sm.create_secret(Name=name)
    getattr(sm, write)(**{"Name" if write == "create_secret" else "SecretId": name}, **value)
    read = sm.get_secret_value(SecretId=name)
    assert {key: read[key] for key in value} == value


def test_a_refused_value_is_not_in_the_refusal(sm: Any, secret: str) -> None:
    _, text = refusal(sm.put_secret_value, SecretId=secret, SecretString="hunter2" * 10_000)
    assert "hunter2" not in text


def test_a_secret_without_a_value_cannot_be_read(sm: Any, name: str) -> None:
    sm.create_secret(Name=name)
    expected = (
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    )
    assert refusal(sm.get_secret_value, SecretId=name) == expected
    assert refusal(sm.get_secret_value, SecretId=name, VersionStage="AWSCURRENT") == expected


# deletion


def test_a_name_scheduled_for_deletion_stays_taken(sm: Any, secret: str) -> None:
    sm.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
    assert refusal(sm.create_secret, Name=secret, SecretString="v") == (
        "InvalidRequestException",
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
    )


def test_a_name_deleted_at_once_is_free(sm: Any, secret: str) -> None:
    sm.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    sm.create_secret(Name=secret, SecretString="v2")
    assert sm.get_secret_value(SecretId=secret)["SecretString"] == "v2"


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("put_secret_value", {"SecretString": "v2"}),
        ("update_secret", {"Description": "d"}),
        ("put_resource_policy", {"ResourcePolicy": policy_for({"AWS": READER})}),
        ("rotate_secret", {"RotationRules": {"AutomaticallyAfterDays": 30}}),
        ("update_secret_version_stage", {"VersionStage": MINE, "MoveToVersionId": "x" * 32}),
    ],
)
def test_a_secret_scheduled_for_deletion_cannot_be_changed(
    sm: Any, secret: str, operation: str, arguments: dict[str, Any]
) -> None:
    sm.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
    code, text = refusal(getattr(sm, operation), SecretId=secret, **arguments)
    assert (code, "was marked for deletion" in text) == ("InvalidRequestException", True)


def test_a_restored_secret_has_its_value(sm: Any, secret: str) -> None:
    sm.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
    sm.restore_secret(SecretId=secret)
    assert sm.get_secret_value(SecretId=secret)["SecretString"] == "v1"


# keys


@pytest.mark.parametrize("key", ["alias/nobody-made-this", str(uuid.UUID(int=7))])
def test_refuses_a_key_that_does_not_exist(sm: Any, name: str, secret: str, key: str) -> None:
    for code, text in (
        refusal(sm.create_secret, Name=name, KmsKeyId=key),
        refusal(sm.update_secret, SecretId=secret, KmsKeyId=key),
    ):
        assert (code, "could not be found" in text) == ("ResourceNotFoundException", True)


def test_refuses_a_key_that_is_disabled(sm: Any, aws: Callable[[str], Any], name: str) -> None:
    kms = aws("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sm.create_secret(Name=name, KmsKeyId=key)
    kms.disable_key(KeyId=key)
    code, text = refusal(sm.create_secret, Name=f"{name}-2", KmsKeyId=key)
    assert (code, "not enabled" in text) == ("InvalidRequestException", True)


def test_takes_a_key_by_id_arn_and_alias(sm: Any, aws: Callable[[str], Any], name: str) -> None:
    kms = aws("kms")
    key = kms.create_key()["KeyMetadata"]
    alias = f"alias/{uuid.uuid4()}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    for number, given in enumerate((key["KeyId"], key["Arn"], alias, "alias/aws/secretsmanager")):
        sm.create_secret(Name=f"{name}-{number}", KmsKeyId=given)
        assert sm.describe_secret(SecretId=f"{name}-{number}")["KmsKeyId"] == given


def test_an_empty_key_goes_back_to_the_managed_one(
    sm: Any, aws: Callable[[str], Any], name: str
) -> None:
    key = aws("kms").create_key()["KeyMetadata"]["KeyId"]
    sm.create_secret(Name=name, KmsKeyId=key)
    sm.update_secret(SecretId=name, KmsKeyId="")
    assert "KmsKeyId" not in sm.describe_secret(SecretId=name)


# replicas


def test_a_replica_keeps_its_own_key(sm: Any, sandbox: Sandbox, name: str) -> None:
    session = boto3.Session("sandbox", "sandbox", region_name=OTHER_REGION)
    key = session.client("kms", endpoint_url=sandbox.endpoint).create_key()["KeyMetadata"]["KeyId"]
    wanted = [{"Region": OTHER_REGION, "KmsKeyId": key}]
    sm.create_secret(Name=name, SecretString="v1", AddReplicaRegions=wanted)
    sm.create_secret(Name=f"{name}-2", SecretString="v1")
    sm.replicate_secret_to_regions(SecretId=f"{name}-2", AddReplicaRegions=wanted)
    for made in (name, f"{name}-2"):
        (status,) = sm.describe_secret(SecretId=made)["ReplicationStatus"]
        assert (status["Region"], status["KmsKeyId"]) == (OTHER_REGION, key)


def test_a_replica_needs_a_key_of_its_own_region(
    sm: Any, aws: Callable[[str], Any], secret: str
) -> None:
    here = aws("kms").create_key()["KeyMetadata"]["KeyId"]
    replicas = [{"Region": OTHER_REGION, "KmsKeyId": here}]
    code, _ = refusal(sm.replicate_secret_to_regions, SecretId=secret, AddReplicaRegions=replicas)
    assert code == "ResourceNotFoundException"
    assert "ReplicationStatus" not in sm.describe_secret(SecretId=secret)


@pytest.mark.parametrize("region", ["moon-north-1", REGION])
def test_refuses_a_replica_in_no_region_or_in_its_own(sm: Any, name: str, region: str) -> None:
    replicas = [{"Region": region}]
    code, _ = refusal(sm.create_secret, Name=name, SecretString="v", AddReplicaRegions=replicas)
    assert code == "InvalidParameterException"


def test_a_replica_cannot_be_written(sm: Any, sandbox: Sandbox, name: str) -> None:
    sm.create_secret(Name=name, SecretString="v1", AddReplicaRegions=[{"Region": OTHER_REGION}])
    session = boto3.Session("sandbox", "sandbox", region_name=OTHER_REGION)
    there = session.client("secretsmanager", endpoint_url=sandbox.endpoint)
    assert there.get_secret_value(SecretId=name)["SecretString"] == "v1"
    _, text = refusal(there.put_secret_value, SecretId=name, SecretString="v2")
    assert "replica" in text


# policies


@pytest.mark.parametrize(
    "broken", ["{", "[]", "{}", '"text"', '{"Statement": "text"}', '{"Statement": ["text"]}']
)
def test_refuses_a_policy_that_is_none(sm: Any, secret: str, broken: str) -> None:
    code, _ = refusal(sm.put_resource_policy, SecretId=secret, ResourcePolicy=broken)
    assert code == "MalformedPolicyDocumentException"


def test_refuses_a_policy_over_20480_characters(sm: Any, secret: str) -> None:
    long = policy_for({"AWS": READER}, Sid="x" * 20_480)
    code, text = refusal(sm.put_resource_policy, SecretId=secret, ResourcePolicy=long)
    assert (code, "20480" in text) == ("ValidationException", True)


@pytest.mark.parametrize("anyone", ["*", {"AWS": "*"}, {"AWS": [READER, "*"]}])
def test_block_public_policy_keeps_the_policy_that_was_there(
    sm: Any, secret: str, anyone: Any
) -> None:
    good = policy_for({"AWS": READER})
    sm.put_resource_policy(SecretId=secret, ResourcePolicy=good, BlockPublicPolicy=True)
    public = {"SecretId": secret, "ResourcePolicy": policy_for(anyone)}
    code, _ = refusal(sm.put_resource_policy, **public, BlockPublicPolicy=True)
    assert code == "PublicPolicyException"
    assert sm.get_resource_policy(SecretId=secret)["ResourcePolicy"] == good
    sm.put_resource_policy(**public)  # AWS: "By default, public policies aren't blocked."


@pytest.mark.parametrize(
    "closed",
    [
        policy_for("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}),
        policy_for("*", Effect="Deny"),
    ],
    ids=["condition", "deny"],
)
def test_block_public_policy_lets_closed_wildcards_through(
    sm: Any, secret: str, closed: str
) -> None:
    sm.put_resource_policy(SecretId=secret, ResourcePolicy=closed, BlockPublicPolicy=True)
    assert sm.get_resource_policy(SecretId=secret)["ResourcePolicy"] == closed


# rotation


@pytest.fixture(scope="module")
def function(aws: Callable[[str], Any]) -> str:
    """The ARN of a function that Secrets Manager may call."""
    return make_function(aws, allowed=True)


def make_function(aws: Callable[[str], Any], *, allowed: bool) -> str:
    trust = {"Version": "2012-10-17", "Statement": []}
    name = f"rotate-{uuid.uuid4()}"
    role = aws("iam").create_role(RoleName=name[:60], AssumeRolePolicyDocument=json.dumps(trust))
    made = aws("lambda").create_function(
        FunctionName=name,
        Role=role["Role"]["Arn"],
        Runtime="python3.12",
        Handler="index.handler",
        Code={"ZipFile": b"PK\x05\x06" + b"\x00" * 18},
    )
    if allowed:
        aws("lambda").add_permission(
            FunctionName=name,
            StatementId="rotate",
            Action="lambda:InvokeFunction",
            Principal="secretsmanager.amazonaws.com",
        )
    return str(made["FunctionArn"])


SCHEDULES = [
    {"AutomaticallyAfterDays": 1},
    {"AutomaticallyAfterDays": 1000},
    {"ScheduleExpression": "rate(4 hours)"},
    {"ScheduleExpression": "cron(0 8 1 * ? *)", "Duration": "3h"},
]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_keeps_the_whole_schedule(
    sm: Any, secret: str, function: str, schedule: dict[str, Any]
) -> None:
    sm.rotate_secret(
        SecretId=secret,
        RotationLambdaARN=function,
        RotationRules=schedule,
        RotateImmediately=False,
    )
    found = sm.describe_secret(SecretId=secret)
    assert found["RotationEnabled"] is True
    assert (found["RotationLambdaARN"], found["RotationRules"]) == (function, schedule)


@pytest.mark.parametrize(
    "schedule",
    [
        {"AutomaticallyAfterDays": 0},
        {"AutomaticallyAfterDays": 1001},
        {"ScheduleExpression": "daily"},
        {"ScheduleExpression": "rate(1 hour)"},
        {"ScheduleExpression": "cron(30 8 1 * ? *)"},
        {"ScheduleExpression": "rate(10 days)", "Duration": "90m"},
        {"ScheduleExpression": "rate(10 days)", "AutomaticallyAfterDays": 10},
    ],
)
def test_refuses_a_schedule_that_aws_refuses(
    sm: Any, secret: str, function: str, schedule: dict[str, Any]
) -> None:
    code, _ = refusal(
        sm.rotate_secret, SecretId=secret, RotationLambdaARN=function, RotationRules=schedule
    )
    assert code == "InvalidParameterException"
    assert "RotationEnabled" not in sm.describe_secret(SecretId=secret)


def test_rotating_now_keeps_the_schedule(sm: Any, secret: str, function: str) -> None:
    rules_ = {"ScheduleExpression": "rate(10 days)"}
    sm.rotate_secret(
        SecretId=secret,
        RotationLambdaARN=function,
        RotationRules=rules_,
        RotateImmediately=False,
    )
    sm.rotate_secret(SecretId=secret)
    assert sm.describe_secret(SecretId=secret)["RotationRules"] == rules_


def test_rotation_begins_with_an_empty_pending_version_and_no_other_meanwhile(
    sm: Any, secret: str, function: str
) -> None:
    rules_ = {"AutomaticallyAfterDays": 30}
    begun = sm.rotate_secret(SecretId=secret, RotationLambdaARN=function, RotationRules=rules_)
    token = begun["VersionId"]
    assert sm.describe_secret(SecretId=secret)["VersionIdsToStages"][token] == ["AWSPENDING"]
    empty = refusal(sm.get_secret_value, SecretId=secret, VersionId=token)
    assert empty[0] == "ResourceNotFoundException"
    code, text = refusal(sm.rotate_secret, SecretId=secret)
    assert (code, "previous rotation isn't complete" in text) == ("InvalidRequestException", True)
    for value in ("new", "new"):  # filled once, and again with the same
        sm.put_secret_value(
            SecretId=secret,
            ClientRequestToken=token,
            SecretString=value,
            VersionStages=["AWSPENDING"],
        )
    other = refusal(
        sm.put_secret_value, SecretId=secret, ClientRequestToken=token, SecretString="other"
    )
    assert other[0] == "ResourceExistsException"


def test_rotation_needs_a_function(sm: Any, secret: str) -> None:
    code, text = refusal(
        sm.rotate_secret, SecretId=secret, RotationRules={"AutomaticallyAfterDays": 30}
    )
    assert (code, "Lambda function ARN" in text) == ("InvalidRequestException", True)


def test_rotation_needs_the_functions_permission(
    sm: Any, aws: Callable[[str], Any], secret: str
) -> None:
    for arn in (
        make_function(aws, allowed=False),
        f"arn:aws:lambda:{REGION}:123456789012:function:nobody-made-this",
    ):
        code, text = refusal(
            sm.rotate_secret,
            SecretId=secret,
            RotationLambdaARN=arn,
            RotationRules={"AutomaticallyAfterDays": 30},
        )
        assert (code, "secretsmanager.amazonaws.com" in text) == ("AccessDeniedException", True)
    assert "RotationLambdaARN" not in sm.describe_secret(SecretId=secret)


def test_cancelled_rotation_is_off_and_needs_its_function_anew(
    sm: Any, secret: str, function: str
) -> None:
    sm.rotate_secret(
        SecretId=secret,
        RotationLambdaARN=function,
        RotationRules={"AutomaticallyAfterDays": 30},
        RotateImmediately=False,
    )
    sm.cancel_rotate_secret(SecretId=secret)
    found = sm.describe_secret(SecretId=secret)
    assert found["RotationEnabled"] is False
    assert not {"RotationLambdaARN", "RotationRules"} & set(found)
    assert refusal(sm.rotate_secret, SecretId=secret)[0] == "InvalidRequestException"


# versions and their labels


def test_the_first_version_becomes_current_whatever_is_asked(
    sm: Any, name: str, labels: Callable[[str], dict[str, list[str]]]
) -> None:
    sm.create_secret(Name=name)
    sm.put_secret_value(SecretId=name, SecretString="v1", VersionStages=[MINE])
    assert labels(name) == {"v1": ["AWSCURRENT", MINE]}


@pytest.mark.parametrize("write", ["put_secret_value", "update_secret"])
def test_a_label_of_ours_survives_the_next_values(
    sm: Any, name: str, labels: Callable[[str], dict[str, list[str]]], write: str
) -> None:
    sm.create_secret(Name=name)
    sm.put_secret_value(SecretId=name, SecretString="v1", VersionStages=["AWSCURRENT", MINE])
    getattr(sm, write)(SecretId=name, SecretString="v2")
    assert labels(name) == {"v1": ["AWSPREVIOUS", MINE], "v2": ["AWSCURRENT"]}
    getattr(sm, write)(SecretId=name, SecretString="v3")
    assert labels(name) == {"v1": [MINE], "v2": ["AWSPREVIOUS"], "v3": ["AWSCURRENT"]}


def test_a_version_without_a_label_is_dropped(
    sm: Any, secret: str, labels: Callable[[str], dict[str, list[str]]]
) -> None:
    for value in ("v2", "v3"):
        sm.put_secret_value(SecretId=secret, SecretString=value)
    assert labels(secret) == {"v2": ["AWSPREVIOUS"], "v3": ["AWSCURRENT"]}


def test_a_label_stands_on_one_version_only(
    sm: Any, secret: str, labels: Callable[[str], dict[str, list[str]]]
) -> None:
    sm.put_secret_value(SecretId=secret, SecretString="v2", VersionStages=[MINE])
    assert labels(secret) == {"v1": ["AWSCURRENT"], "v2": [MINE]}
    sm.put_secret_value(SecretId=secret, SecretString="v3", VersionStages=[MINE])
    assert labels(secret) == {"v1": ["AWSCURRENT"], "v3": [MINE]}


def test_moving_current_takes_previous_along(
    sm: Any, secret: str, labels: Callable[[str], dict[str, list[str]]]
) -> None:
    first = sm.get_secret_value(SecretId=secret)["VersionId"]
    second = sm.put_secret_value(SecretId=secret, SecretString="v2", VersionStages=["AWSPENDING"])[
        "VersionId"
    ]
    move = {"SecretId": secret, "VersionStage": "AWSCURRENT"}
    sm.update_secret_version_stage(**move, MoveToVersionId=second, RemoveFromVersionId=first)
    assert labels(secret) == {"v1": ["AWSPREVIOUS"], "v2": ["AWSCURRENT", "AWSPENDING"]}
    assert sm.get_secret_value(SecretId=secret)["SecretString"] == "v2"
    sm.update_secret_version_stage(**move, MoveToVersionId=first, RemoveFromVersionId=second)
    assert labels(secret) == {"v1": ["AWSCURRENT"], "v2": ["AWSPENDING", "AWSPREVIOUS"]}
    assert sm.get_secret_value(SecretId=secret)["SecretString"] == "v1"


def test_a_label_that_is_taken_moves_only_from_its_holder(sm: Any, secret: str) -> None:
    first = sm.get_secret_value(SecretId=secret)["VersionId"]
    second = sm.put_secret_value(SecretId=secret, SecretString="v2", VersionStages=[MINE])
    move = {"SecretId": secret, "VersionStage": MINE, "MoveToVersionId": first}
    code, text = refusal(sm.update_secret_version_stage, **move)
    assert (code, "RemoveFromVersionId can't be empty" in text) == (
        "InvalidParameterException",
        True,
    )
    code, _ = refusal(sm.update_secret_version_stage, **move, RemoveFromVersionId=first)
    assert code == "InvalidParameterException"
    sm.update_secret_version_stage(**move, RemoveFromVersionId=second["VersionId"])


def test_a_label_cannot_move_to_a_version_that_is_not_there(sm: Any, secret: str) -> None:
    code, _ = refusal(
        sm.update_secret_version_stage,
        SecretId=secret,
        VersionStage=MINE,
        MoveToVersionId=str(uuid.uuid4()),
    )
    assert code == "ResourceNotFoundException"


def test_a_label_that_nobody_holds_cannot_be_removed(sm: Any, secret: str) -> None:
    code, _ = refusal(sm.update_secret_version_stage, SecretId=secret, VersionStage=MINE)
    assert code == "InvalidParameterException"


def test_current_cannot_be_removed(sm: Any, secret: str) -> None:
    first = sm.get_secret_value(SecretId=secret)["VersionId"]
    code, text = refusal(
        sm.update_secret_version_stage,
        SecretId=secret,
        VersionStage="AWSCURRENT",
        RemoveFromVersionId=first,
    )
    assert (code, "can't be completely removed" in text) == ("InvalidParameterException", True)


def test_removing_the_last_label_drops_the_version(
    sm: Any, secret: str, labels: Callable[[str], dict[str, list[str]]]
) -> None:
    made = sm.put_secret_value(SecretId=secret, SecretString="v2", VersionStages=[MINE])
    sm.update_secret_version_stage(
        SecretId=secret, VersionStage=MINE, RemoveFromVersionId=made["VersionId"]
    )
    assert labels(secret) == {"v1": ["AWSCURRENT"]}


def test_the_21st_label_changes_nothing(
    sm: Any, secret: str, labels: Callable[[str], dict[str, list[str]]]
) -> None:
    own = [f"own-{number:02}" for number in range(rules.MAX_LABELS - 1)]
    made = sm.put_secret_value(SecretId=secret, SecretString="v2", VersionStages=own)
    before = {"v1": ["AWSCURRENT"], "v2": own}
    assert labels(secret) == before
    one_more = {"SecretId": secret, "SecretString": "v3"}
    for stages in ([MINE], ["AWSCURRENT"]):  # the second brings AWSPREVIOUS with it
        code, _ = refusal(sm.put_secret_value, **one_more, VersionStages=stages)
        assert code == "LimitExceededException"
    code, _ = refusal(
        sm.update_secret_version_stage,
        SecretId=secret,
        VersionStage=MINE,
        MoveToVersionId=made["VersionId"],
    )
    assert code == "LimitExceededException"
    assert labels(secret) == before


def test_the_same_token_with_the_same_value_does_nothing(
    sm: Any, secret: str, labels: Callable[[str], dict[str, list[str]]]
) -> None:
    put = {"SecretId": secret, "ClientRequestToken": str(uuid.uuid4()), "SecretString": "v2"}
    first = sm.put_secret_value(**put)
    assert first["VersionId"] == put["ClientRequestToken"]
    assert sm.put_secret_value(**put)["VersionId"] == first["VersionId"]
    assert labels(secret) == {"v1": ["AWSPREVIOUS"], "v2": ["AWSCURRENT"]}


@pytest.mark.parametrize("stage", ["AWSCURRENT", "AWSPENDING"])
def test_the_same_token_with_another_value_is_refused(
    sm: Any, secret: str, labels: Callable[[str], dict[str, list[str]]], stage: str
) -> None:
    put = {"SecretId": secret, "ClientRequestToken": str(uuid.uuid4()), "VersionStages": [stage]}
    sm.put_secret_value(**put, SecretString="v2")
    before = labels(secret)
    code, text = refusal(sm.put_secret_value, **put, SecretString="hunter2")
    assert (code, "hunter2" in text) == ("ResourceExistsException", False)
    assert labels(secret) == before
