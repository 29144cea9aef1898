"""A reader of two names, over an account that a test changes meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from verify import polling
from verify.polling import Reads, reading


class Secrets:
    """Values by name; what a name has may be an error's code."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {"old": "value"}
        self.failing: str | None = None

    def client(self, _: str) -> Secrets:
        return self

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803 # boto3's spelling
        if self.failing:
            raise ClientError({"Error": {"Code": self.failing}}, "GetSecretValue")
        if SecretId not in self.values:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")
        return {"SecretString": self.values[SecretId]}


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_PAUSE_SECONDS", 0.001)


def watched(change: Callable[[Secrets], None]) -> Reads:
    """Return what a reader sees before, during and after a change."""
    secrets: Any = Secrets()
    with reading(secrets, "old", "new") as reads:
        wait_for_reads(reads)
        change(secrets)
        wait_for_reads(reads)
    return reads


def wait_for_reads(reads: Reads) -> None:
    wanted = reads.total + reads.unanswered + 3
    while reads.total + reads.unanswered < wanted:
        time.sleep(0.001)


def test_rename_that_creates_first_is_never_without_a_value() -> None:
    def rename(secrets: Secrets) -> None:
        secrets.values["new"] = "value"
        del secrets.values["old"]

    reads = watched(rename)
    assert (reads.missing, reads.other, reads.unanswered) == (0, 0, 0)
    assert 0 < reads.new < reads.total


def test_rename_that_removes_first_is_seen() -> None:
    def rename(secrets: Secrets) -> None:
        del secrets.values["old"]
        time.sleep(0.05)
        secrets.values["new"] = "value"

    assert watched(rename).missing > 0


def test_another_value_under_the_new_name_is_seen() -> None:
    def rename(secrets: Secrets) -> None:
        secrets.values["new"] = "another"
        del secrets.values["old"]

    assert watched(rename).other > 0


def test_missing_answer_is_no_missing_value() -> None:
    def throttle(secrets: Secrets) -> None:
        secrets.failing = "ThrottlingException"

    reads = watched(throttle)
    assert reads.unanswered > 0
    assert reads.missing == 0


def test_scheduled_deletion_counts_as_no_value() -> None:
    def delete(secrets: Secrets) -> None:
        secrets.failing = "InvalidRequestException"

    assert watched(delete).missing > 0
