"""IAM: policies, roles and instance profiles."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from typing import Any

from sandbox.providers.cloud import (
    Cloud,
    failing,
    pairs,
    same_policy_or,
    shown_tags,
    tags,
    untagged,
    update_tags,
)
from sandbox.providers.protocol import Created, Properties, ProviderError, ResourceType


def create_iam_policy(cloud: Cloud, inputs: Properties) -> Created:
    """Create a managed policy."""
    made = cloud.call(
        "iam",
        "create_policy",
        PolicyName=inputs.get("name") or inputs["namePrefix"] + os.urandom(13).hex(),
        PolicyDocument=inputs["policy"],
        Description=inputs.get("description"),
        Tags=tags(inputs),
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
    return {
        "arn": identity,
        "name": policy["PolicyName"],
        "description": policy.get("Description") or state.get("description"),
        "policy": _same_or(state.get("policy"), current["Document"]),
        **shown_tags(cloud, untagged(policy.get("Tags")), state),
    }


def _same_or(written: str | None, found: Any) -> str:  # noqa: ANN401 # boto3 parses IAM's documents
    return same_policy_or(written, json.dumps(found))


MAX_POLICY_VERSIONS = 5
"""Versions of a managed policy, the default one included
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)."""


def update_iam_policy(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties | None:
    """Create the document's new version and make it the default; the oldest makes room for it."""
    if olds.get("policy") != news.get("policy"):
        _make_room(cloud, identity)
        with failing(f"updating IAM Policy ({identity})"):
            cloud.call(
                "iam",
                "create_policy_version",
                PolicyArn=identity,
                PolicyDocument=news["policy"],
                SetAsDefault=True,
            )

    call = partial(cloud.call, "iam")
    update_tags(
        olds,
        news,
        lambda gone: call("untag_policy", PolicyArn=identity, TagKeys=gone),
        lambda added: call("tag_policy", PolicyArn=identity, Tags=pairs(added)),
    )
    return read_iam_policy(cloud, identity, news)


def _make_room(cloud: Cloud, identity: str) -> None:
    """Delete the oldest version that is not the default, where there are as many as AWS keeps."""
    versions = cloud.call("iam", "list_policy_versions", PolicyArn=identity)["Versions"]
    if len(versions) < MAX_POLICY_VERSIONS:
        return

    others = [version for version in versions if not version["IsDefaultVersion"]]
    oldest = min(others, key=lambda version: int(version["VersionId"].removeprefix("v")))
    _delete_version(cloud, identity, oldest)


