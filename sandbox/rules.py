"""What AWS refuses or does and moto does not, for Secrets Manager: one place per rule.

The texts are AWS's own. Sources: the API reference
(https://docs.aws.amazon.com/secretsmanager/latest/apireference/), and for what it leaves open the
user guide or the issue that is named.
"""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from collections.abc import Iterable
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.core.exceptions import JsonRESTError
from moto.kms.models import kms_backends
from moto.secretsmanager import models
from moto.secretsmanager.exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    ResourceNotFoundException,
    SecretNotFoundException,
    ValidationException,
)
from moto.secretsmanager.responses import SecretsManagerResponse

from secrets_component.secret_map import schedules

MAX_NAME, MAX_VALUE, MAX_POLICY, MAX_LABELS = 512, 65_536, 20_480, 20
UNLABELLED_KEPT = 0
"""AWS keeps up to 100 versions without a label; the sandbox drops them at once, the harder case."""

_NAME = re.compile(r"[0-9A-Za-z/_+=.@-]+")
_ROTATION_SERVICE = "secretsmanager.amazonaws.com"


class StrictSecretsManager(models.SecretsManagerBackend):  # type: ignore[misc] # moto has no types
    """moto's Secrets Manager with AWS's refusals and AWS's handling of versions."""

    __module__ = models.__name__  # moto finds a service's URLs by its backend's module

    def create_secret(self, name: str, secret_string: Any, secret_binary: Any, **rest: Any) -> str:  # noqa: ANN401 # moto's signature
        """Create a secret as AWS does: the name, the key, the value and the regions are checked."""
        if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
            raise ValidationException(
                "Invalid name. Must be a valid name containing alphanumeric characters, or any of "
                "the following: -/_+=.@!"
            )
        existing = self.secrets.get(name)
        if existing is not None and existing.is_deleted():
            raise InvalidRequestException(
                "You can't create this secret because a secret with this name is already "
                "scheduled for deletion."
            )
        _check_value(secret_string, secret_binary)
        self._check_key(rest.get("kms_key_id"))
        for replica in rest.get("replica_regions") or []:
            self._check_region(replica)
        answer = super().create_secret(name, secret_string, secret_binary, **rest)
        self.secrets[name].key_is_said = bool(rest.get("kms_key_id"))
        self._keep_replica_keys(name, rest.get("replica_regions") or [])
        return str(answer)

    def replicate_secret_to_regions(
        self,
        secret_id: str,
        replica_regions: list[dict[str, str]],
        force_overwrite: bool,  # noqa: FBT001 # moto's signature
    ) -> Any:  # noqa: ANN401 # moto's answer
        """Add replicas, each under the key that the caller names."""
        for replica in replica_regions:
            self._check_region(replica)
        super().replicate_secret_to_regions(secret_id, replica_regions, force_overwrite)
        self._keep_replica_keys(secret_id, replica_regions)
        return secret_id, [replica.config for replica in self.secrets[secret_id].replicas]

    def update_secret(
        self,
        secret_id: str,
        secret_string: str | None = None,
        secret_binary: str | None = None,
        client_request_token: str | None = None,
        kms_key_id: str | None = None,
        description: str | None = None,
    ) -> str:
        """Update what describes a secret, whose key must exist; a value becomes a version.

        An empty description or key is kept as such: "If you set this to an empty string, Secrets
        Manager uses the AWS managed key aws/secretsmanager" (UpdateSecret).
        """
        secret = self._live(secret_id)
        self._check_key(kms_key_id)
        has_value = secret_string is not None or secret_binary is not None
        if has_value:
            if client_request_token in secret.versions:
                raise _token_in_use(secret, client_request_token)
            self.put_secret_value(
                secret_id, secret_string, secret_binary, client_request_token or "", ["AWSCURRENT"]
            )
        if description is not None:
            secret.description = description
        if kms_key_id is not None:
            secret.kms_key_id = kms_key_id or self.DEFAULT_KMS_KEY_ALIAS
            secret.key_is_said = bool(kms_key_id)
        secret.last_changed_date = int(time.time())
        return str(secret.to_short_dict(include_version_id=has_value))

    def put_secret_value(
        self,
        secret_id: str,
        secret_string: Any,  # noqa: ANN401 # moto's signature
        secret_binary: Any,  # noqa: ANN401 # moto's signature
        client_request_token: str,
        version_stages: list[str],
    ) -> str:
        """Write a version and move labels as AWS does; moto loses every label but its own."""
        secret = self._live(secret_id)
        _check_value(secret_string, secret_binary)
        version_id = self._from_client_request_token(client_request_token)
        known = secret.versions.get(version_id)
        if known is not None and known.keys() & {"secret_string", "secret_binary"}:
            if (known.get("secret_string"), known.get("secret_binary")) != (
                secret_string,
                secret_binary,
            ):
                raise _token_in_use(secret, version_id)
            return str(secret.to_short_dict(include_version_stages=True, version_id=version_id))
        # AWS: "If this operation creates the first version for the secret, then Secrets Manager
        # automatically attaches the staging label AWSCURRENT to it."
        labels = dict.fromkeys([*version_stages, *([] if secret.versions else ["AWSCURRENT"])])
        _check_label_count(secret, labels)
        version = {
            "createdate": int(time.time()),
            "version_id": version_id,
            "version_stages": [],
            **({"secret_string": secret_string} if secret_string is not None else {}),
            **({"secret_binary": secret_binary} if secret_binary is not None else {}),
        }
        secret.versions[version_id] = version
        for label in labels:
            _move(secret, label, version_id)
        secret.last_changed_date = int(time.time())
        answer = secret.to_short_dict(include_version_stages=True, version_id=version_id)
        _drop_unlabelled(secret)
        return str(answer)

    def update_secret_version_stage(
        self,
        secret_id: str,
        version_stage: str,
        remove_from_version_id: str,
        move_to_version_id: str,
    ) -> tuple[str, str]:
        """Move or remove one label."""
        secret = self._live(secret_id)
        holder = _holder(secret, version_stage)
        if remove_from_version_id and holder != remove_from_version_id:
            raise InvalidParameterException(
                f"The version {remove_from_version_id} doesn't have the staging label "
                f"{version_stage}."
            )
        if holder and not remove_from_version_id:
            raise InvalidParameterException(
                f"The parameter RemoveFromVersionId can't be empty. Staging label {version_stage} "
                f"is currently attached to version {holder}, so you must explicitly reference that "
                "version in RemoveFromVersionId."
            )
        if not move_to_version_id and version_stage == "AWSCURRENT":
            raise InvalidParameterException(
                "You can only move staging label AWSCURRENT to a different secret version. "
                "It can't be completely removed."
            )
        if move_to_version_id:
            if move_to_version_id not in secret.versions:
                raise ResourceNotFoundException(
                    "Secrets Manager can't find the specified secret version."
                )
            _check_label_count(secret, [version_stage])
            _move(secret, version_stage, move_to_version_id)
        elif holder:
            secret.versions[holder]["version_stages"].remove(version_stage)
        else:
            raise InvalidParameterException(
                "You must specify RemoveFromVersionId, MoveToVersionId, or both."
            )
        _drop_unlabelled(secret)
        return secret.arn, secret.name

    def get_secret_value(self, secret_id: str, version_id: str, version_stage: str) -> Any:  # noqa: ANN401 # moto's signature
        """Read the version that AWSCURRENT is on, unless another is named."""
        if not version_id:
            version_stage = version_stage or "AWSCURRENT"
            secret = self.secrets.get(secret_id)
            if (
                secret is not None
                and not secret.is_deleted()
                and not _holder(secret, version_stage)
            ):
                raise ResourceNotFoundException(
                    "Secrets Manager can't find the specified secret value for staging label: "
                    f"{version_stage}"
                )
        return super().get_secret_value(secret_id, version_id, version_stage)

    def put_resource_policy(self, secret_id: str, policy: str) -> tuple[str, str]:
        """Store a policy that is one; `block_public_policy` is checked in the response class."""
        self._live(secret_id)
        if not _is_policy(policy):
            raise _MalformedPolicyError("This resource policy contains invalid Json.")
        if len(policy) > MAX_POLICY:
            raise ValidationException(
                "1 validation error detected: Value at 'resourcePolicy' failed to satisfy "
                f"constraint: Member must have length less than or equal to {MAX_POLICY}"
            )
        arn, name = super().put_resource_policy(secret_id, policy)
        return str(arn), str(name)

    def rotate_secret(
        self,
        secret_id: str,
        client_request_token: str | None = None,
        rotation_lambda_arn: str | None = None,
        rotation_rules: dict[str, Any] | None = None,
        rotate_immediately: bool = True,  # noqa: FBT001, FBT002 # moto's signature
    ) -> str:
        """Set a schedule: the function must exist and let Secrets Manager call it.

        Nothing is called here: the sandbox keeps the schedule, and no clock runs it. A rotation
        that begins at once has its empty version, which the function's first step fills.
        """
        secret = self._live(secret_id)
        if _holder(secret, "AWSPENDING") not in (None, _holder(secret, "AWSCURRENT")):
            raise InvalidRequestException(
                "A previous rotation isn't complete. That rotation will be reattempted."
            )
        # RotateSecret without rules rotates now and keeps the schedule.
        rules = rotation_rules or getattr(secret, "rotation_rules", {})
        if rotation_lambda_arn:
            self._check_function(rotation_lambda_arn)
            secret.rotation_lambda_arn = rotation_lambda_arn
        if not secret.rotation_lambda_arn:
            raise InvalidRequestException(
                "You tried to enable rotation on a secret that doesn't already have a Lambda "
                "function ARN configured and you didn't include such an ARN as a parameter in "
                "this call."
            )
        _check_rules(rules)
        secret.rotation_rules = rules
        secret.rotation_requested = secret.rotation_enabled = True
        secret.next_rotation_date = _next_rotation(rules)
        if not rotate_immediately or not secret.versions:
            return str(secret.to_short_dict())
        version_id = self._from_client_request_token(client_request_token)
        secret.versions[version_id] = {
            "createdate": int(time.time()),
            "version_id": version_id,
            "version_stages": [],
        }
        _move(secret, "AWSPENDING", version_id)
        return str(secret.to_short_dict(version_id=version_id))

    def cancel_rotate_secret(self, secret_id: str) -> str:
        """Turn rotation off and forget the function, as AWS does."""
        answer = super().cancel_rotate_secret(secret_id)
        secret = self.secrets[secret_id]
        secret.rotation_lambda_arn, secret.rotation_requested = "", False
        secret.next_rotation_date = None
        return str(answer)

    def _live(self, secret_id: str) -> Any:  # noqa: ANN401 # moto's class
        secret = self.secrets.get(secret_id)
        if secret is None:
            raise SecretNotFoundException
        if isinstance(secret, models.ReplicaSecret):
            raise models.OperationNotPermittedOnReplica
        if secret.is_deleted():
            raise InvalidRequestException(
                "You can't perform this operation on the secret because it was marked for deletion."
            )
        return secret

    def _check_key(self, key: str | None, region: str | None = None) -> None:
        if not key or key.endswith("alias/aws/secretsmanager"):
            return
        backend = kms_backends[self.account_id][region or self.region_name]
        try:
            found = backend.keys.get(backend.any_id_to_key_id(key))
        except (AttributeError, TypeError):  # moto: an unknown alias has no key id
            found = None
        if found is None:
            raise ResourceNotFoundException(
                "The operation failed because the KMS key in the request could not be found."
            )
        if not found.enabled:
            raise InvalidRequestException("The KMS key is not enabled or not available.")

    def _check_region(self, replica: dict[str, str]) -> None:
        if replica["Region"] not in models.secretsmanager_backends[self.account_id].regions:
            raise InvalidParameterException("Invalid replica region.")
        self._check_key(replica.get("KmsKeyId"), replica["Region"])

    def _keep_replica_keys(self, secret_id: str, wanted: list[dict[str, str]]) -> None:
        keys = {replica["Region"]: replica.get("KmsKeyId") for replica in wanted}
        for replica in self.secrets[secret_id].replicas:
            if keys.get(replica.region):
                replica.config["KmsKeyId"] = keys[replica.region]

    def _check_function(self, arn: str) -> None:
        try:
            function = lambda_backends[self.account_id][self.region_name].get_function(arn)
        except Exception:  # noqa: BLE001 # moto raises several kinds for an unknown function
            function = None
        allowed = function is not None and any(
            statement.get("Principal", {}).get("Service") == _ROTATION_SERVICE
            for statement in function.policy.statements
        )
        if not allowed:
            raise _AccessDeniedError(
                "Secrets Manager cannot invoke the specified Lambda function. Ensure that the "
                f"function policy grants access to the principal {_ROTATION_SERVICE}."
            )


