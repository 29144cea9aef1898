"""Finds and removes what a run has created, by the names that all of it begins with.

Whatever the deployment itself has not removed is removed here: after a run that was killed that is
everything. Each name is checked once more right before its deletion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from verify.account import REFUSALS, Account, error_code, reason
from verify.maps import WINDOW
from verify.names import RULE_PREFIX, belongs, is_about
from verify.waiting import wait_for

_GONE_SECONDS = 180
"""Secrets Manager deletes in the background: "the deletion ... is asynchronous"
(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html)."""

_PENDING = ("PendingDeletion", "PendingReplicaDeletion")

Report = Callable[[str], None]


class NotOursError(Exception):
    """Something to be removed is not of the run; nothing is removed."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something that a run has created.

    Attributes:
        kind: what it is.
        name: how AWS's API identifies it.
        shown: the text that says whose it is: its name, or the description of a key or rule.
    """

    kind: Kind
    name: str
    shown: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of what a run creates.

    Attributes:
        label: what a user calls it.
        list: yields what begins with a run's name, or a prefix, as name and text shown.
        remove: removes it, with all that keeps AWS from removing it.
        command: what a user can run instead.
    """

    label: str
    list: Callable[[Account, str], Iterator[tuple[str, str]]]
    remove: Callable[[Account, str], None]
    command: str


def existing(account: Account, prefix: str) -> list[Found]:
    """Return the secrets, aliases, roles and functions whose names begin with a prefix.

    Secrets that are scheduled for deletion count: their names are taken.

    Raises:
        ClientError: AWS refuses; the same lists are needed to remove everything again.
    """
    found: list[Found] = []
    for kind in (_SECRETS, _ALIASES, _ROLES, _FUNCTIONS):
        found += _found(account, kind, prefix)

    return found


def remove(account: Account, run: str, report: Report) -> list[str]:
    """Remove everything of a run; return a line for each thing that is left.

    Args:
        account: the account of the run.
        run: the name of the run.
        report: receives a line for each thing that is removed.
    """
    for kind in KINDS:
        try:
            for found in _found(account, kind, run):
                _remove_one(account, found, run, report)
        except REFUSALS as error:
            report(f"{kind.label}: cannot be listed: {reason(error)}")

    # Nothing left is an empty list, so wait for its contrary.
    last: list[str] = []

    def is_empty() -> bool:
        last[:] = _left(account, run)
        return not last

    wait_for(is_empty, _GONE_SECONDS, pause=3)
    return last


def _found(account: Account, kind: Kind, start: str) -> list[Found]:
    return [Found(kind, name, shown) for name, shown in kind.list(account, start)]


def _remove_one(account: Account, found: Found, run: str, report: Report) -> None:
    if not belongs(found.shown, run) and not is_about(found.shown, run):
        msg = f"{found.kind.label} `{found.name}` is not of `{run}`"
        raise NotOursError(msg)

    try:
        found.kind.remove(account, found.name)
    except REFUSALS as error:
        report(f"cannot remove {found.kind.label} `{found.name}`: {reason(error)}")
    else:
        report(f"removed {found.kind.label} `{found.name}`")


def _left(account: Account, run: str) -> list[str]:
    lines = []
    for kind in KINDS:
        try:
            for found in _found(account, kind, run):
                command = kind.command.format(name=found.name, days=WINDOW)
                lines.append(f"{kind.label} `{found.name}`: {command} --region {account.region}")
        except REFUSALS as error:
            lines.append(f"{kind.label}: cannot be listed: {reason(error)}")

    return lines


def _pages(client: Any, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 # boto3's clients
    yield from client.get_paginator(operation).paginate(**arguments)


def _named(
    service: str, operation: str, listed: str, name: str, account: Account, start: str
) -> Iterator[tuple[str, str]]:
    """Yield the names of one list that begin with a name."""
    for page in _pages(account.client(service), operation):
        for one in page[listed]:
            if belongs(one[name], start):
                yield one[name], one[name]


def _secrets(account: Account, start: str) -> Iterator[tuple[str, str]]:
    names = {"Key": "name", "Values": [start]}
    client = account.client("secretsmanager")
    for page in _pages(client, "list_secrets", Filters=[names], IncludePlannedDeletion=True):
        for secret in page["SecretList"]:
            if belongs(secret["Name"], start):
                yield secret["Name"], secret["Name"]


def _remove_secret(account: Account, name: str) -> None:
    client = account.client("secretsmanager")
    replicas = client.describe_secret(SecretId=name).get("ReplicationStatus") or []
    regions = [replica["Region"] for replica in replicas]
    if regions:
        client.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=regions)

    client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def _log_groups(account: Account, start: str) -> Iterator[tuple[str, str]]:
    client = account.client("logs")
    for begin in (start, f"/aws/lambda/{start}"):
        for page in _pages(client, "describe_log_groups", logGroupNamePrefix=begin):
            for group in page["logGroups"]:
                if belongs(group["logGroupName"], start):
                    yield group["logGroupName"], group["logGroupName"]


