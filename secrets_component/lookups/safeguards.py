"""Detects what a run would lose, before anything is created.

The provider notices these too late, or not at all:

* A removed secret keeps its name for 7 to 30 days. AWS: "You can't create this secret because a
  secret with this name is already scheduled for deletion." The provider retries that for two
  minutes, in the middle of a run (hashicorp/terraform-provider-aws#10259).
* Another name or path is another secret. Where the map writes the value, the new secret gets it;
  where rotation or an operator does, the live value would stay behind in the secret that goes.
* In another region every secret is another secret as well. The provider makes its region an input
  of every resource, whose change replaces it (pulumi-aws, `applyRegion`).
* An AWS service rotates the secrets that it manages; two writers would overwrite each other.
* A replica must not be in the home region, which only the provider knows. AWS:
  "InvalidParameterException: ... replica Region must be different from the primary Region".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pulumi
from pulumi.runtime import settings
from pulumi.runtime.mocks import MockMonitor
from pulumi_aws import secretsmanager

from secrets_component.arns import Arn, Home, is_arn
from secrets_component.errors import Report
from secrets_component.lookups.inventory import AccountError, HeldSecret, Inventory
from secrets_component.lookups.reference_values import read_stack
from secrets_component.lookups.refusal import refuse
from secrets_component.planning.plan import Plan, PlannedSecret
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY

_CREDENTIALS = {
    "profile": "profile_name",
    "accessKey": "aws_access_key_id",
    "secretKey": "aws_secret_access_key",
    "token": "aws_session_token",
}


@dataclass(frozen=True, slots=True)
class AccountState:
    """What the account holds of a map before the run.

    Attributes:
        adopted: ARNs of secrets that exist already and come under management, by entries' keys.
        held: the secrets of the account by the keys of the entries that have their names.
        inventory: the account; None where it cannot be queried.
        keyed: keys of the entries that had a customer-managed key in the last run.
    """

    adopted: Mapping[str, str]
    held: Mapping[str, HeldSecret] = field(default_factory=dict)
    inventory: Inventory | None = None
    keyed: frozenset[str] = frozenset()

    def is_managed(self, secret: PlannedSecret) -> bool:
        """Return whether an AWS service manages a secret, and alone may delete it."""
        held = self.held.get(secret.key)
        return held is not None and held.service is not None

    def may_have_own_key(self, secret: PlannedSecret) -> bool:
        """Return whether another key than the AWS-managed one may encrypt a secret.

        ListSecrets may be minutes old, so what the last run exported counts as well.
        """
        if self.inventory is None or secret.key in self.keyed:
            return True

        held = self.held.get(secret.key)
        if held is None or held.kms_key is None:
            return False

        return not held.kms_key.endswith(AWS_MANAGED_KEY)

    def is_empty(self, secret: PlannedSecret, arn: str) -> bool:
        """Return whether AWS confirms that a secret has no value; False where it is not known."""
        held = self.held.get(secret.key)
        if self.inventory is None or (held is not None and held.is_filled):
            return False

        try:
            return self.inventory.is_empty(arn)
        except AccountError:
            return False

    def next_rotations(self, plan: Plan) -> dict[str, str]:
        """Return when AWS rotates the map's rotating secrets next, in UTC, by entries' keys."""
        found = {}
        for key, held in self.held.items():
            if held.next_rotation and plan.secrets[key].rotation:
                found[key] = held.next_rotation

        return found


def check_account(plan: Plan, home: Home, parent: pulumi.Resource) -> AccountState:
    """Compare the account with the map, and refuse what would lose a value; changes nothing.

    Mocks have neither an account nor an earlier run: under them only `import` is looked up.

    Raises:
        pulumi.RunError: a name is taken by a secret that is scheduled for deletion, a rename or
            another region would leave a live value behind, a secret to adopt does not exist, a
            service manages a secret that the map would write, or a replica is in the home region;
            all at once.
    """
    report = plan.report()
    _check_replicas(plan, home, report)
    adopted = _read_imported(plan, parent, report)
    if isinstance(settings.get_monitor(), MockMonitor):
        refuse(report)
        return AccountState(adopted)

    inventory = _open_inventory(plan, home)
    held = _held_by_key(plan, inventory) if inventory else {}
    earlier = _earlier_outputs(parent)
    _check_renames(plan, _of_map(plan, earlier, "secret_names"), report)
    _check_regions(plan, _of_map(plan, earlier, "secret_arns"), home, report)
    for key, found in held.items():
        _check_held(plan.secrets[key], found, report)

    refuse(report)
    keyed = _of_map(plan, earlier, "kms_key_arns")
    with_key = {secret.key for secret in plan.secrets.values() if _earlier(secret, keyed)}
    return AccountState(adopted, held, inventory, frozenset(with_key))


def restore_deleted(plan: Plan, state: AccountState) -> AccountState:
    """Restore the secrets that the map asks for; a preview only says so.

    What exists already is adopted also where it need not be restored: a run that ended between the
    two is carried on. The engine ignores an import of what it manages already.
    """
    adopted = dict(state.adopted)
    for key, held in state.held.items():
        secret = plan.secrets[key]
        if not secret.restore_deleted or state.inventory is None:
            continue

        if held.deletion is None:
            adopted[key] = held.arn
        elif pulumi.runtime.is_dry_run():
            pulumi.log.info(f"`{secret.name}` will be restored from its scheduled deletion")
        else:
            state.inventory.restore(held)
            pulumi.log.info(f"`{secret.name}` is restored from its scheduled deletion")
            adopted[key] = held.arn

    return replace(state, adopted=adopted)


def _check_replicas(plan: Plan, home: Home, report: Report) -> None:
    for secret in plan.secrets.values():
        for index, replica in enumerate(secret.replicas):
            if replica.region == home.region:
                message = f"`{home.region}` is this stack's own region; use another"
                report.error_at_text((*secret.place, "replicas", index), home.region, message)


def _read_imported(plan: Plan, parent: pulumi.Resource, report: Report) -> dict[str, str]:
    """Return the ARNs of the secrets that `import` adopts, by entries' keys."""
    options = pulumi.InvokeOptions(parent=parent)
    found = {}
    for key, secret in plan.secrets.items():
        wanted = secret.import_
        if not wanted:
            continue

        if is_arn(wanted):
            found[key] = wanted
            continue

        try:
            found[key] = secretsmanager.get_secret(name=wanted, opts=options).arn
        except Exception as error:  # noqa: BLE001 # the SDK raises a bare Exception for a failed invoke
            reason = str(error).rpartition("returned an error: ")[2]
            message = f"the secret `{wanted}` cannot be adopted: {reason}"
            report.error((*secret.place, "import"), message)

    return found


