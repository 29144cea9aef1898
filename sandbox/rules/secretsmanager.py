"""Secrets Manager, with what AWS refuses or does and moto does not."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
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

from sandbox.rules import (
    events,
    functions,
    kms,
    policies,
    principals,
    rotations,
    schedules,
    versions,
)

_DEFAULT_ALIAS = models.SecretsManagerBackend.DEFAULT_KMS_KEY_ALIAS
MAX_NAME = 512
MAX_VALUE = 65_536

_NAME = re.compile(r"[0-9A-Za-z/_+=.@-]+")
_DAY_SECONDS = 86_400
_MARKED = "You can't perform this operation on the secret because it was marked for deletion."


class StrictSecretsManager(models.SecretsManagerBackend):  # type: ignore[misc] # moto has no types
    """moto's Secrets Manager with AWS's refusals and AWS's handling of versions."""

    __module__ = models.__name__  # moto finds a service's URLs by its backend's module

    def __init__(self, region_name: str, account_id: str) -> None:
        """Find only secrets of this account and Region by ARN."""
        super().__init__(region_name, account_id)
        self.secrets = _OwnSecrets(account_id, region_name)

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

    def _add_secret(self, *arguments: Any, **named: Any) -> tuple[Any, bool]:  # noqa: ANN401 # moto's signature
        """Note the key of a first value and report it; RDS, too, creates secrets by this method."""
        secret, is_filled = super()._add_secret(*arguments, **named)
        for version_id, version in secret.versions.items():
            version.setdefault(versions.KEYS, [self._key_of(secret)])
            for label in version["version_stages"]:
                events.label_updated(secret.arn, secret.name, label, version_id)

        return secret, is_filled

    def replicate_secret_to_regions(
        self,
        secret_id: str,
        replica_regions: list[dict[str, str]],
        force_overwrite: bool,  # noqa: FBT001 # moto's signature
    ) -> Any:  # noqa: ANN401 # moto's answer
        """Add replicas, each under the key that the caller names."""
        secret = self._live(secret_id)
        for replica in replica_regions:
            self._check_region(replica)

        super().replicate_secret_to_regions(secret_id, replica_regions, force_overwrite)
        self._keep_replica_keys(secret_id, replica_regions)
        return secret.arn, [replica.config for replica in secret.replicas]

    def remove_regions_from_replication(
        self, secret_id: str, replica_regions: list[str]
    ) -> tuple[str, list[dict[str, str]]]:
        """Remove replicas; the answer has the secret's ARN, whatever the caller names it by."""
        secret = self._live(secret_id)
        _, statuses = super().remove_regions_from_replication(secret_id, replica_regions)
        return secret.arn, statuses

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        """Add tags, but not to a secret that is scheduled for deletion."""
        self._live(arn)
        super().tag_resource(arn, tags)

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        """Remove tags, but not from a secret that is scheduled for deletion."""
        self._live(arn)
        super().untag_resource(arn, tag_keys)

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
        Manager uses the AWS managed key aws/secretsmanager" (UpdateSecret). A new value is
        encrypted under the new key, existing ones as `versions.re_encrypt` says.
        """
        secret = self._live(secret_id)
        kms.check_key(self.account_id, self.region_name, kms_key_id)
        has_value = secret_string is not None or secret_binary is not None
        if has_value:
            if client_request_token in secret.versions:
                raise versions.token_in_use(secret, client_request_token)

            _check_value(secret_string, secret_binary)

        if kms_key_id is not None:
            secret.kms_key_id = kms_key_id or self.DEFAULT_KMS_KEY_ALIAS
            secret.key_is_named = bool(kms_key_id)
            versions.re_encrypt(secret, self._key_of(secret))

        if has_value:
            self.put_secret_value(
                secret_id, secret_string, secret_binary, client_request_token or "", ["AWSCURRENT"]
            )

        if description is not None:
            secret.description = description

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
        if versions.has_value(known):
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
        key = kms.encryption_key(self.account_id, self.region_name, secret.kms_key_id)
        secret.versions[version_id] = _version(
            version_id, [key], secret_string=secret_string, secret_binary=secret_binary
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
        """Read the version that AWSCURRENT is on, unless another is named, if its key decrypts."""
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

        found = super().get_secret_value(secret_id, version_id, version_stage)
        kms.check_decryption(self._keys_of(secret, found["VersionId"]))
        secret.last_accessed_date = _today()
        return found

    def list_secret_version_ids(self, secret_id: str) -> str:
        """List the versions with a value, each with its keys; none is kept without a label."""
        secret = self.secrets.get(secret_id)
        if secret is None:
            raise SecretNotFoundException

        listed = []
        for version_id, version in list(secret.versions.items()):
            if versions.has_value(version):
                entry = {
                    "CreatedDate": version["createdate"],
                    "VersionId": version_id,
                    "VersionStages": version["version_stages"],
                    "KmsKeyIds": self._keys_of(secret, version_id),
                }
                listed.append(entry)

        return json.dumps({"ARN": secret.arn, "Name": secret.name, "Versions": listed})

    def _keys_of(self, secret: Any, version_id: str) -> list[str]:  # noqa: ANN401 # moto's class
        """Return the ARNs of a version's keys; a replica encrypts under its own."""
        if isinstance(secret, models.ReplicaSecret):
            return [kms.arn_of(self.account_id, secret.region, secret.config["KmsKeyId"])]

        return list(secret.versions[version_id][versions.KEYS])

    def _key_of(self, secret: Any) -> str:  # noqa: ANN401 # moto's class
        return kms.arn_of(self.account_id, self.region_name, secret.kms_key_id)

    def put_resource_policy(
        self, secret_id: str, policy: str, *, block_public: bool = False
    ) -> tuple[str, str]:
        """Store a policy that AWS accepts, with the IDs of those whom it names."""
        secret = self._live(secret_id)
        policies.check(policy, account=self.account_id, block_public=block_public)
        secret.principal_ids = principals.ids(json.loads(policy), self.account_id)
        arn, name = super().put_resource_policy(secret_id, policy)
        return str(arn), str(name)

    def get_resource_policy(self, secret_id: str) -> str:
        """Show a policy as AWS does, with the ID of each role or user that is gone."""
        found: dict[str, str] = json.loads(super().get_resource_policy(secret_id))
        if "ResourcePolicy" in found:
            policy, ids = json.loads(found["ResourcePolicy"]), self.secrets[secret_id].principal_ids
            shown = principals.shown(policy, ids, self.account_id)
            found["ResourcePolicy"] = json.dumps(shown)

        return json.dumps(found)

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
        runs the schedule. Without `rotate_immediately` the function's testSecret alone is called.
        """
        secret = self._live(secret_id)
        rotations.wait_for_test(secret.arn)
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
        if not rotate_immediately:
            self._test_rotation(secret)
            return str(secret.to_short_dict())

        if not secret.versions:
            return str(secret.to_short_dict())

        version_id = self._from_client_request_token(client_request_token)
        if version_id not in secret.versions:  # else the same request again, after its end
            secret.versions[version_id] = _version(version_id, [])
            versions.move(secret, "AWSPENDING", version_id)
            rotations.Rotation(self.account_id, self.region_name, secret, version_id).start()

        return str(secret.to_short_dict(version_id=version_id))

    def _test_rotation(self, secret: Any) -> None:  # noqa: ANN401 # moto's class
        """Test the function with a pending version of the current value, if there is one."""
        current = versions.holder_of(secret, "AWSCURRENT")
        if current is None:
            return

        token = str(uuid.uuid4())
        secret.versions[token] = {
            **secret.versions[current],
            "version_id": token,
            "version_stages": [],
        }
        versions.move(secret, "AWSPENDING", token)
        rotations.Rotation(self.account_id, self.region_name, secret, token).test()

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


class _OwnSecrets(models.SecretsStore):  # type: ignore[misc] # moto has no types
    """moto's secrets by name or ARN, but none by the ARN of another account or Region."""

    def __init__(self, account: str, region: str) -> None:
        super().__init__()
        self._place = [region, account]

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 # moto's class
        return super().__getitem__(self._own(key))

    def __contains__(self, key: str) -> bool:
        return bool(super().__contains__(self._own(key)))

    def get(self, key: str) -> Any:  # noqa: ANN401 # moto's class
        return super().get(self._own(key))

    def pop(self, key: str) -> Any:  # noqa: ANN401 # moto's class
        return super().pop(self._own(key))

    def _own(self, key: str) -> str:
        """Return a name or an ARN, or "", which names nothing, for one from elsewhere."""
        parts = key.split(":")
        if parts[0] == "arn" and parts[3:5] != self._place:
            return ""

        return key


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
    """Refuse two values, an empty one and one that is too long, in bytes before base64."""
    if text is not None and binary is not None:
        raise InvalidParameterException(
            "You can't specify both a binary secret value and a string secret value in the same "
            "secret."
        )

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


