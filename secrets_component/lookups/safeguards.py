"""Detects what a run would lose, before anything is created.

The provider notices these too late, or not at all:

* A removed secret keeps its name for 7 to 30 days. AWS: "You can't create this secret because a
  secret with this name is already scheduled for deletion." The provider retries that for two
  minutes, in the middle of a run (hashicorp/terraform-provider-aws#10259).
* Another name, path or region is another secret; `moves` explains what would be lost.
* A secret that the map does not manage may have the name of an entry already.
* An AWS service rotates the secrets that it manages; two writers would overwrite each other.
* A replica must not be in the home region, which only the provider knows. AWS:
  "InvalidParameterException: ... replica Region must be different from the primary Region".

Where the account cannot be queried, the run does only what is safe without knowing: it writes no
value that the map has written before, and replaces and removes no secret.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pulumi
from pulumi.runtime import settings
from pulumi.runtime.mocks import MockMonitor

from secrets_component.arns import Arn, Home, is_arn
from secrets_component.errors import Report
from secrets_component.lookups import earlier_exports, key_alias, left_keys
from secrets_component.lookups.adoption import AdoptedSecret, read_adopted
from secrets_component.lookups.drift import differences, stuck_rotation
from secrets_component.lookups.holdings import Holdings, MarkedSecrets, names_to_look_up, own_marks
from secrets_component.lookups.inventory import AccountError, HeldSecret, Inventory
from secrets_component.lookups.left_keys import problem_of_value
from secrets_component.lookups.marks import REPLACES_LABEL, VALUE_LABEL, Mark, map_mark
from secrets_component.lookups.moves import Moves, problems_of_region, window_problem_of_key
from secrets_component.lookups.reference_values import ReferenceValues
from secrets_component.lookups.refusal import refusal, refuse
from secrets_component.lookups.values_in_use import (
    has_version_of_map,
    is_kept_from_others,
    may_write,
)
from secrets_component.planning.plan import Empty, Plan, PlannedSecret

_CREDENTIALS = {
    "profile": "profile_name",
    "accessKey": "aws_access_key_id",
    "secretKey": "aws_secret_access_key",
    "token": "aws_session_token",
}
_UNUSABLE_KEYS = {
    "PendingDeletion": (
        "aws kms cancel-key-deletion --key-id {key} && aws kms enable-key --key-id {key}"
    ),
    "Disabled": "aws kms enable-key --key-id {key}",
}


@dataclass(frozen=True, slots=True)
class StackIdentity:
    """Who this run is, as its marks in AWS say.

    Attributes:
        component: the logical name of the map's component.
        state: the id of the stack's state; None where this run creates it.
        first_region: the region in which the map was first deployed; None where it is not known.
    """

    component: str
    state: str | None = None
    first_region: str | None = None

    @property
    def map_mark(self) -> str:
        """The value of the tag that all of the map's secrets carry."""
        return map_mark(pulumi.get_project(), pulumi.get_stack(), self.component)

    def owns(self, mark: Mark) -> bool:
        """Return whether a mark is the map's, also if its stack or project was renamed since."""
        return mark.belongs_to(self.map_mark, self.state)