def _open_inventory(plan: Plan, home: Home) -> Inventory | None:
    """Open the provider's account with the AWS SDK; log the reason where that is not possible.

    Raises:
        pulumi.RunError: it is not possible, and the map asks for a secret to be restored.
    """
    config = pulumi.Config("aws")
    credentials = {theirs: config.get(ours) for ours, theirs in _CREDENTIALS.items()}
    try:
        inventory = Inventory(home.region, **credentials)
        number = inventory.account()
    except AccountError as error:
        reason = str(error)
    else:
        if number == home.account:
            return inventory

        reason = (
            f"the AWS SDK's credentials are of account {number}, the provider's of {home.account}"
        )

    if any(secret.restore_deleted for secret in plan.secrets.values()):
        msg = f"`restore_deleted` needs the AWS SDK in the provider's account: {reason}"
        raise pulumi.RunError(msg)

    pulumi.log.info(f"skipping the check for secrets scheduled for deletion: {reason}")
    return None


def _held_by_key(plan: Plan, inventory: Inventory) -> dict[str, HeldSecret]:
    by_name = inventory.secrets_of(plan)
    held = {}
    for key, secret in plan.secrets.items():
        if secret.name in by_name:
            held[key] = by_name[secret.name]

    return held


def _check_held(secret: PlannedSecret, held: HeldSecret, report: Report) -> None:
    """Refuse a name that is scheduled for deletion, and a value that a service writes.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/service-linked-secrets.html
    """
    if held.deletion is not None and not secret.restore_deleted:
        message = (
            f"`{secret.name}` is scheduled for deletion, so the name is reserved until "
            f"{held.deletion:%Y-%m-%d}; set `restore_deleted: true` to restore it with its value, "
            "or choose another `name`"
        )
        report.error(secret.place, message)

    is_written = secret.rotation is not None or secret.source.kind != "imported"
    if held.service and is_written:
        message = (
            f"`{secret.name}` is managed by `{held.service}`, which sets and rotates the value; "
            "remove the value and rotation fields from this entry"
        )
        report.error(secret.place, message)


def _earlier_outputs(parent: pulumi.Resource) -> Mapping[str, Any]:
    """Read what this stack exported last time; empty before the first run."""
    own = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    return read_stack(own, parent).values or {}


def _of_map(plan: Plan, earlier: Mapping[str, Any], output: str) -> Mapping[str, str]:
    """Return an output of this map, by key, in a stack of one map or several."""
    found: Mapping[str, Any] = earlier.get(output) or {}
    of_instance = found.get(plan.instance)
    if isinstance(of_instance, Mapping):
        return of_instance

    return found


def _check_renames(plan: Plan, earlier: Mapping[str, str], report: Report) -> None:
    old_keys = {}
    for key, name in earlier.items():
        if isinstance(name, str):
            old_keys[name] = key

    for secret in plan.secrets.values():
        problem = _abandoned_value(secret, earlier) or _other_key(secret, plan, old_keys)
        if problem:
            report.error(secret.place, problem)


def _abandoned_value(secret: PlannedSecret, earlier: Mapping[str, str]) -> str | None:
    if secret.owner == "map":
        return None

    before = _earlier(secret, earlier)
    if before is None or before == secret.name:
        return None

    return (
        f"renaming `{before}` to `{secret.name}` creates a new secret without the value written by "
        f"{_writer(secret)}; add an entry under a new key, copy the value, then remove this one"
    )


def _earlier(secret: PlannedSecret, earlier: Mapping[str, str]) -> str | None:
    return earlier.get(secret.key) or earlier.get(secret.renamed_from or "")


def _writer(secret: PlannedSecret) -> str:
    return "rotation" if secret.owner == "rotation" else "an operator"


def _other_key(secret: PlannedSecret, plan: Plan, old_keys: Mapping[str, str]) -> str | None:
    old = old_keys.get(secret.name)
    if old is None or old in plan.secrets or secret.renamed_from == old:
        return None

    return (
        f"`{secret.name}` belongs to the entry `{old}`, which was removed; write "
        f"`renamed_from: {old}` to keep it, or give this entry another `name`"
    )


def _check_regions(plan: Plan, earlier: Mapping[str, str], home: Home, report: Report) -> None:
    for secret in plan.secrets.values():
        before = _earlier(secret, earlier)
        if secret.owner == "map" or before is None or not is_arn(before):
            continue

        region = Arn.parse(before).region
        if region != home.region:
            message = (
                f"`{secret.name}` is in region `{region}`; a new one in `{home.region}` would not "
                f"have the value written by {_writer(secret)}; set `aws:region` to `{region}`, or "
                f"use another stack for `{home.region}`"
            )
            report.error(secret.place, message)
