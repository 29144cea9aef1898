"""Events and logs: rules and their targets, topics, log groups."""

from __future__ import annotations

from sandbox.providers.cloud import Cloud, all_tags, same_or, tags, without_none
from sandbox.providers.protocol import Created, Properties, ResourceType


def put_rule(cloud: Cloud, inputs: Properties) -> Created:
    """Create or change a rule on the default bus."""
    cloud.call(
        "events",
        "put_rule",
        Name=inputs["name"],
        Description=inputs.get("description"),
        EventPattern=inputs.get("eventPattern"),
        ScheduleExpression=inputs.get("scheduleExpression"),
        State=inputs.get("state"),
        Tags=tags(inputs),
    )
    return inputs["name"], read_rule(cloud, inputs["name"], inputs)


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
        "eventPattern": same_or(state.get("eventPattern"), pattern) if pattern else None,
        "tags": state.get("tags"),
    }


def delete_rule(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a rule."""
    cloud.find("events", "delete_rule", Name=identity)


def put_target(cloud: Cloud, inputs: Properties) -> Created:
    """Set a rule's target; its id is `rule-target`."""
    target = {
        "Id": inputs["targetId"],
        "Arn": inputs["arn"],
        "Input": inputs.get("input"),
        "RoleArn": inputs.get("roleArn"),
    }
    transformer = inputs.get("inputTransformer")
    if transformer:
        target["InputTransformer"] = {
            "InputPathsMap": transformer.get("inputPaths") or {},
            "InputTemplate": transformer["inputTemplate"],
        }

    cloud.call("events", "put_targets", Rule=inputs["rule"], Targets=[without_none(target)])
    return f"{inputs['rule']}-{inputs['targetId']}", {}


def read_target(cloud: Cloud, _: str, state: Properties) -> Properties | None:
    """Find a rule's target."""
    found = cloud.find("events", "list_targets_by_rule", Rule=state["rule"])
    if found is None:
        return None

    for target in found["Targets"]:
        if target["Id"] == state["targetId"]:
            return {**state, "arn": target["Arn"]}

    return None


def delete_target(cloud: Cloud, _: str, state: Properties) -> None:
    """Remove a rule's target."""
    cloud.find("events", "remove_targets", Rule=state["rule"], Ids=[state["targetId"]])


def create_topic(cloud: Cloud, inputs: Properties) -> Created:
    """Create a topic; its id is its ARN."""
    made = cloud.call("sns", "create_topic", Name=inputs["name"], Tags=tags(inputs))
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


def put_topic_policy(cloud: Cloud, inputs: Properties) -> Created:
    """Set a topic's policy; its id is the topic's ARN."""
    cloud.call(
        "sns",
        "set_topic_attributes",
        TopicArn=inputs["arn"],
        AttributeName="Policy",
        AttributeValue=inputs["policy"],
    )
    return inputs["arn"], {}


def read_topic_policy(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Read a topic's policy."""
    found = cloud.find("sns", "get_topic_attributes", TopicArn=identity)
    if found is None:
        return None

    policy = same_or(state.get("policy"), found["Attributes"]["Policy"])
    return {"arn": identity, "policy": policy}


def create_log_group(cloud: Cloud, inputs: Properties) -> Created:
    """Create a log group."""
    cloud.call(
        "logs", "create_log_group", logGroupName=inputs["name"], tags=all_tags(inputs) or None
    )
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
        "retentionInDays": group.get("retentionInDays", 0),
        "tags": state.get("tags"),
    }


def update_log_group(
    cloud: Cloud, identity: str, _: Properties, news: Properties
) -> Properties | None:
    """Set how long a log is kept; forever if not given."""
    days = news.get("retentionInDays")
    if days:
        cloud.call("logs", "put_retention_policy", logGroupName=identity, retentionInDays=days)
    else:
        cloud.call("logs", "delete_retention_policy", logGroupName=identity)

    return read_log_group(cloud, identity, news)


def delete_log_group(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a log group with its log."""
    cloud.find("logs", "delete_log_group", logGroupName=identity)


TYPES = {
    "aws:cloudwatch/logGroup:LogGroup": ResourceType(
        create_log_group,
        read_log_group,
        update_log_group,
        delete_log_group,
    ),
    "aws:sns/topic:Topic": ResourceType(
        create_topic,
        read_topic,
        lambda _cloud, _id, _olds, _news: {},
        delete_topic,
    ),
    "aws:sns/topicPolicy:TopicPolicy": ResourceType(
        put_topic_policy,
        read_topic_policy,
        lambda cloud, _id, _olds, news: put_topic_policy(cloud, news)[1],
    ),
    "aws:cloudwatch/eventRule:EventRule": ResourceType(
        put_rule,
        read_rule,
        lambda cloud, _id, _olds, news: put_rule(cloud, news)[1],
        delete_rule,
    ),
    "aws:cloudwatch/eventTarget:EventTarget": ResourceType(
        put_target,
        read_target,
        lambda cloud, _id, _olds, news: put_target(cloud, news)[1],
        delete_target,
    ),
}
