"""Rotation: the schedule of each secret, and the functions that Secrets Manager calls."""

from __future__ import annotations

import hashlib

import pulumi
from pulumi_aws import lambda_, secretsmanager

from secrets_component.arns import Arn, is_arn
from secrets_component.planning.plan import Days, HostedFunction, PlannedSecret, Rotation
from secrets_component.resources import hosting
from secrets_component.resources.keys import KeysInUse
from secrets_component.resources.scope import Scope

_MAX_STATEMENT_ID = 100
"""https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html; the provider would make an
id of the logical name, whose dots AWS does not allow."""


class RotationTargets:
    """The functions that are called to rotate, and Secrets Manager's permission to call them.

    A function from `rotators/` is deployed for each secret. A custom function gets one permission,
    however many secrets it rotates: its policy is limited to 20 KB, which a statement per secret
    would fill (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
    """

    def __init__(self, scope: Scope, alarm_topic: pulumi.Output[str] | None) -> None:
        """Start without any; dead letters of deployed functions go to the alarms' topic."""
        self._scope = scope
        self._alarm_topic = alarm_topic
        self._permissions: dict[str, lambda_.Permission] = {}

    def function_of(
        self,
        secret: PlannedSecret,
        rotation: Rotation,
        container: secretsmanager.Secret,
        keys: KeysInUse,
    ) -> tuple[pulumi.Input[str], list[pulumi.Resource]]:
        """Return the ARN of a secret's function, and what must exist before it is called.

        Deploys the function if the entry names one from `rotators/`.
        """
        function = rotation.function
        if isinstance(function, HostedFunction):
            hosted = hosting.host(self._scope, secret, function, container, keys, self._alarm_topic)
            return hosted.arn, [*hosted.needed]

        arn = self._scope.values.fill(function, secret.key)
        return arn, [self._permission_for(str(function), arn, container.arn)]

    def _permission_for(
        self, written: str, arn: pulumi.Input[str], secret_arn: pulumi.Output[str]
    ) -> lambda_.Permission:
        """Allow only Secrets Manager in the secret's account to call a custom function."""
        if written not in self._permissions:
            # The map's text, not the resolved ARN, names the resource: a preview knows it too.
            digest = hashlib.sha256(written.encode()).hexdigest()[:8]
            part = f"rotation-{digest}"
            known = pulumi.Output.from_input(arn)
            # The provider reads the two parts of the ARN of a version or alias back, and would
            # replace the permission in each run (terraform-provider-aws, `resourcePermissionRead`).
            self._permissions[written] = lambda_.Permission(
                self._scope.map_part(part),
                action="lambda:InvokeFunction",
                function=known.apply(_unqualified),
                qualifier=known.apply(_qualifier),
                # Other maps may use the function, whose policy holds their statements as well.
                statement_id=self._scope.unique_name(part, _MAX_STATEMENT_ID),
                principal="secretsmanager.amazonaws.com",
                source_account=secret_arn.apply(lambda arn: Arn.parse(arn).account),
                opts=pulumi.ResourceOptions(parent=self._scope.parent),
            )

        return self._permissions[written]


def _unqualified(function: str) -> str:
    qualifier = _qualifier(function)
    return function if qualifier is None else function.removesuffix(f":{qualifier}")


def _qualifier(function: str) -> str | None:
    """Return the version or alias in a function's ARN (`…:function:<name>:<qualifier>`)."""
    if not is_arn(function):
        return None

    return Arn.parse(function).resource.removeprefix("function:").partition(":")[2] or None


def schedule(
    scope: Scope,
    secret: PlannedSecret,
    container: secretsmanager.Secret,
    version: secretsmanager.SecretVersion | None,
    keys: KeysInUse,
    targets: RotationTargets,
) -> None:
    """Enable rotation, unless the function or the value waits for a reference."""
    rotation = secret.rotation
    if rotation is None or not scope.values.has_all(rotation.function.references):
        return

    if version is None and not scope.values.has_all(secret.value_references):
        return  # AWS's createSecret step reads AWSCURRENT: a secret without a value cannot rotate

    arn, needed = targets.function_of(secret, rotation, container, keys)
    if version is not None:
        needed.append(version)

    days = expression = None
    if isinstance(rotation.schedule, Days):
        days = rotation.schedule.days
    else:
        expression = rotation.schedule.text

    secretsmanager.SecretRotation(
        scope.logical(secret),
        secret_id=container.arn,
        rotation_lambda_arn=arn,
        rotate_immediately=rotation.immediately,
        rotation_rules=secretsmanager.SecretRotationRotationRulesArgs(
            automatically_after_days=days,
            schedule_expression=expression,
            duration=rotation.window,
        ),
        opts=scope.options(
            secret, depends_on=needed, deleted_with=scope.deleted_with(secret, container)
        ),
    )
