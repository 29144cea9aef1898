"""Monitoring: what follows from the events that AWS tells of a secret.

Secrets Manager tells of a rotation through CloudTrail only, as a service event, whose detail type
is not that of API calls (https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring-eventbridge.html,
`retrieve-ct-entries.html`). EventBridge itself can neither redeploy an ECS service nor touch a
Lambda function: one small function per map does, told by one rule per secret. EventBridge allows
300 rules on a bus until asked for more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import partial
from importlib import resources

import pulumi
from pulumi_aws import cloudwatch, iam, lambda_
from pydantic import TypeAdapter, ValidationError

from secrets_component.arns import Arn, is_arn
from secrets_component.iam.documents import ASSUMED_BY_LAMBDA
from secrets_component.planning.plan import PlannedRestart, PlannedSecret
from secrets_component.resources.scope import Scope
from secrets_component.secret_map import aws_types

_CODE = "restart_function.py"
_LOG_DAYS = 30
_RULE_PREFIX = "secretsmap-on-rotate-"
_SERVICES = {"ecs_service": "ecs", "lambda": "lambda"}
_ACTIONS = {"ecs_service": "ecs:UpdateService", "lambda": "lambda:UpdateFunctionConfiguration"}
_SHAPES: dict[str, TypeAdapter[str]] = {
    "ecs_service": TypeAdapter(aws_types.EcsService),
    "lambda": TypeAdapter(aws_types.LambdaFunction),
}


def restart_readers(scope: Scope) -> None:
    """Restart what the map names under `on_rotate`, once the secret's rotation has succeeded."""
    targets = {
        secret.key: [
            (restart.kind, _arn(scope, secret, restart))
            for restart in secret.on_rotate
            if scope.values.has_all(restart.target.references)
        ]
        for secret in scope.plan.secrets.values()
    }
    targets = {key: known for key, known in targets.items() if known}
    if not targets:
        return
    any_secret = scope.values.own_outputs["secret_arns", next(iter(targets))]
    function = _function(scope, [target for known in targets.values() for target in known])
    permission = _permission(scope, function, any_secret)
    for key, known in targets.items():
        _rule(scope, scope.plan.secrets[key], known, function, permission)


def _arn(scope: Scope, secret: PlannedSecret, restart: PlannedRestart) -> pulumi.Output[str]:
    written = scope.values.text(restart.target, secret.key)
    own = scope.values.own_outputs["secret_arns", secret.key]
    return pulumi.Output.all(written, own).apply(partial(_target_arn, restart.kind, secret.key))


def _target_arn(kind: str, key: str, known: list[str]) -> str:
    """Write a target as an ARN, in the account and region where the secret rotates."""
    written, secret_arn = known
    home = Arn.parse(secret_arn).home
    kind_of_resource = "service/" if kind == "ecs_service" else "function:"
    arn = written
    if not is_arn(written):
        arn = home.arn(_SERVICES[kind], f"{kind_of_resource}{written}")
    try:
        _SHAPES[kind].validate_python(arn)
    except ValidationError as error:
        problem = error.errors()[0]["ctx"]["error"]
        msg = f"secret `{key}`: `on_rotate`: `{kind}`: {problem}"
        raise pulumi.RunError(msg) from None
    if Arn.parse(arn).home != home:
        msg = (
            f"secret `{key}`: `on_rotate`: `{kind}`: is not in account {home.account} and region "
            f"{home.region}, where the secret rotates"
        )
        raise pulumi.RunError(msg)
    return arn


