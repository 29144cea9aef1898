"""Resource types of what reads secrets: functions, services, roles, and the rules that tell them.

Which inputs replace a resource is written in terraform-provider-aws (`ForceNew` in
`internal/service/<service>/<resource>.go`).
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.providers.protocol import Properties, ResourceType

if TYPE_CHECKING:
    from sandbox.providers.aws import Cloud

_ASSETS, _TEXT, _PATH = "assets", "text", "path"  # how Pulumi writes archives and assets
_EXAMPLE_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP file can tell; the same every time


def _tags(properties: Properties) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in (properties.get("tags") or {}).items()]


def _same_or(written: str | None, found: Any) -> str:  # noqa: ANN401 # a text, or what moto parsed
    document = json.loads(found) if isinstance(found, str) else found
    if written is not None and json.loads(written) == document:
        return written
    return json.dumps(document)


# aws:iam/role:Role, aws:iam/rolePolicy:RolePolicy, aws:iam/instanceProfile:InstanceProfile


def create_role(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create a role; its id is its name."""
    cloud.call(
        "iam",
        "create_role",
        RoleName=inputs["name"],
        AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
        Path=inputs.get("path"),
        Description=inputs.get("description"),
        MaxSessionDuration=inputs.get("maxSessionDuration"),
        Tags=_tags(inputs) or None,
    )
    return inputs["name"], read_role(cloud, inputs["name"], inputs) or {}


