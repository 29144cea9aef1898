"""Whether a trail logs the region."""

from __future__ import annotations

from typing import Any

import pytest

from verify.account import Account
from verify.trails import logging_trail


@pytest.fixture
def create(account: Account) -> Any:
    """Create a trail."""

    def make(name: str, region: str, *, is_global: bool, is_logging: bool) -> None:
        bucket = {"LocationConstraint": "eu-central-1"}
        account.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=bucket)
        client = account.client("cloudtrail", region)
        client.create_trail(Name=name, S3BucketName=name, IsMultiRegionTrail=is_global)
        if is_logging:
            client.start_logging(Name=name)

    return make


def test_account_without_a_trail_has_none(account: Account) -> None:
    assert logging_trail(account) is None


def test_trail_that_logs_the_region_is_found(account: Account, create: Any) -> None:
    create("here", account.region, is_global=False, is_logging=True)
    assert logging_trail(account) == "here"


def test_trail_that_is_stopped_logs_nothing(account: Account, create: Any) -> None:
    create("stopped", account.region, is_global=False, is_logging=False)
    assert logging_trail(account) is None


def test_trail_of_another_region_logs_here_only_if_it_logs_all(
    account: Account, create: Any
) -> None:
    create("there", "eu-west-1", is_global=False, is_logging=True)
    assert logging_trail(account) is None
    create("everywhere", "eu-west-1", is_global=True, is_logging=True)
    assert logging_trail(account) == "everywhere"
