"""What a run has created is found and removed; everything else stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from verify import leftovers
from verify.account import Account
from verify.leftovers import KINDS, Found, NotOursError
from verify.names import RULE_PREFIX

RUN = "try-0123abcd"
OTHERS = "other"


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "_GONE_SECONDS", 0)


def ignore(_: str) -> None:
    """Stand in for the report."""


def create_everything(account: Account, start: str) -> None:
    """One of each kind that a run creates, below a name."""
    sm, iam, kms = account.client("secretsmanager"), account.client("iam"), account.client("kms")
    sm.create_secret(Name=f"{start}/verify/plain", SecretString="x")
    sm.create_secret(Name=f"{start}/verify/gone", SecretString="x")
    sm.delete_secret(SecretId=f"{start}/verify/gone", RecoveryWindowInDays=7)
    region = [{"Region": "eu-west-1"}]
    sm.create_secret(Name=f"{start}/verify/replicated", SecretString="x", AddReplicaRegions=region)
    role = iam.create_role(RoleName=f"{start}-reader", AssumeRolePolicyDocument="{}")["Role"]
    statement = {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=f"{start}-reader", PolicyName="p", PolicyDocument=document)
    policy = iam.create_policy(PolicyName=f"{start}.read-1", PolicyDocument=document)["Policy"]
    iam.attach_role_policy(RoleName=f"{start}-reader", PolicyArn=policy["Arn"])
    iam.create_policy_version(PolicyArn=policy["Arn"], PolicyDocument=document, SetAsDefault=True)
    function = account.client("lambda").create_function(
        FunctionName=f"{start}-reader",
        Role=role["Arn"],
        Runtime="python3.13",
        Handler="x.y",
        Code={"ZipFile": b"x"},
    )
    for name in (f"{start}-on-rotate", f"/aws/lambda/{start}-rotating"):
        account.client("logs").create_log_group(logGroupName=name)
    description = f"restarts consumers of {start}/verify/rotating"
    rules = {f"{RULE_PREFIX}{start}"[:64]: description, f"{start}-account": ""}
    for name, text in rules.items():
        pattern = json.dumps({"source": ["x"]})
        account.client("events").put_rule(Name=name, EventPattern=pattern, Description=text)
        target = {"Id": "t", "Arn": function["FunctionArn"]}
        account.client("events").put_targets(Rule=name, Targets=[target])
    key = kms.create_key(Description=f"secrets of {start}/verify ({start})", MultiRegion=True)
    kms.replicate_key(KeyId=key["KeyMetadata"]["KeyId"], ReplicaRegion="eu-west-1")
    kms.create_alias(AliasName=f"alias/{start}-verify", TargetKeyId=key["KeyMetadata"]["KeyId"])


def found(account: Account, start: str) -> dict[str, int]:
    """How many things of each kind there are below a name."""
    counts = {kind.label: len(list(kind.list(account, start))) for kind in KINDS}
    return {label: count for label, count in counts.items() if count}


ONE_OF_EACH = {
    "EventBridge rule": 2,
    "Lambda function": 1,
    "role": 1,
    "IAM policy": 1,
    "log group": 2,
    "secret": 3,
    "KMS alias": 1,
    "KMS key": 1,
}


def test_everything_of_a_run_is_found(account: Account) -> None:
    create_everything(account, RUN)
    create_everything(account, OTHERS)
    assert found(account, RUN) == ONE_OF_EACH


def test_everything_of_a_run_is_removed_and_nothing_else(account: Account) -> None:
    create_everything(account, RUN)
    create_everything(account, OTHERS)
    lines: list[str] = []
    assert leftovers.remove(account, RUN, lines.append) == []
    assert found(account, RUN) == {}
    assert found(account, OTHERS) == ONE_OF_EACH
    assert f"removed secret `{RUN}/verify/plain`" in lines
    assert not [line for line in lines if OTHERS in line]


def test_key_and_its_replica_wait_for_their_deletion(account: Account) -> None:
    create_everything(account, RUN)
    leftovers.remove(account, RUN, ignore)
    for region in (account.region, "eu-west-1"):
        client = account.client("kms", region)
        keys = [client.describe_key(KeyId=k["KeyId"]) for k in client.list_keys()["Keys"]]
        assert {key["KeyMetadata"]["KeyState"] for key in keys} == {"PendingDeletion"}


def test_name_is_checked_once_more_before_its_deletion(account: Account) -> None:
    create_everything(account, OTHERS)
    secrets = next(kind for kind in KINDS if kind.label == "secret")
    theirs = Found(secrets, f"{OTHERS}/verify/plain", f"{OTHERS}/verify/plain")
    with pytest.raises(NotOursError, match=f"`other/verify/plain` is not of `{RUN}`"):
        leftovers._remove_one(account, theirs, RUN, ignore)
    assert found(account, OTHERS) == ONE_OF_EACH


def raising(error: ClientError) -> Callable[..., None]:
    """A call that fails."""

    def fail(**_: Any) -> None:
        raise error

    return fail


class Denied:
    """A client that may do nothing."""

    def __getattr__(self, _: str) -> Any:
        def refuse(*_: Any, **__: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "Anything")

        return refuse


def test_what_is_left_has_the_command_that_removes_it(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    iam = account.client("iam")
    iam.create_role(RoleName=f"{RUN}-reader", AssumeRolePolicyDocument="{}")
    monkeypatch.setattr(iam, "delete_role", Denied().delete_role)
    lines: list[str] = []
    assert leftovers.remove(account, RUN, lines.append) == [
        f"role `{RUN}-reader`: aws iam delete-role --role-name {RUN}-reader --region eu-central-1"
    ]
    assert f"cannot remove role `{RUN}-reader`: Anything: AccessDenied" in lines


def test_what_cannot_be_listed_may_be_left(account: Account) -> None:
    account._clients["lambda", account.region] = Denied()
    lines: list[str] = []
    (left,) = leftovers.remove(account, RUN, lines.append)
    assert left == "Lambda function: cannot be listed: Anything: AccessDenied"
    assert left in lines


def test_key_whose_policy_hides_it_is_not_of_the_run(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.client("kms").create_key(Description=f"secrets of {RUN}/verify ({RUN})")
    denied = ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeKey")
    monkeypatch.setattr(account.client("kms"), "describe_key", raising(denied))
    assert leftovers.remove(account, RUN, ignore) == []


def test_key_that_cannot_be_described_for_another_reason_may_be_left(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.client("kms").create_key(Description="any")
    throttled = ClientError({"Error": {"Code": "ThrottlingException"}}, "DescribeKey")
    monkeypatch.setattr(account.client("kms"), "describe_key", raising(throttled))
    assert leftovers.remove(account, RUN, ignore) == [
        "KMS key: cannot be listed: DescribeKey: ThrottlingException"
    ]


def test_one_kind_that_cannot_be_listed_keeps_no_other_from_its_removal(account: Account) -> None:
    create_everything(account, RUN)
    account._clients["events", account.region] = Denied()
    leftovers.remove(account, RUN, ignore)
    assert list(account.client("secretsmanager").list_secrets()["SecretList"]) == []


@pytest.mark.parametrize("name", ["try/prod/a", f"{RUN}/verify/a", "try"])
def test_existing_secret_below_the_prefix_is_found(account: Account, name: str) -> None:
    account.client("secretsmanager").create_secret(Name=name, SecretString="x")
    assert [one.name for one in leftovers.existing(account, "try")] == [name]
    assert leftovers.existing(account, "tr") == []


def test_secret_that_waits_for_its_deletion_exists(account: Account) -> None:
    account.client("secretsmanager").create_secret(Name="try/a", SecretString="x")
    account.client("secretsmanager").delete_secret(SecretId="try/a")
    assert [one.kind.label for one in leftovers.existing(account, "try")] == ["secret"]


def test_alias_role_and_function_exist_as_well(account: Account) -> None:
    create_everything(account, "try")
    kinds = {one.kind.label for one in leftovers.existing(account, "try")}
    assert kinds == {"secret", "KMS alias", "role", "Lambda function"}