def delete_iam_policy(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a managed policy with all its versions."""
    listed = cloud.find("iam", "list_policy_versions", PolicyArn=identity)
    if listed is None:
        return

    for version in listed["Versions"]:
        if not version["IsDefaultVersion"]:
            _delete_version(cloud, identity, version)

    cloud.find("iam", "delete_policy", PolicyArn=identity)


def _delete_version(cloud: Cloud, identity: str, version: Properties) -> None:
    cloud.call("iam", "delete_policy_version", PolicyArn=identity, VersionId=version["VersionId"])


def attach_role_policy(cloud: Cloud, inputs: Properties) -> Created:
    """Attach a managed policy to a role."""
    cloud.call("iam", "attach_role_policy", RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
    return f"{inputs['role']}/{inputs['policyArn']}", {}


def read_attachment(cloud: Cloud, identity: str, _: Properties) -> Properties | None:
    """Check whether the role still has the policy."""
    role, arn = identity.split("/", 1)
    listed = cloud.find("iam", "list_attached_role_policies", RoleName=role)
    if listed is None:
        return None

    attached = [policy["PolicyArn"] for policy in listed.get("AttachedPolicies", [])]
    if arn not in attached:
        return None

    return {"role": role, "policyArn": arn}


def detach_role_policy(cloud: Cloud, _: str, state: Properties) -> None:
    """Detach the policy from the role."""
    cloud.find("iam", "detach_role_policy", RoleName=state["role"], PolicyArn=state["policyArn"])


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


def create_role(cloud: Cloud, inputs: Properties) -> Created:
    """Create a role; its id is its name."""
    cloud.call(
        "iam",
        "create_role",
        RoleName=inputs["name"],
        AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
        Path=inputs.get("path"),
        Description=inputs.get("description"),
        MaxSessionDuration=inputs.get("maxSessionDuration"),
        Tags=tags(inputs),
    )
    return inputs["name"], read_role(cloud, inputs["name"], inputs)


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
        **shown_tags(cloud, untagged(role.get("Tags")), state),
    }


def update_role(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties | None:
    """Change who may assume a role, its description, the length of its sessions and its tags.

    UpdateRole sets a session's length back to an hour where it is not given: the description has a
    call of its own (`role.go` in terraform-provider-aws).
    """
    if olds.get("assumeRolePolicy") != news["assumeRolePolicy"]:
        cloud.call(
            "iam",
            "update_assume_role_policy",
            RoleName=identity,
            PolicyDocument=news["assumeRolePolicy"],
        )

    if olds.get("description") != news.get("description"):
        cloud.call(
            "iam",
            "update_role_description",
            RoleName=identity,
            Description=news.get("description") or "",
        )

    if olds.get("maxSessionDuration") != news.get("maxSessionDuration"):
        cloud.call(
            "iam",
            "update_role",
            RoleName=identity,
            MaxSessionDuration=news.get("maxSessionDuration"),
        )

    call = partial(cloud.call, "iam")
    update_tags(
        olds,
        news,
        lambda gone: call("untag_role", RoleName=identity, TagKeys=gone),
        lambda added: call("tag_role", RoleName=identity, Tags=pairs(added)),
    )
    return read_role(cloud, identity, news)


def delete_role(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a role."""
    cloud.find("iam", "delete_role", RoleName=identity)


def put_role_policy(cloud: Cloud, inputs: Properties) -> Created:
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


def create_instance_profile(cloud: Cloud, inputs: Properties) -> Created:
    """Create the profile that gives an EC2 instance its role."""
    cloud.call("iam", "create_instance_profile", InstanceProfileName=inputs["name"])
    _set_role(cloud, inputs["name"], None, inputs.get("role"))
    return inputs["name"], read_instance_profile(cloud, inputs["name"], inputs)


def read_instance_profile(cloud: Cloud, identity: str, _: Properties) -> Properties | None:
    """Describe an instance profile."""
    found = cloud.find("iam", "get_instance_profile", InstanceProfileName=identity)
    if found is None:
        return None

    profile = found["InstanceProfile"]
    described = {"arn": profile["Arn"], "name": identity, "role": None}
    if profile["Roles"]:  # AWS allows one
        described["role"] = profile["Roles"][0]["RoleName"]

    return described


def update_instance_profile(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties | None:
    """Set another role."""
    _set_role(cloud, identity, olds.get("role"), news.get("role"))
    return read_instance_profile(cloud, identity, news)


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


TYPES = {
    "aws:iam/role:Role": ResourceType(
        create_role,
        read_role,
        update_role,
        delete_role,
    ),
    "aws:iam/rolePolicy:RolePolicy": ResourceType(
        put_role_policy,
        read_role_policy,
        lambda cloud, _id, _olds, news: put_role_policy(cloud, news)[1],
        delete_role_policy,
    ),
    "aws:iam/policy:Policy": ResourceType(
        create_iam_policy,
        read_iam_policy,
        update_iam_policy,
        delete_iam_policy,
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ResourceType(
        attach_role_policy,
        read_attachment,
        None,
        detach_role_policy,
    ),
    "aws:iam/instanceProfile:InstanceProfile": ResourceType(
        create_instance_profile,
        read_instance_profile,
        update_instance_profile,
        delete_instance_profile,
    ),
}

FUNCTIONS: dict[str, Callable[[Any, Properties], Properties]] = {
    "aws:iam/getRole:getRole": _role,
    "aws:iam/getUser:getUser": _user,
}