class _MalformedPolicyError(JsonRESTError):  # type: ignore[misc] # moto has no types
    def __init__(self, message: str) -> None:
        super().__init__("MalformedPolicyDocumentException", message)


class _PublicPolicyError(JsonRESTError):  # type: ignore[misc] # moto has no types
    def __init__(self) -> None:
        super().__init__(
            "PublicPolicyException",
            "You can't attach a resource policy that allows broad access to the secret.",
        )


class _AccessDeniedError(JsonRESTError):  # type: ignore[misc] # moto has no types
    def __init__(self, message: str) -> None:
        super().__init__("AccessDeniedException", message)


def _check_value(text: str | None, binary: str | None) -> None:
    """Bound the value's own bytes, which travel as base64 where they are binary."""
    values = {
        "secretString": text.encode() if text is not None else None,
        "secretBinary": base64.b64decode(binary) if binary is not None else None,
    }
    for name, value in values.items():
        if value is not None and not 0 < len(value) <= MAX_VALUE:
            raise ValidationException(
                f"1 validation error detected: Value at '{name}' failed to satisfy "
                f"constraint: Member must have length between 1 and {MAX_VALUE}"
            )


def _next_rotation(rules: dict[str, Any]) -> int | None:
    """Say when a schedule in days or hours comes next; of a cron expression, nothing."""
    rate = re.fullmatch(r"rate\((\d+) (hour|day)s?\)", rules.get("ScheduleExpression") or "")
    days = rules.get("AutomaticallyAfterDays")
    if rate:
        hours = int(rate[1]) * (24 if rate[2] == "day" else 1)
    elif days:
        hours = days * 24
    else:
        return None
    return int(time.time()) + hours * 3600


