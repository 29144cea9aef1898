"""KMS itself: the key policies that it accepts, and what a key's state allows.

Sources: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html,
key-state.html and multi-region-keys-delete.html. AWS's texts about policies:
awslabs/minimum-viable-dataspace-on-aws#6 and terraform-aws-modules/terraform-aws-kms#14; about a
key that waits for its deletion: segmentio/chamber#355.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms import models
from moto.kms.exceptions import AlreadyExistsException, ValidationException
from moto.kms.responses import KmsResponse
from moto.sts.models import sts_backends

from sandbox.rules import grants, principals

_PENDING = ("PendingDeletion", "PendingReplicaDeletion")
_MIN_DAYS, _MAX_DAYS = 7, 30
_PUT_POLICY = "kms:PutKeyPolicy"


class MalformedKeyPolicyError(JsonRESTError):  # type: ignore[misc] # moto has no types
    """AWS's answer to a key policy that it does not accept."""

    def __init__(self, text: str) -> None:
        """Keep AWS's text."""
        super().__init__("MalformedPolicyDocumentException", text)


class KeyStateError(JsonRESTError):  # type: ignore[misc] # moto has no types
    """AWS's answer to what a key's state does not allow."""

    def __init__(self, text: str) -> None:
        """Keep AWS's text."""
        super().__init__("KMSInvalidStateException", text)


