"""Versions and their labels, as AWS moves them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.rules import versions
from tests.sandbox.rules.calls import MINE, refusal


def test_the_first_version_becomes_current_whatever_is_asked(
    sm: Any, name: str, labels: Callable[[str], dict[str, list[str]]]
) -> None:
    sm.create_secret(Name=name)
    sm.put_secret_value(SecretId=name, SecretString="v1", VersionStages=[MINE])
    assert labels(name) == {"v1": ["AWSCURRENT", MINE]}


@pytest.mark.parametrize("write", ["put_secret_value", "update_secret"])
def test_a_label_of_ours_survives_the_next_values(
    sm: Any, name: str, labels: Callable[[str], dict[str, list[str]]], write: str
) -> None:
    sm.create_secret(Name=name)
    sm.put_secret_value(SecretId=name, SecretString="v1", VersionStages=["AWSCURRENT", MINE])
    getattr(sm, write)(SecretId=name, SecretString="v2")
    assert labels(name) == {"v1": ["AWSPREVIOUS", MINE], "v2": ["AWSCURRENT"]}
    getattr(sm, write)(SecretId=name, SecretString="v3")
    assert labels(name) == {"v1": [MINE], "v2": ["AWSPREVIOUS"], "v3": ["AWSCURRENT"]}


def test_a_version_without_a_label_is_dropped(
    sm: Any, secret: str, labels: Callable[[str], dict[str, list[str]]]
) -> None:
    for value in ("v2", "v3"):
        sm.put_secret_value(SecretId=secret, SecretString=value)
    assert labels(secret) == {"v2": ["AWSPREVIOUS"], "v3": ["AWSCURRENT"]}


def test_a_label_is_on_one_version_only(
    sm: Any, secret: str, labels: Callable[[str], dict[str, list[str]]]
) -> None:
    sm.put_secret_value(SecretId=secret, SecretString="v2", VersionStages=[MINE])
    assert labels(secret) == {"v1": ["AWSCURRENT"], "v2": [MINE]}
    sm.put_secret_value(SecretId=secret, SecretString="v3", VersionStages=[MINE])
    assert labels(secret) == {"v1": ["AWSCURRENT"], "v3": [MINE]}


def test_moving_current_takes_previous_along(
    sm: Any, secret: str, labels: Callable[[str], dict[str, list[str]]]
) -> None:
    first = sm.get_secret_value(SecretId=secret)["VersionId"]
    second = sm.put_secret_value(SecretId=secret, SecretString="v2", VersionStages=["AWSPENDING"])[
        "VersionId"
    ]
    move = {"SecretId": secret, "VersionStage": "AWSCURRENT"}
    sm.update_secret_version_stage(**move, MoveToVersionId=second, RemoveFromVersionId=first)
    assert labels(secret) == {"v1": ["AWSPREVIOUS"], "v2": ["AWSCURRENT", "AWSPENDING"]}
    assert sm.get_secret_value(SecretId=secret)["SecretString"] == "v2"
    sm.update_secret_version_stage(**move, MoveToVersionId=first, RemoveFromVersionId=second)
    assert labels(secret) == {"v1": ["AWSCURRENT"], "v2": ["AWSPENDING", "AWSPREVIOUS"]}
    assert sm.get_secret_value(SecretId=secret)["SecretString"] == "v1"


def test_a_label_that_is_taken_moves_only_from_its_holder(sm: Any, secret: str) -> None:
    first = sm.get_secret_value(SecretId=secret)["VersionId"]
    second = sm.put_secret_value(SecretId=secret, SecretString="v2", VersionStages=[MINE])
    move = {"SecretId": secret, "VersionStage": MINE, "MoveToVersionId": first}
    code, text = refusal(sm.update_secret_version_stage, **move)
    assert (code, "RemoveFromVersionId can't be empty" in text) == (
        "InvalidParameterException",
        True,
    )
    code, _ = refusal(sm.update_secret_version_stage, **move, RemoveFromVersionId=first)
    assert code == "InvalidParameterException"
    sm.update_secret_version_stage(**move, RemoveFromVersionId=second["VersionId"])


def test_a_label_cannot_move_to_a_version_that_is_not_there(sm: Any, secret: str) -> None:
    code, _ = refusal(
        sm.update_secret_version_stage,
        SecretId=secret,
        VersionStage=MINE,
        MoveToVersionId=str(uuid.uuid4()),
    )
    assert code == "ResourceNotFoundException"


def test_a_label_that_is_on_no_version_cannot_be_removed(sm: Any, secret: str) -> None:
    code, _ = refusal(sm.update_secret_version_stage, SecretId=secret, VersionStage=MINE)
    assert code == "InvalidParameterException"


def test_current_cannot_be_removed(sm: Any, secret: str) -> None:
    first = sm.get_secret_value(SecretId=secret)["VersionId"]
    code, text = refusal(
        sm.update_secret_version_stage,
        SecretId=secret,
        VersionStage="AWSCURRENT",
        RemoveFromVersionId=first,
    )
    assert (code, "can't be completely removed" in text) == ("InvalidParameterException", True)


def test_removing_the_last_label_drops_the_version(
    sm: Any, secret: str, labels: Callable[[str], dict[str, list[str]]]
) -> None:
    made = sm.put_secret_value(SecretId=secret, SecretString="v2", VersionStages=[MINE])
    sm.update_secret_version_stage(
        SecretId=secret, VersionStage=MINE, RemoveFromVersionId=made["VersionId"]
    )
    assert labels(secret) == {"v1": ["AWSCURRENT"]}


def test_the_21st_label_changes_nothing(
    sm: Any, secret: str, labels: Callable[[str], dict[str, list[str]]]
) -> None:
    own = [f"own-{number:02}" for number in range(versions.MAX_LABELS - 1)]
    made = sm.put_secret_value(SecretId=secret, SecretString="v2", VersionStages=own)
    before = {"v1": ["AWSCURRENT"], "v2": own}
    assert labels(secret) == before
    one_more = {"SecretId": secret, "SecretString": "v3"}
    for stages in ([MINE], ["AWSCURRENT"]):  # the second brings AWSPREVIOUS with it
        code, _ = refusal(sm.put_secret_value, **one_more, VersionStages=stages)
        assert code == "LimitExceededException"
    code, _ = refusal(
        sm.update_secret_version_stage,
        SecretId=secret,
        VersionStage=MINE,
        MoveToVersionId=made["VersionId"],
    )
    assert code == "LimitExceededException"
    assert labels(secret) == before


def test_the_same_token_with_the_same_value_does_nothing(
    sm: Any, secret: str, labels: Callable[[str], dict[str, list[str]]]
) -> None:
    put = {"SecretId": secret, "ClientRequestToken": str(uuid.uuid4()), "SecretString": "v2"}
    first = sm.put_secret_value(**put)
    assert first["VersionId"] == put["ClientRequestToken"]
    assert sm.put_secret_value(**put)["VersionId"] == first["VersionId"]
    assert labels(secret) == {"v1": ["AWSPREVIOUS"], "v2": ["AWSCURRENT"]}


@pytest.mark.parametrize("stage", ["AWSCURRENT", "AWSPENDING"])
def test_the_same_token_with_another_value_is_refused(
    sm: Any, secret: str, labels: Callable[[str], dict[str, list[str]]], stage: str
) -> None:
    put = {"SecretId": secret, "ClientRequestToken": str(uuid.uuid4()), "VersionStages": [stage]}
    sm.put_secret_value(**put, SecretString="v2")
    before = labels(secret)
    code, text = refusal(sm.put_secret_value, **put, SecretString="hunter2")
    assert (code, "hunter2" in text) == ("ResourceExistsException", False)
    assert labels(secret) == before
