"""Keys that secrets leave: which are the map's, and whether a value is still under one alone."""

from __future__ import annotations

from typing import Any

import pytest

from secrets_component.lookups import left_keys
from secrets_component.lookups.inventory import AccountError
from tests.maps_of_tests import plan_of
from tests.unit.lookups.test_safeguards import KEY, STATE, Account, map_of, own
from tests.unit.mocks import ACCOUNT

OURS = {"secretsmap:state": STATE}
LEFT = {"secretsmap:left-key": KEY}


def left(account: Account, entry: str, **more: Any) -> dict[str, str]:
    plan = plan_of(map_of(f"a: {{{entry}}}"))
    return left_keys.left_keys(plan, {"a": own(**more)}, account, STATE)  # type: ignore[arg-type] # its methods


def problems(account: Account, head: str = "", **more: Any) -> list[str]:
    plan = plan_of(head + map_of("a: {owner: operator}"))
    held = own(tags={**own().tags, **LEFT}, **more)
    return [said for _, said in left_keys.values_under_left_keys(plan, {"a": held}, account)]  # type: ignore[arg-type] # its methods


def test_key_of_the_map_is_left_for_any_other() -> None:
    account = Account()
    account.tags_of_key = OURS
    assert left(account, "", kms_key=KEY) == {"a": KEY}
    assert left(account, "kms_key_id: alias/other", kms_key=KEY) == {"a": KEY}
    assert left(account, "import: x/dev/a", kms_key=KEY) == {}
    assert left(account, "", kms_key=None) == {}


def test_key_of_others_is_nobodys_loss() -> None:
    account = Account()
    assert left(account, "", kms_key=KEY) == {}
    account.tags_of_key = OURS
    for other in ("alias/theirs", KEY.replace(ACCOUNT, "999999999999")):
        assert left(account, "", kms_key=other) == {}


def test_key_that_is_gone_is_nobodys_loss() -> None:
    account = Account()
    account.key = account.tags_of_key = AccountError("no such key", code="NotFoundException")
    assert left(account, "", kms_key=KEY) == {}
    assert problems(account) == []


def test_key_that_may_not_be_looked_at_counts_as_the_maps() -> None:
    account = Account()
    account.tags_of_key = AccountError("AccessDenied", is_lasting=True)
    assert left(account, "", kms_key=KEY) == {"a": KEY}
    account.tags_of_key = AccountError("throttled")
    with pytest.raises(AccountError, match="throttled"):
        left(account, "", kms_key=KEY)


def test_key_that_was_left_is_remembered_by_a_tag() -> None:
    assert left(Account(), "", tags={**own().tags, **LEFT}) == {"a": KEY}


def test_value_that_is_still_under_the_key_alone_is_a_problem() -> None:
    account = Account()
    account.value_keys = {KEY}
    (said,) = problems(account)
    assert said.startswith("AWS has not encrypted the value of `x/dev/a` under its new key")
    assert problems(account, "kms: {create: true}\n") == []
    assert problems(account, is_filled=False) == []


def test_key_that_may_not_be_described_counts_as_usable() -> None:
    account = Account()
    account.value_keys, account.key = {KEY}, AccountError("AccessDenied", is_lasting=True)
    assert len(problems(account)) == 1
    account.value_keys = {KEY, "DefaultEncryptionKey"}
    assert problems(account) == []


def test_value_that_is_under_the_new_key_too_or_a_key_that_is_gone_is_none() -> None:
    account = Account()
    account.value_keys = {KEY, "DefaultEncryptionKey"}
    assert problems(account) == []
    account.value_keys, account.key = {KEY}, "PendingDeletion"
    assert problems(account) == []