@dataclass(frozen=True, slots=True)
class AccountState:
    """What the account holds of a map before the run.

    Attributes:
        names: names in AWS of adopted secrets, by entries' keys, where the map has an ARN.
        imports: ARNs of secrets that exist already and come under management, by entries' keys.
        own: the secrets that the entries have now, by key; those that are adopted included.
        deleted: secrets with an entry's name that are scheduled for deletion, by key.
        left_keys: keys of the map's own that secrets leave or have left, by entries' keys.
        inventory: the account; None where it cannot be queried, and under mocks.
        is_blind: the account cannot be queried.
        adopted: the secrets that `import` adopts, by entries' keys.
        alias: the alias of the map's own key, where it exists and no run has recorded it.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    imports: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, HeldSecret] = field(default_factory=dict)
    deleted: Mapping[str, HeldSecret] = field(default_factory=dict)
    left_keys: Mapping[str, str] = field(default_factory=dict)
    inventory: Inventory | None = None
    is_blind: bool = False
    adopted: Mapping[str, AdoptedSecret] = field(default_factory=dict)
    alias: str | None = None

    def name_of(self, secret: PlannedSecret) -> str:
        """Return a secret's name in AWS, which an adopted one brings along."""
        return self.names.get(secret.key, secret.name)

    def is_managed(self, secret: PlannedSecret) -> bool:
        """Return whether an AWS service manages a secret, and alone may delete it."""
        held = self.own.get(secret.key)
        return held is not None and held.service is not None

    def is_renamed(self, secret: PlannedSecret) -> bool:
        """Return whether an entry's secret has another name than it will have."""
        held = self.own.get(secret.key)
        return held is not None and held.name != self.name_of(secret)

    def may_write(self, secret: PlannedSecret) -> bool:
        """Return whether this run may make the map's value the current one."""
        if self.is_blind:
            return secret.owner == "map" and secret.is_owner_written

        return may_write(secret, self.own.get(secret.key))

    def has_value_of_others_only(self, secret: PlannedSecret) -> bool:
        """Return whether a secret has a value, and the map has never written one."""
        held = self.own.get(secret.key)
        return held is not None and held.is_filled and not has_version_of_map(held)

    def replaced_version(self, secret: PlannedSecret) -> str | None:
        """Return the id of the version of someone else that the map's value takes the place of.

        Once it has, a label on the map's version remembers it.
        """
        held = self.own.get(secret.key)
        if held is None or held.current_version is None:
            return None

        if not held.is_value_of_map:
            return held.current_version

        for label in held.labels[held.current_version]:
            if label.startswith(REPLACES_LABEL):
                return label.removeprefix(REPLACES_LABEL)

        return None

    def key_as_shown(self, secret: PlannedSecret, key: str) -> str:
        """Return a key in the form in which AWS shows it, where that names the same key.

        AWS, of DescribeSecret: "The key ID or alias ARN of the KMS key"
        (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html).
        In another form than the provider reads, it would be a change in every run.
        """
        held = self.own.get(secret.key)
        if held is None or held.kms_key is None:
            return key

        if not is_arn(held.kms_key) or Arn.parse(held.kms_key).home != Arn.parse(held.arn).home:
            return key  # an alias or an id without an ARN is of the secret's own account and region

        if held.kms_key.endswith((f":{key}", f"/{key}")):
            return held.kms_key

        return key

    def may_have_own_key(self, secret: PlannedSecret) -> bool:
        """Return whether another key than the AWS-managed one may encrypt a secret."""
        if self.inventory is None:
            return True

        held = self.own.get(secret.key)
        return held is not None and held.has_own_key

    def leaves_version_behind(self, secret: PlannedSecret) -> bool:
        """Return whether the map's own version stays under a key that its secret has left.

        AWS encrypts only the versions labelled AWSCURRENT, AWSPENDING and AWSPREVIOUS again, so it
        would fail every refresh once that key is deleted
        (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecret.html).
        """
        held = self.own.get(secret.key)
        if held is None or not held.is_filled or held.is_value_of_map:
            return False

        return secret.key in self.left_keys

    def problem_of_key(self, secret: PlannedSecret, arn: str) -> str | None:
        """Explain that a value is still under a key that its secret has just left, or None."""
        held, left = self.own.get(secret.key), self.left_keys.get(secret.key)
        if self.inventory is None or held is None or left is None or not held.is_filled:
            return None

        if held.kms_key != left or self.is_renamed(secret):
            return None

        try:
            return problem_of_value(held.name, arn, left, self.inventory)
        except AccountError as error:
            return f"cannot check that the value has left the key `{left}`: {error}"

    def is_empty(self, secret: PlannedSecret, arn: str) -> bool:
        """Return whether AWS confirms that a secret has no value; False where it is not known."""
        held = self.own.get(secret.key)
        if self.inventory is None or (held is not None and held.is_filled):
            return False

        try:
            return self.inventory.is_empty(arn)
        except AccountError:
            return False

    def next_rotations(self, plan: Plan) -> dict[str, str]:
        """Return when AWS rotates the map's rotating secrets next, in UTC, by entries' keys."""
        found = {}
        for key, held in self.own.items():
            if held.next_rotation and plan.secrets[key].rotation:
                found[key] = held.next_rotation

        return found


