"""The alias of the map's key, which an earlier run may have created without recording it."""

from __future__ import annotations

from typing import Any

import pytest

from secrets_component.lookups.inventory import AccountError
from secrets_component.lookups.key_alias import alias_to_import
from tests.maps_of_tests import plan_of
from tests.unit.lookups.test_safeguards import KEY, STATE, Account, map_of, own

ALIAS = "alias/x-dev-secrets"
OURS, THEIRS = {"secretsmap:state": STATE}, {"secretsmap:state": "another"}


def look(
    account: Account, *, entry: str = "", state: str | None = STATE, **held: Any
) -> tuple[str | None, list[str]]:
    plan = plan_of("kms: {create: true}\n" + map_of(f"a: {{{entry}}}"))
    report = plan.report()
    secrets = {"a": own(**held)} if held else {}
    found = alias_to_import(plan, secrets, account, state, report)  # type: ignore[arg-type] # its methods
    return found, [problem.message for problem in report.errors]


def existing(tags: dict[str, str] | AccountError) -> Account:
    account = Account()
    account.alias, account.tags_of_key = KEY, tags
    return account


def test_alias_of_the_states_own_key_is_imported() -> None:
    assert look(existing(OURS)) == (ALIAS, [])


def test_alias_that_does_not_exist_is_created() -> None:
    assert look(Account()) == (None, [])


@pytest.mark.parametrize(("tags", "state"), [(THEIRS, STATE), (THEIRS, None), ({}, None)])
def test_alias_of_others_is_an_error_before_anything_is_created(
    tags: dict[str, str], state: str | None
) -> None:
    found, (problem,) = look(existing(tags), state=state)
    assert found is None
    assert problem == (
        f"`{ALIAS}` belongs to the key `{KEY}`, which this stack has not created; set another "
        "`kms.alias`"
    )


def test_key_that_version_0_1_created_is_not_taken_for_another_ones() -> None:
    assert look(existing({})) == (None, [])


def test_secret_under_the_key_proves_that_the_alias_is_recorded() -> None:
    account = existing(THEIRS)
    assert look(account, kms_key=KEY) == (None, [])
    assert look(account, kms_key=None)[1]
    assert look(account, entry="kms_key_id: alias/other", kms_key=KEY)[1]


def test_missing_rights_leave_it_to_the_creation() -> None:
    refused = AccountError("AccessDenied", is_lasting=True)
    account = Account()
    account.alias = refused
    assert look(account) == (None, [])
    assert look(existing(refused)) == (None, [])


def test_passing_fault_ends_the_look() -> None:
    with pytest.raises(AccountError, match="throttled"):
        look(existing(AccountError("throttled")))
