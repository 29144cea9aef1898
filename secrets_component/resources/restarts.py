"""Restarts consumers once a secret has another value, by a rotation or by hand.

EventBridge itself can neither redeploy an ECS service nor update a Lambda function. One small
function per map does (`restart_function.py`), called by one rule per secret. By default EventBridge
allows 300 rules on a bus.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from itertools import chain

import pulumi
from pulumi_aws import cloudwatch, iam, lambda_
from pydantic import TypeAdapter, ValidationError

from secrets_component.arns import Arn, is_arn
from secrets_component.errors import KeyPath
from secrets_component.iam import documents
from secrets_component.lookups.refusal import refusal
from secrets_component.planning.plan import Plan, PlannedSecret
from secrets_component.resources import events
from secrets_component.resources.scope import Scope
from secrets_component.secret_map import aws_types
from secrets_component.secret_map.names import MAX_FUNCTION_NAME

_CODE = "restart_function.py"
_LOG_DAYS = 30
_RULE_PREFIX = "secretsmap-on-rotate-"
_ON_ROTATE = "on-rotate"
_MOST_SECRETS = 5_000
"""Characters of secrets' ARNs in the function's rights: all inline policies of a role have 10,240
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)."""


@dataclass(frozen=True)
class _RestartKind:
    """How AWS names one kind of consumer, and what restarts it.

    Attributes:
        resource: what precedes the name in an ARN.
        action: the IAM action that the function needs.
        shape: the check of an ARN.
    """

    service: str
    resource: str
    action: str
    shape: TypeAdapter[str]


_RESTART_KINDS = {
    "ecs_service": _RestartKind(
        "ecs", "service/", "ecs:UpdateService", TypeAdapter(aws_types.EcsService)
    ),
    "lambda": _RestartKind(
        "lambda",
        "function:",
        "lambda:UpdateFunctionConfiguration",
        TypeAdapter(aws_types.LambdaFunction),
    ),
}


@dataclass(frozen=True)
class _Target:
    """One consumer to restart: its kind, as the map calls it, and its ARN."""

    kind: str
    arn: pulumi.Output[str]


def restart_consumers(scope: Scope) -> None:
    """Create what restarts the consumers under `on_rotate` once the secret has a new value."""
    targets = {}
    for secret in scope.plan.secrets.values():
        known = _known_targets(scope, secret)
        if known:
            targets[secret.key] = known

    if not targets:
        return

    secret_arns = [scope.values.own_outputs["secret_arns", key] for key in targets]
    function = _restart_function(scope, secret_arns, list(chain.from_iterable(targets.values())))
    permission = _permission(scope, function, secret_arns[0])
    for key, known in targets.items():
        _rule(scope, scope.plan.secrets[key], known, function, permission)


def _known_targets(scope: Scope, secret: PlannedSecret) -> list[_Target]:
    """Return what restarts with a secret, without targets that wait for another stack."""
    targets = []
    secret_arn = scope.values.own_outputs["secret_arns", secret.key]
    for index, restart in enumerate(secret.on_rotate):
        if scope.values.has_all(restart.target.references):
            place = (*secret.place, "on_rotate", index, restart.kind)
            known = pulumi.Output.all(scope.values.fill(restart.target, secret.key), secret_arn)
            arn = known.apply(partial(_target_arn, scope.plan, place, restart.kind))
            targets.append(_Target(restart.kind, arn))

    return targets


def _target_arn(plan: Plan, place: KeyPath, kind: str, known: Sequence[str]) -> str:
    """Return the target's ARN, in the account and region where the secret rotates.

    Raises:
        pulumi.RunError: the target is not valid, or is elsewhere; at `place` in the map.
    """
    written, secret_arn = known
    home = Arn.parse(secret_arn).home
    arn = written
    if not is_arn(written):
        arn = home.arn(_RESTART_KINDS[kind].service, f"{_RESTART_KINDS[kind].resource}{written}")

    try:
        _RESTART_KINDS[kind].shape.validate_python(arn)
    except ValidationError as error:
        problem = str(error.errors()[0]["ctx"]["error"])
        raise refusal(plan, place, problem) from None

    if Arn.parse(arn).home != home:
        message = (
            f"is not in account {home.account} and region {home.region}, where the secret rotates"
        )
        raise refusal(plan, place, message)

    return arn


def _restart_function(
    scope: Scope, secret_arns: Sequence[pulumi.Output[str]], targets: Sequence[_Target]
) -> lambda_.Function:
    """Create the function with its log and a role that may restart the targets."""
    logical = scope.map_part(_ON_ROTATE, joint="-")
    # Of these names, those of functions are limited the most.
    name = scope.name_if_needed(_ON_ROTATE, MAX_FUNCTION_NAME)
    tags = dict(scope.plan.tags) or None
    options = pulumi.ResourceOptions(parent=scope.parent)
    log = cloudwatch.LogGroup(
        logical, name=name, retention_in_days=_LOG_DAYS, tags=tags, opts=options
    )
    role = iam.Role(
        logical,
        name=name,
        assume_role_policy=documents.ASSUMED_BY_LAMBDA,
        tags=tags,
        opts=options,
    )
    kinds = [target.kind for target in targets]
    arns = pulumi.Output.all(
        log.arn,
        pulumi.Output.all(*secret_arns),
        pulumi.Output.all(*(target.arn for target in targets)),
    )
    rights = iam.RolePolicy(
        logical,
        name=name,
        role=role.name,
        policy=arns.apply(partial(_restart_rights, kinds)),
        opts=options,
    )
    code = resources.files("secrets_component.resources").joinpath(_CODE).read_text("utf-8")
    return lambda_.Function(
        logical,
        name=name,
        description=f"restarts consumers of the secrets of {scope.name} after a rotation",
        code=pulumi.AssetArchive({_CODE: pulumi.StringAsset(code)}),
        handler=f"{_CODE.removesuffix('.py')}.handler",
        runtime="python3.13",
        timeout=60,
        role=role.arn,
        logging_config=lambda_.FunctionLoggingConfigArgs(log_format="Text", log_group=log.name),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=scope.parent, depends_on=[rights]),
    )


def _restart_rights(kinds: Sequence[str], known: tuple[str, Sequence[str], Sequence[str]]) -> str:
    """Return the policy of the role: write its log, know first versions, restart the targets.

    Secrets too many to be named are not described: a first value restarts their readers then.
    """
    log_arn, secret_arns, target_arns = known
    arns_by_kind = defaultdict(set)
    for kind, arn in zip(kinds, target_arns, strict=True):
        arns_by_kind[kind].add(arn)

    statements = [_allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_arn}:*"])]
    if sum(map(len, secret_arns)) <= _MOST_SECRETS:
        statements.append(_allow(["secretsmanager:DescribeSecret"], sorted(secret_arns)))

    for kind, restart in _RESTART_KINDS.items():
        if kind in arns_by_kind:
            statements.append(_allow([restart.action], sorted(arns_by_kind[kind])))

    return documents.document(statements)


def _allow(actions: list[str], resource_arns: list[str]) -> documents.Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resource_arns}


def _permission(
    scope: Scope, function: lambda_.Function, any_secret_arn: pulumi.Output[str]
) -> lambda_.Permission:
    """Let the rules call the function: one statement, since a function's policy holds 20 KB.

    The ARN of the rules is the only condition. AWS: "A SourceAccount setting prevents EventBridge
    from being able to invoke the function"
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html).
    """
    return lambda_.Permission(
        scope.map_part(_ON_ROTATE, joint="-"),
        action="lambda:InvokeFunction",
        function=function.name,
        statement_id=_ON_ROTATE,  # the only statement of the function's policy
        principal="events.amazonaws.com",
        source_arn=any_secret_arn.apply(_any_rule),
        opts=pulumi.ResourceOptions(parent=scope.parent),
    )


def _any_rule(secret_arn: str) -> str:
    return Arn.parse(secret_arn).home.arn("events", f"rule/{_RULE_PREFIX}*")


def _rule(
    scope: Scope,
    secret: PlannedSecret,
    targets: Sequence[_Target],
    function: lambda_.Function,
    permission: lambda_.Permission,
) -> None:
    """Create the rule that calls the function when this one secret has a new value."""
    digest = hashlib.sha256(secret.name.encode()).hexdigest()[:16]
    secret_arn = scope.values.own_outputs["secret_arns", secret.key]
    rule = cloudwatch.EventRule(
        scope.logical(secret, _ON_ROTATE),
        name=f"{_RULE_PREFIX}{digest}",  # a secret's name can be longer than a rule's 64 characters
        description=f"restarts consumers of {secret.name}"[: events.MAX_DESCRIPTION],
        event_pattern=secret_arn.apply(events.new_value),
        tags=dict(secret.tags) or None,
        opts=scope.options(secret, _ON_ROTATE),
    )
    kinds = [target.kind for target in targets]
    arns = pulumi.Output.all(*(target.arn for target in targets))
    cloudwatch.EventTarget(
        scope.logical(secret, _ON_ROTATE),
        rule=rule.name,
        arn=function.arn,
        target_id=_ON_ROTATE,  # the rule's only target
        input_transformer=cloudwatch.EventTargetInputTransformerArgs(
            input_paths={"secret": "$.resources[0]", "time": "$.time"},
            input_template=arns.apply(partial(_event_template, kinds)),
        ),
        opts=scope.options(secret, _ON_ROTATE, depends_on=[permission]),
    )


def _event_template(kinds: Sequence[str], arns: Sequence[str]) -> str:
    """Return the template of the function's event; both variables are strings."""
    restart = [{kind: arn} for kind, arn in zip(kinds, arns, strict=True)]
    return f'{{"secret": "<secret>", "time": "<time>", "restart": {json.dumps(restart)}}}'
