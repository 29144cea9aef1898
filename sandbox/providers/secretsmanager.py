"""Secrets Manager: secrets, versions, policies and rotations."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sandbox.providers.cloud import (
    Cloud,
    failing,
    listed,
    pairs,
    same_policy_or,
    shown_tags,
    tags,
    untagged,
    update_tags,
    without_none,
)
from sandbox.providers.protocol import Created, Properties, ProviderError, ResourceType
from sandbox.providers.retries import until_known

_NOT_FOUND = "couldn't find resource"  # terraform-plugin-sdk, `retry.NotFoundError`
_CURRENT, _PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"


def create_secret(cloud: Cloud, inputs: Properties) -> Created:
    """Create a secret without a value, under one request token.

    While a secret of this name is being deleted, it is tried again ("Retry for secret recreation
    after deletion", `secret.go`).
    """
    token = str(uuid.uuid4())

    def create() -> Properties:
        made: Properties = cloud.call(
            "secretsmanager",
            "create_secret",
            ClientRequestToken=token,
            Name=inputs["name"],
            Description=inputs.get("description"),
            KmsKeyId=inputs.get("kmsKeyId"),
            Tags=tags(inputs),
            AddReplicaRegions=[_replica(replica) for replica in listed(inputs, "replicas")] or None,
            ForceOverwriteReplicaSecret=inputs.get("forceOverwriteReplicaSecret"),
        )
        return made

    with failing(f"creating Secrets Manager Secret ({inputs['name']})"):
        made = until_known(create, _is_being_deleted)

    if inputs.get("policy"):
        _put_policy(cloud, made["ARN"], inputs["policy"])

    return made["ARN"], read_secret(cloud, made["ARN"], inputs)


def _is_being_deleted(error: ProviderError) -> bool:
    text = str(error)
    if "(InvalidRequestException)" not in text:
        return False

    return "scheduled for deletion" in text or "was deleted" in text


def read_secret(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe a secret, with its policy; one that is scheduled for deletion counts as gone.

    A policy that names a deleted role or user fails this, after a while
    (hashicorp/terraform-provider-aws#29496).
    """
    found = _described(cloud, identity, state)
    if found is None:
        return None

    with failing(f"reading Secrets Manager Secret ({identity}) policy"):
        policy = until_known(
            lambda: _valid_policy(cloud, identity), lambda error: _INVALID in str(error)
        )

    if policy is not None:
        policy = same_policy_or(state.get("policy"), policy)

    return {**found, "policy": policy or ""}


_INVALID = "contains invalid principals"


def _valid_policy(cloud: Cloud, identity: str) -> str | None:
    """Return a secret's policy; one is not valid where a principal is neither account nor ARN."""
    text = _policy_of(cloud, identity)
    for principal in _principals(text):
        is_valid = principal == "*" or principal.startswith("arn:") or principal.isdigit()
        if not is_valid:
            raise ProviderError(_INVALID)

    return text


def _policy_of(cloud: Cloud, identity: str) -> str | None:
    found: Properties = cloud.call("secretsmanager", "get_resource_policy", SecretId=identity)
    return found.get("ResourcePolicy")


def _principals(policy: str | None) -> list[str]:
    """Return the AWS principals of a policy."""
    found: list[str] = []
    for statement in json.loads(policy or "{}").get("Statement", []):
        principal = statement.get("Principal")
        if isinstance(principal, dict):
            named = principal.get("AWS", [])
            found += named if isinstance(named, list) else [named]

    return found


def _described(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe a secret without its policy."""
    found = cloud.find("secretsmanager", "describe_secret", SecretId=identity)
    if found is None or found.get("DeletedDate"):
        return None

    return {
        "arn": found["ARN"],
        "name": found["Name"],
        "description": found.get("Description"),
        "kmsKeyId": found.get("KmsKeyId"),
        "replicas": _read_replicas(found, state),
        **shown_tags(cloud, untagged(found.get("Tags")), state),
    }


def _read_replicas(found: Properties, state: Properties) -> list[dict[str, str]] | None:
    """Return the replicas; a key only where the program names one: it is computed otherwise."""
    named = [replica["region"] for replica in listed(state, "replicas") if replica.get("kmsKeyId")]
    replicas = []
    for replica in listed(found, "ReplicationStatus"):
        read = {"region": replica["Region"]}
        if replica["Region"] in named:
            read["kmsKeyId"] = replica["KmsKeyId"]

        replicas.append(read)

    return replicas or None


def update_secret(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties | None:
    """Change replicas, description, key, policy and tags, in this order.

    An absent key is not sent, as officially; what is optional and computed stays if it is left out.
    """
    if "replicas" in news:
        _update_replicas(cloud, identity, olds, news)

    has_new_key = olds.get("kmsKeyId") != news.get("kmsKeyId")
    if has_new_key or olds.get("description") != news.get("description"):
        with failing(f"updating Secrets Manager Secret ({identity})"):
            cloud.call(
                "secretsmanager",
                "update_secret",
                SecretId=identity,
                Description=news.get("description") or "",
                KmsKeyId=news.get("kmsKeyId"),
            )

    if news.get("policy") and olds.get("policy") != news["policy"]:
        _put_policy(cloud, identity, news["policy"])

    _update_tags(cloud, identity, olds, news)
    return read_secret(cloud, identity, news)


def _update_tags(cloud: Cloud, identity: str, olds: Properties, news: Properties) -> None:
    call = partial(cloud.call, "secretsmanager")
    update_tags(
        olds,
        news,
        lambda gone: call("untag_resource", SecretId=identity, TagKeys=gone),
        lambda added: call("tag_resource", SecretId=identity, Tags=pairs(added)),
    )


def _update_replicas(cloud: Cloud, identity: str, olds: Properties, news: Properties) -> None:
    before = listed(olds, "replicas")
    after = listed(news, "replicas")
    gone = [replica["region"] for replica in before if replica not in after]
    added = [_replica(replica) for replica in after if replica not in before]
    if gone:
        _remove_replicas(cloud, identity, gone)

    if added:
        cloud.call(
            "secretsmanager",
            "replicate_secret_to_regions",
            SecretId=identity,
            AddReplicaRegions=added,
        )


def _remove_replicas(cloud: Cloud, identity: str, regions: list[str]) -> None:
    cloud.call(
        "secretsmanager",
        "remove_regions_from_replication",
        SecretId=identity,
        RemoveReplicaRegions=regions,
    )


def delete_secret(cloud: Cloud, identity: str, state: Properties) -> None:
    """Remove the replicas, then delete: at once if the state has no window, or a window of 0.

    The official provider does so as well: after an import it reads 0 from the state.
    """
    if _described(cloud, identity, state) is None:
        return

    regions = [replica["region"] for replica in listed(state, "replicas")]
    if regions:
        _remove_replicas(cloud, identity, regions)

    window: dict[str, Any] = {"ForceDeleteWithoutRecovery": True}
    if state.get("recoveryWindowInDays"):
        window = {"RecoveryWindowInDays": state["recoveryWindowInDays"]}

    with failing(f"deleting Secrets Manager Secret ({identity})"):
        cloud.call("secretsmanager", "delete_secret", SecretId=identity, **window)


def _replica(replica: Mapping[str, str]) -> dict[str, str]:
    added = {"Region": replica["region"]}
    if replica.get("kmsKeyId"):
        added["KmsKeyId"] = replica["kmsKeyId"]

    return added


def create_version(cloud: Cloud, inputs: Properties) -> Created:
    """Put a value; the id is `arn|versionId`. The program writes a binary value in base64."""
    binary = inputs.get("secretBinary")
    if binary is not None:
        binary = _decoded(binary)

    with failing(f"putting Secrets Manager Secret ({inputs['secretId']}) value"):
        made = cloud.call(
            "secretsmanager",
            "put_secret_value",
            ClientRequestToken=str(uuid.uuid4()),
            SecretId=inputs["secretId"],
            SecretString=inputs.get("secretString") or inputs.get("secretStringWo"),
            SecretBinary=binary,
            VersionStages=inputs.get("versionStages"),
        )

    identity = f"{inputs['secretId']}|{made['VersionId']}"
    state = {**inputs, "hasSecretStringWo": "secretStringWo" in inputs}
    return identity, read_version(cloud, identity, state)


def _decoded(text: str) -> bytes:
    """Decode base64 as the official provider does, in Go's alphabet and with line breaks only."""
    try:
        return base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except binascii.Error:
        msg = "`secretBinary` is not base64"
        raise ProviderError(msg) from None


def _encoded(value: bytes) -> str:
    """Encode a value, unless it is base64 already: `Base64EncodeOnce` in terraform-provider-aws.

    So a value that looks like base64 itself is not read back as it was written.
    """
    try:
        text = value.decode()
        _decoded(text)
    except (UnicodeDecodeError, ProviderError, ValueError):
        return base64.b64encode(value).decode()

    return text


def read_version(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Read one version with its labels; a version that AWS has dropped is gone."""
    arn, version_id = identity.split("|")
    with failing(f"reading Secrets Manager Secret Version ({identity})"):
        if state.get("hasSecretStringWo"):
            return _read_write_only(cloud, arn, version_id)

        found = _find_version(cloud, SecretId=arn, VersionId=version_id)

    if found is None:
        return None

    version = {
        "arn": found["ARN"],
        "secretId": arn,
        "secretString": found.get("SecretString"),
        "secretBinary": found.get("SecretBinary"),
        "versionId": found["VersionId"],
        "versionStages": sorted(found["VersionStages"]),
        "hasSecretStringWo": False,
    }
    if version["secretBinary"] is not None:
        version["secretBinary"] = _encoded(version["secretBinary"])

    return version


def _read_write_only(cloud: Cloud, arn: str, version_id: str) -> Properties | None:
    """Find a version in the list of those with a label, and its value not at all.

    The newer provider lists versions here (hashicorp/terraform-provider-aws#44876). Whether it asks
    for versions without a label as well could not be read; this is the worse case.
    """
    found = cloud.find("secretsmanager", "list_secret_version_ids", SecretId=arn)
    for version in listed(found or {}, "Versions"):
        if version["VersionId"] == version_id and version["VersionStages"]:
            return {
                "arn": found["ARN"],
                "secretId": arn,
                "secretString": None,
                "secretBinary": None,
                "versionId": version_id,
                "versionStages": sorted(version["VersionStages"]),
                "hasSecretStringWo": True,
            }

    return None


def _find_version(cloud: Cloud, **which: str) -> Properties | None:
    """Read a version; one of a secret that is deleted, or will be, does not exist."""
    try:
        found: Properties | None = cloud.find("secretsmanager", "get_secret_value", **which)
    except ProviderError as error:
        if _is_gone(error):
            return None

        raise

    return found


def _existing_version(cloud: Cloud, **which: str) -> Properties:
    found = _find_version(cloud, **which)
    if found is None:
        raise ProviderError(_NOT_FOUND)

    return found


def _is_gone(error: ProviderError) -> bool:
    text = str(error)
    if "ResourceNotFoundException" in text:
        return True

    return "because it was deleted" in text or "because it was marked for deletion" in text


def update_version(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties | None:
    """Move labels, and AWSCURRENT back to this version, as the official provider does.

    Only with AWSCURRENT it says from which version: AWS refuses every other label that another
    version has.
    """
    arn, version_id = identity.split("|")
    before = set(listed(olds, "versionStages"))
    after = set(listed(news, "versionStages"))
    for label in sorted(after - before):
        with failing(f"adding Secrets Manager Secret Version ({identity}) stage ({label})"):
            _move_label(cloud, arn, label, version_id)

    gone = before - after - {_CURRENT}
    if _CURRENT in after - before:
        gone -= {_PREVIOUS}  # AWS has moved it to the version that AWSCURRENT left

    for label in sorted(gone):
        with failing(f"deleting Secrets Manager Secret Version ({identity}) stage ({label})"):
            _remove_label(cloud, arn, label, version_id)

    return read_version(cloud, identity, news)


def delete_version(cloud: Cloud, identity: str, state: Properties) -> None:
    """Remove the labels that the state knows; a version itself cannot be deleted."""
    arn, version_id = identity.split("|")
    for label in sorted(set(listed(state, "versionStages")) - {_CURRENT}):
        try:
            with failing(f"deleting Secrets Manager Secret Version ({identity}) stage ({label})"):
                _remove_label(cloud, arn, label, version_id)
        except ProviderError as error:
            if _is_gone(error):
                return

            raise


def _move_label(cloud: Cloud, arn: str, label: str, version: str) -> None:
    holder = None
    if label == _CURRENT:
        versions = cloud.call("secretsmanager", "list_secret_version_ids", SecretId=arn)["Versions"]
        holder = next((v["VersionId"] for v in versions if label in v["VersionStages"]), None)

    cloud.call(
        "secretsmanager",
        "update_secret_version_stage",
        SecretId=arn,
        VersionStage=label,
        RemoveFromVersionId=holder,
        MoveToVersionId=version,
    )


def _remove_label(cloud: Cloud, arn: str, label: str, version: str) -> None:
    cloud.call(
        "secretsmanager",
        "update_secret_version_stage",
        SecretId=arn,
        VersionStage=label,
        RemoveFromVersionId=version,
    )


def create_policy(cloud: Cloud, inputs: Properties) -> Created:
    """Put a secret's resource policy."""
    arn = inputs["secretArn"]
    _put_policy(cloud, arn, inputs["policy"], block_public=inputs.get("blockPublicPolicy"))
    return arn, {}


def _put_policy(cloud: Cloud, arn: str, policy: str, *, block_public: bool | None = None) -> None:
    """Put a policy, again and again while a role may be too new for it (`secret.go`)."""
    with failing(f"putting Secrets Manager Secret ({arn}) policy"):
        until_known(
            lambda: cloud.call(
                "secretsmanager",
                "put_resource_policy",
                SecretId=arn,
                ResourcePolicy=policy,
                BlockPublicPolicy=block_public,
            ),
            lambda error: _UNSUPPORTED in str(error),
        )


_UNSUPPORTED = "This resource policy contains an unsupported principal"


def read_policy(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Read the policy; its text is the one written if both mean the same.

    Principals that are gone do not fail this, other than reading the secret.
    """
    found = cloud.find("secretsmanager", "get_resource_policy", SecretId=identity)
    if found is None or not found.get("ResourcePolicy"):
        return None

    text = same_policy_or(state.get("policy"), found["ResourcePolicy"])
    return {"secretArn": identity, "policy": text}


def delete_policy(cloud: Cloud, identity: str, _: Properties) -> None:
    """Remove a secret's resource policy."""
    cloud.find("secretsmanager", "delete_resource_policy", SecretId=identity)


def create_rotation(cloud: Cloud, inputs: Properties) -> Created:
    """Set a schedule; `rotateImmediately` is true by default, as in the official provider."""
    secret_id = inputs["secretId"]
    with failing(f"creating Secrets Manager Secret Rotation ({secret_id})"):
        _rotate(cloud, inputs)

    return secret_id, read_rotation(cloud, secret_id, inputs)


def update_rotation(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties | None:
    """Set function and schedule anew; a change of `rotateImmediately` alone calls nothing."""
    if any(olds.get(key) != news.get(key) for key in ("rotationLambdaArn", "rotationRules")):
        with failing(f"updating Secrets Manager Secret Rotation ({identity})"):
            _rotate(cloud, news)

    return read_rotation(cloud, identity, news)


def _rotate(cloud: Cloud, inputs: Properties) -> None:
    """Call RotateSecret, again and again while AWS may not know yet what it is about to allow.

    The official provider retries AccessDeniedException and InvalidRequestException alike, with one
    request token (`secret_rotation.go`).
    """
    rules = inputs.get("rotationRules") or {}
    given = {
        "AutomaticallyAfterDays": rules.get("automaticallyAfterDays"),
        "ScheduleExpression": rules.get("scheduleExpression"),
        "Duration": rules.get("duration"),
    }
    token = str(uuid.uuid4())
    until_known(
        lambda: cloud.call(
            "secretsmanager",
            "rotate_secret",
            ClientRequestToken=token,
            SecretId=inputs["secretId"],
            RotationLambdaARN=inputs.get("rotationLambdaArn"),
            RotationRules=without_none(given),
            RotateImmediately=inputs.get("rotateImmediately", True),
        ),
        lambda error: any(code in str(error) for code in _RETRIED),
    )


_RETRIED = ("(AccessDeniedException)", "(InvalidRequestException)")


def read_rotation(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Read a schedule; where rotation is off, neither function nor rules are left in the state."""
    found = cloud.find("secretsmanager", "describe_secret", SecretId=identity)
    if found is None or found.get("DeletedDate"):
        return None

    rotation: Properties = {
        "secretId": identity,
        "rotationEnabled": bool(found.get("RotationEnabled")),
        "rotationLambdaArn": None,
        "rotationRules": None,
        "rotateImmediately": state.get("rotateImmediately"),
    }
    if not rotation["rotationEnabled"]:
        return rotation

    rules = found.get("RotationRules") or {}
    read = {
        "scheduleExpression": rules.get("ScheduleExpression"),
        "duration": rules.get("Duration"),
    }
    if not read["scheduleExpression"]:
        read["automaticallyAfterDays"] = rules.get("AutomaticallyAfterDays")

    return {
        **rotation,
        "rotationLambdaArn": found.get("RotationLambdaARN"),
        "rotationRules": without_none(read) or None,
    }


def cancel_rotation(cloud: Cloud, identity: str, _: Properties) -> None:
    """Turn rotation off; fails for a secret that is gone or marked for deletion, as officially."""
    with failing(f"deleting Secret Manager Secret Rotation ({identity})"):
        cloud.call("secretsmanager", "cancel_rotate_secret", SecretId=identity)


def _secret(cloud: Cloud, wanted: Properties) -> Properties:
    found = _described(cloud, wanted.get("arn") or wanted["name"], {})
    if found is None:
        raise ProviderError(_NOT_FOUND)

    return {**found, "policy": _policy_of(cloud, found["arn"]) or "", "id": found["arn"]}


def _secret_version(cloud: Cloud, wanted: Properties) -> Properties:
    """Read a version; one that is not found may appear yet, so it is looked for again.

    hashicorp/terraform-provider-aws#48318: for a missing one, the official data source takes 137 s.
    """
    secret_id = wanted["secretId"]
    which = {"VersionStage": wanted.get("versionStage") or _CURRENT}
    if wanted.get("versionId"):
        which = {"VersionId": wanted["versionId"]}

    identity = f"{secret_id}|{next(iter(which.values()))}"
    with failing(f"reading Secrets Manager Secret Version ({identity})"):
        found = until_known(
            lambda: _existing_version(cloud, SecretId=secret_id, **which),
            lambda error: str(error) == _NOT_FOUND,
        )

    value = found.get("SecretBinary")
    binary = None
    if value is not None:
        binary = value.decode(errors="replace")  # the data source does not encode it

    return {
        "id": identity,
        "arn": found["ARN"],
        "secretId": secret_id,
        "secretString": found.get("SecretString"),
        "secretBinary": binary,
        "versionId": found["VersionId"],
        "versionStage": wanted.get("versionStage") or _CURRENT,
        "versionStages": found["VersionStages"],
    }


TYPES = {
    "aws:secretsmanager/secret:Secret": ResourceType(
        create_secret,
        read_secret,
        update_secret,
        delete_secret,
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": ResourceType(
        create_version,
        read_version,
        update_version,
        delete_version,
    ),
    "aws:secretsmanager/secretPolicy:SecretPolicy": ResourceType(
        create_policy,
        read_policy,
        lambda cloud, _id, _olds, news: create_policy(cloud, news)[1],
        delete_policy,
    ),
    "aws:secretsmanager/secretRotation:SecretRotation": ResourceType(
        create_rotation,
        read_rotation,
        update_rotation,
        cancel_rotation,
    ),
}

FUNCTIONS: dict[str, Callable[[Any, Properties], Properties]] = {
    "aws:secretsmanager/getSecret:getSecret": _secret,
    "aws:secretsmanager/getSecretVersion:getSecretVersion": _secret_version,
}
