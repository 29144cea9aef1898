"""Events and logs: rules and their targets, topics, log groups."""

from __future__ import annotations

import threading
from collections import defaultdict
from functools import partial

from sandbox.providers.cloud import (
    Cloud,
    all_tags,
    pairs,
    same_or,
    same_policy_or,
    shown_tags,
    tags,
    untagged,
    update_tags,
    without_none,
)
from sandbox.providers.protocol import Created, Properties, ProviderError, ResourceType


def create_rule(cloud: Cloud, inputs: Properties) -> Created:
    """Create a rule on the default bus."""
    _put_rule(cloud, inputs, tags(inputs))
    return inputs["name"], read_rule(cloud, inputs["name"], inputs)


def _put_rule(
    cloud: Cloud, inputs: Properties, rule_tags: list[dict[str, str]] | None = None
) -> None:
    cloud.call(
        "events",
        "put_rule",
        Name=inputs["name"],
        Description=inputs.get("description"),
        EventPattern=inputs.get("eventPattern"),
        ScheduleExpression=inputs.get("scheduleExpression"),
        State=inputs.get("state"),
        Tags=rule_tags,
    )


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
        "state": found["State"],
        **shown_tags(cloud, _tags_of(cloud, "events", ResourceARN=found["Arn"]), state),
    }


def _tags_of(cloud: Cloud, service: str, **which: str) -> dict[str, str]:
    return untagged(cloud.call(service, "list_tags_for_resource", **which).get("Tags"))


def update_rule(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties | None:
    """Change a rule. PutRule ignores tags then: "If you are updating an existing rule, any tags you
    specify in the PutRule operation are ignored"."""
    _put_rule(cloud, news)
    call = partial(cloud.call, "events")
    arn = olds["arn"]
    update_tags(
        olds,
        news,
        lambda gone: call("untag_resource", ResourceARN=arn, TagKeys=gone),
        lambda added: call("tag_resource", ResourceARN=arn, Tags=pairs(added)),
    )
    return read_rule(cloud, identity, news)


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
    """Create a topic, which must not exist yet; its id is its ARN.

    AWS would return the one that exists; pulumi-aws refuses (`patches/…-non-idempotent-sns-topic-
    creation.patch`), one creation of a name at a time.
    """
    name = inputs["name"]
    account = cloud.call("sts", "get_caller_identity")["Account"]
    arn = f"arn:aws:sns:{cloud.region}:{account}:{name}"
    with _topic_locks[arn]:
        if cloud.find("sns", "get_topic_attributes", TopicArn=arn) is not None:
            msg = f"SNS Topic ({name}) already exists"
            raise ProviderError(msg)

        made = cloud.call("sns", "create_topic", Name=name, Tags=tags(inputs))["TopicArn"]

    return made, read_topic(cloud, made, inputs)


_topic_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def read_topic(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Find a topic."""
    found = cloud.find("sns", "get_topic_attributes", TopicArn=identity)
    if found is None:
        return None

    return {
        "arn": identity,
        "name": identity.rsplit(":", maxsplit=1)[-1],
        **shown_tags(cloud, _tags_of(cloud, "sns", ResourceArn=identity), state),
    }


def update_topic(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties | None:
    """Change a topic's tags."""
    call = partial(cloud.call, "sns")
    update_tags(
        olds,
        news,
        lambda gone: call("untag_resource", ResourceArn=identity, TagKeys=gone),
        lambda added: call("tag_resource", ResourceArn=identity, Tags=pairs(added)),
    )
    return read_topic(cloud, identity, news)


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

    policy = same_policy_or(state.get("policy"), found["Attributes"]["Policy"])
    return {"arn": identity, "policy": policy}


def create_log_group(cloud: Cloud, inputs: Properties) -> Created:
    """Create a log group."""
    cloud.call(
        "logs", "create_log_group", logGroupName=inputs["name"], tags=all_tags(inputs) or None
    )
    _keep_for(cloud, inputs["name"], inputs)
    return inputs["name"], read_log_group(cloud, inputs["name"], inputs)


def read_log_group(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe a log group; its ARN is without the `:*` that AWS adds."""
    found = cloud.call("logs", "describe_log_groups", logGroupNamePrefix=identity)["logGroups"]
    group = next((group for group in found if group["logGroupName"] == identity), None)
    if group is None:
        return None

    arn = group["arn"].removesuffix(":*")
    found_tags = cloud.call("logs", "list_tags_for_resource", resourceArn=arn)["tags"]
    return {
        "arn": arn,
        "name": identity,
        "retentionInDays": group.get("retentionInDays", 0),
        **shown_tags(cloud, found_tags, state),
    }


def update_log_group(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties | None:
    """Change a log group's tags, and how long it is kept."""
    _keep_for(cloud, identity, news)
    call = partial(cloud.call, "logs")
    arn = olds["arn"]
    update_tags(
        olds,
        news,
        lambda gone: call("untag_resource", resourceArn=arn, tagKeys=gone),
        lambda added: call("tag_resource", resourceArn=arn, tags=added),
    )
    return read_log_group(cloud, identity, news)


def _keep_for(cloud: Cloud, name: str, inputs: Properties) -> None:
    """Set how long a log is kept; forever if not given."""
    days = inputs.get("retentionInDays")
    if days:
        cloud.call("logs", "put_retention_policy", logGroupName=name, retentionInDays=days)
    else:
        cloud.call("logs", "delete_retention_policy", logGroupName=name)


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
        update_topic,
        delete_topic,
    ),
    "aws:sns/topicPolicy:TopicPolicy": ResourceType(
        put_topic_policy,
        read_topic_policy,
        lambda cloud, _id, _olds, news: put_topic_policy(cloud, news)[1],
    ),
    "aws:cloudwatch/eventRule:EventRule": ResourceType(
        create_rule,
        read_rule,
        update_rule,
        delete_rule,
    ),
    "aws:cloudwatch/eventTarget:EventTarget": ResourceType(
        put_target,
        read_target,
        lambda cloud, _id, _olds, news: put_target(cloud, news)[1],
        delete_target,
    ),
}
