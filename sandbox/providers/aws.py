"""`pulumi-resource-aws` for the sandbox: the types that this project and its examples use."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.providers import compute
from sandbox.providers.protocol import Properties, Provider, ProviderError, ResourceType, serve

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_GONE = ("ResourceNotFoundException", "NotFoundException", "NoSuchEntity", "DBInstanceNotFound")


class Cloud:
    """The AWS API that the provider works on, one client per service."""

    def __init__(self, settings: Properties) -> None:
        """Connect to the endpoint of the environment or of the provider's settings.

        Raises:
            ProviderError: no endpoint is set, or one that is not on this machine.
        """
        endpoints = json.loads(settings.get("endpoints") or "[]")
        given = next((url for block in endpoints for url in block.values()), None)
        self.endpoint = given or os.environ.get("AWS_ENDPOINT_URL") or ""
        if urlsplit(self.endpoint).hostname not in _LOOPBACK:
            msg = (
                "this is the sandbox's provider: it works on a loopback address only; "
                "set AWS_ENDPOINT_URL with `eval $(.venv/bin/python -m sandbox env)`"
            )
            raise ProviderError(msg)
        self.region = settings.get("region") or os.environ.get("AWS_REGION") or "us-east-1"
        self._session = boto3.Session(region_name=self.region)
        self._clients: dict[str, Any] = {}
        self._settings = settings
        self._elsewhere: dict[str, Cloud] = {}

    def at(self, properties: Properties) -> Cloud:
        """Give the API in the region that a resource names (`region`), by default in this one."""
        region = properties.get("region") or self.region
        if region == self.region:
            return self
        if region not in self._elsewhere:
            self._elsewhere[region] = Cloud({**self._settings, "region": region})
        return self._elsewhere[region]

    def client(self, service: str) -> Any:  # noqa: ANN401 # boto3 makes its clients' classes at run time
        """Give the client of a service."""
        if service not in self._clients:
            self._clients[service] = self._session.client(
                service,
                endpoint_url=self.endpoint,  # before any other that the user's shell may set
                config=Config(retries={"total_max_attempts": 1}, max_pool_connections=32),
            )
        return self._clients[service]

    def call(self, service: str, operation: str, /, **arguments: Any) -> Any:  # noqa: ANN401 # AWS's answer
        """Call AWS, leaving out what is None; AWS's refusal becomes a ProviderError."""
        given = {key: value for key, value in arguments.items() if value is not None}
        try:
            return getattr(self.client(service), operation)(**given)
        except ClientError as error:
            raise ProviderError(str(error)) from None

    def find(self, service: str, operation: str, /, **arguments: Any) -> Any:  # noqa: ANN401 # AWS's answer
        """Call AWS; None where the thing is not there."""
        try:
            return getattr(self.client(service), operation)(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise ProviderError(str(error)) from None


def _tags(properties: Properties) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in (properties.get("tags") or {}).items()]


def _untagged(tags: list[Mapping[str, str]] | None) -> dict[str, str] | None:
    return {tag["Key"]: tag["Value"] for tag in tags or []} or None


# aws:secretsmanager/secret:Secret