def check_account(
    plan: Plan,
    home: Home,
    identity: StackIdentity,
    found: ReferenceValues,
    parent: pulumi.Resource,
) -> AccountState:
    """Compare the account with the map, and refuse what would lose a value; changes nothing.

    Mocks have neither an account nor an earlier run: under them only `import` is looked up.

    Raises:
        pulumi.RunError: a name is taken, a rename or another region would leave a live value
            behind, a secret to adopt does not exist, a service manages a secret that the map would
            write, or a replica is in the home region; all at once. Or AWS does not answer.
    """
    report = plan.report()
    _check_replicas(plan, home, report)
    adopted = read_adopted(plan, parent, report)
    imports = {key: one.arn for key, one in adopted.items()}
    names = {key: one.name for key, one in adopted.items()}
    if isinstance(settings.get_monitor(), MockMonitor):
        refuse(report)
        return AccountState(names, imports, adopted=adopted)

    try:
        look = _Look(plan, home, identity, _open_inventory(home), names, parent)
        state = look.state(imports)
        look.check(_waiting(plan, found), state, report)
        alias = look.alias_to_import(report)
    except AccountError as error:
        refuse(report)
        return _without_account(plan, AccountState(names, imports, adopted=adopted), error)

    refuse(report)
    look.explain(state)
    return replace(state, adopted=adopted, alias=alias)


def _waiting(plan: Plan, found: ReferenceValues) -> set[str]:
    return {s.key for s in plan.secrets.values() if not found.has_all(s.value_references)}