def _check_rules(rules: dict[str, Any]) -> None:
    schedule = rules.get("ScheduleExpression")
    if schedule and schedules.expression_problem(schedule):
        raise InvalidParameterException("Invalid ScheduleExpression.")
    if rules.get("Duration") and schedules.window_problem(rules["Duration"]):
        raise InvalidParameterException("Invalid Duration.")
    days = rules.get("AutomaticallyAfterDays")
    if schedule and days is not None:
        # hashicorp/terraform-provider-aws#30540 shows the text
        raise InvalidParameterException(
            "You cannot specify both rotation frequency and schedule expression together."
        )
    if days is not None and not 1 <= days <= 1000:  # noqa: PLR2004 # AWS's range
        raise InvalidParameterException("RotationRules.AutomaticallyAfterDays must be 1-1000.")


def _holder(secret: Any, label: str) -> str | None:  # noqa: ANN401 # moto's class
    return next((i for i, v in secret.versions.items() if label in v["version_stages"]), None)


def _move(secret: Any, label: str, version_id: str) -> None:  # noqa: ANN401 # moto's class
    """Move a label; AWSPREVIOUS follows to the version that AWSCURRENT leaves."""
    holder = _holder(secret, label)
    if holder == version_id:
        return
    if holder is not None:
        secret.versions[holder]["version_stages"].remove(label)
    secret.versions[version_id]["version_stages"].append(label)
    if label == "AWSCURRENT":
        secret.default_version_id = version_id
        if holder is not None:
            _move(secret, "AWSPREVIOUS", holder)
        elif "AWSPREVIOUS" in secret.versions[version_id]["version_stages"]:
            secret.versions[version_id]["version_stages"].remove("AWSPREVIOUS")


