"""KMS keys of their own: replicas in other Regions, and deletion.

Source: the API reference of ReplicateKey and ScheduleKeyDeletion
(https://docs.aws.amazon.com/kms/latest/APIReference/). Keys that other services use are in
`sandbox.rules.kms`.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms.exceptions import AlreadyExistsException, NotFoundException, ValidationException
from moto.kms.models import KmsBackend, kms_backends
from moto.kms.responses import KmsResponse

MIN_WINDOW_DAYS, MAX_WINDOW_DAYS = 7, 30


def _replicate_key(backend: Any, key_id: str, replica_region: str) -> Any:  # noqa: ANN401 # moto's method
    """Replicate a multi-Region key into a Region that has no replica of it.

    A replica's policy and description are its own: "The key policy is not a shared property of
    multi-Region keys", nor is the description.
    """
    key = backend.keys.get(backend.any_id_to_key_id(key_id))
    if key is None:
        raise NotFoundException(f"Key '{key_id}' does not exist")

    if not key.multi_region:
        raise JsonRESTError("UnsupportedOperationException", f"{key.arn} is not a multi-Region key")

    if key.id in kms_backends[backend.account_id][replica_region].keys:
        raise AlreadyExistsException(f"{key.arn} already exists in {replica_region}")

    replica = _PLAIN_REPLICATE_KEY(backend, key.id, replica_region)
    related = copy.deepcopy(key.multi_region_configuration)  # shared with the primary otherwise
    related["MultiRegionKeyType"] = "REPLICA"
    replica.multi_region_configuration = related
    replica.description = ""
    replica.policy = replica.generate_default_policy()
    return replica


def _answer_replicate_key(response: Any) -> str:  # noqa: ANN401 # moto's class
    """Honour Policy and Description, which moto's own method does not read."""
    replica = response.kms_backend.replicate_key(
        response._get_param("KeyId"), response._get_param("ReplicaRegion")
    )
    replica.description = response._get_param("Description") or ""
    replica.policy = response._get_param("Policy") or replica.policy
    shown = {
        "ReplicaKeyMetadata": replica.to_dict()["KeyMetadata"],
        "ReplicaPolicy": replica.policy,
    }
    return json.dumps(shown)


def _schedule_key_deletion(backend: Any, key_id: str, pending_window_in_days: int) -> Any:  # noqa: ANN401 # moto's method
    """Refuse a window that AWS does not have; moto ignores such a call."""
    if not MIN_WINDOW_DAYS <= pending_window_in_days <= MAX_WINDOW_DAYS:
        raise ValidationException(
            f"PendingWindowInDays must be between {MIN_WINDOW_DAYS} and {MAX_WINDOW_DAYS}"
        )

    return _PLAIN_SCHEDULE_KEY_DELETION(backend, key_id, pending_window_in_days)


_PLAIN_REPLICATE_KEY = KmsBackend.replicate_key
_PLAIN_SCHEDULE_KEY_DELETION = KmsBackend.schedule_key_deletion


def install() -> None:
    """Put the rules in place; to be called before the first request."""
    KmsBackend.replicate_key = _replicate_key
    KmsBackend.schedule_key_deletion = _schedule_key_deletion
    KmsResponse.replicate_key = _answer_replicate_key
