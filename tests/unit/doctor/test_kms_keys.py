"""Keys that cannot be used."""

from datetime import UTC, datetime
from typing import Any

import pytest

from secrets_component.doctor.kms_keys import kms_keys
from secrets_component.lookups.inventory import AccountError
from tests.unit.doctor.accounts import DENIED, PreparedAccount, asking, patient
from tests.unit.status.secrets import held

KEY = "11111111-2222-3333-4444-555555555555"
OWN = patient(secret=held(kms_key=KEY))
GONE = AccountError("no", code="NotFoundException", is_answer=True)


def described(state: str, **more: Any) -> dict[str, Any]:
    return {"KeyMetadata": {"KeyId": KEY, "KeyState": state, **more}}


def test_aws_managed_key_is_not_asked_about() -> None:
    account = PreparedAccount()
    assert kms_keys([patient()], asking(account)).result == "ok"
    assert account.asked == []


def test_key_is_asked_about_once() -> None:
    account = PreparedAccount(describe_key=described("Enabled"))
    account.keys = {f"arn:aws:kms:eu-central-1:123456789012:key/{KEY}"}
    (check,) = kms_keys([OWN, OWN], asking(account)).checks
    assert (check.result, check.about) == ("ok", f"key `{KEY}` of a")
    assert len(account.asked) == 1


def test_former_key_of_the_current_value_counts() -> None:
    account = PreparedAccount(describe_key=described("Enabled"))
    account.keys = {"other-key", "DefaultEncryptionKey"}
    found = kms_keys([OWN], asking(account)).checks
    assert [check.about for check in found] == [f"key `{KEY}` of a", "key `other-key` of a"]


def test_key_of_another_account_is_asked_about_by_its_arn() -> None:
    theirs = f"arn:aws:kms:eu-central-1:222222222222:key/{KEY}"
    account = PreparedAccount(describe_key=described("Enabled"))
    kms_keys([patient(secret=held(kms_key=theirs))], asking(account))
    assert account.asked == [("kms", "describe_key", {"KeyId": theirs})]


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (described("Disabled"), "run `aws kms enable-key"),
        (
            described("PendingDeletion", DeletionDate=datetime(2026, 12, 7, tzinfo=UTC)),
            "cancel-key",
        ),
        (described("PendingImport"), "import the material"),
        (described("Updating"), "wait until the key is enabled"),
        (GONE, "the values under it are lost"),
    ],
)
def test_key_that_cannot_be_used_has_advice(answer: Any, advice: str) -> None:
    (check,) = kms_keys([OWN], asking(describe_key=answer)).checks
    assert check.cause == "key-unusable"
    assert advice in str(check.advice)
    assert check.evidence[0].startswith("DescribeKey")


def test_key_that_may_not_be_described_is_a_warning() -> None:
    account = PreparedAccount(describe_key=DENIED)
    account.keys = DENIED
    section = kms_keys([OWN], asking(account))
    assert section.result == "warning"
    assert section.unseen == (
        "the keys of the versions of `x/dev/a`: needs secretsmanager:ListSecretVersionIds",
        f"the key `{KEY}`: needs kms:DescribeKey",
    )
