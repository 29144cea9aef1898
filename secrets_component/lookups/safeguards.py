"""What a run would lose, found before anything is created.

Three traps that a provider notices too late, or not at all:

* A removed secret keeps its name for 7 to 30 days. AWS: "You can't create this secret because a
  secret with this name is already scheduled for deletion." The provider retries that for two
  minutes, in the middle of a run (hashicorp/terraform-provider-aws#10259).
* Another name or path is another secret. Where the map writes the value, the new secret gets it;
  where rotation or an operator does, the live value would stay behind in the secret that goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime import settings
from pulumi.runtime.mocks import MockMonitor
from pulumi_aws import get_caller_identity, get_region, secretsmanager

from secrets_component.errors import MapValueError, Problem
from secrets_component.lookups.inventory import AccountError, HeldSecret, Inventory
from secrets_component.lookups.reference_values import read_stack
from secrets_component.planning.plan import Plan, PlannedSecret

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
        next_rotations: when AWS rotates next, as ISO 8601 in UTC, by entries' keys.
        managed: keys of adopted secrets that an AWS service manages, and alone may delete.
    """

    adopted: Mapping[str, str]
    next_rotations: Mapping[str, str]
    managed: frozenset[str] = frozenset()


def check_account(plan: Plan, parent: pulumi.Resource) -> AccountState:
    """Refuse what would lose a value, restore what the map asks for, and say what is there.

    Under mocks there is no account and no earlier run: only `import` is looked up.

    Raises:
        pulumi.RunError: a name is taken by a secret that is scheduled for deletion, a rename would
            leave a live value behind, or a secret to adopt is not there; all at once.
    """
    invoked = pulumi.InvokeOptions(parent=parent)
    adopted = {
        key: _imported(secret.import_, invoked)
        for key, secret in plan.secrets.items()
        if secret.import_
    }
    if isinstance(settings.get_monitor(), MockMonitor):
        return AccountState(adopted, {})
    account = _account(plan, invoked)
    held = account.secrets_of(plan) if account else {}
    problems = [
        *_renames(plan, _earlier_names(plan, parent)),
        *_scheduled(plan, held),
        *_service_managed(plan, held),
    ]
    if problems:
        raise pulumi.RunError(str(MapValueError(problems)))
    restored = _restore(plan, held, account) if account else {}
    managed = {s.key for s in plan.secrets.values() if _service(s, held)}
    next_rotations = dict(_next_rotations(plan, held))
    return AccountState({**adopted, **restored}, next_rotations, frozenset(managed))


def _service(secret: PlannedSecret, held: Mapping[str, HeldSecret]) -> str | None:
    found = held.get(secret.name)
    return found.service if found else None


def _service_managed(plan: Plan, held: Mapping[str, HeldSecret]) -> Iterator[Problem]:
    """Refuse to write what a service writes: it rotates the value itself.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/service-linked-secrets.html
    """
    for secret in plan.secrets.values():
        service = _service(secret, held)
        if service and (secret.rotation or secret.source.kind != "imported"):
            yield Problem(
                plan.position(secret.key),
                f"`{secret.name}` is managed by `{service}`, which writes and rotates its value; "
                "leave value and rotation out of the entry",
            )


def _next_rotations(plan: Plan, held: Mapping[str, HeldSecret]) -> Iterator[tuple[str, str]]:
    for secret in plan.secrets.values():
        found = held.get(secret.name)
        if secret.rotation and found and found.next_rotation:
            yield secret.key, found.next_rotation


def _imported(wanted: str, invoked: pulumi.InvokeOptions) -> str:
    if wanted.startswith("arn:"):
        return wanted
    try:
        return secretsmanager.get_secret(name=wanted, opts=invoked).arn
    except Exception as error:  # noqa: BLE001 # the SDK raises a bare Exception for a failed invoke
        reason = str(error).rpartition("returned an error: ")[2]
        msg = f"the secret `{wanted}` cannot be adopted: {reason}"
        raise pulumi.RunError(msg) from None