class _Look:
    """One look at the account: what each entry has, and what others have."""

    def __init__(
        self,
        plan: Plan,
        home: Home,
        identity: StackIdentity,
        inventory: Inventory,
        adopted: Mapping[str, str],
        parent: pulumi.Resource,
    ) -> None:
        self._plan = plan
        self._home = home
        self._identity = identity
        self._inventory = inventory
        self._names = {key: adopted.get(key, one.name) for key, one in plan.secrets.items()}
        self._parent = parent
        self._holdings = Holdings()

    def state(self, imports: Mapping[str, str]) -> AccountState:
        marked = self._marked(self._inventory)
        found = marked.of_entries
        own = {key: newest for key, (newest, *_) in found.items()}
        superseded = {key: tuple(older) for key, (_, *older) in found.items() if older}
        wanted = names_to_look_up(self._plan, own, self._names)
        named = self._inventory.named(self._plan, wanted) if wanted else {}
        self._adopt_unmarked(own, named, imports)
        own = self._with_earlier_versions(own)
        self._holdings = Holdings(own, superseded, marked.removed, marked.scheduled, named)
        return AccountState(
            names=self._names,
            imports=self._imports(own, named, imports),
            own=own,
            deleted=self._deleted(named),
            left_keys=left_keys.left_keys(self._plan, own, self._inventory, self._identity.state),
            inventory=self._inventory,
        )

    def check(self, waiting: Collection[str], state: AccountState, report: Report) -> None:
        """Report what this run must not do."""
        identity = self._identity
        moves = Moves(
            self._plan,
            self._holdings,
            self._names,
            waiting,
            identity.map_mark,
            identity.state,
        )
        for path, message in moves.problems():
            report.error(path, message)

        region = identity.first_region
        if region is not None and region != self._home.region:
            elsewhere = self._elsewhere(region)
            for path, message in problems_of_region(
                self._plan, self._home, region, elsewhere, waiting
            ):
                report.error(path, message)

        report.add(left_keys.values_under_left_keys(self._plan, state.own, self._inventory))
        problem = window_problem_of_key(self._plan, self._holdings, datetime.now(UTC))
        if problem:
            report.error(("kms", "deletion_window_in_days"), problem)

        for key, held in state.deleted.items():
            _check_deleted(self._plan.secrets[key], held, self._inventory, report)

        for key, held in {**state.own, **state.deleted}.items():
            _check_service(self._plan.secrets[key], held, report)

    def alias_to_import(self, report: Report) -> str | None:
        """Return the alias that an earlier run created without recording it; report a taken one."""
        return key_alias.alias_to_import(
            self._plan, self._holdings.own, self._inventory, self._identity.state, report
        )

    def explain(self, state: AccountState) -> None:
        """Log what happens to values that the map does not simply keep."""
        for secret in self._plan.secrets.values():
            held = state.own.get(secret.key)
            if is_kept_from_others(secret, held):
                position = self._plan.places.position(secret.place, of_key=True)
                pulumi.log.warn(
                    f"{position}: `{state.name_of(secret)}` keeps the value that someone else wrote"
                    f"{_since(held)}; write `owner: map` to replace it with the map's value, or "
                    "`owner: operator` to keep it without this warning"
                )

            if held is not None and state.is_renamed(secret):
                pulumi.log.info(
                    f"`{held.name}` becomes `{state.name_of(secret)}`: {_of_renamed(secret, held)}"
                )
            elif held is not None:
                _tell_differences(secret, held)

        for removed in self._holdings.removed:
            pulumi.log.info(
                f"`{removed.name}` is removed with its entry; it can be restored with its value "
                "until the recovery window ends"
            )

    def _marked(self, inventory: Inventory) -> MarkedSecrets:
        if self._identity.state is None:
            return MarkedSecrets()

        return own_marks(self._plan, inventory.of_state(self._identity.state))

    def _adopt_unmarked(
        self,
        own: dict[str, HeldSecret],
        named: dict[str, HeldSecret],
        imports: Mapping[str, str],
    ) -> None:
        """Add what the entries adopt in words, and what version 0.1 made, to their own."""
        for key, secret in self._plan.secrets.items():
            held = named.get(self._names[key])
            if held is None or key in own:
                continue

            if held.deletion is not None:
                continue

            mark = held.mark
            if imports.get(key) == held.arn:
                is_own = self._may_adopt(secret, mark)
            else:
                is_own = mark is None and held.arn == self._exported("secret_arns", secret)

            if is_own:
                own[key] = named.pop(held.name)

    def _may_adopt(self, secret: PlannedSecret, mark: Mark | None) -> bool:
        """Return whether `import` may take a secret: not from another map, nor from an entry."""
        if mark is None:
            return True

        if not self._identity.owns(mark):
            return False

        is_of_entry = mark.key in (secret.key, secret.renamed_from)
        return is_of_entry or mark.is_adopted or mark.state != self._identity.state

    def _with_earlier_versions(self, own: Mapping[str, HeldSecret]) -> dict[str, HeldSecret]:
        """Count the versions that version 0.1 wrote, without a label, as the map's."""
        result = dict(own)
        for key, held in own.items():
            secret = self._plan.secrets[key]
            current = held.current_version
            if current is None or has_version_of_map(held) or isinstance(secret.source, Empty):
                continue

            if current == self._exported("secret_version_ids", secret):
                labels = {**held.labels, current: [*held.labels[current], VALUE_LABEL]}
                result[key] = replace(held, labels=labels)

        return result

    def _exported(self, output: str, secret: PlannedSecret) -> str | None:
        exports = earlier_exports.read_exports(self._parent)
        return earlier_exports.exported_for(exports, output, self._plan.instance, secret)

    def _imports(
        self,
        own: Mapping[str, HeldSecret],
        named: Mapping[str, HeldSecret],
        imports: Mapping[str, str],
    ) -> dict[str, str]:
        """Return what to import: the engine ignores an import of what it manages already.

        A run that was killed while AWS created a secret is carried on in this way.
        """
        found = dict(imports)
        for key, secret in self._plan.secrets.items():
            held = own.get(key)
            if held is not None and held.name == self._names[key]:
                found[key] = held.arn
            elif secret.restore_deleted and (living := self._living(named, key)):
                found[key] = living.arn

        return found

    def _living(self, named: Mapping[str, HeldSecret], key: str) -> HeldSecret | None:
        held = named.get(self._names[key])
        if held is None or held.deletion is not None:
            return None

        mark = held.mark
        return held if mark is not None and self._identity.owns(mark) else None

    def _deleted(self, named: Mapping[str, HeldSecret]) -> dict[str, HeldSecret]:
        found = {}
        for key in self._plan.secrets:
            held = named.get(self._names[key])
            if held is not None and held.deletion is not None:
                found[key] = held

        return found

    def _elsewhere(self, region: str) -> dict[str, HeldSecret]:
        """Return the entries' living secrets in another region that they do not have here."""
        found = self._marked(self._inventory.in_region(region)).of_entries
        return {key: newest for key, (newest, *_) in found.items() if key not in self._holdings.own}


def restore_deleted(plan: Plan, state: AccountState) -> AccountState:
    """Restore the secrets that the map asks for; a preview only says so.

    Raises:
        pulumi.RunError: AWS does not answer, or refuses.
    """
    imports = dict(state.imports)
    for key, held in state.deleted.items():
        secret = plan.secrets[key]
        if state.inventory is None:
            continue

        if pulumi.runtime.is_dry_run():
            pulumi.log.info(f"`{secret.name}` will be restored from its scheduled deletion")
            continue

        try:
            state.inventory.restore(held)
        except AccountError as error:
            raise refusal(plan, (*secret.place, "restore_deleted"), str(error)) from None

        pulumi.log.info(f"`{secret.name}` is restored from its scheduled deletion")
        imports[key] = held.arn

    return replace(state, imports=imports)


