"""Secrets Manager: secrets, versions, policies and rotations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.providers.cloud import (
    Cloud,
    all_tags,
    listed,
    own_tags,
    same_or,
    tags,
    untagged,
    without_none,
)
from sandbox.providers.protocol import Created, Properties, ProviderError, ResourceType


def create_secret(cloud: Cloud, inputs: Properties) -> Created:
    """Create a secret without a value."""
    made = cloud.call(
        "secretsmanager",
        "create_secret",
        Name=inputs["name"],
        Description=inputs.get("description"),
        KmsKeyId=inputs.get("kmsKeyId"),
        Tags=tags(inputs),
        AddReplicaRegions=[_replica(replica) for replica in listed(inputs, "replicas")] or None,
        ForceOverwriteReplicaSecret=inputs.get("forceOverwriteReplicaSecret"),
    )
    return made["ARN"], read_secret(cloud, made["ARN"], inputs)


def read_secret(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe a secret; one that is scheduled for deletion counts as gone."""
    found = cloud.find("secretsmanager", "describe_secret", SecretId=identity)
    if found is None or found.get("DeletedDate"):
        return None

    found_tags = untagged(found.get("Tags"))
    return {
        "arn": found["ARN"],
        "name": found["Name"],
        "description": found.get("Description"),
        "kmsKeyId": found.get("KmsKeyId"),
        "tags": own_tags(cloud, found_tags, state),
        "tagsAll": found_tags,
        "replicas": _read_replicas(found, state),
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
    """Change description, key, tags and replicas; an absent key is not sent, as officially."""
    has_new_key = olds.get("kmsKeyId") != news.get("kmsKeyId")
    if has_new_key or olds.get("description") != news.get("description"):
        cloud.call(
            "secretsmanager",
            "update_secret",
            SecretId=identity,
            Description=news.get("description") or "",
            KmsKeyId=news.get("kmsKeyId"),
        )

    _update_tags(cloud, identity, olds, news)
    if "replicas" in news:  # optional and computed: what the program leaves out stays
        _update_replicas(cloud, identity, olds, news)

    return read_secret(cloud, identity, news)


def _update_tags(cloud: Cloud, identity: str, olds: Properties, news: Properties) -> None:
    before = all_tags(olds)
    after = all_tags(news)
    gone = sorted(before.keys() - after.keys())
    if gone:
        cloud.call("secretsmanager", "untag_resource", SecretId=identity, TagKeys=gone)

    if after and after != before:
        cloud.call("secretsmanager", "tag_resource", SecretId=identity, Tags=tags(news))


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
    if read_secret(cloud, identity, state) is None:
        return

    regions = [replica["region"] for replica in listed(state, "replicas")]
    if regions:
        _remove_replicas(cloud, identity, regions)

    window: dict[str, Any] = {"ForceDeleteWithoutRecovery": True}
    if state.get("recoveryWindowInDays"):
        window = {"RecoveryWindowInDays": state["recoveryWindowInDays"]}

    cloud.call("secretsmanager", "delete_secret", SecretId=identity, **window)


def _replica(replica: Mapping[str, str]) -> dict[str, str]:
    added = {"Region": replica["region"]}
    if replica.get("kmsKeyId"):
        added["KmsKeyId"] = replica["kmsKeyId"]

    return added


def create_version(cloud: Cloud, inputs: Properties) -> Created:
    """Put a value; the id is `arn|versionId`."""
    made = cloud.call(
        "secretsmanager",
        "put_secret_value",
        SecretId=inputs["secretId"],
        SecretString=inputs.get("secretString") or inputs.get("secretStringWo"),
        SecretBinary=inputs.get("secretBinary"),
        VersionStages=inputs.get("versionStages"),
    )
    identity = f"{inputs['secretId']}|{made['VersionId']}"
    return identity, read_version(cloud, identity, inputs)


def read_version(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Read one version with its labels; a version that AWS has dropped is gone."""
    arn, version_id = identity.split("|")
    try:
        found = cloud.find("secretsmanager", "get_secret_value", SecretId=arn, VersionId=version_id)
    except ProviderError as error:
        if "marked deleted" in str(error) or "marked for deletion" in str(error):
            return None

        raise

    if found is None:
        return None

    version = {
        "arn": found["ARN"],
        "secretId": arn,
        "secretString": found.get("SecretString"),
        "secretBinary": found.get("SecretBinary"),
        "versionId": found["VersionId"],
        "versionStages": sorted(found["VersionStages"]),
    }
    if "secretStringWo" in state:
        version["secretString"] = None

    if version["secretBinary"] is not None:
        version["secretBinary"] = version["secretBinary"].decode()

    return version


def update_version(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties | None:
    """Move labels, and AWSCURRENT back to this version, as the official provider does."""
    arn, version_id = identity.split("|")
    before = set(listed(olds, "versionStages"))
    after = set(listed(news, "versionStages"))
    for label in sorted(after - before):
        _move_label(cloud, arn, label, version_id)

    for label in sorted(before - after - {"AWSCURRENT"}):
        _remove_label(cloud, arn, label, version_id)

    return read_version(cloud, identity, news)


def delete_version(cloud: Cloud, identity: str, state: Properties) -> None:
    """Remove the labels that the state knows; a version itself cannot be deleted."""
    arn, version_id = identity.split("|")
    for label in sorted(set(listed(state, "versionStages")) - {"AWSCURRENT"}):
        _remove_label(cloud, arn, label, version_id)


def _move_label(cloud: Cloud, arn: str, label: str, version: str) -> None:
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
    cloud.call(
        "secretsmanager",
        "put_resource_policy",
        SecretId=inputs["secretArn"],
        ResourcePolicy=inputs["policy"],
        BlockPublicPolicy=inputs.get("blockPublicPolicy"),
    )
    return inputs["secretArn"], {}


def read_policy(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Read the policy; its text is the one written if both mean the same."""
    found = cloud.find("secretsmanager", "get_resource_policy", SecretId=identity)
    if found is None or not found.get("ResourcePolicy"):
        return None

    text = same_or(state.get("policy"), found["ResourcePolicy"])
    return {"secretArn": identity, "policy": text}


def delete_policy(cloud: Cloud, identity: str, _: Properties) -> None:
    """Remove a secret's resource policy."""
    cloud.find("secretsmanager", "delete_resource_policy", SecretId=identity)


def set_rotation(cloud: Cloud, inputs: Properties) -> Created:
    """Set a schedule; `rotateImmediately` is true by default, as in the official provider."""
    rules = inputs.get("rotationRules") or {}
    given = {
        "AutomaticallyAfterDays": rules.get("automaticallyAfterDays"),
        "ScheduleExpression": rules.get("scheduleExpression"),
        "Duration": rules.get("duration"),
    }
    cloud.call(
        "secretsmanager",
        "rotate_secret",
        SecretId=inputs["secretId"],
        RotationLambdaARN=inputs.get("rotationLambdaArn"),
        RotationRules=without_none(given),
        RotateImmediately=inputs.get("rotateImmediately", True),
    )
    return inputs["secretId"], read_rotation(cloud, inputs["secretId"], inputs)


def read_rotation(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Read a schedule."""
    found = cloud.find("secretsmanager", "describe_secret", SecretId=identity)
    if found is None or found.get("DeletedDate"):
        return None

    rules = found.get("RotationRules") or {}
    read = {
        "automaticallyAfterDays": rules.get("AutomaticallyAfterDays"),
        "scheduleExpression": rules.get("ScheduleExpression"),
        "duration": rules.get("Duration"),
    }
    return {
        "secretId": identity,
        "rotationEnabled": bool(found.get("RotationEnabled")),
        "rotationLambdaArn": found.get("RotationLambdaARN"),
        "rotationRules": without_none(read) or None,
        "rotateImmediately": state.get("rotateImmediately"),
    }


def cancel_rotation(cloud: Cloud, identity: str, state: Properties) -> None:
    """Turn rotation off."""
    if read_rotation(cloud, identity, state) is not None:
        cloud.call("secretsmanager", "cancel_rotate_secret", SecretId=identity)


def _secret(cloud: Cloud, wanted: Properties) -> Properties:
    found = read_secret(cloud, wanted.get("arn") or wanted["name"], {})
    if found is None:
        msg = "couldn't find resource"
        raise ProviderError(msg)

    return {**found, "id": found["arn"]}


def _secret_version(cloud: Cloud, wanted: Properties) -> Properties:
    found = cloud.find(
        "secretsmanager",
        "get_secret_value",
        SecretId=wanted["secretId"],
        VersionStage=wanted.get("versionStage") or "AWSCURRENT",
    )
    if found is None:
        msg = "couldn't find resource"
        raise ProviderError(msg)

    return {
        "id": f"{wanted['secretId']}|{found['VersionId']}",
        "arn": found["ARN"],
        "secretId": wanted["secretId"],
        "secretString": found.get("SecretString"),
        "versionId": found["VersionId"],
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
        set_rotation,
        read_rotation,
        lambda cloud, _id, _olds, news: set_rotation(cloud, news)[1],
        cancel_rotation,
    ),
}

FUNCTIONS: dict[str, Callable[[Any, Properties], Properties]] = {
    "aws:secretsmanager/getSecret:getSecret": _secret,
    "aws:secretsmanager/getSecretVersion:getSecretVersion": _secret_version,
}