class StrictKms(models.KmsBackend):  # type: ignore[misc] # moto has no types
    """moto's KMS with AWS's refusals."""

    __module__ = models.__name__  # moto finds a service's URLs by its backend's module

    def create_key(self, policy: str | None, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 # moto's signature
        """Create a key, and note the IDs of those whom its policy names."""
        key = super().create_key(policy, *arguments, **named)
        key.principal_ids = _ids(key)
        return key

    def replicate_key(self, key_id: str, replica_region: str) -> Any:  # noqa: ANN401 # moto's class
        """Replicate a multi-Region key into a region that has no replica of it, even a dying one.

        Policy, description and tags of a replica are its own (ReplicateKey).
        """
        key_id = self.get_key_id(key_id)
        self._refuse_pending(key_id)
        primary = self.keys[key_id]
        if not primary.multi_region:
            raise JsonRESTError(
                "UnsupportedOperationException", f"{primary.arn} is not a multi-Region key."
            )

        if key_id in models.kms_backends[self.account_id][replica_region].keys:
            raise AlreadyExistsException(
                "The request was rejected because it attempted to create a resource that already "
                "exists."
            )

        replica = super().replicate_key(key_id, replica_region)
        replica.aliases = {}  # moto's copy has its primary's
        replica.description = ""
        related = copy.deepcopy(primary.multi_region_configuration)  # shared with it otherwise
        replica.multi_region_configuration = {**related, "MultiRegionKeyType": "REPLICA"}
        return replica

    def put_key_policy(self, key_id: str, policy: str) -> None:
        """Set a key's policy."""
        self._refuse_pending(key_id)
        super().put_key_policy(key_id, policy)
        key = self.keys[self.get_key_id(key_id)]
        key.principal_ids = _ids(key)

    def get_key_policy(self, key_id: str) -> str:
        """Show a policy as AWS does, with the ID of each role or user that is gone."""
        key = self.keys[self.get_key_id(key_id)]
        return json.dumps(
            principals.shown(json.loads(key.policy), key.principal_ids, self.account_id)
        )

    def schedule_key_deletion(self, key_id: str, pending_window_in_days: int) -> float | None:
        """Schedule a deletion; a primary key waits for its replicas first, without a date.

        The window is from 7 to 30 days (ScheduleKeyDeletion); moto ignores a call with another.
        """
        if not _MIN_DAYS <= pending_window_in_days <= _MAX_DAYS:
            raise ValidationException(
                f"PendingWindowInDays must be between {_MIN_DAYS} and {_MAX_DAYS}, inclusive."
            )

        key_id = self.get_key_id(key_id)
        self._refuse_pending(key_id)
        key = self.keys[key_id]
        if self._has_replicas(key):
            key.enabled, key.key_state = False, "PendingReplicaDeletion"
            return None

        date: float = super().schedule_key_deletion(key_id, pending_window_in_days)
        return date

    def cancel_key_deletion(self, key_id: str) -> None:
        """Cancel a deletion; the key is disabled then."""
        key_id = self.get_key_id(key_id)
        if self.keys[key_id].key_state not in _PENDING:
            raise KeyStateError(f"{self.keys[key_id].arn} is not pending deletion.")

        super().cancel_key_deletion(key_id)

    def enable_key(self, key_id: str) -> None:
        """Enable a key."""
        self._refuse_pending(key_id)
        super().enable_key(self.get_key_id(key_id))

    def disable_key(self, key_id: str) -> None:
        """Disable a key."""
        self._refuse_pending(key_id)
        super().disable_key(self.get_key_id(key_id))

    def update_key_description(self, key_id: str, description: str) -> None:
        """Describe a key."""
        self._refuse_pending(key_id)
        super().update_key_description(key_id, description)

    def enable_key_rotation(self, key_id: str) -> None:
        """Turn rotation on."""
        self._refuse_pending(key_id)
        super().enable_key_rotation(key_id)

    def disable_key_rotation(self, key_id: str) -> None:
        """Turn rotation off."""
        self._refuse_pending(key_id)
        super().disable_key_rotation(key_id)

    def create_alias(self, target_key_id: str, alias_name: str) -> Any:  # noqa: ANN401 # moto's class
        """Create an alias of a key."""
        self._refuse_pending(target_key_id)
        return super().create_alias(target_key_id, alias_name)

    def update_alias(self, target_key_id: str, alias_name: str) -> Any:  # noqa: ANN401 # moto's class
        """Point an alias at a key."""
        self._refuse_pending(target_key_id)
        return super().update_alias(target_key_id, alias_name)

    def check_policy(self, policy: str, caller: str, *, may_lock_out: bool) -> None:
        """Refuse a policy that is none, names nobody, or locks the caller out of the key.

        "The key policy must allow the calling principal to make a subsequent PutKeyPolicy request
        on the KMS key" (CreateKey), unless `BypassPolicyLockoutSafetyCheck` is set.
        """
        try:
            document = json.loads(policy)
            statements = principals.statements_of(document)
            unknown = principals.unsupported(document, self.account_id)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise MalformedKeyPolicyError(
                "The request was rejected because the specified policy is not syntactically or "
                "semantically correct."
            ) from None

        if unknown:
            raise MalformedKeyPolicyError(
                "Policy contains a statement with one or more invalid principals."
            )

        names = (caller, self.account_id, f"arn:aws:iam::{self.account_id}:root")
        context = {"aws:PrincipalArn": caller, "aws:PrincipalAccount": self.account_id}
        if not may_lock_out and not grants.allow(statements, names, _PUT_POLICY, "*", context):
            raise MalformedKeyPolicyError(
                "The new key policy will not allow you to update the key policy in the future."
            )

    def _refuse_pending(self, key_id: str) -> None:
        key = self.keys.get(self.get_key_id(key_id))
        if key is not None and key.key_state in _PENDING:
            raise KeyStateError(f"{key.arn} is pending deletion.")

    def _has_replicas(self, key: Any) -> bool:  # noqa: ANN401 # moto's class
        """Return whether a key is a primary one with replicas, dying ones included."""
        if not key.multi_region or key.multi_region_configuration["PrimaryKey"]["Arn"] != key.arn:
            return False

        regions = models.kms_backends[self.account_id]
        return any(key.id in kms.keys for region, kms in regions.items() if region != key.region)


def _ids(key: Any) -> dict[str, str]:  # noqa: ANN401 # moto's class
    return principals.ids(json.loads(key.policy), key.account_id)


def _check_policy(response: Any) -> None:  # noqa: ANN401 # moto's class
    """Check the policy of a request, whose caller moto's backend does not know."""
    policy = response._get_param("Policy")
    if not policy:
        return

    backend = response.kms_backend
    sts = sts_backends[backend.account_id]["aws"]
    _, caller, _ = sts.get_caller_identity(response.get_access_key(), backend.region_name)
    may_lock_out = response._get_bool_param("BypassPolicyLockoutSafetyCheck", if_none=False)
    backend.check_policy(policy, _role_of(caller), may_lock_out=may_lock_out)


def _role_of(caller: str) -> str:
    """Return the ARN by which a policy names a caller; a session's is its role's."""
    start, _, session = caller.partition(":assumed-role/")
    if not session:
        return caller

    return f"{start.replace(':sts:', ':iam:')}:role/{session.partition('/')[0]}"


def _create_key(response: Any) -> Any:  # noqa: ANN401 # moto's class
    _check_policy(response)
    return _PLAIN_CREATE_KEY(response)


def _put_key_policy(response: Any) -> Any:  # noqa: ANN401 # moto's class
    _check_policy(response)
    return _PLAIN_PUT_KEY_POLICY(response)


def _replicate_key(response: Any) -> Any:  # noqa: ANN401 # moto's class
    """Give a replica the policy, description and tags of the request, which moto does not read."""
    _check_policy(response)
    answer = json.loads(_PLAIN_REPLICATE_KEY(response))
    policy = response._get_param("Policy")
    metadata = answer["ReplicaKeyMetadata"]
    region = metadata["Arn"].split(":")[3]
    kms = models.kms_backends[response.kms_backend.account_id][region]
    key = kms.keys[metadata["KeyId"]]
    kms.put_key_policy(key.id, policy or key.generate_default_policy())
    kms.tagger.tag_resource(key.id, response._get_param("Tags") or [])
    key.description = response._get_param("Description") or ""
    answer["ReplicaKeyMetadata"] = key.to_dict()["KeyMetadata"]
    return json.dumps(answer)


_PLAIN_CREATE_KEY = KmsResponse.create_key
_PLAIN_PUT_KEY_POLICY = KmsResponse.put_key_policy
_PLAIN_REPLICATE_KEY = KmsResponse.replicate_key


def install() -> None:
    """Put the rules in place; to be called before the first request."""
    models.kms_backends.backend = StrictKms
    KmsResponse.create_key = _create_key
    KmsResponse.put_key_policy = _put_key_policy
    KmsResponse.replicate_key = _replicate_key