def _token_in_use(secret: Any, token: str | None) -> Exception:  # noqa: ANN401 # moto's class
    error: Exception = models.ResourceExistsException(
        f"You can't use ClientRequestToken {token} because that value is already in use for a "
        f"version of secret {secret.arn}."
    )
    return error


def _check_label_count(secret: Any, added: Iterable[str]) -> None:  # noqa: ANN401 # moto's class
    """Refuse before anything has moved; AWSPREVIOUS comes with the move of AWSCURRENT."""
    labels = {label for version in secret.versions.values() for label in version["version_stages"]}
    follows = {"AWSPREVIOUS"} if "AWSCURRENT" in labels and "AWSCURRENT" in added else set()
    if len(labels | set(added) | follows) > MAX_LABELS:
        raise JsonRESTError(
            "LimitExceededException",
            f"The number of staging labels is over the limit of {MAX_LABELS}.",
        )


def _drop_unlabelled(secret: Any) -> None:  # noqa: ANN401 # moto's class
    unlabelled = [i for i, v in secret.versions.items() if not v["version_stages"]]
    for version_id in unlabelled[: len(unlabelled) - UNLABELLED_KEPT]:
        del secret.versions[version_id]


def _is_policy(text: str) -> bool:
    try:
        return all(isinstance(statement, dict) for statement in _statements(text))
    except (ValueError, TypeError, KeyError):
        return False


