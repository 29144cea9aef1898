"""KMS: keys, replica keys and aliases."""

from __future__ import annotations

from sandbox.providers.cloud import Cloud, same_or, tags
from sandbox.providers.protocol import Properties, ResourceType


def create_key(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create a symmetric key."""
    labels = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in tags(inputs)]
    made = cloud.call(
        "kms",
        "create_key",
        Description=inputs.get("description"),
        Policy=inputs.get("policy"),
        MultiRegion=inputs.get("multiRegion"),
        Tags=labels or None,
    )["KeyMetadata"]
    if inputs.get("enableKeyRotation"):
        cloud.call("kms", "enable_key_rotation", KeyId=made["KeyId"])
    return made["KeyId"], read_key(cloud, made["KeyId"], inputs) or {}


def read_key(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe a key; one that is pending deletion counts as gone."""
    found = cloud.find("kms", "describe_key", KeyId=identity)
    if found is None or found["KeyMetadata"].get("DeletionDate"):
        return None
    key = found["KeyMetadata"]
    policy = cloud.call("kms", "get_key_policy", KeyId=identity, PolicyName="default")["Policy"]
    rotates = cloud.call("kms", "get_key_rotation_status", KeyId=identity)["KeyRotationEnabled"]
    return {
        "arn": key["Arn"],
        "keyId": key["KeyId"],
        "description": key.get("Description"),
        "enableKeyRotation": rotates,
        "multiRegion": key.get("MultiRegion", False),
        "policy": same_or(state.get("policy"), policy),
        "tags": state.get("tags"),
    }


def update_key(cloud: Cloud, identity: str, olds: Properties, news: Properties) -> Properties:
    """Change policy, description and rotation."""
    if olds.get("policy") != news.get("policy") and news.get("policy"):
        cloud.call(
            "kms", "put_key_policy", KeyId=identity, PolicyName="default", Policy=news["policy"]
        )
    if olds.get("description") != news.get("description"):
        cloud.call(
            "kms",
            "update_key_description",
            KeyId=identity,
            Description=news.get("description") or "",
        )
    operation = "enable_key_rotation" if news.get("enableKeyRotation") else "disable_key_rotation"
    cloud.call("kms", operation, KeyId=identity)
    return read_key(cloud, identity, news) or {}


def delete_key(cloud: Cloud, identity: str, state: Properties) -> None:
    """Schedule the key's deletion."""
    if read_key(cloud, identity, state) is not None:
        window = state.get("deletionWindowInDays")
        cloud.call("kms", "schedule_key_deletion", KeyId=identity, PendingWindowInDays=window or 30)


def create_replica_key(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Replicate a multi-Region key into the region of `cloud`, under a policy of its own."""
    primary = inputs["primaryKeyArn"]
    home, key_id = primary.split(":")[3], primary.rpartition("/")[2]
    cloud.at({"region": home}).call(
        "kms",
        "replicate_key",
        KeyId=key_id,  # moto knows a key by its id only here
        ReplicaRegion=cloud.region,
    )
    if inputs.get("policy"):  # moto's replica has its primary's otherwise
        cloud.call(
            "kms", "put_key_policy", KeyId=key_id, PolicyName="default", Policy=inputs["policy"]
        )
    return key_id, read_replica_key(cloud, key_id, inputs) or {}


def read_replica_key(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe a replica; its rotation is its primary's."""
    found = read_key(cloud, identity, state)
    if found is None:
        return None
    shown = ("arn", "keyId", "description", "policy", "tags")
    return {
        **{key: found[key] for key in shown},
        "region": cloud.region,
        "primaryKeyArn": state.get("primaryKeyArn"),
    }


def update_replica_key(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties:
    """Change policy and description."""
    if olds.get("policy") != news.get("policy") and news.get("policy"):
        cloud.call(
            "kms", "put_key_policy", KeyId=identity, PolicyName="default", Policy=news["policy"]
        )
    if olds.get("description") != news.get("description"):
        cloud.call(
            "kms",
            "update_key_description",
            KeyId=identity,
            Description=news.get("description") or "",
        )
    return read_replica_key(cloud, identity, news) or {}


def create_alias(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Give a key its alias."""
    cloud.call("kms", "create_alias", AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
    return inputs["name"], read_alias(cloud, inputs["name"], inputs) or {}


def read_alias(cloud: Cloud, identity: str, _: Properties) -> Properties | None:
    """Find an alias."""
    pages = cloud.client("kms").get_paginator("list_aliases").paginate()
    for alias in (alias for page in pages for alias in page["Aliases"]):
        if alias["AliasName"] == identity:
            return {
                "arn": alias["AliasArn"],
                "name": identity,
                "targetKeyId": alias["TargetKeyId"],
            }
    return None


def update_alias(cloud: Cloud, identity: str, _: Properties, news: Properties) -> Properties:
    """Point an alias at another key."""
    cloud.call("kms", "update_alias", AliasName=identity, TargetKeyId=news["targetKeyId"])
    return read_alias(cloud, identity, news) or {}


def delete_alias(cloud: Cloud, identity: str, _: Properties) -> None:
    """Remove an alias."""
    cloud.find("kms", "delete_alias", AliasName=identity)


TYPES = {
    "aws:kms/key:Key": ResourceType(
        create_key,
        read_key,
        update_key,
        delete_key,
        replaces=frozenset({"multiRegion", "region", "keyUsage", "customerMasterKeySpec"}),
        computed=frozenset({"policy", "description", "region", "deletionWindowInDays"}),
        outputs=("arn", "keyId"),
        hidden=frozenset({"deletionWindowInDays"}),
    ),
    "aws:kms/replicaKey:ReplicaKey": ResourceType(
        create_replica_key,
        read_replica_key,
        update_replica_key,
        delete_key,
        replaces=frozenset({"primaryKeyArn", "region"}),
        computed=frozenset({"policy", "description", "region", "deletionWindowInDays"}),
        outputs=("arn", "keyId"),
        hidden=frozenset({"deletionWindowInDays"}),
    ),
    "aws:kms/alias:Alias": ResourceType(
        create_alias,
        read_alias,
        update_alias,
        delete_alias,
        replaces=frozenset({"name", "namePrefix", "region"}),
        computed=frozenset({"region"}),
        outputs=("arn",),
        name="name",
    ),
}
