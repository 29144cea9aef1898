"""SecretMap: one map's plan, turned into resources by the modules beside this one."""

from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import get_region, secretsmanager

from secrets_component import access, alarms, encryption, monitoring, rotation, safeguards, values
from secrets_component.errors import MapValueError, Problem
from secrets_component.outputs import Outputs
from secrets_component.planning.plan import Plan, PlannedSecret
from secrets_component.program import plan_of
from secrets_component.resolve import read_values
from secrets_component.scope import TYPE, Scope
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY


class SecretMapArgs(TypedDict):
    """What a SecretMap is made from."""

    secret_map: Any  # other languages pass plain data, Python programs what load_secret_map returns
    """The map: what `load_secret_map` returns, or the map's own data. Never an Output."""

    environment: NotRequired[str]
    """The environment of a map that does not name its own. Default: the Pulumi stack's name."""


class SecretMap(pulumi.ComponentResource):
    """All secrets of one map, with their values, keys, rotation, policies and outputs."""

    secret_arns: pulumi.Output[dict[str, str]]
    """ARNs by the entries' keys; plain, so that a reader needs no key to this stack's secrets."""
    secret_names: pulumi.Output[dict[str, str]]
    """Names in AWS by the entries' keys."""
    secret_version_ids: pulumi.Output[dict[str, str]]
    """Ids of the versions that this map wrote, by the entries' keys."""
    generated_passwords: pulumi.Output[dict[str, str]]
    """Generated passwords by the entries' keys; `<key>.<name>` for those under `random`. Secret."""
    kms_key_arns: pulumi.Output[dict[str, str]]
    """ARNs of the customer-managed keys, by the keys of the entries that use them."""
    policy_arns: pulumi.Output[dict[str, str]]
    """ARNs of the identity policies: `read`, `admin` for the whole map, `<path>/read`,
    `<path>/admin` for each path."""
    waiting: pulumi.Output[dict[str, list[str]]]
    """References that had no value in this run, by the keys of the entries that wait for them."""
    initial_passwords: pulumi.Output[list[str]]
    """Keys in `generated_passwords` that hold a first value only: someone else writes the next."""
    next_rotations: pulumi.Output[dict[str, str]]
    """When AWS rotates next, in UTC, as it said before this run; by the entries' keys."""
    alarm_topic_arn: pulumi.Output[str | None]
    """ARN of the SNS topic that is told of failed rotations."""

    def __init__(
        self, name: str, args: SecretMapArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create everything that the map asks for.

        Raises:
            pulumi.RunError: the map is wrong, or a reference has no value; nothing is created.
        """
        super().__init__(TYPE, name, None, opts)
        plan = plan_of(args["secret_map"], args.get("environment"))
        _refuse_home_replicas(plan, self)
        found = read_values(plan, self)
        is_top = opts is None or opts.parent is None
        scope = Scope(name, self, plan, found, access.prepare(plan, found, self), is_top)
        held = safeguards.look(plan, self)
        own_key = encryption.create_key(scope)
        alarm_topic = alarms.topic(scope)
        callers = rotation.Callers(scope, alarm_topic)
        outputs = Outputs(scope)
        for key in plan.order:
            secret = plan.secrets[key]
            kms_key = encryption.key_of(scope, secret, own_key)
            values.generate(scope, secret)
            container = _container(scope, secret, kms_key, own_key, held)
            version = values.store(scope, secret, container)
            access.attach(scope, secret, container)
            rotation.schedule(scope, secret, container, version, kms_key, callers)
            outputs.add(secret, container, version, kms_key)
        monitoring.restart_readers(scope)
        alarms.raise_on_failed_rotation(scope, alarm_topic)
        finished = outputs.finish(held.next_rotations, alarm_topic)
        for output, value in finished.items():
            setattr(self, output, value)
        self.register_outputs(finished)


def _container(
    scope: Scope,
    secret: PlannedSecret,
    kms_key: pulumi.Input[str] | None,
    own_key: encryption.OwnKey | None,
    held: safeguards.Found,
) -> secretsmanager.Secret:
    """Create or adopt the secret itself, and offer its ARN and name to references."""
    container = secretsmanager.Secret(
        scope.logical(secret),
        name=secret.name,
        description=secret.description,
        # Said even where it is the default: to leave the key out would leave the last one in place
        # (hashicorp/terraform-provider-aws#21623), which may be on its way to deletion.
        kms_key_id=kms_key or (None if secret.import_ else AWS_MANAGED_KEY),
        recovery_window_in_days=secret.recovery_window_in_days,
        replicas=[
            secretsmanager.SecretReplicaArgs(
                region=replica.region,
                kms_key_id=encryption.key_of_replica(scope, secret, replica, own_key),
            )
            for replica in secret.replicas
        ]
        or None,
        tags=dict(secret.tags) or None,
        opts=scope.options(
            secret,
            protect=secret.protect,
            import_=held.adopted.get(secret.key),
            retain_on_delete=secret.key in held.managed or None,
            ignore_changes=_unsaid(secret) if secret.import_ else None,
        ),
    )
    scope.values.own["secret_arns", secret.key] = container.arn
    scope.values.own["secret_names", secret.key] = container.name
    return container


def _unsaid(secret: PlannedSecret) -> list[str]:
    """Name the properties that the entry of an adopted secret leaves as they are."""
    said = {
        "description": secret.description,
        "kmsKeyId": secret.kms_key,
        "tags": secret.tags,
        "replicas": secret.replicas,
    }
    return [field for field, value in said.items() if not value]


def _refuse_home_replicas(plan: Plan, parent: pulumi.Resource) -> None:
    """Refuse a replica in the home region, which only the provider knows, before anything exists.

    AWS: "InvalidParameterException: ... replica Region must be different from the primary Region".
    """
    replicated = [secret for secret in plan.secrets.values() if secret.replicas]
    if not replicated:
        return
    home = get_region(opts=pulumi.InvokeOptions(parent=parent)).region
    problems = [
        Problem(
            plan.position(secret.key, replica.region),
            f"`replicas`: `{home}` is this stack's own region; name another",
        )
        for secret in replicated
        for replica in secret.replicas
        if replica.region == home
    ]
    if problems:
        raise pulumi.RunError(str(MapValueError(problems)))
