"""ECS: clusters, task definitions and services, and the subnets that they run in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sandbox.providers.cloud import Cloud, listed
from sandbox.providers.protocol import Created, Properties, ResourceType


def create_cluster(cloud: Cloud, inputs: Properties) -> Created:
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


def register_task(cloud: Cloud, inputs: Properties) -> Created:
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
    """Deregister a revision; services that use it continue."""
    cloud.find("ecs", "deregister_task_definition", taskDefinition=state["arn"])


def create_service(cloud: Cloud, inputs: Properties) -> Created:
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
    if found is None:
        return None

    for service in listed(found, "services"):
        if service["status"] == "ACTIVE":
            return {
                **state,
                "arn": identity,
                "name": service["serviceName"],
                "desiredCount": service["desiredCount"],
                "taskDefinition": service["taskDefinition"],
            }

    return None


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
            "securityGroups": listed(network, "securityGroups"),
            "assignPublicIp": "ENABLED" if network.get("assignPublicIp") else "DISABLED",
        }
    }


def get_subnets(cloud: Cloud, inputs: Properties) -> Properties:
    """Find subnets by filters."""
    filters = []
    for wanted in listed(inputs, "filters"):
        filters.append({"Name": wanted["name"], "Values": wanted["values"]})

    found = cloud.call("ec2", "describe_subnets", Filters=filters)["Subnets"]
    return {"id": cloud.region, "ids": sorted(subnet["SubnetId"] for subnet in found)}


TYPES = {
    "aws:ecs/cluster:Cluster": ResourceType(
        create_cluster,
        read_cluster,
        None,
        delete_cluster,
    ),
    "aws:ecs/taskDefinition:TaskDefinition": ResourceType(
        register_task,
        read_task,
        None,
        deregister_task,
    ),
    "aws:ecs/service:Service": ResourceType(
        create_service,
        read_service,
        update_service,
        delete_service,
    ),
}

FUNCTIONS: dict[str, Callable[[Any, Properties], Properties]] = {
    "aws:ec2/getSubnets:getSubnets": get_subnets,
}
