"""SecretMap: the table of contents of a deployment; each call is one module of `resources/`."""

import inspect
from typing import Any, NotRequired, TypedDict

import pulumi

from secrets_component.loading import plan_of
from secrets_component.lookups import (
    account,
    adoption,
    principals,
    reference_values,
    safeguards,
    trails,
)
from secrets_component.lookups.safeguards import StackIdentity
from secrets_component.planning.plan import KeptKey
from secrets_component.resources import (
    alarms,
    encryption,
    generated,
    policies,
    restarts,
    rotation,
    state_record,
    values,
)
from secrets_component.resources import secret as secret_
from secrets_component.resources.outputs import Outputs
from secrets_component.resources.scope import TYPE, Scope


class SecretMapArgs(TypedDict):
    """What a SecretMap is made from."""

    secret_map: Any  # other languages pass plain data, Python programs what load_secret_map returns
    """The map: what `load_secret_map` returns, or the map's own data. Never an Output."""

    environment: NotRequired[str]
    """The environment of a map that does not name its own. Default: the Pulumi stack's name."""


class SecretMap(pulumi.ComponentResource):
    """All secrets of one map, with their values, keys, rotation, policies and outputs."""

    OUTPUTS = tuple[str, ...]()  # without an annotation, which would make it an output
    """The names of the outputs below."""

    secret_arns: pulumi.Output[dict[str, str]]
    """ARNs by the entries' keys; plain, so that a reader needs no key to this stack's secrets."""
    secret_names: pulumi.Output[dict[str, str]]
    """Names in AWS by the entries' keys."""
    secret_version_ids: pulumi.Output[dict[str, str]]
    """Ids of the versions that this map wrote, by the entries' keys."""
    generated_passwords: pulumi.Output[dict[str, str]]
    """Generated passwords by the entries' keys; `<key>.<name>` for the values under `random`.
    Secret."""
    public_keys: pulumi.Output[dict[str, str]]
    """Public halves of the generated key pairs by `<key>.<name>`; plain."""
    kms_key_arns: pulumi.Output[dict[str, str]]
    """ARNs of the customer-managed keys, by the keys of the entries that use them."""
    policy_arns: pulumi.Output[dict[str, str]]
    """ARNs of the identity policies: `read`, `admin` for the whole map, `<path>/read`,
    `<path>/admin` for each path."""
    waiting: pulumi.Output[dict[str, list[str]]]
    """References that had no value in this run, by the keys of the secrets that have no value
    because of them."""
    waiting_rotations: pulumi.Output[dict[str, list[str]]]
    """References that had no value in this run, by the keys of the secrets whose rotation, or a
    restart after it, waits for them."""
    initial_passwords: pulumi.Output[list[str]]
    """Keys in `generated_passwords` that hold a first value only: rotation or an operator writes
    the next."""
    next_rotations: pulumi.Output[dict[str, str]]
    """Next rotation dates in UTC, as of the start of the run, by the entries' keys."""
    alarm_topic_arn: pulumi.Output[str | None]
    """ARN of the SNS topic that notifications are published to."""

    def __init__(
        self, name: str, args: SecretMapArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create everything that the map asks for.

        Raises:
            pulumi.RunError: the map is wrong, or a reference has no value; nothing is created.
        """
        super().__init__(TYPE, name, None, opts)
        plan = plan_of(args["secret_map"], args.get("environment"))
        home = account.read_home(self)
        found = reference_values.read(plan, self)
        access = principals.resolve(plan, found, home, self)
        record = state_record.keep(name, home, self)
        identity = StackIdentity(name, record.known_id, record.first_region)
        checked = safeguards.check_account(plan, home, identity, found, self)
        adoption.check_adopted(plan, checked.adopted, access, identity.owns)
        state = safeguards.restore_deleted(plan, checked)
        is_top = opts is None or opts.parent is None
        scope = Scope(name, self, plan, found, access, is_top)
        marks = secret_.map_marks(identity, record.id)
        own_key = encryption.create_key(scope, marks, state)
        trails.warn_without_trail(plan, state.inventory, self)
        alarm_topic = alarms.topic(scope)
        targets = rotation.RotationTargets(scope, alarm_topic)
        outputs = Outputs(scope)
        for secret in plan.in_order():
            named = encryption.keys_of(scope, secret, own_key)
            generated.generate(scope, secret, state)
            tags = secret_.tags(marks, secret, state)
            container = secret_.create(scope, secret, named, tags, state)
            keys = named.in_use(container, is_kept=isinstance(secret.kms_key, KeptKey))
            version = values.store(scope, secret, container, state)
            policies.attach(scope, secret, container)
            rotation.schedule(scope, secret, container, version, keys, targets)
            outputs.add(secret, container, version, keys)

        restarts.restart_consumers(scope)
        alarms.watch(scope, alarm_topic, outputs.keys)
        policy_arns = policies.create_for_levels(
            scope, identity.map_mark, outputs.secret_arns, outputs.keys
        )
        finished = outputs.finish(policy_arns, state.next_rotations(plan), alarm_topic)
        for output, value in finished.items():
            setattr(self, output, value)

        self.register_outputs(finished)

    def export(self) -> None:
        """Export all outputs of the map from the stack, for `SecretMapReference` to read."""
        for output in self.OUTPUTS:
            pulumi.export(output, getattr(self, output))


SecretMap.OUTPUTS = tuple(inspect.get_annotations(SecretMap))
