"""Two functions that are given the ARN of an API key, and read the key when they run.

`node/index.mjs` uses the AWS SDK of Lambda's Node runtime; `python/handler.py` uses Powertools,
from the layer of the setting `powertools_layer`
(https://docs.aws.amazon.com/powertools/python/latest/getting-started/install/). The sandbox calls
no functions and does not need the layer.
"""

import json

import pulumi
from pulumi_aws import cloudwatch, iam, lambda_

from secrets_component import SecretMapReference, lambda_environment, read_policy

config = pulumi.Config()
stack = pulumi.get_stack()
secrets = SecretMapReference(config.get("secrets") or f"organization/secrets/{stack}")
layer = config.get("powertools_layer")

role = iam.Role(
    "functions",
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
log = cloudwatch.LogGroup("functions", retention_in_days=30)
reading = iam.RolePolicy("read", role=role.name, policy=read_policy(secrets, ["api_key"]))
logging = iam.RolePolicy(
    "log",
    role=role.name,
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
environment: dict[str, pulumi.Input[str]] = {
    **lambda_environment(secrets, {"API_KEY_SECRET_ARN": "api_key"}),
    "API_URL": config.get("api_url") or "https://api.example.com/",
}
functions = {
    language: lambda_.Function(
        language,
        runtime=runtime,
        handler=handler,
        layers=[layer] if layer and language == "python" else None,
        code=pulumi.FileArchive(f"./{language}"),
        role=role.arn,
        timeout=30,
        environment=lambda_.FunctionEnvironmentArgs(variables=environment),
        logging_config=lambda_.FunctionLoggingConfigArgs(log_format="Text", log_group=log.name),
        opts=pulumi.ResourceOptions(depends_on=[reading, logging]),
    )
    for language, runtime, handler in (
        ("node", "nodejs22.x", "index.handler"),
        ("python", "python3.13", "handler.handler"),
    )
}

pulumi.export("role_arn", role.arn)
pulumi.export("function_names", {language: made.name for language, made in functions.items()})
