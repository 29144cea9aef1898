"""The secrets that the AWS account holds for a map, listed with the AWS SDK.

No function of Pulumi's provider shows a secret that is scheduled for deletion, tells a filled
secret from an empty one, or finds a secret by its tags. ListSecrets does all three, a hundred
secrets a call
(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from secrets_component.lookups.marks import STATE_TAG, WHOLE_VALUE_LABELS, Mark
from secrets_component.planning.plan import Plan
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY
from secrets_component.secret_map.names import level_prefix

if TYPE_CHECKING:
    import boto3

_FILTER_VALUES = 10  # AWS: "Filters ... Values: Maximum number of 10 items"
_ATTEMPTS = 8  # with the SDK's waits, about half a minute
_REFUSALS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
    }
)
"""https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html; any other error
may be gone in the next run."""

_UNKNOWN = frozenset({"NotFoundException", "ResourceNotFoundException"})


class AccountError(Exception):
    """The account cannot be queried; the message is one line that explains why.

    Attributes:
        is_lasting: credentials or rights are missing, so the next run would fail in the same way.
        code: AWS's code for the refusal, such as `AccessDeniedException`, or the name of the SDK's
            own error, such as `NoCredentialsError`.
        is_answer: AWS has answered, and refused; others of its operations may be allowed.
    """

    def __init__(
        self,
        message: str,
        *,
        is_lasting: bool = False,
        code: str = "",
        is_answer: bool = False,
    ) -> None:
        """Keep the first line of the message."""
        super().__init__(message.partition("\n")[0])
        self.is_lasting = is_lasting
        self.code = code
        self.is_answer = is_answer

    @property
    def is_absent(self) -> bool:
        """Whether what was asked for does not exist."""
        return self.code in _UNKNOWN


@dataclass(frozen=True, slots=True)
class HeldSecret:
    """A secret as the account holds it.

    Attributes:
        deletion: when it is deleted for good, where it is scheduled for deletion.
        is_filled: whether it has a current value.
        next_rotation: the latest time of its next rotation, as ISO 8601 in UTC, where it rotates.
        service: the AWS service that manages the secret and rotates it, such as `rds`.
        kms_key: the key that encrypts it; None for the AWS-managed key, which AWS leaves out.
        tags: its tags by key.
        labels: the staging labels of each version, by the version's id.
        created: when it was created.
        changed: when its value or any of its properties last changed.
        description: its description; empty for none.
        rotates: whether automatic rotation is on.
        function: the ARN of the function that rotates it, also where rotation is off again.
        last_rotation: when a rotation last succeeded.
        last_read: the day on which its value was last read; None if it never was.
    """

    name: str
    arn: str
    deletion: datetime | None
    is_filled: bool
    next_rotation: str | None
    service: str | None
    kms_key: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    created: datetime | None = None
    changed: datetime | None = None
    description: str = ""
    rotates: bool = False
    function: str | None = None
    last_rotation: datetime | None = None
    last_read: datetime | None = None

    @property
    def mark(self) -> Mark | None:
        """The map and entry that it belongs to; None if it belongs to none."""
        return Mark.of(self.tags)

    @property
    def has_own_key(self) -> bool:
        """Whether another key than the AWS-managed one encrypts it."""
        return self.kms_key is not None and not self.kms_key.endswith(AWS_MANAGED_KEY)

    @property
    def current_version(self) -> str | None:
        """The id of the version that readers get; None if the secret is empty."""
        for version, labels in self.labels.items():
            if "AWSCURRENT" in labels:
                return version

        return None

    @property
    def pending_version(self) -> str | None:
        """The id of the version that a rotation has begun and not made the current one.

        AWS refuses to rotate again while there is one
        (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html).
        """
        for version, labels in self.labels.items():
            if "AWSPENDING" in labels and "AWSCURRENT" not in labels:
                return version

        return None

    @property
    def is_value_of_map(self) -> bool:
        """Whether the whole current value is the one that a map wrote last."""
        current = self.current_version
        return current is not None and not WHOLE_VALUE_LABELS.isdisjoint(self.labels[current])


def region_of_environment() -> str | None:
    """Return the region that the AWS CLI, Pulumi and all SDKs but boto3 read (`AWS_REGION`).

    boto3 reads `AWS_DEFAULT_REGION` alone (`botocore/configprovider.py`).
    """
    return os.environ.get("AWS_REGION") or None


class Inventory:
    """The secrets of one account and region, with the credentials that the AWS CLI would use."""

    def __init__(
        self,
        region: str | None = None,
        roles: Sequence[Mapping[str, Any]] = (),
        attempts: int = _ATTEMPTS,
        /,
        **credentials: str | None,
    ) -> None:
        """Connect.

        Args:
            region: the region; default: the SDK's own (`AWS_DEFAULT_REGION`, profile).
            roles: roles to assume one after the other, as in the provider's `assumeRoles`
                (`roleArn`, `sessionName`, `externalId`).
            attempts: how often a call is made before its failure counts.
            credentials: what `boto3.Session` takes (`profile_name`, `aws_access_key_id`, …).

        Raises:
            AccountError: the profile does not exist, no region is set or a wrong one, or a role is
                refused.
        """
        import boto3  # noqa: PLC0415 # `validate` must start without it
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        self._clients: dict[str, Any] = {}
        self._opening = threading.Lock()  # "Session objects are not thread safe" (boto3)
        self._config: Any = Config(
            retries={"mode": "adaptive", "total_max_attempts": attempts},
            connect_timeout=10,
            read_timeout=30,
        )
        try:
            self._session: boto3.Session = boto3.Session(region_name=region, **credentials)
            self._secrets: Any = self._client("secretsmanager")
        except (BotoCoreError, ValueError) as error:  # an endpoint that is no URL is a ValueError
            raise AccountError(str(error), is_lasting=True, code=type(error).__name__) from None

        for role in roles:
            self._assume(role)

    def in_region(self, region: str) -> Inventory:
        """Return the same account's secrets in another region."""
        found = self._session.get_credentials()
        if found is None:
            return Inventory(region)

        keys = found.get_frozen_credentials()
        return Inventory(
            region,
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            aws_session_token=keys.token,
        )

    @property
    def region(self) -> str:
        """The region whose secrets are listed."""
        return str(self._session.region_name)

    def account(self) -> str:
        """Return the account's twelve digits.

        Raises:
            AccountError: AWS does not answer, or refuses.
        """
        return str(_answer_of(self._client("sts").get_caller_identity)["Account"])

    def secrets_of(self, plan: Plan) -> dict[str, HeldSecret]:
        """Return what the account holds under the names of a plan, by name.

        Raises:
            AccountError: AWS does not answer, or refuses; it needs `secretsmanager:ListSecrets`.
        """
        return self.named(plan, {secret.name for secret in plan.secrets.values()})

    def named(self, plan: Plan, names: Iterable[str]) -> dict[str, HeldSecret]:
        """Return what the account holds under some of a plan's names, by name.

        Raises:
            AccountError: as `secrets_of`.
        """
        wanted = frozenset(names)
        prefixes = sorted(wanted)
        if len(prefixes) > _FILTER_VALUES:
            prefixes = _shared_prefixes(plan, prefixes)

        found = {}
        for start in range(0, len(prefixes), _FILTER_VALUES):
            for secret in self._listed("name", prefixes[start : start + _FILTER_VALUES]):
                if secret.name in wanted:
                    found[secret.name] = secret

        return found

    def ask(self, service: str, operation: str, **arguments: object) -> Any:  # noqa: ANN401 # any answer
        """Return the answer of one operation of an AWS service, named as in boto3.

        Raises:
            AccountError: AWS does not answer, or refuses.
        """
        return _answer_of(getattr(self._client(service), operation), **arguments)

    def regions(self) -> list[str]:
        """Return the regions that have Secrets Manager, in the partition of this one."""
        partition = self._session.get_partition_for_region(self.region)
        return list(self._session.get_available_regions("secretsmanager", partition))

    def ask_in(self, region: str, service: str, operation: str, **arguments: object) -> Any:  # noqa: ANN401 # any answer
        """Return the answer of one operation in another region, after one attempt.

        Raises:
            AccountError: AWS does not answer, or refuses.
        """
        from botocore.config import Config  # noqa: PLC0415

        config = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5)
        session: Any = self._session
        with self._opening:
            client = session.client(service, region_name=region, config=config)

        return _answer_of(getattr(client, operation), **arguments)

    def pages(self, service: str, operation: str, **arguments: object) -> list[Any]:
        """Return all pages of an operation's answer.

        Raises:
            AccountError: AWS does not answer, or refuses.
        """
        pages = self._client(service).get_paginator(operation).paginate(**arguments)
        return list(_answer_of(lambda: list(pages)))

    def of_level(self, plan: Plan) -> list[HeldSecret]:
        """Return all secrets under a map's level, and those of its entries that are elsewhere.

        Raises:
            AccountError: as `secrets_of`.
        """
        level, *elsewhere = _shared_prefixes(plan, sorted(s.name for s in plan.secrets.values()))
        found = list(self._listed("name", [level]))
        for start in range(0, len(elsewhere), _FILTER_VALUES):
            names = elsewhere[start : start + _FILTER_VALUES]
            found += [secret for secret in self._listed("name", names) if secret.name in names]

        return found

    def resource_policy(self, arn: str) -> str | None:
        """Return a secret's resource policy as JSON; None if it has none.

        Raises:
            AccountError: AWS does not answer, or refuses; it needs
                `secretsmanager:GetResourcePolicy`.
        """
        found = _answer_of(self._secrets.get_resource_policy, SecretId=arn)
        policy: str | None = found.get("ResourcePolicy")
        return policy

    def of_state(self, state: str) -> list[HeldSecret]:
        """Return the secrets that carry the id of a map's state, whatever their names are.

        Raises:
            AccountError: as `secrets_of`.
        """
        listed = self._listed("tag-value", [state])  # of any key
        return [secret for secret in listed if secret.tags.get(STATE_TAG) == state]

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

    def key_state(self, key: str) -> str:
        """Return the state of a KMS key, such as `Enabled` or `PendingDeletion`.

        Raises:
            AccountError: AWS does not answer, or refuses; it needs `kms:DescribeKey`.
        """
        return str(self.ask("kms", "describe_key", KeyId=key)["KeyMetadata"]["KeyState"])

    def key_tags(self, key: str) -> dict[str, str]:
        """Return the tags of a KMS key.

        Raises:
            AccountError: AWS does not answer, or refuses; it needs `kms:ListResourceTags`.
        """
        pages = self._client("kms").get_paginator("list_resource_tags").paginate(KeyId=key)
        listed = _answer_of(pages.build_full_result)["Tags"]
        return {tag["TagKey"]: tag["TagValue"] for tag in listed}

    def keys_of_value(self, arn: str) -> set[str]:
        """Return the keys that a secret's current value is encrypted under.

        The AWS-managed key is `DefaultEncryptionKey`
        (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_SecretVersionsListEntry.html).

        Raises:
            AccountError: AWS does not answer, or refuses; it needs
                `secretsmanager:ListSecretVersionIds`.
        """
        asked = {"SecretId": arn}
        while True:
            page = _answer_of(self._secrets.list_secret_version_ids, **asked)
            keys = _keys_of_current(page["Versions"])
            if keys or "NextToken" not in page:
                return keys

            asked["NextToken"] = page["NextToken"]

    def key_id(self, key: str) -> str:
        """Return the id of a KMS key, given as `alias/…`, an id or an ARN.

        Raises:
            AccountError: AWS does not answer, or refuses; it needs `kms:DescribeKey`.
        """
        return str(self.ask("kms", "describe_key", KeyId=key)["KeyMetadata"]["KeyId"])

    def _assume(self, role: Mapping[str, Any]) -> None:
        import boto3  # noqa: PLC0415

        wanted = {"RoleArn": role["roleArn"]}
        wanted["RoleSessionName"] = role.get("sessionName") or "secretsmap"
        if role.get("externalId"):
            wanted["ExternalId"] = role["externalId"]

        given = _answer_of(self._client("sts").assume_role, **wanted)["Credentials"]
        self._session = boto3.Session(
            region_name=self._session.region_name,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )
        self._clients.clear()
        self._secrets = self._client("secretsmanager")

    def _client(self, service: str) -> Any:  # noqa: ANN401 # boto3 makes its clients at run time
        with self._opening:
            if service not in self._clients:
                self._clients[service] = self._session.client(service, config=self._config)

            return self._clients[service]

    def _listed(self, filtered_by: str, values: Sequence[str]) -> Iterator[HeldSecret]:
        paginator = self._secrets.get_paginator("list_secrets")
        wanted = {"Key": filtered_by, "Values": values}
        pages = paginator.paginate(Filters=[wanted], IncludePlannedDeletion=True, MaxResults=100)
        for page in _answer_of(lambda: list(pages)):
            for listed in page["SecretList"]:
                yield _held_secret(listed)


