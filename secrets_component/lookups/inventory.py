"""What the AWS account holds under a map's names, by the AWS SDK.

No function of Pulumi's provider shows a secret that is scheduled for deletion, or tells a filled
secret from an empty one. ListSecrets does both, a hundred secrets a call
(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from secrets_component.planning.plan import Plan

if TYPE_CHECKING:
    import boto3

_FILTER_VALUES = 10  # AWS: "Filters ... Values: Maximum number of 10 items"


class AccountError(Exception):
    """The account cannot be asked; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class HeldSecret:
    """A secret as the account holds it.

    Attributes:
        deletion: when it is deleted for good, where it is scheduled for deletion.
        is_filled: whether it has a current value.
        next_rotation: the latest time of its next rotation, as ISO 8601 in UTC, where it rotates.
        service: the AWS service that manages the secret and rotates it, such as `rds`.
    """

    name: str
    arn: str
    deletion: datetime | None
    is_filled: bool
    next_rotation: str | None
    service: str | None


class Inventory:
    """One account in one region, with the credentials that the AWS CLI would use."""

    def __init__(self, region: str | None = None, **credentials: str | None) -> None:
        """Connect.

        Args:
            region: the region; default: the SDK's own (`AWS_REGION`, profile).
            credentials: what `boto3.Session` takes (`profile_name`, `aws_access_key_id`, …).

        Raises:
            AccountError: there is no such profile, or no region.
        """
        import boto3  # noqa: PLC0415 # `validate` must start without it
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        try:
            self._session: boto3.Session = boto3.Session(region_name=region, **credentials)
            self._secrets: Any = self._session.client("secretsmanager")
        except BotoCoreError as error:
            raise AccountError(str(error)) from None

    def number(self) -> str:
        """Give the account's twelve digits.

        Raises:
            AccountError: AWS does not answer, or refuses.
        """
        return str(self._asked(self._session.client("sts").get_caller_identity)["Inventory"])

    def secrets_of(self, plan: Plan) -> dict[str, HeldSecret]:
        """Find what the account holds under the names of a plan, by name.

        Raises:
            AccountError: AWS does not answer, or refuses; it needs `secretsmanager:ListSecrets`.
        """
        wanted = {secret.name for secret in plan.secrets.values()}
        return {secret.name: secret for secret in self._listed(plan) if secret.name in wanted}

    def restore(self, secret: HeldSecret) -> None:
        """Take a secret back from its scheduled deletion, with all its values.

        Raises:
            AccountError: AWS does not answer, or refuses; it needs `secretsmanager:RestoreSecret`.
        """
        self._asked(self._secrets.restore_secret, SecretId=secret.arn)

    def _listed(self, plan: Plan) -> Iterator[HeldSecret]:
        below = f"{plan.context}/{plan.environment}/"
        elsewhere = (s.name for s in plan.secrets.values() if not s.name.startswith(below))
        prefixes = [below, *sorted(set(elsewhere))]
        for start in range(0, len(prefixes), _FILTER_VALUES):
            names = {"Key": "name", "Values": prefixes[start : start + _FILTER_VALUES]}
            pages = self._secrets.get_paginator("list_secrets").paginate(
                Filters=[names], IncludePlannedDeletion=True
            )
            for page in self._asked(lambda pages=pages: list(pages)):
                yield from map(_held, page["SecretList"])

    def _asked(self, operation: Any, **arguments: str) -> Any:  # noqa: ANN401 # boto3 makes its methods at run time
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            return operation(**arguments)
        except (BotoCoreError, ClientError) as error:
            raise AccountError(str(error)) from None


def _held(listed: Mapping[str, Any]) -> HeldSecret:
    labels = (listed.get("SecretVersionsToStages") or {}).values()
    return HeldSecret(
        name=listed["Name"],
        arn=listed["ARN"],
        deletion=listed.get("DeletedDate"),
        is_filled=any("AWSCURRENT" in stages for stages in labels),
        next_rotation=_in_utc(listed["NextRotationDate"])
        if listed.get("RotationEnabled") and listed.get("NextRotationDate")
        else None,
        service=listed.get("OwningService"),
    )


def _in_utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="minutes")
