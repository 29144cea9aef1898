"""A function that rotates the map's API key, as `rotation_lambda_arn: ${output.lambda.…}` names it.

Its role can rotate this one secret. The map's stack lets Secrets Manager call it, and switches the
rotation on, in its next run.
"""

import json
from pathlib import Path

import pulumi
from pulumi_aws import cloudwatch, iam, lambda_

from secrets_component import SecretMapReference

ROTATORS = Path(__file__).parent.parent.parent / "rotators"

config = pulumi.Config()
stack = pulumi.get_stack()
secrets = SecretMapReference(config.get("secrets") or f"organization/secrets/{stack}")
secret, key = secrets.secret_arn("api_key"), secrets.kms_key_arn("api_key")

role = iam.Role(
    "rotation",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    ),
)
log = cloudwatch.LogGroup("rotation", retention_in_days=30)
rights = iam.RolePolicy(
    "rotation",
    role=role.name,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": [
                        "secretsmanager:DescribeSecret",
                        "secretsmanager:GetSecretValue",
                        "secretsmanager:PutSecretValue",
                        "secretsmanager:UpdateSecretVersionStage",
                    ],
                    "Resource": secret,
                },
                {
                    "Effect": "Allow",
                    "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                    "Resource": key,
                    "Condition": {"StringEquals": {"kms:EncryptionContext:SecretARN": secret}},
                },
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": pulumi.Output.format("{}:*", log.arn),
                },
            ],
        }
    ),
)
function = lambda_.Function(
    "rotation",
    description="Rotates the API key",
    runtime="python3.13",
    handler="rotate.lambda_handler",
    code=pulumi.AssetArchive(
        {
            "rotate.py": pulumi.FileAsset("./rotate.py"),
            **{
                f"rotators/{path.name}": pulumi.FileAsset(str(path))
                for path in sorted(ROTATORS.glob("*.py"))
            },
        }
    ),
    role=role.arn,
    timeout=60,
    logging_config=lambda_.FunctionLoggingConfigArgs(log_format="Text", log_group=log.name),
    opts=pulumi.ResourceOptions(depends_on=[rights]),
)

pulumi.export("rotation_function_arn", function.arn)