def _shared_prefixes(plan: Plan, names: Iterable[str]) -> list[str]:
    """Return the level of a map, and those of the names that are elsewhere."""
    level = level_prefix(plan.context, plan.environment)
    prefixes = [level]
    for name in names:
        if not name.startswith(level):
            prefixes.append(name)

    return prefixes


def _answer_of(operation: Callable[..., Any], **arguments: object) -> Any:  # noqa: ANN401 # boto3 makes its methods at run time
    from botocore.exceptions import (  # noqa: PLC0415
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        PartialCredentialsError,
    )

    try:
        return operation(**arguments)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        raise AccountError(
            str(error), is_lasting=code in _REFUSALS, code=code, is_answer=True
        ) from None
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise AccountError(str(error), is_lasting=True, code=type(error).__name__) from None
    except BotoCoreError as error:
        raise AccountError(str(error), code=type(error).__name__) from None


def described_secret(described: Mapping[str, Any]) -> HeldSecret:
    """Return a secret as DescribeSecret shows it, without ListSecrets' delay of minutes."""
    return _held_secret(
        {**described, "SecretVersionsToStages": described.get("VersionIdsToStages")}
    )


def _held_secret(listed: Mapping[str, Any]) -> HeldSecret:
    labels = listed.get("SecretVersionsToStages") or {}
    return HeldSecret(
        name=listed["Name"],
        arn=listed["ARN"],
        deletion=listed.get("DeletedDate"),
        is_filled=_has_current(labels),
        next_rotation=_next_rotation(listed),
        service=listed.get("OwningService"),
        kms_key=listed.get("KmsKeyId") or None,
        tags={tag["Key"]: tag["Value"] for tag in listed.get("Tags") or ()},
        labels=labels,
        created=listed.get("CreatedDate"),
        changed=listed.get("LastChangedDate"),
        description=listed.get("Description") or "",
        rotates=bool(listed.get("RotationEnabled")),
        function=listed.get("RotationLambdaARN") or None,
        last_rotation=listed.get("LastRotatedDate"),
        last_read=listed.get("LastAccessedDate"),
    )


def _keys_of_current(versions: Iterable[Mapping[str, Any]]) -> set[str]:
    for version in versions:
        if "AWSCURRENT" in version.get("VersionStages", ()):
            return set(version.get("KmsKeyIds", ()))

    return set()


def _has_current(versions: Mapping[str, Sequence[str]]) -> bool:
    return any("AWSCURRENT" in labels for labels in versions.values())


def _next_rotation(listed: Mapping[str, Any]) -> str | None:
    time: datetime | None = listed.get("NextRotationDate")
    if time is None:
        return None

    if not listed.get("RotationEnabled"):
        return None

    return time.astimezone(UTC).isoformat(timespec="minutes")
