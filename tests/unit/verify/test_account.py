"""The account: found by the SDK's own means, or refused in one line."""

import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from moto import mock_aws

from verify.account import Account, AccountError, error_code, open_account, reason

DENIED = ClientError(
    {"Error": {"Code": "AccessDeniedException", "Message": "no\nright"}}, "ListSecrets"
)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@mock_aws
def test_account_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    account = open_account()
    assert (account.region, account.number) == ("eu-west-1", "123456789012")
    assert account.partition == "aws"


def test_missing_region_is_refused() -> None:
    with pytest.raises(AccountError, match="no AWS region is set; set AWS_REGION"):
        open_account()


def test_missing_credentials_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AccountError, match="Unable to locate credentials"):
        open_account()


def test_client_is_made_once_per_region(account: Account) -> None:
    assert account.client("kms") is account.client("kms", account.region)
    assert account.client("kms", "eu-west-1").meta.region_name == "eu-west-1"


def test_reason_of_a_refusal_is_its_code_and_not_its_text() -> None:
    assert reason(DENIED) == "ListSecrets: AccessDeniedException"
    assert error_code(DENIED) == "AccessDeniedException"


def test_reason_without_an_answer_is_one_line() -> None:
    assert reason(NoCredentialsError()) == "Unable to locate credentials"
    assert error_code(NoCredentialsError()) is None