def read_role(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe a role."""
    found = cloud.find("iam", "get_role", RoleName=identity)
    if found is None:
        return None
    role = found["Role"]
    return {
        "arn": role["Arn"],
        "name": identity,
        "uniqueId": role["RoleId"],
        "assumeRolePolicy": _same_or(
            state.get("assumeRolePolicy"), role["AssumeRolePolicyDocument"]
        ),
        "description": role.get("Description") or state.get("description"),
        "tags": state.get("tags"),
    }


def update_role(cloud: Cloud, identity: str, olds: Properties, news: Properties) -> Properties:
    """Change who may assume a role, and its description."""
    if olds.get("assumeRolePolicy") != news["assumeRolePolicy"]:
        cloud.call(
            "iam",
            "update_assume_role_policy",
            RoleName=identity,
            PolicyDocument=news["assumeRolePolicy"],
        )
    if olds.get("description") != news.get("description"):
        cloud.call(
            "iam", "update_role", RoleName=identity, Description=news.get("description") or ""
        )
    return read_role(cloud, identity, news) or {}


def delete_role(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a role."""
    cloud.find("iam", "delete_role", RoleName=identity)


def put_role_policy(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Write a role's inline policy; its id is `role:name`."""
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
    policy = _same_or(state.get("policy"), found["PolicyDocument"])
    return {"role": role, "name": name, "policy": policy}


def delete_role_policy(cloud: Cloud, identity: str, _: Properties) -> None:
    """Remove a role's inline policy."""
    role, name = identity.split(":")
    cloud.find("iam", "delete_role_policy", RoleName=role, PolicyName=name)


def create_instance_profile(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create the profile that gives an EC2 instance its role."""
    cloud.call("iam", "create_instance_profile", InstanceProfileName=inputs["name"])
    _set_role(cloud, inputs["name"], None, inputs.get("role"))
    return inputs["name"], read_instance_profile(cloud, inputs["name"], inputs) or {}


def read_instance_profile(cloud: Cloud, identity: str, _: Properties) -> Properties | None:
    """Describe an instance profile."""
    found = cloud.find("iam", "get_instance_profile", InstanceProfileName=identity)
    if found is None:
        return None
    profile = found["InstanceProfile"]
    roles = [role["RoleName"] for role in profile["Roles"]]
    return {"arn": profile["Arn"], "name": identity, "role": roles[0] if roles else None}


def update_instance_profile(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties:
    """Give a profile another role."""
    _set_role(cloud, identity, olds.get("role"), news.get("role"))
    return read_instance_profile(cloud, identity, news) or {}


def delete_instance_profile(cloud: Cloud, identity: str, state: Properties) -> None:
    """Delete a profile, without its role."""
    _set_role(cloud, identity, state.get("role"), None)
    cloud.find("iam", "delete_instance_profile", InstanceProfileName=identity)


def _set_role(cloud: Cloud, profile: str, before: str | None, after: str | None) -> None:
    if before == after:
        return
    if before:
        cloud.find(
            "iam",
            "remove_role_from_instance_profile",
            InstanceProfileName=profile,
            RoleName=before,
        )
    if after:
        cloud.call(
            "iam", "add_role_to_instance_profile", InstanceProfileName=profile, RoleName=after
        )


# aws:cloudwatch/logGroup:LogGroup


def create_log_group(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create a log group."""
    cloud.call("logs", "create_log_group", logGroupName=inputs["name"], tags=inputs.get("tags"))
    return inputs["name"], update_log_group(cloud, inputs["name"], {}, inputs)


def read_log_group(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe a log group; its ARN is without the `:*` that AWS adds."""
    found = cloud.call("logs", "describe_log_groups", logGroupNamePrefix=identity)["logGroups"]
    group = next((group for group in found if group["logGroupName"] == identity), None)
    if group is None:
        return None
    return {
        "arn": group["arn"].removesuffix(":*"),
        "name": identity,
        "retentionInDays": group.get("retentionInDays"),
        "tags": state.get("tags"),
    }


def update_log_group(cloud: Cloud, identity: str, _: Properties, news: Properties) -> Properties:
    """Set how long a log is kept; without it, for ever."""
    days = news.get("retentionInDays")
    if days:
        cloud.call("logs", "put_retention_policy", logGroupName=identity, retentionInDays=days)
    else:
        cloud.call("logs", "delete_retention_policy", logGroupName=identity)
    return read_log_group(cloud, identity, news) or {}


def delete_log_group(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a log group with its log."""
    cloud.find("logs", "delete_log_group", logGroupName=identity)


# aws:lambda/function:Function


def create_function(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create a function from an archive of files or of texts."""
    cloud.call(
        "lambda",
        "create_function",
        FunctionName=inputs["name"],
        Code={"ZipFile": _zipped(inputs["code"])},
        **_settings(inputs),
        Tags=inputs.get("tags"),
    )
    return inputs["name"], read_function(cloud, inputs["name"], inputs) or {}


def read_function(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe a function."""
    found = cloud.find("lambda", "get_function", FunctionName=identity)
    if found is None:
        return None
    function = found["Configuration"]
    environment = (function.get("Environment") or {}).get("Variables")
    return {
        "arn": function["FunctionArn"],
        "name": identity,
        "description": function.get("Description") or None,
        "handler": function.get("Handler"),
        "role": function["Role"],
        "runtime": function.get("Runtime"),
        "timeout": function["Timeout"],
        "environment": {"variables": environment} if environment else None,
        "code": state.get("code"),
        "loggingConfig": state.get("loggingConfig"),
        "tags": state.get("tags"),
    }


def update_function(cloud: Cloud, identity: str, olds: Properties, news: Properties) -> Properties:
    """Change a function's code and settings."""
    if olds.get("code") != news["code"]:
        cloud.call(
            "lambda",
            "update_function_code",
            FunctionName=identity,
            ZipFile=_zipped(news["code"]),
        )
    settings = {key: value for key, value in _settings(news).items() if value is not None}
    cloud.call(
        "lambda",
        "update_function_configuration",
        FunctionName=identity,
        **{"Description": "", "Environment": {"Variables": {}}, **settings},
    )
    return read_function(cloud, identity, news) or {}


def delete_function(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a function."""
    cloud.find("lambda", "delete_function", FunctionName=identity)


def _settings(inputs: Properties) -> Properties:
    logging = inputs.get("loggingConfig") or {}
    return {
        "Role": inputs["role"],
        "Handler": inputs.get("handler"),
        "Runtime": inputs.get("runtime"),
        "Description": inputs.get("description"),
        "Timeout": inputs.get("timeout"),
        "MemorySize": inputs.get("memorySize"),
        "Layers": inputs.get("layers"),
        "Environment": {"Variables": inputs["environment"].get("variables") or {}}
        if inputs.get("environment")
        else None,
        "LoggingConfig": {
            "LogFormat": logging["logFormat"],
            **({"LogGroup": logging["logGroup"]} if logging.get("logGroup") else {}),
        }
        if logging
        else None,
    }


def _zipped(archive: Properties) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in sorted(_files(archive).items()):
            entry = zipfile.ZipInfo(name, _EXAMPLE_DATE)
            entry.external_attr = 0o644 << 16
            target.writestr(entry, content)
    return packed.getvalue()


def _files(archive: Properties) -> dict[str, bytes]:
    """Give an archive's files by their names in it, from a folder or from assets."""
    if archive.get(_PATH):
        folder = Path(archive[_PATH])
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
    files: dict[str, bytes] = {}
    for name, asset in archive[_ASSETS].items():
        if asset.get(_TEXT) is not None:
            files[name] = asset[_TEXT].encode()
        elif Path(asset[_PATH]).is_dir():
            files.update({f"{name}/{inner}": data for inner, data in _files(asset).items()})
        else:
            files[name] = Path(asset[_PATH]).read_bytes()
    return files


# aws:cloudwatch/eventRule:EventRule and aws:cloudwatch/eventTarget:EventTarget


def put_rule(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create or change a rule on the default bus."""
    cloud.call(
        "events",
        "put_rule",
        Name=inputs["name"],
        Description=inputs.get("description"),
        EventPattern=inputs.get("eventPattern"),
        ScheduleExpression=inputs.get("scheduleExpression"),
        State=inputs.get("state"),
        Tags=_tags(inputs) or None,
    )
    return inputs["name"], read_rule(cloud, inputs["name"], inputs) or {}


def read_rule(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe a rule."""
    found = cloud.find("events", "describe_rule", Name=identity)
    if found is None:
        return None
    pattern = found.get("EventPattern")
    return {
        "arn": found["Arn"],
        "name": identity,
        "description": found.get("Description"),
        "eventPattern": _same_or(state.get("eventPattern"), pattern) if pattern else None,
        "tags": state.get("tags"),
    }


def delete_rule(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a rule."""
    cloud.find("events", "delete_rule", Name=identity)


def put_target(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Set a rule's target; its id is `rule-target`."""
    target_id = inputs.get("targetId") or f"terraform-{os.urandom(13).hex()}"
    transformer = inputs.get("inputTransformer")
    target = {
        "Id": target_id,
        "Arn": inputs["arn"],
        "Input": inputs.get("input"),
        "RoleArn": inputs.get("roleArn"),
        "InputTransformer": {
            "InputPathsMap": transformer.get("inputPaths") or {},
            "InputTemplate": transformer["inputTemplate"],
        }
        if transformer
        else None,
    }
    given = {key: value for key, value in target.items() if value is not None}
    cloud.call("events", "put_targets", Rule=inputs["rule"], Targets=[given])
    return f"{inputs['rule']}-{target_id}", {"targetId": target_id}


def update_target(cloud: Cloud, _: str, olds: Properties, news: Properties) -> Properties:
    """Write the target anew under its id."""
    return put_target(cloud, {**news, "targetId": olds["targetId"]})[1]


def read_target(cloud: Cloud, _: str, state: Properties) -> Properties | None:
    """Find a rule's target."""
    found = cloud.find("events", "list_targets_by_rule", Rule=state["rule"])
    targets = found["Targets"] if found else []
    target = next((one for one in targets if one["Id"] == state["targetId"]), None)
    return None if target is None else {**state, "arn": target["Arn"]}


def delete_target(cloud: Cloud, _: str, state: Properties) -> None:
    """Remove a rule's target."""
    cloud.find("events", "remove_targets", Rule=state["rule"], Ids=[state["targetId"]])


# aws:ecs/cluster:Cluster, aws:ecs/taskDefinition:TaskDefinition and aws:ecs/service:Service


def create_cluster(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create a cluster; its id is its ARN."""
    made = cloud.call("ecs", "create_cluster", clusterName=inputs["name"])["cluster"]
    return made["clusterArn"], {"arn": made["clusterArn"]}


def read_cluster(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe a cluster."""
    found = cloud.call("ecs", "describe_clusters", clusters=[identity])["clusters"]
    if not found or found[0]["status"] == "INACTIVE":
        return None
    return {"arn": identity, "name": found[0]["clusterName"], "tags": state.get("tags")}


def delete_cluster(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a cluster."""
    cloud.find("ecs", "delete_cluster", cluster=identity)


def register_task(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Register a task definition's next revision; its id is its family."""
    made = cloud.call(
        "ecs",
        "register_task_definition",
        family=inputs["family"],
        containerDefinitions=json.loads(inputs["containerDefinitions"]),
        executionRoleArn=inputs.get("executionRoleArn"),
        taskRoleArn=inputs.get("taskRoleArn"),
        networkMode=inputs.get("networkMode"),
        requiresCompatibilities=inputs.get("requiresCompatibilities"),
        cpu=inputs.get("cpu"),
        memory=inputs.get("memory"),
    )["taskDefinition"]
    return inputs["family"], {
        "arn": made["taskDefinitionArn"],
        "arnWithoutRevision": made["taskDefinitionArn"].rpartition(":")[0],
        "revision": made["revision"],
    }


def read_task(cloud: Cloud, _: str, state: Properties) -> Properties | None:
    """Find the revision that was registered."""
    found = cloud.call(
        "ecs", "list_task_definitions", familyPrefix=state["family"], status="ACTIVE"
    )
    return state if state["arn"] in found["taskDefinitionArns"] else None


def deregister_task(cloud: Cloud, _: str, state: Properties) -> None:
    """Deregister a revision; services that use it go on."""
    cloud.find("ecs", "deregister_task_definition", taskDefinition=state["arn"])


def create_service(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create a service; its id is its ARN."""
    made = cloud.call(
        "ecs",
        "create_service",
        cluster=inputs.get("cluster"),
        serviceName=inputs["name"],
        taskDefinition=inputs.get("taskDefinition"),
        desiredCount=inputs.get("desiredCount", 0),
        launchType=inputs.get("launchType"),
        networkConfiguration=_network(inputs),
    )["service"]
    return made["serviceArn"], {"arn": made["serviceArn"]}


def read_service(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe a service."""
    found = cloud.find(
        "ecs", "describe_services", cluster=state.get("cluster"), services=[identity]
    )
    active = [one for one in (found or {}).get("services", []) if one["status"] == "ACTIVE"]
    if not active:
        return None
    return {
        **state,
        "arn": identity,
        "name": active[0]["serviceName"],
        "desiredCount": active[0]["desiredCount"],
        "taskDefinition": active[0]["taskDefinition"],
    }


def update_service(cloud: Cloud, identity: str, _: Properties, news: Properties) -> Properties:
    """Deploy another task definition or another number of tasks."""
    cloud.call(
        "ecs",
        "update_service",
        cluster=news.get("cluster"),
        service=news["name"],
        taskDefinition=news.get("taskDefinition"),
        desiredCount=news.get("desiredCount"),
    )
    return {"arn": identity}


def delete_service(cloud: Cloud, _: str, state: Properties) -> None:
    """Delete a service with its tasks."""
    cloud.find(
        "ecs", "delete_service", cluster=state.get("cluster"), service=state["name"], force=True
    )


def _network(inputs: Properties) -> Properties | None:
    network = inputs.get("networkConfiguration")
    if not network:
        return None
    return {
        "awsvpcConfiguration": {
            "subnets": network["subnets"],
            "securityGroups": network.get("securityGroups") or [],
            "assignPublicIp": "ENABLED" if network.get("assignPublicIp") else "DISABLED",
        }
    }


# aws:ec2/getSubnets:getSubnets


def get_subnets(cloud: Cloud, inputs: Properties) -> Properties:
    """Find subnets by filters."""
    filters = [
        {"Name": one["name"], "Values": one["values"]} for one in inputs.get("filters") or []
    ]
    found = cloud.call("ec2", "describe_subnets", Filters=filters)["Subnets"]
    return {"id": cloud.region, "ids": sorted(subnet["SubnetId"] for subnet in found)}


# aws:sns/topic:Topic and aws:sns/topicPolicy:TopicPolicy


def create_topic(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create a topic; its id is its ARN."""
    made = cloud.call("sns", "create_topic", Name=inputs["name"], Tags=_tags(inputs) or None)
    return made["TopicArn"], {"arn": made["TopicArn"]}


def read_topic(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Find a topic."""
    found = cloud.find("sns", "get_topic_attributes", TopicArn=identity)
    if found is None:
        return None
    return {
        "arn": identity,
        "name": identity.rsplit(":", maxsplit=1)[-1],
        "tags": state.get("tags"),
    }


def delete_topic(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a topic."""
    cloud.find("sns", "delete_topic", TopicArn=identity)


def put_topic_policy(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Say who may use a topic; its id is the topic's ARN."""
    cloud.call(
        "sns",
        "set_topic_attributes",
        TopicArn=inputs["arn"],
        AttributeName="Policy",
        AttributeValue=inputs["policy"],
    )
    return inputs["arn"], {}


def read_topic_policy(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Read who may use a topic."""
    found = cloud.find("sns", "get_topic_attributes", TopicArn=identity)
    if found is None:
        return None
    policy = _same_or(state.get("policy"), found["Attributes"]["Policy"])
    return {"arn": identity, "policy": policy}


TYPES = {
    "aws:sns/topic:Topic": ResourceType(
        create_topic,
        read_topic,
        lambda _cloud, _id, _olds, _news: {},
        delete_topic,
        replaces=frozenset({"name", "namePrefix", "fifoTopic", "region"}),
        computed=frozenset({"region", "policy"}),
        outputs=("arn",),
        name="name",
    ),
    "aws:sns/topicPolicy:TopicPolicy": ResourceType(
        put_topic_policy,
        read_topic_policy,
        lambda cloud, _id, _olds, news: put_topic_policy(cloud, news)[1],
        replaces=frozenset({"arn", "region"}),
        computed=frozenset({"region"}),
    ),
    "aws:iam/role:Role": ResourceType(
        create_role,
        read_role,
        update_role,
        delete_role,
        replaces=frozenset({"name", "namePrefix", "path"}),
        computed=frozenset({"path", "description", "maxSessionDuration"}),
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
    "aws:iam/instanceProfile:InstanceProfile": ResourceType(
        create_instance_profile,
        read_instance_profile,
        update_instance_profile,
        delete_instance_profile,
        replaces=frozenset({"name", "namePrefix", "path"}),
        outputs=("arn",),
        name="name",
    ),
    "aws:cloudwatch/logGroup:LogGroup": ResourceType(
        create_log_group,
        read_log_group,
        update_log_group,
        delete_log_group,
        replaces=frozenset({"name", "namePrefix", "logGroupClass", "region"}),
        computed=frozenset({"region"}),
        outputs=("arn",),
        name="name",
    ),
    "aws:lambda/function:Function": ResourceType(
        create_function,
        read_function,
        update_function,
        delete_function,
        replaces=frozenset({"name", "packageType", "region"}),
        computed=frozenset({"region", "timeout", "memorySize", "loggingConfig"}),
        outputs=("arn", "invokeArn", "qualifiedArn", "version"),
        name="name",
    ),
    "aws:cloudwatch/eventRule:EventRule": ResourceType(
        put_rule,
        read_rule,
        lambda cloud, _id, _olds, news: put_rule(cloud, news)[1],
        delete_rule,
        replaces=frozenset({"name", "namePrefix", "eventBusName", "region"}),
        computed=frozenset({"region", "state"}),
        outputs=("arn",),
        name="name",
    ),
    "aws:cloudwatch/eventTarget:EventTarget": ResourceType(
        put_target,
        read_target,
        update_target,
        delete_target,
        replaces=frozenset({"rule", "targetId", "eventBusName", "region"}),
        computed=frozenset({"region", "targetId"}),
        outputs=("targetId",),
    ),
    "aws:ecs/cluster:Cluster": ResourceType(
        create_cluster,
        read_cluster,
        None,
        delete_cluster,
        replaces=frozenset({"name", "region"}),
        computed=frozenset({"region"}),
        outputs=("arn",),
        name="name",
    ),
    "aws:ecs/taskDefinition:TaskDefinition": ResourceType(
        register_task,
        read_task,
        None,
        deregister_task,
        replaces=frozenset(
            {
                "family",
                "containerDefinitions",
                "executionRoleArn",
                "taskRoleArn",
                "networkMode",
                "requiresCompatibilities",
                "cpu",
                "memory",
                "region",
            }
        ),
        computed=frozenset({"region"}),
        outputs=("arn", "arnWithoutRevision", "revision"),
    ),
    "aws:ecs/service:Service": ResourceType(
        create_service,
        read_service,
        update_service,
        delete_service,
        replaces=frozenset({"name", "cluster", "launchType", "schedulingStrategy", "region"}),
        computed=frozenset({"region", "cluster", "launchType"}),
        outputs=("arn",),
        name="name",
    ),
}

FUNCTIONS: dict[str, Callable[[Any, Properties], Properties]] = {
    "aws:ec2/getSubnets:getSubnets": get_subnets,
}