def create_secret(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create a secret without a value."""
    made = cloud.call(
        "secretsmanager",
        "create_secret",
        Name=inputs["name"],
        Description=inputs.get("description"),
        KmsKeyId=inputs.get("kmsKeyId"),
        Tags=_tags(inputs),
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
        "tags": _untagged(found.get("Tags")),
        "tagsAll": _untagged(found.get("Tags")) or {},
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
        cloud.call("secretsmanager", "tag_resource", SecretId=identity, Tags=_tags(news))


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


# aws:secretsmanager/secretVersion:SecretVersion


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


# aws:secretsmanager/secretPolicy:SecretPolicy


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
    text = _same_or(state.get("policy"), found["ResourcePolicy"])
    return {"secretArn": identity, "policy": text}


def delete_policy(cloud: Cloud, identity: str, _: Properties) -> None:
    """Remove a secret's resource policy."""
    cloud.find("secretsmanager", "delete_resource_policy", SecretId=identity)


def _same_or(written: str | None, found: str) -> str:
    same = written is not None and json.loads(written) == json.loads(found)
    return written if same and written is not None else found


# aws:secretsmanager/secretRotation:SecretRotation


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


# aws:kms/key:Key, aws:kms/replicaKey:ReplicaKey and aws:kms/alias:Alias


def create_key(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create a symmetric key."""
    tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in _tags(inputs)]
    made = cloud.call(
        "kms",
        "create_key",
        Description=inputs.get("description"),
        Policy=inputs.get("policy"),
        MultiRegion=inputs.get("multiRegion"),
        Tags=tags or None,
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
        "policy": _same_or(state.get("policy"), policy),
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


# aws:lambda/permission:Permission


def create_permission(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Add a statement to a function's policy."""
    statement = inputs.get("statementId") or f"terraform-{os.urandom(8).hex()}"
    cloud.call(
        "lambda",
        "add_permission",
        FunctionName=inputs["function"],
        StatementId=statement,
        Action=inputs["action"],
        Principal=inputs["principal"],
        SourceAccount=inputs.get("sourceAccount"),
        SourceArn=inputs.get("sourceArn"),
    )
    return statement, {"statementId": statement}


def read_permission(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Find a statement in a function's policy."""
    found = cloud.find("lambda", "get_policy", FunctionName=state["function"])
    statements = json.loads(found["Policy"])["Statement"] if found else []
    return state if any(s["Sid"] == identity for s in statements) else None


def delete_permission(cloud: Cloud, identity: str, state: Properties) -> None:
    """Remove a statement from a function's policy."""
    cloud.find("lambda", "remove_permission", FunctionName=state["function"], StatementId=identity)


# aws:lambda/function:Function


def create_function(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create a function from a zip; the id is its name."""
    cloud.call("lambda", "create_function", Code=_code(inputs), Publish=False,
               Tags=inputs.get("tags"), **_function(inputs))  # fmt: skip
    return inputs["name"], read_function(cloud, inputs["name"], inputs) or {}


def read_function(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Read a function's settings; its code is compared by the hash that the engine keeps."""
    found = cloud.find("lambda", "get_function_configuration", FunctionName=identity)
    if found is None:
        return None
    return {
        **state,
        "arn": found["FunctionArn"],
        "name": found["FunctionName"],
        "handler": found["Handler"],
        "runtime": found["Runtime"],
        "role": found["Role"],
        "timeout": found["Timeout"],
    }


def update_function(cloud: Cloud, identity: str, olds: Properties, news: Properties) -> Properties:
    """Change code and settings, in that order, as officially."""
    if olds.get("code") != news.get("code"):
        cloud.call("lambda", "update_function_code", FunctionName=identity, **_code(news))
    cloud.call("lambda", "update_function_configuration", **_function(news))
    return read_function(cloud, identity, news) or {}


def delete_function(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a function."""
    cloud.find("lambda", "delete_function", FunctionName=identity)


def _function(inputs: Properties) -> dict[str, Any]:
    network, log = inputs.get("vpcConfig"), inputs.get("loggingConfig")
    given = {
        "FunctionName": inputs["name"],
        "Description": inputs.get("description"),
        "Runtime": inputs.get("runtime"),
        "Handler": inputs.get("handler"),
        "Role": inputs["role"],
        "Timeout": inputs.get("timeout"),
        "Environment": {"Variables": (inputs.get("environment") or {}).get("variables") or {}},
        "VpcConfig": network
        and {"SubnetIds": network["subnetIds"], "SecurityGroupIds": network["securityGroupIds"]},
        "LoggingConfig": log and {"LogFormat": log["logFormat"], "LogGroup": log.get("logGroup")},
    }
    return {key: value for key, value in given.items() if value is not None}


def _code(inputs: Properties) -> dict[str, bytes]:
    return {"ZipFile": Path(inputs["code"]["path"]).read_bytes()}


# aws:iam/role:Role and aws:iam/rolePolicy:RolePolicy


def create_role(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create a role; the id is its name."""
    cloud.call(
        "iam",
        "create_role",
        RoleName=inputs["name"],
        AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
        Tags=_tags(inputs) or None,
    )
    return inputs["name"], read_role(cloud, inputs["name"], inputs) or {}


def read_role(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Read a role."""
    found = cloud.find("iam", "get_role", RoleName=identity)
    if found is None:
        return None
    role = found["Role"]
    trust = json.dumps(role["AssumeRolePolicyDocument"])
    return {
        "arn": role["Arn"],
        "name": identity,
        "assumeRolePolicy": _same_or(state.get("assumeRolePolicy"), trust),
        "tags": _untagged(role.get("Tags")),
    }


def update_role(cloud: Cloud, identity: str, olds: Properties, news: Properties) -> Properties:
    """Change who may assume a role, and its tags."""
    cloud.call(
        "iam",
        "update_assume_role_policy",
        RoleName=identity,
        PolicyDocument=news["assumeRolePolicy"],
    )
    gone = sorted(set(olds.get("tags") or {}) - set(news.get("tags") or {}))
    if gone:
        cloud.call("iam", "untag_role", RoleName=identity, TagKeys=gone)
    if news.get("tags"):
        cloud.call("iam", "tag_role", RoleName=identity, Tags=_tags(news))
    return read_role(cloud, identity, news) or {}


def delete_role(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a role, whose policies are gone by then."""
    cloud.find("iam", "delete_role", RoleName=identity)


def put_role_policy(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Write a role's inline policy; the id is `role:name`."""
    cloud.call(
        "iam",
        "put_role_policy",
        RoleName=inputs["role"],
        PolicyName=inputs["name"],
        PolicyDocument=inputs["policy"],
    )
    return f"{inputs['role']}:{inputs['name']}", {}


def read_role_policy(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Read a role's inline policy."""
    role, name = identity.split(":")
    found = cloud.find("iam", "get_role_policy", RoleName=role, PolicyName=name)
    if found is None:
        return None
    document = found["PolicyDocument"]
    text = document if isinstance(document, str) else json.dumps(document)
    return {"role": role, "name": name, "policy": _same_or(state.get("policy"), text)}


def delete_role_policy(cloud: Cloud, identity: str, _: Properties) -> None:
    """Remove a role's inline policy."""
    role, name = identity.split(":")
    cloud.find("iam", "delete_role_policy", RoleName=role, PolicyName=name)


# aws:cloudwatch/logGroup:LogGroup


def create_log_group(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create a log group; the id is its name."""
    cloud.call("logs", "create_log_group", logGroupName=inputs["name"], tags=inputs.get("tags"))
    return inputs["name"], update_log_group(cloud, inputs["name"], {}, inputs)


def read_log_group(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Find a log group; its ARN is written without the `:*` that AWS adds."""
    listed = cloud.call("logs", "describe_log_groups", logGroupNamePrefix=identity)["logGroups"]
    found = next((group for group in listed if group["logGroupName"] == identity), None)
    if found is None:
        return None
    return {
        "arn": found["arn"].removesuffix(":*"),
        "name": identity,
        "retentionInDays": found.get("retentionInDays"),
        "tags": state.get("tags"),
    }


def update_log_group(cloud: Cloud, identity: str, _: Properties, news: Properties) -> Properties:
    """Set how long a log is kept."""
    days = news.get("retentionInDays")
    if days:
        cloud.call("logs", "put_retention_policy", logGroupName=identity, retentionInDays=days)
    else:
        cloud.find("logs", "delete_retention_policy", logGroupName=identity)
    return read_log_group(cloud, identity, news) or {}


def delete_log_group(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a log group."""
    cloud.find("logs", "delete_log_group", logGroupName=identity)


# aws:iam/policy:Policy


def create_iam_policy(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create a managed policy."""
    made = cloud.call(
        "iam",
        "create_policy",
        PolicyName=inputs.get("name") or inputs["namePrefix"] + os.urandom(13).hex(),
        PolicyDocument=inputs["policy"],
        Description=inputs.get("description"),
        Tags=_tags(inputs) or None,
    )["Policy"]
    made_by_aws = {"arn": "Arn", "policyId": "PolicyId", "name": "PolicyName"}
    return made["Arn"], {ours: made[theirs] for ours, theirs in made_by_aws.items()}


def read_iam_policy(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Read a managed policy in its default version."""
    found = cloud.find("iam", "get_policy", PolicyArn=identity)
    if found is None:
        return None
    policy = found["Policy"]
    current = cloud.call(
        "iam", "get_policy_version", PolicyArn=identity, VersionId=policy["DefaultVersionId"]
    )["PolicyVersion"]
    document = current["Document"]
    text = document if isinstance(document, str) else json.dumps(document)
    return {
        "arn": identity,
        "name": policy["PolicyName"],
        "description": policy.get("Description") or state.get("description"),
        "policy": _same_or(state.get("policy"), text),
        "tags": state.get("tags"),
    }


def update_iam_policy(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties:
    """Make the document's new version the default."""
    if olds.get("policy") != news.get("policy"):
        versions = cloud.call("iam", "list_policy_versions", PolicyArn=identity)["Versions"]
        for old in versions:
            if not old["IsDefaultVersion"]:
                cloud.call(
                    "iam", "delete_policy_version", PolicyArn=identity, VersionId=old["VersionId"]
                )
        cloud.call(
            "iam",
            "create_policy_version",
            PolicyArn=identity,
            PolicyDocument=news["policy"],
            SetAsDefault=True,
        )
    return {}


def delete_iam_policy(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a managed policy with all its versions."""
    listed = cloud.find("iam", "list_policy_versions", PolicyArn=identity)
    for old in (listed or {}).get("Versions", []):
        if not old["IsDefaultVersion"]:
            cloud.call(
                "iam", "delete_policy_version", PolicyArn=identity, VersionId=old["VersionId"]
            )
    cloud.find("iam", "delete_policy", PolicyArn=identity)


# aws:iam/rolePolicyAttachment:RolePolicyAttachment


def attach_role_policy(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Attach a managed policy to a role."""
    cloud.call("iam", "attach_role_policy", RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
    return f"{inputs['role']}/{inputs['policyArn']}", {}


def read_attachment(cloud: Cloud, identity: str, _: Properties) -> Properties | None:
    """Look whether the role still has the policy."""
    role, arn = identity.split("/", 1)
    listed = cloud.find("iam", "list_attached_role_policies", RoleName=role)
    attached = (listed or {}).get("AttachedPolicies", [])
    if not any(policy["PolicyArn"] == arn for policy in attached):
        return None
    return {"role": role, "policyArn": arn}


def detach_role_policy(cloud: Cloud, _: str, state: Properties) -> None:
    """Take the policy from the role."""
    cloud.find("iam", "detach_role_policy", RoleName=state["role"], PolicyArn=state["policyArn"])


# aws:rds/instance:Instance


def create_database(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create a database instance, in moto a record only."""
    cloud.call(
        "rds",
        "create_db_instance",
        DBInstanceIdentifier=inputs["identifier"],
        DBInstanceClass=inputs["instanceClass"],
        Engine=inputs["engine"],
        AllocatedStorage=inputs.get("allocatedStorage"),
        DBName=inputs.get("dbName"),
        MasterUsername=inputs.get("username"),
        MasterUserPassword=inputs.get("password"),
    )
    return inputs["identifier"], read_database(cloud, inputs["identifier"], inputs) or {}


def read_database(cloud: Cloud, identity: str, _: Properties) -> Properties | None:
    """Describe a database; its endpoint is `host:port`, and its password cannot be read."""
    found = cloud.find("rds", "describe_db_instances", DBInstanceIdentifier=identity)
    if found is None:
        return None
    database = found["DBInstances"][0]
    address, port = database["Endpoint"]["Address"], database["Endpoint"]["Port"]
    return {
        "arn": database["DBInstanceArn"],
        "identifier": identity,
        "address": address,
        "port": port,
        "endpoint": f"{address}:{port}",
        "engine": database["Engine"],
        "dbName": database.get("DBName"),
        "username": database.get("MasterUsername"),
    }


def update_database(cloud: Cloud, identity: str, olds: Properties, news: Properties) -> Properties:
    """Change the master password."""
    if olds.get("password") != news.get("password"):
        cloud.call(
            "rds",
            "modify_db_instance",
            DBInstanceIdentifier=identity,
            MasterUserPassword=news.get("password"),
            ApplyImmediately=True,
        )
    return read_database(cloud, identity, news) or {}


def delete_database(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a database without a snapshot."""
    cloud.find("rds", "delete_db_instance", DBInstanceIdentifier=identity, SkipFinalSnapshot=True)


TYPES = {
    **compute.TYPES,
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
    "aws:lambda/permission:Permission": ResourceType(
        create_permission,
        read_permission,
        None,
        delete_permission,
        replaces=frozenset(
            {"action", "function", "principal", "sourceAccount", "sourceArn", "statementId"}
        ),
        computed=frozenset({"statementId", "region"}),
        outputs=("statementId",),
    ),
    "aws:lambda/function:Function": ResourceType(
        create_function,
        read_function,
        update_function,
        delete_function,
        replaces=frozenset({"name", "packageType", "region"}),
        computed=frozenset({"region", "loggingConfig"}),
        outputs=("arn", "invokeArn"),
        name="name",
        hidden=frozenset({"code", "environment", "vpcConfig", "loggingConfig", "description"}),
    ),
    "aws:iam/role:Role": ResourceType(
        create_role,
        read_role,
        update_role,
        delete_role,
        replaces=frozenset({"name", "namePrefix", "path"}),
        outputs=("arn", "uniqueId"),
        name="name",
    ),
    "aws:iam/rolePolicy:RolePolicy": ResourceType(
        put_role_policy,
        read_role_policy,
        lambda cloud, _id, _olds, news: put_role_policy(cloud, news)[1],
        delete_role_policy,
        replaces=frozenset({"name", "namePrefix", "role"}),
        name="name",
    ),
    "aws:cloudwatch/logGroup:LogGroup": ResourceType(
        create_log_group,
        read_log_group,
        update_log_group,
        delete_log_group,
        replaces=frozenset({"name", "namePrefix", "region"}),
        computed=frozenset({"region"}),
        outputs=("arn",),
        name="name",
    ),
    "aws:iam/policy:Policy": ResourceType(
        create_iam_policy,
        read_iam_policy,
        update_iam_policy,
        delete_iam_policy,
        replaces=frozenset({"name", "namePrefix", "path", "description"}),
        outputs=("arn", "policyId"),
        name="name",
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ResourceType(
        attach_role_policy,
        read_attachment,
        None,
        detach_role_policy,
        replaces=frozenset({"role", "policyArn"}),
    ),
    "aws:rds/instance:Instance": ResourceType(
        create_database,
        read_database,
        update_database,
        delete_database,
        replaces=frozenset({"engine", "username", "dbName", "region"}),
        computed=frozenset({"region", "dbName", "username", "port"}),
        outputs=("arn", "address", "endpoint", "port"),
        name="identifier",
        secrets=frozenset({"password"}),
        hidden=frozenset({"password", "skipFinalSnapshot", "instanceClass", "allocatedStorage"}),
    ),
}


def _caller(cloud: Cloud, _: Properties) -> Properties:
    found = cloud.call("sts", "get_caller_identity")
    return {
        "accountId": found["Account"],
        "arn": found["Arn"],
        "id": found["Account"],
        "userId": found["UserId"],
    }


def _region(cloud: Cloud, _: Properties) -> Properties:
    return {"id": cloud.region, "name": cloud.region, "region": cloud.region}


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


def _role(cloud: Cloud, arguments: Properties) -> Properties:
    name = arguments["name"]
    found = cloud.find("iam", "get_role", RoleName=name)
    if found is None:
        msg = f"reading IAM Role ({name}): couldn't find resource"
        raise ProviderError(msg)
    role = found["Role"]
    return {"id": name, "name": name, "arn": role["Arn"], "path": role["Path"]}


def _user(cloud: Cloud, arguments: Properties) -> Properties:
    name = arguments["userName"]
    found = cloud.find("iam", "get_user", UserName=name)
    if found is None:
        msg = f"reading IAM User ({name}): couldn't find resource"
        raise ProviderError(msg)
    user = found["User"]
    return {"id": name, "userName": name, "arn": user["Arn"], "path": user["Path"]}


FUNCTIONS: dict[str, Callable[[Any, Properties], Properties]] = {
    **compute.FUNCTIONS,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getRegion:getRegion": _region,
    "aws:secretsmanager/getSecret:getSecret": _secret,
    "aws:secretsmanager/getSecretVersion:getSecretVersion": _secret_version,
    "aws:iam/getRole:getRole": _role,
    "aws:iam/getUser:getUser": _user,
}


if __name__ == "__main__":
    serve(Provider(version("pulumi-aws"), TYPES, FUNCTIONS, Cloud, Cloud.at))