def _check_replicas(plan: Plan, home: Home, report: Report) -> None:
    for secret in plan.secrets.values():
        for index, replica in enumerate(secret.replicas):
            if replica.region == home.region:
                message = f"`{home.region}` is this stack's own region; use another"
                report.error_at_text((*secret.place, "replicas", index), home.region, message)


def _open_inventory(home: Home) -> Inventory:
    """Open the provider's account with the AWS SDK.

    Raises:
        AccountError: AWS does not answer, or the SDK has no rights or another account.
    """
    config = pulumi.Config("aws")
    credentials = {theirs: config.get(ours) for ours, theirs in _CREDENTIALS.items()}
    roles = config.get_object("assumeRoles") or []
    single = config.get_object("assumeRole")
    if single:
        roles = [single]

    inventory = Inventory(home.region, roles, **credentials)
    number = inventory.account()
    if number == home.account:
        return inventory

    msg = f"the AWS SDK's credentials are of account {number}, the provider's of {home.account}"
    raise AccountError(msg, is_lasting=True)


def _without_account(plan: Plan, state: AccountState, error: AccountError) -> AccountState:
    """Go on without the account, if it will not be there in the next run either.

    Raises:
        pulumi.RunError: the next run may see it, or the map asks for a secret to be restored.
    """
    if not error.is_lasting:
        msg = f"cannot query the AWS account: {error}; run this again"
        raise pulumi.RunError(msg)

    for secret in plan.secrets.values():
        if secret.restore_deleted:
            message = f"needs the AWS SDK in the provider's account: {error}"
            raise refusal(plan, (*secret.place, "restore_deleted"), message)

    pulumi.log.warn(
        f"cannot list the account's secrets: {error}; this run replaces and removes no secret, "
        "and writes no value a second time (allow `secretsmanager:ListSecrets` to lift this)"
    )
    return replace(state, is_blind=True)


def _check_deleted(
    secret: PlannedSecret, held: HeldSecret, inventory: Inventory, report: Report
) -> None:
    """Refuse a name that is scheduled for deletion, and to restore what cannot be decrypted."""
    if not secret.restore_deleted:
        message = (
            f"`{secret.name}` is scheduled for deletion, so the name is reserved until "
            f"{held.deletion:%Y-%m-%d}; set `restore_deleted: true` to restore it with its value, "
            "or choose another `name`"
        )
        report.error(secret.place, message)
        return

    if held.kms_key is None or not held.has_own_key:
        return

    place = (*secret.place, "restore_deleted")
    try:
        state = inventory.key_state(held.kms_key)
    except AccountError as error:
        report.error(place, f"cannot check the key that encrypts the value: {error}")
        return

    if state in _UNUSABLE_KEYS:
        command = _UNUSABLE_KEYS[state].format(key=held.kms_key)
        message = f"the key that encrypts the value is {state}; make it usable first: `{command}`"
        report.error(place, message)


def _check_service(secret: PlannedSecret, held: HeldSecret, report: Report) -> None:
    """Refuse a value that an AWS service writes.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/service-linked-secrets.html
    """
    is_written = secret.rotation is not None or secret.source.kind != "imported"
    if held.service and is_written:
        message = (
            f"`{held.name}` is managed by `{held.service}`, which sets and rotates the value; "
            "remove the value and rotation fields from this entry"
        )
        report.error(secret.place, message)


def _tell_differences(secret: PlannedSecret, held: HeldSecret) -> None:
    for difference in differences(secret, held):
        pulumi.log.info(
            f"`{held.name}` {difference}; this run writes what has changed in the map, and "
            f"`pulumi up --refresh` undoes what others have changed{_since(held)}"
        )

    problem = stuck_rotation(held)
    if problem:
        pulumi.log.warn(f"`{held.name}` {problem}")


def _since(held: HeldSecret | None) -> str:
    if held is None or held.changed is None:
        return ""

    return f" (last changed {held.changed:%Y-%m-%d})"


def _of_renamed(secret: PlannedSecret, held: HeldSecret) -> str:
    if not held.is_filled:
        return "it has no value yet"

    if secret.allow_loss is not None:
        return "the value that someone else wrote stays behind, as `allow_loss` says"

    return "the new secret gets the map's value before the old one goes"
