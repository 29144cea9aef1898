"""KMS: keys, replica keys and aliases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any

from sandbox.providers.cloud import (
    Cloud,
    all_tags,
    failing,
    same_policy_or,
    shown_tags,
    update_tags,
)
from sandbox.providers.protocol import Created, Properties, ProviderError, ResourceType
from sandbox.providers.retries import until_known

_DELETED = ("PendingDeletion", "PendingReplicaDeletion")


def create_key(cloud: Cloud, inputs: Properties) -> Created:
    """Create a symmetric key."""
    made = _with_known_principals(
        "creating KMS Key",
        lambda: cloud.call(
            "kms",
            "create_key",
            BypassPolicyLockoutSafetyCheck=inputs.get("bypassPolicyLockoutSafetyCheck"),
            Description=inputs.get("description"),
            Policy=inputs.get("policy"),
            MultiRegion=inputs.get("multiRegion"),
            Tags=_pairs(all_tags(inputs)) or None,
        ),
    )["KeyMetadata"]
    if inputs.get("enableKeyRotation"):
        cloud.call("kms", "enable_key_rotation", KeyId=made["KeyId"])

    return made["KeyId"], read_key(cloud, made["KeyId"], inputs)


def _with_known_principals(doing: str, request: Callable[[], Any]) -> Any:  # noqa: ANN401 # AWS's answer
    """Send a key policy, again and again while a role may be too new for it (`kms/key.go`)."""
    with failing(doing):
        return until_known(request, _is_malformed)


def _is_malformed(error: ProviderError) -> bool:
    return "(MalformedPolicyDocumentException)" in str(error)


def _pairs(found: dict[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in found.items()]


def read_key(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe a key; one that is pending deletion counts as gone, a primary one as well."""
    found = cloud.find("kms", "describe_key", KeyId=identity)
    if found is None or found["KeyMetadata"]["KeyState"] in _DELETED:
        return None

    key = found["KeyMetadata"]
    policy = cloud.call("kms", "get_key_policy", KeyId=identity, PolicyName="default")["Policy"]
    rotates = cloud.call("kms", "get_key_rotation_status", KeyId=identity)["KeyRotationEnabled"]
    listed = cloud.call("kms", "list_resource_tags", KeyId=identity).get("Tags") or []
    return {
        "arn": key["Arn"],
        "keyId": key["KeyId"],
        "description": key.get("Description"),
        "enableKeyRotation": rotates,
        "isEnabled": key["Enabled"],
        "multiRegion": key.get("MultiRegion", False),
        "policy": same_policy_or(state.get("policy"), policy),
        **shown_tags(cloud, {tag["TagKey"]: tag["TagValue"] for tag in listed}, state),
    }


def update_key(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties | None:
    """Change rotation, description, policy and tags; enable or disable the key."""
    with _switched(cloud, identity, olds.get("isEnabled", True), news.get("isEnabled", True)):
        rotates = bool(news.get("enableKeyRotation"))
        if rotates != bool(olds.get("enableKeyRotation")):
            cloud.call("kms", _rotation_call(is_on=rotates), KeyId=identity)

        _describe(cloud, identity, olds, news)

    return read_key(cloud, identity, news)


@contextmanager
def _switched(cloud: Cloud, identity: str, was_on: object, is_on: object) -> Iterator[None]:
    """Enable a key before its other changes, disable it after them, as `kms/key.go` does."""
    if is_on and not was_on:
        cloud.call("kms", "enable_key", KeyId=identity)
    yield
    if was_on and not is_on:
        cloud.call("kms", "disable_key", KeyId=identity)


def _rotation_call(*, is_on: bool) -> str:
    if is_on:
        return "enable_key_rotation"
    return "disable_key_rotation"


def _describe(cloud: Cloud, identity: str, olds: Properties, news: Properties) -> None:
    call = partial(cloud.call, "kms")
    if olds.get("description") != news.get("description"):
        call("update_key_description", KeyId=identity, Description=news.get("description") or "")

    policy = news.get("policy")
    if policy and policy != olds.get("policy"):
        _with_known_principals(
            f"updating KMS Key ({identity}): updating policy",
            lambda: call(
                "put_key_policy",
                BypassPolicyLockoutSafetyCheck=news.get("bypassPolicyLockoutSafetyCheck"),
                KeyId=identity,
                PolicyName="default",
                Policy=policy,
            ),
        )

    update_tags(
        olds,
        news,
        lambda gone: call("untag_resource", KeyId=identity, TagKeys=gone),
        lambda added: call("tag_resource", KeyId=identity, Tags=_pairs(added)),
    )


def delete_key(cloud: Cloud, identity: str, state: Properties) -> None:
    """Schedule the key's deletion."""
    if read_key(cloud, identity, state) is not None:
        window = state.get("deletionWindowInDays")
        cloud.call("kms", "schedule_key_deletion", KeyId=identity, PendingWindowInDays=window or 30)


def create_replica_key(cloud: Cloud, inputs: Properties) -> Created:
    """Replicate a multi-Region key into the region of `cloud`, under a policy of its own."""
    primary = inputs["primaryKeyArn"]
    home, key_id = primary.split(":")[3], primary.rpartition("/")[2]
    _with_known_principals(
        "creating KMS Replica Key",
        lambda: cloud.at({"region": home}).call(
            "kms",
            "replicate_key",
            BypassPolicyLockoutSafetyCheck=inputs.get("bypassPolicyLockoutSafetyCheck"),
            Description=inputs.get("description"),
            KeyId=key_id,
            Policy=inputs.get("policy"),
            ReplicaRegion=cloud.region,
            Tags=_pairs(all_tags(inputs)) or None,
        ),
    )
    return key_id, read_replica_key(cloud, key_id, inputs)


def read_replica_key(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe a replica; its rotation is its primary's."""
    found = read_key(cloud, identity, state)
    if found is None:
        return None

    shown = ("arn", "keyId", "description", "policy", "tags", "tagsAll")
    return {
        **{key: found[key] for key in shown},
        "enabled": found["isEnabled"],
        "region": cloud.region,
        "primaryKeyArn": state.get("primaryKeyArn"),
    }


def update_replica_key(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties | None:
    """Change policy, description and tags; enable or disable the replica."""
    with _switched(cloud, identity, olds.get("enabled", True), news.get("enabled", True)):
        _describe(cloud, identity, olds, news)

    return read_replica_key(cloud, identity, news)


def create_alias(cloud: Cloud, inputs: Properties) -> Created:
    """Create the alias of a key."""
    cloud.call("kms", "create_alias", AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
    return inputs["name"], read_alias(cloud, inputs["name"], inputs)


def read_alias(cloud: Cloud, identity: str, _: Properties) -> Properties | None:
    """Find an alias."""
    pages = cloud.pages("kms", "list_aliases")
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