def _function(scope: Scope, targets: Sequence[tuple[str, pulumi.Output[str]]]) -> lambda_.Function:
    """Make the function, which may restart what the map names and write its own log."""
    name, tags = f"{scope.name}-on-rotate", dict(scope.plan.tags) or None
    options = pulumi.ResourceOptions(parent=scope.parent)
    log = cloudwatch.LogGroup(name, retention_in_days=_LOG_DAYS, tags=tags, opts=options)
    role = iam.Role(name, assume_role_policy=ASSUMED_BY_LAMBDA, tags=tags, opts=options)
    kinds, arns = [kind for kind, _ in targets], [arn for _, arn in targets]
    rights = iam.RolePolicy(
        name,
        role=role.name,
        policy=pulumi.Output.all(log.arn, *arns).apply(partial(_rights, kinds)),
        opts=options,
    )
    code = resources.files("secrets_component.resources").joinpath(_CODE).read_text("utf-8")
    return lambda_.Function(
        name,
        description=f"restarts what reads the secrets of {scope.name}, once they have rotated",
        code=pulumi.AssetArchive({_CODE: pulumi.StringAsset(code)}),
        handler=f"{_CODE.removesuffix('.py')}.handler",
        runtime="python3.13",
        timeout=60,
        role=role.arn,
        logging_config=lambda_.FunctionLoggingConfigArgs(log_format="Text", log_group=log.name),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=scope.parent, depends_on=[rights]),
    )


def _rights(kinds: list[str], arns: list[str]) -> str:
    log, *targets = arns
    allowed = {
        "logs": (["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log}:*"]),
        **{
            kind: ([action], sorted({t for k, t in zip(kinds, targets, strict=True) if k == kind}))
            for kind, action in _ACTIONS.items()
        },
    }
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": actions, "Resource": on}
                for actions, on in allowed.values()
                if on
            ],
        }
    )


def _permission(
    scope: Scope, function: lambda_.Function, any_secret: pulumi.Output[str]
) -> lambda_.Permission:
    """Let the rules call the function: one statement, since a function's policy holds 20 KB."""

    def rules(arn: str) -> str:
        return Arn.parse(arn).home.arn("events", f"rule/{_RULE_PREFIX}*")

    return lambda_.Permission(
        f"{scope.name}-on-rotate",
        action="lambda:InvokeFunction",
        function=function.name,
        principal="events.amazonaws.com",
        source_account=any_secret.apply(lambda arn: Arn.parse(arn).account),
        source_arn=any_secret.apply(rules),
        opts=pulumi.ResourceOptions(parent=scope.parent),
    )


def _rule(
    scope: Scope,
    secret: PlannedSecret,
    targets: Sequence[tuple[str, pulumi.Output[str]]],
    function: lambda_.Function,
    permission: lambda_.Permission,
) -> None:
    """Tell the function what to restart whenever this one secret has rotated."""
    digest = hashlib.sha256(secret.name.encode()).hexdigest()[:16]
    rule = cloudwatch.EventRule(
        scope.logical(secret, "on-rotate"),
        name=f"{_RULE_PREFIX}{digest}",  # a secret's name can be longer than a rule's 64 characters
        description=f"restarts what reads {secret.name}"[:512],
        event_pattern=scope.values.own_outputs["secret_arns", secret.key].apply(_pattern),
        tags=dict(secret.tags) or None,
        opts=scope.options(secret, "on-rotate"),
    )
    kinds = [kind for kind, _ in targets]
    cloudwatch.EventTarget(
        scope.logical(secret, "on-rotate"),
        rule=rule.name,
        arn=function.arn,
        input_transformer=cloudwatch.EventTargetInputTransformerArgs(
            input_paths={"secret": "$.detail.additionalEventData.SecretId", "time": "$.time"},
            input_template=pulumi.Output.all(*(arn for _, arn in targets)).apply(
                partial(_message, kinds)
            ),
        ),
        opts=scope.options(secret, "on-rotate", depends_on=[permission]),
    )


def _pattern(secret_arn: str) -> str:
    return json.dumps(
        {
            "source": ["aws.secretsmanager"],
            "detail-type": ["AWS Service Event via CloudTrail"],
            "detail": {
                "eventSource": ["secretsmanager.amazonaws.com"],
                "eventName": ["RotationSucceeded"],
                "additionalEventData": {"SecretId": [secret_arn]},
            },
        }
    )


def _message(kinds: list[str], arns: list[str]) -> str:
    """Write the template of the function's event; both variables are texts."""
    restart = [{kind: arn} for kind, arn in zip(kinds, arns, strict=True)]
    return f'{{"secret": "<secret>", "time": "<time>", "restart": {json.dumps(restart)}}}'
