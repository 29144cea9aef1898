"""KMS: keys, replica keys and aliases."""

from __future__ import annotations

from itertools import chain

from sandbox.providers.cloud import Cloud, same_or, tags
from sandbox.providers.protocol import Created, Properties, ResourceType


def create_key(cloud: Cloud, inputs: Properties) -> Created:
    """Create a symmetric key."""
    made = cloud.call(
        "kms",
        "create_key",
        Description=inputs.get("description"),
        Policy=inputs.get("policy"),
        MultiRegion=inputs.get("multiRegion"),
        Tags=_key_tags(inputs),
    )["KeyMetadata"]
    if inputs.get("enableKeyRotation"):
        cloud.call("kms", "enable_key_rotation", KeyId=made["KeyId"])

    return made["KeyId"], read_key(cloud, made["KeyId"], inputs)


def _key_tags(inputs: Properties) -> list[dict[str, str]] | None:
    pairs = tags(inputs)
    if pairs is None:
        return None

    return [{"TagKey": pair["Key"], "TagValue": pair["Value"]} for pair in pairs]


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


def update_key(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties | None:
    """Change policy, description and rotation."""
    _describe(cloud, identity, olds, news)
    operation = "disable_key_rotation"
    if news.get("enableKeyRotation"):
        operation = "enable_key_rotation"

    cloud.call("kms", operation, KeyId=identity)
    return read_key(cloud, identity, news)


def _describe(cloud: Cloud, identity: str, olds: Properties, news: Properties) -> None:
    policy = news.get("policy")
    if policy and policy != olds.get("policy"):
        _set_policy(cloud, identity, policy)

    if olds.get("description") != news.get("description"):
        cloud.call(
            "kms",
            "update_key_description",
            KeyId=identity,
            Description=news.get("description") or "",
        )


def _set_policy(cloud: Cloud, identity: str, policy: str) -> None:
    cloud.call("kms", "put_key_policy", KeyId=identity, PolicyName="default", Policy=policy)


def delete_key(cloud: Cloud, identity: str, state: Properties) -> None:
    """Schedule the key's deletion."""
    if read_key(cloud, identity, state) is not None:
        window = state.get("deletionWindowInDays")
        cloud.call("kms", "schedule_key_deletion", KeyId=identity, PendingWindowInDays=window or 30)


def create_replica_key(cloud: Cloud, inputs: Properties) -> Created:
    """Replicate a multi-Region key into the region of `cloud`, under a policy of its own."""
    primary = inputs["primaryKeyArn"]
    home, key_id = primary.split(":")[3], primary.rpartition("/")[2]
    cloud.at({"region": home}).call(
        "kms",
        "replicate_key",
        KeyId=key_id,
        ReplicaRegion=cloud.region,
        Description=inputs.get("description"),
        Policy=inputs.get("policy"),
        Tags=_key_tags(inputs),
    )
    return key_id, read_replica_key(cloud, key_id, inputs)


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
) -> Properties | None:
    """Change policy and description."""
    _describe(cloud, identity, olds, news)
    return read_replica_key(cloud, identity, news)


def create_alias(cloud: Cloud, inputs: Properties) -> Created:
    """Create the alias of a key."""
    cloud.call("kms", "create_alias", AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
    return inputs["name"], read_alias(cloud, inputs["name"], inputs)


def read_alias(cloud: Cloud, identity: str, _: Properties) -> Properties | None:
    """Find an alias."""
    pages = cloud.client("kms").get_paginator("list_aliases").paginate()
    for alias in chain.from_iterable(page["Aliases"] for page in pages):
        if alias["AliasName"] == identity:
            return {
                "arn": alias["AliasArn"],
                "name": identity,
                "targetKeyId": alias["TargetKeyId"],
            }

    return None


def update_alias(cloud: Cloud, identity: str, _: Properties, news: Properties) -> Properties | None:
    """Point an alias at another key."""
    cloud.call("kms", "update_alias", AliasName=identity, TargetKeyId=news["targetKeyId"])
    return read_alias(cloud, identity, news)


def delete_alias(cloud: Cloud, identity: str, _: Properties) -> None:
    """Remove an alias."""
    cloud.find("kms", "delete_alias", AliasName=identity)


TYPES = {
    "aws:kms/key:Key": ResourceType(
        create_key,
        read_key,
        update_key,
        delete_key,
    ),
    "aws:kms/replicaKey:ReplicaKey": ResourceType(
        create_replica_key,
        read_replica_key,
        update_replica_key,
        delete_key,
    ),
    "aws:kms/alias:Alias": ResourceType(
        create_alias,
        read_alias,
        update_alias,
        delete_alias,
    ),
}