def _account(plan: Plan, invoked: pulumi.InvokeOptions) -> Inventory | None:
    """Open the account that the provider works in; None, with a word, where that is not possible.

    Raises:
        pulumi.RunError: it is not possible, and the map asks for a secret to be restored.
    """
    config = pulumi.Config("aws")
    credentials = {theirs: config.get(ours) for ours, theirs in _CREDENTIALS.items()}
    try:
        account = Inventory(get_region(opts=invoked).region, **credentials)
        number = account.number()
    except AccountError as error:
        reason = str(error)
    else:
        ours = get_caller_identity(opts=invoked).account_id
        if number == ours:
            return account
        reason = f"the AWS SDK's credentials are of account {number}, the provider's of {ours}"
    if any(secret.restore_deleted for secret in plan.secrets.values()):
        msg = f"`restore_deleted` needs the AWS SDK in the provider's account: {reason}"
        raise pulumi.RunError(msg)
    pulumi.log.info(f"names scheduled for deletion are not looked for: {reason}")
    return None


def _scheduled(plan: Plan, held: Mapping[str, HeldSecret]) -> Iterator[Problem]:
    for secret in plan.secrets.values():
        found = held.get(secret.name)
        if found is None or found.deletion is None or secret.restore_deleted:
            continue
        yield Problem(
            plan.position(secret.key),
            f"`{secret.name}` is scheduled for deletion and keeps its name until "
            f"{found.deletion:%Y-%m-%d}; write `restore_deleted: true` to bring it back with its "
            "value, or choose another `name`",
        )


def _restore(plan: Plan, held: Mapping[str, HeldSecret], inventory: Inventory) -> dict[str, str]:
    """Restore what the map asks for; a preview only says so.

    What exists already is adopted also where nothing had to be restored: a run that ended between
    the two is carried on. The engine ignores an import of what it manages already.
    """
    adopted = {}
    for secret in plan.secrets.values():
        found = held.get(secret.name)
        if found is None or not secret.restore_deleted:
            continue
        if found.deletion is not None and pulumi.runtime.is_dry_run():
            pulumi.log.info(f"`{secret.name}` will be restored from its scheduled deletion")
            continue
        if found.deletion is not None:
            inventory.restore(found)
            pulumi.log.info(f"`{secret.name}` is restored from its scheduled deletion")
        adopted[secret.key] = found.arn
    return adopted


def _earlier_names(plan: Plan, parent: pulumi.Resource) -> Mapping[str, str]:
    """Read the names that this stack exported last time, by key; empty before the first run."""
    own = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    names: Any = (read_stack(own, parent).values or {}).get("secret_names") or {}
    by_instance = names.get(plan.instance)
    return by_instance if isinstance(by_instance, Mapping) else names


def _renames(plan: Plan, earlier: Mapping[str, str]) -> Iterator[Problem]:
    old_keys = {name: key for key, name in earlier.items() if isinstance(name, str)}
    for secret in plan.secrets.values():
        problem = _abandoned_value(secret, earlier) or _other_key(secret, plan, old_keys)
        if problem:
            yield Problem(plan.position(secret.key), problem)


def _abandoned_value(secret: PlannedSecret, earlier: Mapping[str, str]) -> str | None:
    before = earlier.get(secret.key) or earlier.get(secret.renamed_from or "")
    if secret.owner == "map" or before in (None, secret.name):
        return None
    return (
        f"`{before}` would become `{secret.name}`, another secret, and the value that "
        f"{'rotation' if secret.owner == 'rotation' else 'an operator'} wrote would stay behind; "
        "add an entry with a new key for the new name, copy the value there, then remove this one"
    )


def _other_key(secret: PlannedSecret, plan: Plan, old_keys: Mapping[str, str]) -> str | None:
    old = old_keys.get(secret.name)
    if old is None or old in plan.secrets or secret.renamed_from == old:
        return None
    return (
        f"`{secret.name}` is the secret of the entry `{old}`, which is gone; write "
        f"`renamed_from: {old}` to keep it, or give this entry another `name`"
    )


def refuse_home_replicas(plan: Plan, parent: pulumi.Resource) -> None:
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
