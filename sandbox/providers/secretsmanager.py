"""Secrets Manager: secrets, versions, policies and rotations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.providers.cloud import Cloud, same_or, tags, untagged
from sandbox.providers.protocol import Properties, ProviderError, ResourceType


def create_secret(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create a secret without a value."""
    made = cloud.call(
        "secretsmanager",
        "create_secret",
        Name=inputs["name"],
        Description=inputs.get("description"),
        KmsKeyId=inputs.get("kmsKeyId"),
        Tags=tags(inputs),
        AddReplicaRegions=[_replica(r) for r in inputs.get("replicas") or []] or None,
        ForceOverwriteReplicaSecret=inputs.get("forceOverwriteReplicaSecret"),
    )
    return made["ARN"], read_secret(cloud, made["ARN"], inputs) or {}


def read_secret(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe a secret; one that is scheduled for deletion counts as gone."""
    found = cloud.find("secretsmanager", "describe_secret", SecretId=identity)
    if found is None or found.get("DeletedDate"):
        return None
    written = {r["region"]: r for r in state.get("replicas") or []}
    return {
        "arn": found["ARN"],
        "name": found["Name"],
        "description": found.get("Description"),
        "kmsKeyId": found.get("KmsKeyId"),
        "tags": untagged(found.get("Tags")),
        "tagsAll": untagged(found.get("Tags")) or {},
        "replicas": [
            # The key of a replica shows only where the program gave one: it is computed otherwise.
            {"region": r["Region"], "kmsKeyId": r["KmsKeyId"]}
            if written.get(r["Region"], {}).get("kmsKeyId")
            else {"region": r["Region"]}
            for r in found.get("ReplicationStatus") or []
        ]
        or None,
    }


def update_secret(cloud: Cloud, identity: str, olds: Properties, news: Properties) -> Properties:
    """Change description, key, tags and replicas. An absent key is not sent, as officially."""
    if any(olds.get(key) != news.get(key) for key in ("description", "kmsKeyId")):
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
    return read_secret(cloud, identity, news) or {}


def _update_tags(cloud: Cloud, identity: str, olds: Properties, news: Properties) -> None:
    gone = sorted(set(olds.get("tags") or {}) - set(news.get("tags") or {}))
    if gone:
        cloud.call("secretsmanager", "untag_resource", SecretId=identity, TagKeys=gone)
    if news.get("tags") and olds.get("tags") != news["tags"]:
        cloud.call("secretsmanager", "tag_resource", SecretId=identity, Tags=tags(news))


def _update_replicas(cloud: Cloud, identity: str, olds: Properties, news: Properties) -> None:
    before, after = olds.get("replicas") or [], news.get("replicas") or []
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
    """Remove the replicas, then schedule the deletion; window 0, or none in the state, is at once.

    The official provider forgets an import's window in the same way: it reads 0 from the state.
    """
    if read_secret(cloud, identity, state) is None:
        return
    if state.get("replicas"):
        _remove_replicas(cloud, identity, [replica["region"] for replica in state["replicas"]])
    days = state.get("recoveryWindowInDays") or 0
    cloud.call(
        "secretsmanager",
        "delete_secret",
        SecretId=identity,
        RecoveryWindowInDays=days or None,
        ForceDeleteWithoutRecovery=True if days == 0 else None,
    )


def _replica(replica: Mapping[str, str]) -> dict[str, str]:
    key = {"KmsKeyId": replica["kmsKeyId"]} if replica.get("kmsKeyId") else {}
    return {"Region": replica["region"], **key}


def create_version(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
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
    return identity, read_version(cloud, identity, inputs) or {}


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
    binary = found.get("SecretBinary")
    return {
        "arn": found["ARN"],
        "secretId": arn,
        "secretString": None if "secretStringWo" in state else found.get("SecretString"),
        "secretBinary": binary.decode() if binary is not None else None,
        "versionId": found["VersionId"],
        "versionStages": sorted(found["VersionStages"]),
    }


def update_version(cloud: Cloud, identity: str, olds: Properties, news: Properties) -> Properties:
    """Move labels; officially this moves AWSCURRENT back, and so it does here."""
    arn, version_id = identity.split("|")
    before, after = set(olds.get("versionStages") or []), set(news.get("versionStages") or [])
    for label in sorted(after - before):
        _move_label(cloud, arn, label, version_id)
    for label in sorted(before - after - {"AWSCURRENT"}):
        _remove_label(cloud, arn, label, version_id)
    return read_version(cloud, identity, news) or {}


def delete_version(cloud: Cloud, identity: str, state: Properties) -> None:
    """Remove the labels that the state knows; a version itself cannot be deleted."""
    arn, version_id = identity.split("|")
    for label in sorted(set(state.get("versionStages") or []) - {"AWSCURRENT"}):
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


def create_policy(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
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
    """Read the policy; the written text stays where it means the same."""
    found = cloud.find("secretsmanager", "get_resource_policy", SecretId=identity)
    if found is None or not found.get("ResourcePolicy"):
        return None
    text = same_or(state.get("policy"), found["ResourcePolicy"])
    return {"secretArn": identity, "policy": text}


def delete_policy(cloud: Cloud, identity: str, _: Properties) -> None:
    """Remove a secret's resource policy."""
    cloud.find("secretsmanager", "delete_resource_policy", SecretId=identity)


def set_rotation(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Set a schedule; `rotateImmediately` is true unless given, as officially."""
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
        RotationRules={key: value for key, value in given.items() if value is not None},
        RotateImmediately=inputs.get("rotateImmediately", True),
    )
    return inputs["secretId"], read_rotation(cloud, inputs["secretId"], inputs) or {}


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
        "rotationRules": {key: value for key, value in read.items() if value is not None} or None,
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
        replaces=frozenset({"name", "namePrefix", "region", "type"}),
        computed=frozenset({"policy", "region", "replicas"}),
        defaults={"recoveryWindowInDays": 30, "forceOverwriteReplicaSecret": False},
        outputs=("arn", "tagsAll"),
        name="name",
        hidden=frozenset({"recoveryWindowInDays", "forceOverwriteReplicaSecret"}),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": ResourceType(
        create_version,
        read_version,
        update_version,
        delete_version,
        replaces=frozenset(
            {"secretId", "secretString", "secretBinary", "secretStringWoVersion", "region"}
        ),
        computed=frozenset({"versionStages", "region"}),
        outputs=("arn", "versionId"),
        secrets=frozenset({"secretString", "secretBinary", "secretStringWo"}),
        write_only=frozenset({"secretStringWo"}),
    ),
    "aws:secretsmanager/secretPolicy:SecretPolicy": ResourceType(
        create_policy,
        read_policy,
        lambda cloud, _id, _olds, news: create_policy(cloud, news)[1],
        delete_policy,
        replaces=frozenset({"secretArn", "region"}),
        computed=frozenset({"region"}),
        hidden=frozenset({"blockPublicPolicy"}),
    ),
    "aws:secretsmanager/secretRotation:SecretRotation": ResourceType(
        set_rotation,
        read_rotation,
        lambda cloud, _id, _olds, news: set_rotation(cloud, news)[1],
        cancel_rotation,
        replaces=frozenset({"secretId", "region"}),
        computed=frozenset({"region", "rotationEnabled"}),
        outputs=("rotationEnabled",),
        hidden=frozenset({"rotateImmediately"}),
    ),
}

FUNCTIONS: dict[str, Callable[[Any, Properties], Properties]] = {
    "aws:secretsmanager/getSecret:getSecret": _secret,
    "aws:secretsmanager/getSecretVersion:getSecretVersion": _secret_version,
}
