"""Hosted functions: one from `rotators/` per secret, with a role for that secret alone.

Each secret has a function of its own: the role reads and writes this secret only, the permission
names this secret's ARN, and network and passwords are those of this entry.
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
from secrets_component.resources.keys import KeysInUse
from secrets_component.resources.rotators_zip import archive
from secrets_component.resources.scope import Scope, automatic_name_fits
from secrets_component.secret_map.names import rotation_function, rotation_role

_RUNTIME = "python3.13"
_MAX_FUNCTION_DESCRIPTION = 256
_MAX_ROLE_POLICY_NAME = 128
"""https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html"""
_ROTATION = "rotation"
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
    keys: KeysInUse,
    alarm_topic: pulumi.Output[str] | None,
) -> Hosted:
    """Deploy a secret's function with its log group, role and permission.

    Events of calls that failed for good go to the alarms' topic, if the map has one
    (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html).
    """
    log = cloudwatch.LogGroup(
        scope.logical(secret, _ROTATION),
        name=f"/aws/lambda/{rotation_function(secret.name)}",
        retention_in_days=function.log_retention_in_days,
        tags=dict(secret.tags) or None,
        opts=scope.options(secret, _ROTATION),
    )
    superuser = None
    if function.superuser_secret:
        superuser = scope.values.fill(function.superuser_secret, secret.key)

    kms_key = keys.at_home(container)
    known = pulumi.Output.all(container.arn, log.arn, alarm_topic, superuser, kms_key)
    rights = known.apply(partial(_rotation_rights, in_network=bool(function.subnets)))
    role, policy = _role(scope, secret, rights)
    deployed = _rotation_function(
        scope, secret, function, role=role, policy=policy, log=log, alarm_topic=alarm_topic
    )
    permission = lambda_.Permission(
        scope.logical(secret, _ROTATION),
        action="lambda:InvokeFunction",
        function=deployed.name,
        statement_id=rotation_function(secret.name),
        principal="secretsmanager.amazonaws.com",
        source_account=container.arn.apply(lambda arn: Arn.parse(arn).account),
        source_arn=container.arn,
        opts=scope.options(secret, _ROTATION),
    )
    return Hosted(deployed.arn, (policy, permission))


def _rotation_rights(known: Sequence[str | None], *, in_network: bool) -> str:
    """Return the policy of the function's role."""
    secret_arn, log_arn, alarm_topic, superuser, key = known
    home = Arn.parse(str(secret_arn)).home
    values: dict[str, str | None] = {
        "secret_arn": secret_arn,
        "kms_key_arn": None,
        "region": home.region,
        "dns_suffix": home.dns_suffix,
        "superuser_secret_arn": superuser,
        "superuser_key_arns": None,
        "log_group_arn": str(log_arn).removesuffix(":*"),
        "alarm_topic_arn": alarm_topic,
        "network": None,
    }
    if key:
        # Any key for an alias: the condition on the encryption context names the secret.
        values["kms_key_arn"] = documents.resource_of_key(key)

    if superuser:
        values["superuser_key_arns"] = Arn.parse(superuser).home.key_arn("*")

    if in_network:
        values["network"] = "*"

    return documents.document(templates.fill(templates.shipped("rotation-policy"), values))


def _role(
    scope: Scope, secret: PlannedSecret, rights: pulumi.Output[str]
) -> tuple[iam.Role, iam.RolePolicy]:
    role = iam.Role(
        scope.logical(secret, _ROTATION),
        name=rotation_role(secret.name, scope.access.home.region),
        assume_role_policy=documents.ASSUMED_BY_LAMBDA,
        tags=dict(secret.tags) or None,
        opts=scope.options(secret, _ROTATION),
    )
    logical = scope.logical(secret, _ROTATION)
    # The provider would make up to 255 characters of the logical name; IAM allows 128.
    fits = automatic_name_fits(logical, _MAX_ROLE_POLICY_NAME, other="+=,.@")
    policy = iam.RolePolicy(
        logical,
        name=None if fits else rotation_function(secret.name),
        role=role.name,
        policy=rights,
        opts=scope.options(secret, _ROTATION),
    )
    return role, policy


def _rotation_function(
    scope: Scope,
    secret: PlannedSecret,
    function: HostedFunction,
    *,
    role: iam.Role,
    policy: iam.RolePolicy,
    log: cloudwatch.LogGroup,
    alarm_topic: pulumi.Output[str] | None,
) -> lambda_.Function:
    dead_letters = None
    if alarm_topic is not None:
        dead_letters = lambda_.FunctionDeadLetterConfigArgs(target_arn=alarm_topic)

    return lambda_.Function(
        scope.logical(secret, _ROTATION),
        name=rotation_function(secret.name),
        description=f"rotates {secret.name}"[:_MAX_FUNCTION_DESCRIPTION],
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
        dead_letter_config=dead_letters,
        tags=dict(secret.tags) or None,
        # The role's policy first: Lambda uses its network rights while it creates the function.
        opts=scope.options(secret, _ROTATION, depends_on=[policy]),
    )


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
        variables["SUPERUSER_SECRET_ARN"] = scope.values.fill(function.superuser_secret, secret.key)

    return variables


def _network(
    scope: Scope, secret: PlannedSecret, function: HostedFunction
) -> lambda_.FunctionVpcConfigArgs | None:
    if not function.subnets:
        return None

    return lambda_.FunctionVpcConfigArgs(
        subnet_ids=[scope.values.fill(one, secret.key) for one in function.subnets],
        security_group_ids=[scope.values.fill(one, secret.key) for one in function.security_groups],
    )
