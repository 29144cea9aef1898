"""What a run would lose: refused before anything is created, or restored."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pulumi
import pytest
from pulumi_aws import secretsmanager

from secrets_component.arns import Home
from secrets_component.lookups import reference_values, safeguards
from secrets_component.lookups.inventory import AccountError, HeldSecret
from secrets_component.lookups.safeguards import AccountState, StackIdentity
from secrets_component.planning.plan import Plan
from tests.maps_of_tests import plan_of
from tests.unit.mocks import ACCOUNT, REGION, Cloud, deploy, run_in_program

HOME = Home("aws", REGION, ACCOUNT)
OWN_STACK = "acme/secrets/dev"
MAP = "secrets/dev/m"
STATE = "the-state"
IDENTITY = StackIdentity("m", STATE, REGION)
DELETION = datetime(2026, 12, 1, 8, tzinfo=UTC)
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rotate"
ROTATING = f"rotation_automatically: true, rotation_lambda_arn: '{FUNCTION}'"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"
OF_MAP = {"v1": ["AWSCURRENT", "secretsmap-value"]}
OF_OTHERS = {"v1": ["secretsmap-value", "AWSPREVIOUS"], "v2": ["AWSCURRENT"]}


def arn(name: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"


def held(name: str = "x/dev/a", **more: Any) -> HeldSecret:
    """A filled secret of the account that belongs to no map."""
    secret = HeldSecret(
        name,
        arn(name),
        deletion=None,
        is_filled=True,
        next_rotation=None,
        service=None,
        labels={"v0": ["AWSCURRENT"]},
    )
    return replace(secret, **more)


def own(key: str = "a", name: str = "x/dev/a", **more: Any) -> HeldSecret:
    """A secret with the mark of the map, whose value someone else wrote."""
    tags = {
        "secretsmap:map": more.pop("map_", MAP),
        "secretsmap:key": key,
        "secretsmap:state": more.pop("state", STATE),
    }
    return held(name, **{"tags": tags, "labels": OF_OTHERS, **more})


class Account:
    """An account in place of the AWS SDK, which opens it with credentials."""

    def __init__(self) -> None:
        self.secrets: list[HeldSecret] = []
        self.elsewhere: list[HeldSecret] = []
        self.number: str | AccountError = ACCOUNT
        self.listing: AccountError | None = None
        self.opened: tuple[str | None, Any, dict[str, str | None]] | None = None
        self.restored: list[str] = []
        self.is_empty_now: bool | AccountError = False
        self.key: str | AccountError = "Enabled"
        self.tags_of_key: dict[str, str] | AccountError = {}
        self.value_keys: set[str] | AccountError = set()
        self.alias: str | AccountError = AccountError("no such alias", code="NotFoundException")

    def __call__(
        self, region: str | None = None, roles: Any = (), **credentials: str | None
    ) -> Account:
        self.opened = region, roles, credentials
        return self

    def in_region(self, _region: str) -> Account:
        there = Account()
        there.secrets = self.elsewhere
        return there

    def account(self) -> str:
        if isinstance(self.number, AccountError):
            raise self.number
        return self.number

    def of_state(self, state: str) -> list[HeldSecret]:
        if self.listing is not None:
            raise self.listing
        return [one for one in self.secrets if one.tags.get("secretsmap:state") == state]

    def named(self, _plan: Plan, names: Iterable[str]) -> dict[str, HeldSecret]:
        return {one.name: one for one in self.secrets if one.name in set(names)}

    def key_state(self, _key: str) -> str:
        if isinstance(self.key, AccountError):
            raise self.key
        return self.key

    def key_tags(self, _key: str) -> dict[str, str]:
        if isinstance(self.tags_of_key, AccountError):
            raise self.tags_of_key
        return self.tags_of_key

    def ask(self, _service: str, _operation: str, **_arguments: object) -> dict[str, Any]:
        if isinstance(self.alias, AccountError):
            raise self.alias
        return {"KeyMetadata": {"Arn": self.alias}}

    def keys_of_value(self, _arn: str) -> set[str]:
        if isinstance(self.value_keys, AccountError):
            raise self.value_keys
        return self.value_keys

    def is_empty(self, _arn: str) -> bool:
        if isinstance(self.is_empty_now, AccountError):
            raise self.is_empty_now
        return self.is_empty_now

    def restore(self, secret: HeldSecret) -> None:
        self.restored.append(secret.name)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account that is checked although the program runs under mocks."""
    made = Account()
    monkeypatch.setattr(safeguards, "Inventory", made)
    monkeypatch.setattr(safeguards, "MockMonitor", Account)  # which no monitor is
    return made


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is logged for the user."""
    lines: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lines.append)
    monkeypatch.setattr(pulumi.log, "warn", lines.append)
    return lines


def map_of(*entries: str) -> str:
    """A map whose entries begin in line 3."""
    return "context_name: x\nsecrets:\n" + "".join(f"  {entry}\n" for entry in entries)


def check(
    text: str,
    exports: dict[str, Any] | None = None,
    identity: StackIdentity = IDENTITY,
    cloud: Cloud | None = None,
) -> AccountState:
    """Check the account for a map; `exports` is what the stack exported in its last run."""
    stacks = {} if exports is None else {OWN_STACK: exports}
    plan = plan_of(text)

    def run(parent: pulumi.Resource) -> AccountState:
        found = reference_values.read(plan, parent)
        return safeguards.check_account(plan, HOME, identity, found, parent)

    return run_in_program(run, cloud or Cloud(stacks, ()))


def problems(text: str, exports: dict[str, Any] | None = None, **more: Any) -> list[str]:
    with pytest.raises(pulumi.RunError) as refused:
        check(text, exports, **more)
    return str(refused.value).splitlines()


def test_name_that_is_scheduled_for_deletion_is_reserved(account: Account) -> None:
    account.secrets = [held(deletion=DELETION)]
    assert problems(map_of("a: {}", "b: {}")) == [
        "m:3:3: error: `x/dev/a` is scheduled for deletion, so the name is reserved until "
        "2026-12-01; set `restore_deleted: true` to restore it with its value, or choose another "
        "`name`"
    ]


def test_secret_that_is_to_be_restored_may_be_scheduled_for_deletion(account: Account) -> None:
    account.secrets = [held(deletion=DELETION)]
    state = check(map_of("a: {restore_deleted: true}"))
    assert state.deleted == {"a": held(deletion=DELETION)}
    assert account.restored == []


def test_secrets_of_the_account_are_known_by_the_entries_keys(account: Account) -> None:
    account.secrets = [own("a", "x/dev/p/login"), own("b", "x/dev/b")]
    state = check(map_of("a: {path: p, name: login}", "b: {}", "c: {}"))
    assert state.own == {"a": own("a", "x/dev/p/login"), "b": own("b", "x/dev/b")}
    assert state.imports == {"a": arn("x/dev/p/login"), "b": arn("x/dev/b")}


def test_secrets_stay_the_stacks_own_when_that_is_renamed(account: Account) -> None:
    account.secrets = [own("a", map_="secrets/old-name/m"), own("b", "x/dev/b", map_="old/dev/m")]
    assert check(map_of("a: {}", "b: {}")).own == {
        "a": account.secrets[0],
        "b": account.secrets[1],
    }


@pytest.mark.parametrize(
    "entry",
    [
        "a: {secret_data: ours}",
        "a: {}",
        "a: {import: x/dev/a, owner: map, secret_data: ours}",
        f"a: {{import: x/dev/a, {ROTATING}}}",
    ],
    ids=["value", "no value", "adopted with a value", "rotation"],
)
def test_value_of_a_secret_that_a_service_manages_is_not_the_maps(
    account: Account, entry: str
) -> None:
    account.secrets = [own(service="rds")]
    assert problems(map_of(entry)) == [
        "m:3:3: error: `x/dev/a` is managed by `rds`, which sets and rotates the value; remove "
        "the value and rotation fields from this entry"
    ]


def test_secret_that_a_service_manages_can_be_adopted_as_it_is(account: Account) -> None:
    account.secrets = [held(service="rds")]
    plan = plan_of(map_of("a: {import: x/dev/a}", "b: {}"))
    state = check(map_of("a: {import: x/dev/a}", "b: {}"))
    assert [state.is_managed(secret) for secret in plan.secrets.values()] == [True, False]


def test_secret_that_no_service_manages_is_not_managed(account: Account) -> None:
    account.secrets = [own()]
    text = map_of("a: {}")
    assert not check(text).is_managed(plan_of(text).secrets["a"])


WRITERS = [("owner: operator", "an operator"), (f"secret_data: v, {ROTATING}", "rotation")]


@pytest.mark.parametrize(("fields", "writer"), WRITERS)
def test_rename_that_would_leave_a_live_value_behind_is_refused(
    account: Account, fields: str, writer: str
) -> None:
    account.secrets = [own(name="x/dev/old")]
    assert problems(map_of(f"a: {{name: new, {fields}}}")) == [
        "m:3:3: error: renaming `x/dev/old` to `x/dev/new` creates a new secret without the value "
        f"written by {writer}; add an entry under a new key, copy the value, then remove this one"
    ]


def test_rename_of_what_the_map_wrote_is_explained(account: Account, log: list[str]) -> None:
    account.secrets = [own(name="x/dev/old", labels=OF_MAP)]
    check(map_of("a: {name: new, secret_data: v}"))
    assert log == [
        "`x/dev/old` becomes `x/dev/new`: the new secret gets the map's value before the old one "
        "goes"
    ]


def test_value_of_someone_else_is_kept_with_a_warning(account: Account, log: list[str]) -> None:
    account.secrets = [own(changed=datetime(2026, 11, 24, tzinfo=UTC))]
    text = map_of("a: {secret_data: v}")
    assert not check(text).may_write(plan_of(text).secrets["a"])
    assert log == [
        "m:3:3: `x/dev/a` keeps the value that someone else wrote (last changed 2026-11-24); write "
        "`owner: map` to replace it with the map's value, or `owner: operator` to keep it without "
        "this warning"
    ]


def test_what_others_changed_is_told(account: Account, log: list[str]) -> None:
    pending = {"v1": ["AWSCURRENT", "secretsmap:value"], "v2": ["AWSPENDING"]}
    account.secrets = [own("a", description="theirs"), own("b", "x/dev/b", labels=pending)]
    check(map_of("a: {description: ours}", "b: {}"))
    assert log == [
        '`x/dev/a` has the description "theirs"; the map says "ours"; this run writes what has '
        "changed in the map, and `pulumi up --refresh` undoes what others have changed",
        "`x/dev/b` has an unfinished rotation: AWSPENDING is on version v2, and AWS refuses to "
        "rotate it again; `secretsmap rotate` shows why",
    ]


def test_secret_of_a_removed_entry_is_announced(account: Account, log: list[str]) -> None:
    account.secrets = [own("gone", "x/dev/gone")]
    check(map_of("a: {secret_data: v, path: p}"))
    assert log == [
        "`x/dev/gone` is removed with its entry; it can be restored with its value until the "
        "recovery window ends"
    ]


def test_window_of_the_key_that_a_deleted_secret_needs_is_refused(account: Account) -> None:
    later = datetime.now(UTC) + timedelta(days=20)
    gone = own("gone", "x/dev/gone", kms_key=KEY, deletion=later)
    account.secrets = [own(kms_key=KEY), gone]
    (found,) = problems(
        "context_name: x\nkms: {create: true, deletion_window_in_days: 7}\n"
        "secrets: {a: {owner: operator, recovery_window_in_days: 7}}\n"
    )
    assert found.startswith(
        "m:2:21: error: `deletion_window_in_days`: `x/dev/gone` can be restored"
    )


@pytest.mark.parametrize(("fields", "writer"), WRITERS)
def test_region_that_would_leave_a_live_value_behind_is_refused(
    account: Account, fields: str, writer: str
) -> None:
    account.elsewhere = [own()]
    identity = replace(IDENTITY, first_region="us-east-1")
    assert problems(map_of(f"a: {{{fields}}}"), identity=identity) == [
        f"m:3:3: error: `x/dev/a` is in region `us-east-1`; a new one in `{REGION}` would not have "
        f"the value written by {writer}; set `aws:region` to `us-east-1`, or use another stack for "
        f"`{REGION}`"
    ]


def test_value_of_the_map_may_move_to_another_region(account: Account) -> None:
    account.elsewhere = [own(labels=OF_MAP)]
    identity = replace(IDENTITY, first_region="us-east-1")
    assert check(map_of("a: {secret_data: v}"), identity=identity).own == {}


def test_secret_of_version_0_1_is_known_by_the_arn_that_the_stack_exported(
    account: Account,
) -> None:
    account.secrets = [held()]
    text = map_of("a: {secret_data: v}")
    exports = {"secret_arns": {"a": arn("x/dev/a")}, "secret_version_ids": {"a": "v0"}}
    state = check(text, exports)
    assert state.own["a"].arn == arn("x/dev/a")
    assert state.may_write(plan_of(text).secrets["a"])


def test_version_that_the_stack_did_not_export_is_of_someone_else(account: Account) -> None:
    account.secrets = [held()]
    text = map_of("a: {secret_data: v}")
    state = check(text, {"secret_arns": {"a": arn("x/dev/a")}, "secret_version_ids": {"a": "v9"}})
    assert not state.may_write(plan_of(text).secrets["a"])
    assert state.has_value_of_others_only(plan_of(text).secrets["a"])


@pytest.mark.parametrize(
    ("state", "command"),
    [
        (
            "PendingDeletion",
            f"aws kms cancel-key-deletion --key-id {KEY} && aws kms enable-key --key-id {KEY}",
        ),
        ("Disabled", f"aws kms enable-key --key-id {KEY}"),
    ],
)
def test_secret_is_not_restored_under_a_key_that_decrypts_nothing(
    account: Account, state: str, command: str
) -> None:
    account.secrets, account.key = [held(deletion=DELETION, kms_key=KEY)], state
    assert problems(map_of("a: {restore_deleted: true}")) == [
        "m:3:7: error: `restore_deleted`: the key that encrypts the value is "
        f"{state}; make it usable first: `{command}`"
    ]


def test_key_that_cannot_be_checked_is_not_trusted(account: Account) -> None:
    account.secrets = [held(deletion=DELETION, kms_key=KEY)]
    account.key = AccountError("is not authorized")
    (problem,) = problems(map_of("a: {restore_deleted: true}"))
    assert problem.endswith("cannot check the key that encrypts the value: is not authorized")


def test_version_of_someone_else_that_the_map_replaced_is_remembered(account: Account) -> None:
    secret = plan_of(map_of("a: {secret_data: v, owner: map}")).secrets["a"]
    labels = ["AWSCURRENT", "secretsmap-value", "secretsmap-replaces-v2"]
    states = [
        AccountState(own={"a": own()}),
        AccountState(own={"a": own(labels={"v3": labels})}),
        AccountState(own={"a": own(labels=OF_MAP)}),
        AccountState(),
    ]
    assert [state.replaced_version(secret) for state in states] == ["v2", "v2", None, None]


@pytest.mark.parametrize(
    ("shown", "written", "used"),
    [
        (f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/own", "alias/own", "arn"),
        (KEY, "k", "arn"),
        (KEY, "alias/own", "written"),
        (f"arn:aws:kms:{REGION}:999999999999:alias/own", "alias/own", "written"),
        (None, "alias/own", "written"),
    ],
)
def test_key_is_written_as_aws_shows_it(shown: str | None, written: str, used: str) -> None:
    secret = plan_of(map_of("a: {secret_data: v}")).secrets["a"]
    state = AccountState(own={"a": own(kms_key=shown)})
    assert state.key_as_shown(secret, written) == (shown if used == "arn" else written)
    assert AccountState().key_as_shown(secret, written) == written


@pytest.mark.parametrize(
    ("left", "labels", "leaves"),
    [({"a": KEY}, OF_OTHERS, True), ({"a": KEY}, OF_MAP, False), ({}, OF_OTHERS, False)],
)
def test_version_of_the_map_stays_under_a_key_that_the_secret_leaves(
    left: dict[str, str], labels: dict[str, list[str]], leaves: bool
) -> None:
    secret = plan_of(map_of("a: {secret_data: v}")).secrets["a"]
    state = AccountState(own={"a": own(labels=labels)}, left_keys=left)
    assert state.leaves_version_behind(secret) is leaves


@pytest.mark.parametrize(
    ("found", "now", "is_empty"),
    [
        (held(), True, False),
        (held(is_filled=False), True, True),
        (held(is_filled=False), False, False),
        (None, True, True),
        (None, AccountError("is not authorized"), False),
    ],
    ids=["filled", "empty", "just filled", "new", "unknown"],
)
def test_secret_is_empty_only_if_aws_confirms_it(
    account: Account, found: HeldSecret | None, now: bool | AccountError, is_empty: bool
) -> None:
    account.is_empty_now = now
    state = AccountState(own={"a": found} if found else {}, inventory=account)  # type: ignore[arg-type] # a stand-in
    secret = plan_of(map_of("a: {}")).secrets["a"]
    assert state.is_empty(secret, arn("x/dev/a")) is is_empty


def test_secret_of_an_unknown_account_is_not_called_empty() -> None:
    secret = plan_of(map_of("a: {}")).secrets["a"]
    assert not AccountState().is_empty(secret, arn("x/dev/a"))


def test_replica_in_the_home_region_is_reported_at_the_region(account: Account) -> None:
    entry = f"a: {{replicas: [{{region: eu-west-1}}, {{region: {REGION}}}]}}"
    assert problems(map_of(entry)) == [
        f"m:3:48: error: `replicas`: `{REGION}` is this stack's own region; use another"
    ]


def test_everything_is_refused_at_once_in_the_order_of_the_file(account: Account) -> None:
    account.secrets = [
        held("x/dev/b", deletion=DELETION),
        own("c", "x/dev/c", service="rds"),
        own("d", "x/dev/old"),
    ]
    found = problems(
        map_of(
            f"a: {{replicas: [{{region: {REGION}}}]}}",
            "b: {}",
            "c: {secret_data: v}",
            "d: {name: new, owner: operator}",
        ),
    )
    assert [line.split(" ")[0] for line in found] == ["m:3:27:", "m:4:3:", "m:5:3:", "m:6:3:"]


def test_secret_is_adopted_by_its_name() -> None:
    assert check(map_of("a: {import: old/one}", "b: {}")).imports == {"a": arn("old/one")}


def test_secret_is_adopted_by_its_arn_under_the_name_that_aws_has() -> None:
    state = check(map_of(f"a: {{import: '{arn('old/one')}'}}"))
    assert state.imports == {"a": arn("old/one")}
    assert state.names == {"a": "old/one"}


def test_secret_that_cannot_be_adopted_is_reported_with_the_reason_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(**_: Any) -> None:
        msg = "invocation of aws:x returned an error: reading Secret (old): couldn't find resource"
        raise Exception(msg)  # as the SDK raises it

    monkeypatch.setattr(secretsmanager, "get_secret", refuse)
    assert problems(map_of("a: {import: old}")) == [
        "m:3:7: error: `import`: the secret `old` cannot be adopted: reading Secret (old): "
        "couldn't find resource"
    ]


def test_under_mocks_no_account_is_opened(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(safeguards, "Inventory", account)
    assert check(map_of("a: {restore_deleted: true}")) == AccountState()
    assert account.opened is None


def test_account_is_opened_as_the_provider_opens_it(
    account: Account, configure: Callable[..., None]
) -> None:
    settings = {"profile": "p", "accessKey": "id", "secretKey": "key", "token": "t"}
    role = {"roleArn": "arn:aws:iam::111122223333:role/deploy"}
    configure(
        {
            **{f"aws:{name}": value for name, value in settings.items()},
            "aws:assumeRole": json.dumps(role),
        }
    )
    check(map_of("a: {}"))
    assert account.opened == (
        REGION,
        [role],
        {
            "profile_name": "p",
            "aws_access_key_id": "id",
            "aws_secret_access_key": "key",
            "aws_session_token": "t",
        },
    )


LASTING = AccountError("Unable to locate credentials", is_lasting=True)
CLOSED = [
    (LASTING, "Unable to locate credentials"),
    (
        "111122223333",
        f"the AWS SDK's credentials are of account 111122223333, the provider's of {ACCOUNT}",
    ),
]


@pytest.mark.parametrize(("number", "reason"), CLOSED, ids=["no credentials", "other account"])
def test_run_without_the_account_does_only_what_is_safe(
    account: Account, log: list[str], number: str | AccountError, reason: str
) -> None:
    account.number, account.secrets = number, [held(deletion=DELETION)]
    text = map_of("a: {secret_data: v}", "b: {secret_data: v, owner: map}")
    state = check(text)
    assert (state.is_blind, state.own, state.inventory) == (True, {}, None)
    assert log == [
        f"cannot list the account's secrets: {reason}; this run replaces and removes no secret, "
        "and writes no value a second time (allow `secretsmanager:ListSecrets` to lift this)"
    ]
    secrets = plan_of(text).secrets
    assert [state.may_write(secret) for secret in secrets.values()] == [False, True]


@pytest.mark.parametrize("fault", ["the account", "the list"])
def test_passing_fault_stops_the_run_in_one_line(account: Account, fault: str) -> None:
    error = AccountError("ThrottlingException: Rate exceeded\nmore")
    account.number = error if fault == "the account" else ACCOUNT
    account.listing = error
    assert problems(map_of("a: {}")) == [
        "cannot query the AWS account: ThrottlingException: Rate exceeded; run this again"
    ]


@pytest.mark.parametrize(("number", "reason"), CLOSED, ids=["no credentials", "other account"])
def test_secret_cannot_be_restored_in_an_account_that_cannot_be_opened(
    account: Account, number: str | AccountError, reason: str
) -> None:
    account.number = number
    assert problems(map_of("a: {restore_deleted: true}")) == [
        "m:3:7: error: `restore_deleted`: needs the AWS SDK in the provider's account: " + reason
    ]


def restored(account: Account, entry: str, found: HeldSecret, *, preview: bool = False) -> Any:
    """Restore what a map asks for; returns the state after it."""
    plan = plan_of(map_of(entry))
    deleted = {"a": found} if found.deletion else {}
    state = AccountState(imports={"z": arn("z")}, deleted=deleted, inventory=account)  # type: ignore[arg-type] # a stand-in
    return run_in_program(lambda _: safeguards.restore_deleted(plan, state), preview=preview)


def test_deleted_secret_is_restored_and_adopted(account: Account, log: list[str]) -> None:
    state = restored(account, "a: {restore_deleted: true}", held(deletion=DELETION))
    assert account.restored == ["x/dev/a"]
    assert state.imports == {"z": arn("z"), "a": arn("x/dev/a")}
    assert log == ["`x/dev/a` is restored from its scheduled deletion"]


def test_preview_only_logs_that_a_secret_will_be_restored(account: Account, log: list[str]) -> None:
    found = held(deletion=DELETION)
    state = restored(account, "a: {restore_deleted: true}", found, preview=True)
    assert account.restored == []
    assert state.imports == {"z": arn("z")}
    assert log == ["`x/dev/a` will be restored from its scheduled deletion"]


def test_secret_that_the_map_does_not_restore_is_left_as_it_is(account: Account) -> None:
    state = restored(account, "a: {}", held())
    assert account.restored == []
    assert state.imports == {"z": arn("z")}


def test_nothing_is_restored_without_an_account() -> None:
    plan = plan_of(map_of("a: {restore_deleted: true}"))
    state = AccountState(deleted={"a": held(deletion=DELETION)})
    assert run_in_program(lambda _: safeguards.restore_deleted(plan, state)) == state


def test_next_rotations_are_those_of_secrets_that_the_map_rotates() -> None:
    plan = plan_of(map_of(f"a: {{secret_data: v, {ROTATING}}}", "b: {}", "c: {}"))
    time = "2026-03-01T23:59+00:00"
    state = AccountState(
        own={"a": held(next_rotation=time), "b": held("x/dev/b", next_rotation=time), "c": held()},
    )
    assert state.next_rotations(plan) == {"a": time}


def test_replica_in_the_home_region_is_refused_before_anything_exists() -> None:
    with pytest.raises(pulumi.RunError, match=f"m:3:27: error: `replicas`: `{REGION}` is this"):
        deploy(f"context_name: x\nsecrets:\n  a: {{replicas: [{{region: {REGION}}}]}}\n")
