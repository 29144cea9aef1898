"""What a run would lose: refused before anything is created, or restored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pulumi
import pytest
from pulumi_aws import secretsmanager

from secrets_component.arns import Home
from secrets_component.lookups import safeguards
from secrets_component.lookups.inventory import AccountError, HeldSecret
from secrets_component.lookups.safeguards import AccountState
from secrets_component.planning.plan import Plan
from tests.maps_of_tests import plan_of
from tests.unit.mocks import ACCOUNT, REGION, Cloud, deploy, run_in_program

HOME = Home("aws", REGION, ACCOUNT)
OWN_STACK = "acme/secrets/dev"
DELETION = datetime(2026, 12, 1, 8, tzinfo=UTC)
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rotate"
ROTATING = f"rotation_automatically: true, rotation_lambda_arn: '{FUNCTION}'"


def arn(name: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"


def held(name: str = "x/dev/a", **more: Any) -> HeldSecret:
    """A filled secret of the account."""
    secret = HeldSecret(
        name, arn(name), deletion=None, is_filled=True, next_rotation=None, service=None
    )
    return replace(secret, **more)


class Account:
    """An account in place of the AWS SDK, which opens it with credentials."""

    def __init__(self) -> None:
        self.secrets: list[HeldSecret] = []
        self.number: str | AccountError = ACCOUNT
        self.opened: tuple[str | None, dict[str, str | None]] | None = None
        self.restored: list[str] = []
        self.is_empty_now: bool | AccountError = False

    def __call__(self, region: str | None = None, **credentials: str | None) -> Account:
        self.opened = region, credentials
        return self

    def account(self) -> str:
        if isinstance(self.number, AccountError):
            raise self.number
        return self.number

    def secrets_of(self, _plan: Plan) -> dict[str, HeldSecret]:
        return {secret.name: secret for secret in self.secrets}

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
    return lines


def map_of(*entries: str) -> str:
    """A map whose entries begin in line 3."""
    return "context_name: x\nsecrets:\n" + "".join(f"  {entry}\n" for entry in entries)


def check(text: str, earlier: dict[str, Any] | None = None, **more: Any) -> AccountState:
    """Check the account for a map; `earlier` is what the stack exported as `secret_names`."""
    stacks = {} if earlier is None else {OWN_STACK: {"secret_names": earlier, **more}}
    plan = plan_of(text)
    return run_in_program(
        lambda parent: safeguards.check_account(plan, HOME, parent), Cloud(stacks, ())
    )


def problems(text: str, earlier: dict[str, Any] | None = None, **more: Any) -> list[str]:
    with pytest.raises(pulumi.RunError) as refused:
        check(text, earlier, **more)
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
    assert state.held == {"a": held(deletion=DELETION)}
    assert account.restored == []


def test_secrets_of_the_account_are_known_by_the_entries_keys(account: Account) -> None:
    account.secrets = [held("x/dev/p/login"), held("x/dev/b")]
    state = check(map_of("a: {path: p, name: login}", "b: {}", "c: {}"))
    assert state.held == {"a": held("x/dev/p/login"), "b": held("x/dev/b")}


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
    account.secrets = [held(service="rds")]
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
    account.secrets = [held()]
    text = map_of("a: {}")
    assert not check(text).is_managed(plan_of(text).secrets["a"])


@pytest.mark.parametrize(
    ("fields", "writer"),
    [("owner: operator", "an operator"), (f"secret_data: v, {ROTATING}", "rotation")],
)
def test_rename_that_would_leave_a_live_value_behind_is_refused(
    account: Account, fields: str, writer: str
) -> None:
    assert problems(map_of(f"a: {{name: new, {fields}}}"), {"a": "x/dev/old"}) == [
        "m:3:3: error: renaming `x/dev/old` to `x/dev/new` creates a new secret without the value "
        f"written by {writer}; add an entry under a new key, copy the value, then remove this one"
    ]


def test_rename_of_a_key_does_not_hide_the_rename_of_the_secret(account: Account) -> None:
    entry = "b: {name: new, renamed_from: a, owner: operator}"
    (problem,) = problems(map_of(entry), {"a": "x/dev/old"})
    assert problem.startswith("m:3:3: error: renaming `x/dev/old` to `x/dev/new` ")


@pytest.mark.parametrize(
    ("entry", "earlier"),
    [
        ("a: {name: new, secret_data: v}", {"a": "x/dev/old"}),
        ("a: {name: n, owner: operator}", {"a": "x/dev/n"}),
        ("a: {name: new, owner: operator}", {"other": "x/dev/old"}),
        ("a: {name: new, owner: operator}", {}),
        ("a: {name: new, owner: operator}", None),
        ("b: {name: a, renamed_from: a, owner: operator}", {"a": "x/dev/a"}),
    ],
    ids=["map's value", "same name", "new entry", "no entries", "first run", "renamed key"],
)
def test_run_that_leaves_no_value_behind_is_allowed(
    account: Account, entry: str, earlier: dict[str, str] | None
) -> None:
    assert check(map_of(entry), earlier).adopted == {}


def test_secret_of_a_removed_entry_is_kept_by_renamed_from(account: Account) -> None:
    assert problems(map_of("b: {name: n, secret_data: v}"), {"a": "x/dev/n"}) == [
        "m:3:3: error: `x/dev/n` belongs to the entry `a`, which was removed; write "
        "`renamed_from: a` to keep it, or give this entry another `name`"
    ]


def test_secret_of_another_old_key_than_the_named_one_is_refused(account: Account) -> None:
    entry = "b: {name: n, renamed_from: c}"
    (problem,) = problems(map_of(entry), {"a": "x/dev/n"})
    assert "write `renamed_from: a` to keep it" in problem


def test_two_entries_may_change_their_names_with_each_other(account: Account) -> None:
    text = map_of("a: {name: two, secret_data: v}", "b: {name: one, secret_data: v}")
    assert check(text, {"a": "x/dev/one", "b": "x/dev/two"}).adopted == {}


def test_earlier_names_of_several_maps_are_those_of_the_instance(account: Account) -> None:
    text = map_of("a: {name: new, owner: operator}")
    by_instance = {"api": {"a": "x/dev/new"}, "secretsmanager": {"a": "x/dev/old"}}
    (problem,) = problems(text, by_instance)
    assert "renaming `x/dev/old` to `x/dev/new`" in problem


ELSEWHERE = {"a": "arn:aws:secretsmanager:us-east-1:123456789012:secret:x/dev/a-AbCdEf"}


@pytest.mark.parametrize(
    ("fields", "writer"),
    [("owner: operator", "an operator"), (f"secret_data: v, {ROTATING}", "rotation")],
)
def test_region_that_would_leave_a_live_value_behind_is_refused(
    account: Account, fields: str, writer: str
) -> None:
    assert problems(map_of(f"a: {{{fields}}}"), {"a": "x/dev/a"}, secret_arns=ELSEWHERE) == [
        f"m:3:3: error: `x/dev/a` is in region `us-east-1`; a new one in `{REGION}` would not have "
        f"the value written by {writer}; set `aws:region` to `us-east-1`, or use another stack for "
        f"`{REGION}`"
    ]


def test_rename_of_a_key_does_not_hide_another_region(account: Account) -> None:
    entry = "b: {name: a, renamed_from: a, owner: operator}"
    (problem,) = problems(map_of(entry), {"a": "x/dev/a"}, secret_arns=ELSEWHERE)
    assert "is in region `us-east-1`" in problem


def test_several_maps_of_a_stack_have_regions_of_their_own(account: Account) -> None:
    by_instance = {"api": {"a": arn("x/dev/a")}, "secretsmanager": ELSEWHERE}
    (problem,) = problems(map_of("a: {owner: operator}"), {}, secret_arns=by_instance)
    assert "is in region `us-east-1`" in problem


@pytest.mark.parametrize(
    ("fields", "arns"),
    [
        ("secret_data: v", ELSEWHERE),
        ("owner: operator", {"a": arn("x/dev/a")}),
        ("owner: operator", {}),
    ],
    ids=["map's value", "same region", "new entry"],
)
def test_region_that_leaves_no_value_behind_is_allowed(
    account: Account, fields: str, arns: dict[str, str]
) -> None:
    assert check(map_of(f"a: {{{fields}}}"), {"a": "x/dev/a"}, secret_arns=arns).adopted == {}


def test_entries_with_a_key_of_their_own_in_the_last_run_are_known(account: Account) -> None:
    text = map_of("a: {}", "b: {}", "new: {name: c, renamed_from: c}")
    keys = {"a": "arn:aws:kms:eu-central-1:1:key/k", "c": "arn:aws:kms:eu-central-1:1:key/k"}
    assert check(text, {}, kms_key_arns=keys).keyed == {"a", "new"}


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
    state = AccountState({}, {"a": found} if found else {}, account)  # type: ignore[arg-type] # a stand-in
    secret = plan_of(map_of("a: {}")).secrets["a"]
    assert state.is_empty(secret, arn("x/dev/a")) is is_empty


def test_secret_of_an_unknown_account_is_not_called_empty() -> None:
    secret = plan_of(map_of("a: {}")).secrets["a"]
    assert not AccountState({}).is_empty(secret, arn("x/dev/a"))


def test_replica_in_the_home_region_is_reported_at_the_region(account: Account) -> None:
    entry = f"a: {{replicas: [{{region: eu-west-1}}, {{region: {REGION}}}]}}"
    assert problems(map_of(entry)) == [
        f"m:3:48: error: `replicas`: `{REGION}` is this stack's own region; use another"
    ]


def test_everything_is_refused_at_once_in_the_order_of_the_file(account: Account) -> None:
    account.secrets = [held("x/dev/b", deletion=DELETION), held("x/dev/c", service="rds")]
    found = problems(
        map_of(
            f"a: {{replicas: [{{region: {REGION}}}]}}",
            "b: {}",
            "c: {secret_data: v}",
            "d: {name: new, owner: operator}",
        ),
        {"d": "x/dev/old"},
    )
    assert [line.split(" ")[0] for line in found] == ["m:3:27:", "m:4:3:", "m:5:3:", "m:6:3:"]


def test_secret_is_adopted_by_its_name() -> None:
    assert check(map_of("a: {import: old/one}", "b: {}")).adopted == {"a": arn("old/one")}


def test_secret_is_adopted_by_its_arn_without_a_query() -> None:
    cloud = Cloud({}, ())
    plan = plan_of(map_of(f"a: {{import: '{arn('old/one')}'}}"))
    state = run_in_program(lambda parent: safeguards.check_account(plan, HOME, parent), cloud)
    assert state.adopted == {"a": arn("old/one")}
    assert cloud.calls == []


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
    state = check(map_of("a: {restore_deleted: true}"), {"a": "x/dev/old"})
    assert state == AccountState({})
    assert account.opened is None


def test_account_is_opened_as_the_provider_opens_it(
    account: Account, configure: Callable[..., None]
) -> None:
    settings = {"profile": "p", "accessKey": "id", "secretKey": "key", "token": "t"}
    configure({f"aws:{name}": value for name, value in settings.items()})
    check(map_of("a: {}"))
    assert account.opened == (
        REGION,
        {
            "profile_name": "p",
            "aws_access_key_id": "id",
            "aws_secret_access_key": "key",
            "aws_session_token": "t",
        },
    )


CLOSED = [
    (AccountError("Unable to locate credentials"), "Unable to locate credentials"),
    (
        "111122223333",
        f"the AWS SDK's credentials are of account 111122223333, the provider's of {ACCOUNT}",
    ),
]


@pytest.mark.parametrize(("number", "reason"), CLOSED, ids=["no credentials", "other account"])
def test_account_that_cannot_be_opened_is_not_checked(
    account: Account, log: list[str], number: str | AccountError, reason: str
) -> None:
    account.number, account.secrets = number, [held(deletion=DELETION)]
    state = check(map_of("a: {}"))
    assert (state.held, state.inventory) == ({}, None)
    assert log == [f"skipping the check for secrets scheduled for deletion: {reason}"]


@pytest.mark.parametrize(("number", "reason"), CLOSED, ids=["no credentials", "other account"])
def test_secret_cannot_be_restored_in_an_account_that_cannot_be_opened(
    account: Account, number: str | AccountError, reason: str
) -> None:
    account.number = number
    assert problems(map_of("a: {restore_deleted: true}")) == [
        f"`restore_deleted` needs the AWS SDK in the provider's account: {reason}"
    ]


def test_renames_are_refused_also_where_the_account_cannot_be_opened(
    account: Account, log: list[str]
) -> None:
    account.number = AccountError("Unable to locate credentials")
    (problem,) = problems(map_of("a: {name: new, owner: operator}"), {"a": "x/dev/old"})
    assert "renaming `x/dev/old` to `x/dev/new`" in problem


def restored(account: Account, entry: str, found: HeldSecret, *, preview: bool = False) -> Any:
    """Restore what a map asks for; returns the state after it."""
    plan = plan_of(map_of(entry))
    state = AccountState({"z": arn("z")}, {"a": found}, account)  # type: ignore[arg-type] # a stand-in
    return run_in_program(lambda _: safeguards.restore_deleted(plan, state), preview=preview)


def test_deleted_secret_is_restored_and_adopted(account: Account, log: list[str]) -> None:
    state = restored(account, "a: {restore_deleted: true}", held(deletion=DELETION))
    assert account.restored == ["x/dev/a"]
    assert state.adopted == {"z": arn("z"), "a": arn("x/dev/a")}
    assert log == ["`x/dev/a` is restored from its scheduled deletion"]


def test_preview_only_logs_that_a_secret_will_be_restored(account: Account, log: list[str]) -> None:
    found = held(deletion=DELETION)
    state = restored(account, "a: {restore_deleted: true}", found, preview=True)
    assert account.restored == []
    assert state.adopted == {"z": arn("z")}
    assert log == ["`x/dev/a` will be restored from its scheduled deletion"]


@pytest.mark.parametrize("preview", [True, False])
def test_secret_that_was_restored_already_is_adopted(
    account: Account, log: list[str], preview: bool
) -> None:
    state = restored(account, "a: {restore_deleted: true}", held(), preview=preview)
    assert account.restored == []
    assert state.adopted == {"z": arn("z"), "a": arn("x/dev/a")}
    assert log == []


def test_secret_that_the_map_does_not_restore_is_left_as_it_is(account: Account) -> None:
    state = restored(account, "a: {}", held())
    assert account.restored == []
    assert state.adopted == {"z": arn("z")}


def test_nothing_is_restored_without_an_account() -> None:
    plan = plan_of(map_of("a: {restore_deleted: true}"))
    state = AccountState({}, {"a": held(deletion=DELETION)})
    assert run_in_program(lambda _: safeguards.restore_deleted(plan, state)) == state


def test_next_rotations_are_those_of_secrets_that_the_map_rotates() -> None:
    plan = plan_of(map_of(f"a: {{secret_data: v, {ROTATING}}}", "b: {}", "c: {}"))
    time = "2026-03-01T23:59+00:00"
    state = AccountState(
        {},
        {"a": held(next_rotation=time), "b": held("x/dev/b", next_rotation=time), "c": held()},
    )
    assert state.next_rotations(plan) == {"a": time}


def test_replica_in_the_home_region_is_refused_before_anything_exists() -> None:
    with pytest.raises(pulumi.RunError, match=f"m:3:27: error: `replicas`: `{REGION}` is this"):
        deploy(f"context_name: x\nsecrets:\n  a: {{replicas: [{{region: {REGION}}}]}}\n")
