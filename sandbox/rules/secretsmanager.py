"""Secrets Manager, with what AWS refuses or does and moto does not."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any

from moto.secretsmanager import models
from moto.secretsmanager.exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    ResourceNotFoundException,
    SecretNotFoundException,
    ValidationException,
)
from moto.secretsmanager.responses import SecretsManagerResponse

from sandbox.rules import functions, kms, policies, rotations, schedules, versions

MAX_NAME = 512
MAX_VALUE = 65_536

_NAME = re.compile(r"[0-9A-Za-z/_+=.@-]+")
_MARKED = "You can't perform this operation on the secret because it was marked for deletion."


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
        kms.check_key(self.account_id, self.region_name, rest.get("kms_key_id"))
        replicas = rest.get("replica_regions") or []
        for replica in replicas:
            self._check_region(replica)

        answer = super().create_secret(name, secret_string, secret_binary, **rest)
        self.secrets[name].key_is_named = bool(rest.get("kms_key_id"))
        self._keep_replica_keys(name, replicas)
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
        kms.check_key(self.account_id, self.region_name, kms_key_id)
        has_value = secret_string is not None or secret_binary is not None
        if has_value:
            if client_request_token in secret.versions:
                raise versions.token_in_use(secret, client_request_token)

            self.put_secret_value(
                secret_id, secret_string, secret_binary, client_request_token or "", ["AWSCURRENT"]
            )

        if description is not None:
            secret.description = description

        if kms_key_id is not None:
            secret.kms_key_id = kms_key_id or self.DEFAULT_KMS_KEY_ALIAS
            secret.key_is_named = bool(kms_key_id)

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
        known = secret.versions.get(version_id, {})
        if "secret_string" in known or "secret_binary" in known:
            # AWS: the same token with the same value does nothing, with another it is refused.
            value = (known.get("secret_string"), known.get("secret_binary"))
            if value != (secret_string, secret_binary):
                raise versions.token_in_use(secret, version_id)

            return str(secret.to_short_dict(include_version_stages=True, version_id=version_id))

        labels = list(version_stages)
        # AWS: "If this operation creates the first version for the secret, then Secrets Manager
        # automatically attaches the staging label AWSCURRENT to it."
        if not secret.versions and "AWSCURRENT" not in labels:
            labels.append("AWSCURRENT")

        versions.check_label_count(secret, labels)
        secret.versions[version_id] = _version(
            version_id, secret_string=secret_string, secret_binary=secret_binary
        )
        for label in labels:
            versions.move(secret, label, version_id)

        secret.last_changed_date = int(time.time())
        answer = secret.to_short_dict(include_version_stages=True, version_id=version_id)
        versions.drop_unlabelled(secret)
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
        holder = versions.holder_of(secret, version_stage)
        _check_source(version_stage, holder, remove_from_version_id)
        if move_to_version_id:
            if move_to_version_id not in secret.versions:
                raise ResourceNotFoundException(
                    "Secrets Manager can't find the specified secret version."
                )

            versions.check_label_count(secret, [version_stage])
            versions.move(secret, version_stage, move_to_version_id)
        elif version_stage == "AWSCURRENT":
            raise InvalidParameterException(
                "You can only move staging label AWSCURRENT to a different secret version. "
                "It can't be completely removed."
            )
        elif holder:
            secret.versions[holder]["version_stages"].remove(version_stage)
        else:
            raise InvalidParameterException(
                "You must specify RemoveFromVersionId, MoveToVersionId, or both."
            )

        versions.drop_unlabelled(secret)
        return secret.arn, secret.name

    def get_secret_value(self, secret_id: str, version_id: str, version_stage: str) -> Any:  # noqa: ANN401 # moto's signature
        """Read the version that AWSCURRENT is on, unless another is named."""
        secret = self.secrets.get(secret_id)
        if secret is not None and secret.is_deleted():
            # hashicorp/terraform-provider-aws, `secret_version.go`, handles this text
            raise InvalidRequestException(_MARKED)

        if not version_id:
            version_stage = version_stage or "AWSCURRENT"
            if secret is not None and not versions.holder_of(secret, version_stage):
                raise ResourceNotFoundException(
                    "Secrets Manager can't find the specified secret value for staging label: "
                    f"{version_stage}"
                )

        return super().get_secret_value(secret_id, version_id, version_stage)

    def put_resource_policy(
        self, secret_id: str, policy: str, *, block_public: bool = False
    ) -> tuple[str, str]:
        """Store a policy that AWS accepts."""
        self._live(secret_id)
        policies.check(policy, block_public=block_public)
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
        """Set a schedule, and rotate at once unless told not to.

        The function must exist and let Secrets Manager call it. It is called after this has
        answered: "Configures and starts the asynchronous process of rotating the secret". No clock
        runs the schedule. Without `rotate_immediately` AWS calls the function's testSecret alone;
        the sandbox calls nothing.
        """
        secret = self._live(secret_id)
        pending = versions.holder_of(secret, "AWSPENDING")
        if pending is not None and pending != versions.holder_of(secret, "AWSCURRENT"):
            if client_request_token == pending:
                return str(secret.to_short_dict(version_id=pending))  # AWS: the same request again

            self._reattempt(secret, pending)
            raise InvalidRequestException(
                "A previous rotation isn't complete. That rotation will be reattempted."
            )

        function = rotation_lambda_arn or secret.rotation_lambda_arn
        if not function:
            raise InvalidRequestException(
                "You tried to enable rotation on a secret that doesn't already have a Lambda "
                "function ARN configured and you didn't include such an ARN as a parameter in "
                "this call."
            )

        functions.check_function(self.account_id, self.region_name, function, secret.arn)
        # RotateSecret without rules rotates now and keeps the schedule.
        rules = rotation_rules or getattr(secret, "rotation_rules", {})
        schedules.check(rules)
        secret.rotation_lambda_arn = function
        secret.rotation_rules = rules
        secret.rotation_requested = secret.rotation_enabled = True
        secret.next_rotation_date = schedules.next_rotation(rules)
        if not rotate_immediately or not secret.versions:
            return str(secret.to_short_dict())

        version_id = self._from_client_request_token(client_request_token)
        if version_id not in secret.versions:  # else the same request again, after its end
            secret.versions[version_id] = _version(version_id)
            versions.move(secret, "AWSPENDING", version_id)
            rotations.Rotation(self.account_id, self.region_name, secret, version_id).start()

        return str(secret.to_short_dict(version_id=version_id))

    def _reattempt(self, secret: Any, pending: str) -> None:  # noqa: ANN401 # moto's class
        if secret.rotation_enabled and secret.rotation_lambda_arn:
            rotations.Rotation(self.account_id, self.region_name, secret, pending).start()

    def cancel_rotate_secret(self, secret_id: str) -> str:
        """Turn rotation off and forget the function, as AWS does; one under way ends."""
        self._live(secret_id)
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
            raise InvalidRequestException(_MARKED)

        return secret

    def _check_region(self, replica: dict[str, str]) -> None:
        if replica["Region"] not in models.secretsmanager_backends[self.account_id].regions:
            raise InvalidParameterException("Invalid replica region.")

        kms.check_key(self.account_id, replica["Region"], replica.get("KmsKeyId"))

    def _keep_replica_keys(self, secret_id: str, wanted: list[dict[str, str]]) -> None:
        keys = {replica["Region"]: replica.get("KmsKeyId") for replica in wanted}
        for replica in self.secrets[secret_id].replicas:
            key = keys.get(replica.region)
            if key:
                replica.config["KmsKeyId"] = key


def _check_source(label: str, holder: str | None, source: str) -> None:
    """Refuse to take a label from another version than the one it is on."""
    if source and holder != source:
        raise InvalidParameterException(
            f"The version {source} doesn't have the staging label {label}."
        )

    if holder and not source:
        raise InvalidParameterException(
            f"The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently "
            f"attached to version {holder}, so you must explicitly reference that version in "
            "RemoveFromVersionId."
        )


def _check_value(text: str | None, binary: str | None) -> None:
    """Refuse an empty value and one that is too long, counted in bytes before base64."""
    if text is not None:
        _check_size("secretString", len(text.encode()))

    if binary is not None:
        _check_size("secretBinary", len(base64.b64decode(binary)))


def _check_size(name: str, size: int) -> None:
    if not 0 < size <= MAX_VALUE:
        raise ValidationException(
            f"1 validation error detected: Value at '{name}' failed to satisfy "
            f"constraint: Member must have length between 1 and {MAX_VALUE}"
        )


def _version(version_id: str, **value: str | None) -> dict[str, Any]:
    """Return a version in moto's form, without a label; it may have no value yet.

    AWS counts milliseconds, so that the order of versions shows.
    """
    version: dict[str, Any] = {
        "createdate": round(time.time(), 3),
        "version_id": version_id,
        "version_stages": [],
    }
    for kind, content in value.items():
        if content is not None:
            version[kind] = content

    return version


def _put_resource_policy(response: Any) -> str:  # noqa: ANN401 # moto's class
    """Honour BlockPublicPolicy, which moto's own method does not read."""
    arn, name = response.backend.put_resource_policy(
        response._get_param("SecretId"),
        response._get_param("ResourcePolicy"),
        block_public=response._get_bool_param("BlockPublicPolicy", if_none=False),
    )
    return json.dumps({"ARN": arn, "Name": name})


def _to_dict(secret: Any) -> dict[str, Any]:  # noqa: ANN401 # moto's class
    """Describe a secret with its whole schedule, and with the default key where it was named.

    moto keeps only the days of a schedule. AWS leaves the key out only where no key was ever named
    (tried on AWS by go-to-k/cdkd#1243).
    """
    described: dict[str, Any] = _PLAIN_TO_DICT(secret)
    if getattr(secret, "key_is_named", False):
        described["KmsKeyId"] = secret.kms_key_id

    if described.get("RotationEnabled"):
        described["RotationRules"] = secret.rotation_rules
    elif getattr(secret, "rotation_rules", None):
        described["RotationEnabled"] = False  # AWS: null only where rotation never was on

    return described


_PLAIN_TO_DICT = models.FakeSecret.to_dict


def install() -> None:
    """Put the rules in place; to be called before the first request."""
    models.secretsmanager_backends.backend = StrictSecretsManager
    models.FakeSecret.to_dict = _to_dict
    SecretsManagerResponse.put_resource_policy = _put_resource_policy
