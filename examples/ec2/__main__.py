"""The role of an instance that reads a secret with the AWS CLI, as `read-secret.sh` does."""

import json

import pulumi
from pulumi_aws import iam

from secrets_component import SecretMapReference, read_policy

config = pulumi.Config()
stack = pulumi.get_stack()
secrets = SecretMapReference(config.get("secrets") or f"organization/secrets/{stack}")

role = iam.Role(
    "instance",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ec2.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    ),
)
iam.RolePolicy("read", role=role.name, policy=read_policy(secrets, ["connection_info"]))
profile = iam.InstanceProfile("instance", role=role.name)

pulumi.export("role_arn", role.arn)
pulumi.export("instance_profile", profile.name)
pulumi.export("secret_arn", secrets.secret_arn("connection_info"))
