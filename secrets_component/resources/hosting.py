"""Hosted functions: one from `rotators/` per secret, with a role for that secret alone.

One function per secret, not one for all: its role reads and writes this secret only, its permission
names this secret's ARN, and network and passwords are this entry's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pulumi
from pulumi_aws import cloudwatch, iam, lambda_, secretsmanager

from secrets_component.arns import Arn
from secrets_component.iam import documents, templates
from secrets_component.planning.plan import HostedFunction, PlannedSecret
from secrets_component.resources.rotators_zip import archive
from secrets_component.resources.scope import Scope
from secrets_component.secret_map.names import rotation_function

_RUNTIME = "python3.13"
_MAX_DESCRIPTION = 256
_TASK_ROOT = "/var/task"  # where Lambda unpacks the zip


@dataclass(frozen=True)
class Hosted:
    """A function that is deployed, and what must exist before it is called."""

    arn: pulumi.Output[str]
    needed: tuple[pulumi.Resource, ...]


def host(
    scope: Scope,
    secret: PlannedSecret,
    function: HostedFunction,
    container: secretsmanager.Secret,
    kms_key: pulumi.Input[str] | None,
    alarm_topic: pulumi.Output[str] | None,
) -> Hosted:
    """Deploy a secret's function with its log group, role and permission.

    Calls that failed for good go to the alarms' topic, where the map has one
    (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html).
    """
    options, name = scope.options(secret, "rotation"), rotation_function(secret.name)
    tags = dict(secret.tags) or None
    logical = scope.logical(secret, "rotation")
    log = cloudwatch.LogGroup(
        logical,
        name=f"/aws/lambda/{name}",
        retention_in_days=function.log_retention_in_days,
        tags=tags,
        opts=options,
    )
    role = iam.Role(
        logical, name=name, assume_role_policy=documents.ASSUMED_BY_LAMBDA, tags=tags, opts=options
    )
    policy = iam.RolePolicy(
        logical,
        role=role.name,
        policy=_policy(scope, secret, function, container.arn, (log.arn, alarm_topic), kms_key),
        opts=options,
    )
    made = lambda_.Function(
        logical,
        name=name,
        description=f"rotates {secret.name}"[:_MAX_DESCRIPTION],
        runtime=_RUNTIME,
        handler=f"rotators.handlers.{function.kind.replace('-', '_')}",
        code=pulumi.FileArchive(str(archive(function.ca_bundle))),
        role=role.arn,
        timeout=function.timeout,
        environment=lambda_.FunctionEnvironmentArgs(
            variables=_environment(scope, secret, function)
        ),
        logging_config=lambda_.FunctionLoggingConfigArgs(log_format="Text", log_group=log.name),
        vpc_config=_network(scope, secret, function),
        dead_letter_config=lambda_.FunctionDeadLetterConfigArgs(target_arn=alarm_topic)
        if alarm_topic is not None
        else None,
        tags=tags,
        # The role's rights first: Lambda uses those to the network while it creates the function.
        opts=scope.options(secret, "rotation", depends_on=[policy]),
    )
    permission = lambda_.Permission(
        logical,
        action="lambda:InvokeFunction",
        function=made.name,
        principal="secretsmanager.amazonaws.com",
        source_account=container.arn.apply(lambda arn: Arn.parse(arn).account),
        source_arn=container.arn,
        opts=options,
    )
    return Hosted(made.arn, (policy, permission))


def _policy(
    scope: Scope,
    secret: PlannedSecret,
    function: HostedFunction,
    secret_arn: pulumi.Output[str],
    others: Sequence[pulumi.Output[str] | None],
    kms_key: pulumi.Input[str] | None,
) -> pulumi.Output[str]:
    superuser = function.superuser_secret and scope.values.text(
        function.superuser_secret, secret.key
    )
    in_network = bool(function.subnets)
    known = pulumi.Output.all(secret_arn, *others, superuser, kms_key)
    return known.apply(partial(_document, in_network=in_network))


def _document(known: Sequence[str | None], *, in_network: bool) -> str:
    secret_arn, log_arn, alarm_topic, superuser, key = known
    home = Arn.parse(str(secret_arn)).home
    statements = templates.fill(
        templates.shipped("rotation-policy"),
        {
            "secret_arn": secret_arn,
            "kms_key_arn": key and _any_key_if_alias(home.key_arn(key)),
            "region": home.region,
            "superuser_secret_arn": superuser,
            "superuser_key_arns": superuser and Arn.parse(superuser).home.key_arn("*"),
            "log_group_arn": str(log_arn).removesuffix(":*"),
            "alarm_topic_arn": alarm_topic,
            "network": "*" if in_network else None,
        },
    )
    return documents.document(statements)


def _any_key_if_alias(arn: str) -> str:
    """Name a key for IAM, which knows keys by id only; the encryption context pins the secret."""
    key = Arn.parse(arn)
    return key.home.key_arn("*") if key.alias else arn


def _environment(
    scope: Scope, secret: PlannedSecret, function: HostedFunction
) -> dict[str, pulumi.Input[str]]:
    variables: dict[str, pulumi.Input[str]] = {
        "PASSWORD_LENGTH": str(function.password_length),
        "PASSWORD_CHARACTERS": function.password_characters,
    }
    if function.ca_bundle:
        variables["CA_BUNDLE"] = f"{_TASK_ROOT}/ca.pem"
    if function.superuser_secret:
        variables["SUPERUSER_SECRET_ARN"] = scope.values.text(function.superuser_secret, secret.key)
    return variables


def _network(
    scope: Scope, secret: PlannedSecret, function: HostedFunction
) -> lambda_.FunctionVpcConfigArgs | None:
    if not function.subnets:
        return None
    return lambda_.FunctionVpcConfigArgs(
        subnet_ids=[scope.values.text(one, secret.key) for one in function.subnets],
        security_group_ids=[scope.values.text(one, secret.key) for one in function.security_groups],
    )