def _version(version_id: str, keys: list[str], **value: str | None) -> dict[str, Any]:
    """Return a version in moto's form, without a label; it may have no value yet.

    AWS counts milliseconds, so that the order of versions shows.
    """
    version: dict[str, Any] = {
        "createdate": round(time.time(), 3),
        "version_id": version_id,
        "version_stages": [],
        versions.KEYS: keys,
    }
    for kind, content in value.items():
        if content is not None:
            version[kind] = content

    return version


def _today() -> int:
    """Return the day of an access, which is all that AWS tells of it: midnight UTC."""
    return int(time.time()) // _DAY_SECONDS * _DAY_SECONDS


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
    described["LastAccessedDate"] = getattr(secret, "last_accessed_date", None)
    described.pop("KmsKeyId", None)
    named = secret.kms_key_id
    if not getattr(secret, "key_is_named", False) and named == _DEFAULT_ALIAS:
        named = None

    key = kms.shown(secret.account_id, secret.region, named)
    if key is not None:
        described["KmsKeyId"] = key

    if described.get("RotationEnabled"):
        described["RotationRules"] = secret.rotation_rules
    elif getattr(secret, "rotation_rules", None):
        described["RotationEnabled"] = False  # AWS: null only where rotation never was on

    return described


def _replica_to_dict(replica: Any) -> dict[str, Any]:  # noqa: ANN401 # moto's class
    """Describe a replica with its own key; moto's answer has its primary's."""
    described: dict[str, Any] = _PLAIN_REPLICA_TO_DICT(replica)
    described["LastAccessedDate"] = getattr(replica, "last_accessed_date", None)
    described.pop("KmsKeyId", None)
    if replica.config["KmsKeyId"] != _DEFAULT_ALIAS:
        account = replica.source.account_id
        described["KmsKeyId"] = kms.shown(account, replica.region, replica.config["KmsKeyId"])

    return described


_PLAIN_TO_DICT = models.FakeSecret.to_dict
_PLAIN_REPLICA_TO_DICT = models.ReplicaSecret.to_dict


def install() -> None:
    """Put the rules in place; to be called before the first request."""
    models.secretsmanager_backends.backend = StrictSecretsManager
    models.FakeSecret.to_dict = _to_dict
    models.ReplicaSecret.to_dict = _replica_to_dict
    SecretsManagerResponse.put_resource_policy = _put_resource_policy
