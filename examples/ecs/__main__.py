"""A service whose container gets two environment variables from the map.

ECS reads the values when a task starts, under the execution role; the task definition holds ARNs
only. `connection_info.password` is one JSON key of a structured value. After a rotation the tasks
must restart: list `service` under `on_rotate:` in the map.
"""

import json

import pulumi
from pulumi_aws import cloudwatch, ec2, ecs, get_region, iam

from secrets_component import SecretMapReference, ecs_secrets, read_policy

config = pulumi.Config()
stack = pulumi.get_stack()
secrets = SecretMapReference(config.get("secrets") or f"organization/secrets/{stack}")


def default_subnets() -> list[str]:
    """Return the subnets of the account's default network."""
    default = ec2.GetSubnetsFilterArgs(name="default-for-az", values=["true"])
    return list(ec2.get_subnets(filters=[default]).ids)


execution_role = iam.Role(
    "execution",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    ),
)
log = cloudwatch.LogGroup("app", retention_in_days=30)
iam.RolePolicy(
    "read",
    role=execution_role.name,
    policy=read_policy(secrets, ["api_key", "connection_info"]),
)
iam.RolePolicy(
    "log",
    role=execution_role.name,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": pulumi.Output.format("{}:*", log.arn),
                }
            ],
        }
    ),
)
task = ecs.TaskDefinition(
    "app",
    family=f"app-{stack}",
    cpu="256",
    memory="512",
    network_mode="awsvpc",
    requires_compatibilities=["FARGATE"],
    execution_role_arn=execution_role.arn,
    container_definitions=pulumi.Output.json_dumps(
        [
            {
                "name": "app",
                "image": config.get("image") or "public.ecr.aws/docker/library/nginx:1.29",
                "essential": True,
                "secrets": ecs_secrets(
                    secrets, {"API_KEY": "api_key", "DB_PASSWORD": "connection_info.password"}
                ),
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": log.name,
                        "awslogs-region": get_region().region,
                        "awslogs-stream-prefix": "app",
                    },
                },
            }
        ]
    ),
)
cluster = ecs.Cluster("main", name=f"main-{stack}")
service = ecs.Service(
    "app",
    name="app",
    cluster=cluster.arn,
    task_definition=task.arn,
    desired_count=1,
    launch_type="FARGATE",
    network_configuration=ecs.ServiceNetworkConfigurationArgs(
        subnets=config.get_object("subnets") or default_subnets(),
        assign_public_ip=True,  # the only route of the default network to image and secrets
    ),
)

pulumi.export("task_definition_arn", task.arn)
pulumi.export("execution_role_arn", execution_role.arn)
pulumi.export("service", pulumi.Output.format("{}/{}", cluster.name, service.name))
