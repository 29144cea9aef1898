"""The secrets that the AWS account holds under a map's names, listed with the AWS SDK.

No function of Pulumi's provider shows a secret that is scheduled for deletion, or tells a filled
secret from an empty one. ListSecrets does both, a hundred secrets a call
(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from secrets_component.planning.plan import Plan
from secrets_component.secret_map.names import level_prefix

if TYPE_CHECKING:
    import boto3

_FILTER_VALUES = 10  # AWS: "Filters ... Values: Maximum number of 10 items"


class AccountError(Exception):
    """The account cannot be queried; the message is one line that explains why."""


@dataclass(frozen=True, slots=True)
class HeldSecret:
    """A secret as the account holds it.

    Attributes:
        deletion: when it is deleted for good, where it is scheduled for deletion.
        is_filled: whether it has a current value.
        next_rotation: the latest time of its next rotation, as ISO 8601 in UTC, where it rotates.
        service: the AWS service that manages the secret and rotates it, such as `rds`.
        kms_key: the key that encrypts it; None for the AWS-managed key, which AWS leaves out.
    """

    name: str
    arn: str
    deletion: datetime | None
    is_filled: bool
    next_rotation: str | None
    service: str | None
    kms_key: str | None = None


class Inventory:
    """The secrets of one account and region, with the credentials that the AWS CLI would use."""

    def __init__(self, region: str | None = None, **credentials: str | None) -> None:
        """Connect.

        Args:
            region: the region; default: the SDK's own (`AWS_REGION`, profile).
            credentials: what `boto3.Session` takes (`profile_name`, `aws_access_key_id`, …).

        Raises:
            AccountError: the profile does not exist, or no region is set.
        """
        import boto3  # noqa: PLC0415 # `validate` must start without it
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        try:
            self._session: boto3.Session = boto3.Session(region_name=region, **credentials)
            self._secrets: Any = self._session.client("secretsmanager")
        except BotoCoreError as error:
            raise AccountError(str(error)) from None

    def account(self) -> str:
        """Return the account's twelve digits.

        Raises:
            AccountError: AWS does not answer, or refuses.
        """
        return str(_answer_of(self._session.client("sts").get_caller_identity)["Account"])

    def secrets_of(self, plan: Plan) -> dict[str, HeldSecret]:
        """Return what the account holds under the names of a plan, by name.

        Raises:
            AccountError: AWS does not answer, or refuses; it needs `secretsmanager:ListSecrets`.
        """
        wanted = {secret.name for secret in plan.secrets.values()}
        return {secret.name: secret for secret in self._listed(plan) if secret.name in wanted}

    def is_empty(self, arn: str) -> bool:
        """Return whether a secret has no current value at this moment.

        AWS, of ListSecrets: "it might not reflect changes from the last five minutes. To get the
        latest information for a specific secret, use DescribeSecret"
        (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html).

        Raises:
            AccountError: AWS does not answer, or refuses; it needs `secretsmanager:DescribeSecret`.
        """
        found = _answer_of(self._secrets.describe_secret, SecretId=arn)
        return not _has_current(found.get("VersionIdsToStages") or {})

    def restore(self, secret: HeldSecret) -> None:
        """Restore a secret from its scheduled deletion, with all its values.

        Raises:
            AccountError: AWS does not answer, or refuses; it needs `secretsmanager:RestoreSecret`.
        """
        _answer_of(self._secrets.restore_secret, SecretId=secret.arn)

    def _listed(self, plan: Plan) -> Iterator[HeldSecret]:
        paginator = self._secrets.get_paginator("list_secrets")
        prefixes = _name_prefixes(plan)
        for start in range(0, len(prefixes), _FILTER_VALUES):
            names = {"Key": "name", "Values": prefixes[start : start + _FILTER_VALUES]}
            pages = paginator.paginate(Filters=[names], IncludePlannedDeletion=True)
            for page in _answer_of(lambda pages=pages: list(pages)):
                for listed in page["SecretList"]:
                    yield _held_secret(listed)


def _name_prefixes(plan: Plan) -> list[str]:
    """Return the level of a map, and the names of what it adopts from elsewhere."""
    level = level_prefix(plan.context, plan.environment)
    elsewhere = set()
    for secret in plan.secrets.values():
        if not secret.name.startswith(level):
            elsewhere.add(secret.name)

    return [level, *sorted(elsewhere)]


def _answer_of(operation: Any, **arguments: str) -> Any:  # noqa: ANN401 # boto3 makes its methods at run time
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        return operation(**arguments)
    except (BotoCoreError, ClientError) as error:
        raise AccountError(str(error)) from None


def _held_secret(listed: Mapping[str, Any]) -> HeldSecret:
    return HeldSecret(
        name=listed["Name"],
        arn=listed["ARN"],
        deletion=listed.get("DeletedDate"),
        is_filled=_has_current(listed.get("SecretVersionsToStages") or {}),
        next_rotation=_next_rotation(listed),
        service=listed.get("OwningService"),
        kms_key=listed.get("KmsKeyId") or None,
    )


def _has_current(versions: Mapping[str, Sequence[str]]) -> bool:
    return any("AWSCURRENT" in labels for labels in versions.values())


def _next_rotation(listed: Mapping[str, Any]) -> str | None:
    time: datetime | None = listed.get("NextRotationDate")
    if time is None or not listed.get("RotationEnabled"):
        return None

    return time.astimezone(UTC).isoformat(timespec="minutes")