def _rules(account: Account, start: str) -> Iterator[tuple[str, str]]:
    """Yield a run's own rules, and the product's rules about its secrets."""
    client = account.client("events")
    for begin in (start, RULE_PREFIX):
        for page in _pages(client, "list_rules", NamePrefix=begin):
            for rule in page["Rules"]:
                description = rule.get("Description") or ""
                if belongs(rule["Name"], start):
                    yield rule["Name"], rule["Name"]
                elif is_about(description, start):
                    yield rule["Name"], description


def _remove_rule(account: Account, name: str) -> None:
    client = account.client("events")
    targets = client.list_targets_by_rule(Rule=name)["Targets"]
    if targets:
        client.remove_targets(Rule=name, Ids=[target["Id"] for target in targets])

    client.delete_rule(Name=name)


def _remove_role(account: Account, name: str) -> None:
    client = account.client("iam")
    for policy in client.list_role_policies(RoleName=name)["PolicyNames"]:
        client.delete_role_policy(RoleName=name, PolicyName=policy)

    for attached in client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        client.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])

    client.delete_role(RoleName=name)


def _policies(account: Account, start: str) -> Iterator[tuple[str, str]]:
    for page in _pages(account.client("iam"), "list_policies", Scope="Local"):
        for policy in page["Policies"]:
            if belongs(policy["PolicyName"], start):
                yield policy["Arn"], policy["PolicyName"]


def _remove_policy(account: Account, arn: str) -> None:
    client = account.client("iam")
    for version in client.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            client.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])

    client.delete_policy(PolicyArn=arn)


def _keys(account: Account, start: str) -> Iterator[tuple[str, str]]:
    """Yield the keys about a run's secrets that are not waiting for their deletion yet."""
    client = account.client("kms")
    for page in _pages(client, "list_keys"):
        for key in page["Keys"]:
            try:
                found = client.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
            except ClientError as error:
                # A key's own policy may hide it; those that the caller has created are described.
                if error_code(error) == "AccessDeniedException":
                    continue

                raise

            description = found.get("Description") or ""
            if is_about(description, start) and found["KeyState"] not in _PENDING:
                yield key["KeyId"], description


def _remove_key(account: Account, key: str) -> None:
    """Schedule the deletion of a key and of its replicas; AWS deletes none earlier."""
    found = account.client("kms").describe_key(KeyId=key)["KeyMetadata"]
    replicas = found.get("MultiRegionConfiguration", {}).get("ReplicaKeys", [])
    for region in [*(replica["Region"] for replica in replicas), account.region]:
        client = account.client("kms", region)  # all replicas of a key have its id
        if client.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] not in _PENDING:
            client.schedule_key_deletion(KeyId=key, PendingWindowInDays=WINDOW)


_SECRETS = Kind(
    "secret",
    _secrets,
    _remove_secret,
    "aws secretsmanager delete-secret --force-delete-without-recovery --secret-id {name}",
)
_ALIASES = Kind(
    "KMS alias",
    partial(_named, "kms", "list_aliases", "Aliases", "AliasName"),
    lambda account, name: account.client("kms").delete_alias(AliasName=name),
    "aws kms delete-alias --alias-name {name}",
)
_ROLES = Kind(
    "role",
    partial(_named, "iam", "list_roles", "Roles", "RoleName"),
    _remove_role,
    "aws iam delete-role --role-name {name}",
)
_FUNCTIONS = Kind(
    "Lambda function",
    partial(_named, "lambda", "list_functions", "Functions", "FunctionName"),
    lambda account, name: account.client("lambda").delete_function(FunctionName=name),
    "aws lambda delete-function --function-name {name}",
)
KINDS = (
    Kind(
        "EventBridge rule",
        _rules,
        _remove_rule,
        "aws events delete-rule --name {name}",
    ),
    _FUNCTIONS,
    _ROLES,
    Kind(
        "IAM policy",
        _policies,
        _remove_policy,
        "aws iam delete-policy --policy-arn {name}",
    ),
    Kind(
        "log group",
        _log_groups,
        lambda account, name: account.client("logs").delete_log_group(logGroupName=name),
        "aws logs delete-log-group --log-group-name {name}",
    ),
    _SECRETS,
    _ALIASES,
    Kind(
        "KMS key",
        _keys,
        _remove_key,
        "aws kms schedule-key-deletion --pending-window-in-days {days} --key-id {name}",
    ),
)
"""In the order of their removal: what calls others goes before them."""