def _statements(policy: str) -> list[Any]:
    statements = json.loads(policy)["Statement"]
    return statements if isinstance(statements, list) else [statements]


def _is_public(policy: str) -> bool:
    return any(
        statement.get("Effect") == "Allow"
        and not statement.get("Condition")
        and _is_anyone(statement.get("Principal"))
        for statement in _statements(policy)
    )


def _is_anyone(principal: Any) -> bool:  # noqa: ANN401 # any JSON value
    if isinstance(principal, dict):
        principal = principal.get("AWS")
    return principal == "*" or (isinstance(principal, list) and "*" in principal)


def _put_resource_policy(response: Any) -> str:  # noqa: ANN401 # moto's class
    """Honour BlockPublicPolicy, which moto's own method does not read."""
    secret_id, policy = response._get_param("SecretId"), response._get_param("ResourcePolicy")
    blocked = response._get_bool_param("BlockPublicPolicy", if_none=False)
    if blocked and _is_policy(policy) and _is_public(policy):
        raise _PublicPolicyError
    arn, name = response.backend.put_resource_policy(secret_id, policy)
    return json.dumps({"ARN": arn, "Name": name})


def _to_dict(secret: Any) -> dict[str, Any]:  # noqa: ANN401 # moto's class
    """Describe a secret with its whole schedule, and with the default key where it was asked for.

    moto keeps only the days of a schedule. AWS leaves the key out only where nobody named one
    (tried on AWS by go-to-k/cdkd#1243).
    """
    described: dict[str, Any] = _PLAIN_TO_DICT(secret)
    if getattr(secret, "key_is_said", False):
        described["KmsKeyId"] = secret.kms_key_id
    if described.get("RotationEnabled"):
        described["RotationRules"] = secret.rotation_rules
    elif getattr(secret, "rotation_rules", None):
        described["RotationEnabled"] = False  # AWS: null only where rotation never was on
    return described


_PLAIN_TO_DICT = models.FakeSecret.to_dict


def install() -> None:
    """Put the rules in place; before the first request."""
    models.secretsmanager_backends.backend = StrictSecretsManager
    models.FakeSecret.to_dict = _to_dict
    SecretsManagerResponse.put_resource_policy = _put_resource_policy


def new_instance() -> str:
    """Make the id by which stacks know the server that they were deployed to."""
    return str(uuid.uuid4())
