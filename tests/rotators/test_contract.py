"""AWS's contract, step by step, with the function that needs no database."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from rotators import RotationError, Versions, handlers, mysql, passwords
from tests.rotators.account import STEPS, Secret

rotate = handlers.generated_password


def test_text_is_replaced_and_the_old_one_is_previous(new_secret: Callable[[str], Secret]) -> None:
    secret = new_secret("first")
    token = secret.rotate(rotate)
    assert len(secret.read()) == 32
    assert secret.read(VersionStage="AWSPREVIOUS") == "first"
    assert secret.labels()[token] == ["AWSCURRENT"]


def test_only_the_password_of_an_object_is_replaced(new_secret: Callable[[str], Secret]) -> None:
    secret = new_secret('{"user": "u", "password": "first", "n": 1}')
    secret.rotate(rotate)
    assert secret.fields() == {"user": "u", "password": secret.fields()["password"], "n": 1}
    assert secret.fields()["password"] != "first"


def test_first_created_value_of_a_rotation_stays(new_secret: Callable[[str], Secret]) -> None:
    secret = new_secret("first")
    token = secret.begin()
    secret.step(rotate, "createSecret", token)
    created = secret.read(VersionId=token)
    secret.step(rotate, "createSecret", token)
    assert secret.read(VersionId=token) == created
    assert secret.rotate(rotate) == token
    assert secret.read() == created


def test_value_of_an_overlapping_attempt_stays(
    new_secret: Callable[[str], Secret], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = new_secret("first")
    token = secret.begin()
    secret.step(rotate, "createSecret", token)
    created = secret.read(VersionId=token)
    with monkeypatch.context() as earlier:  # this attempt looked before the other one wrote
        earlier.setattr("rotators.versions.Versions.pending", lambda _: None)
        secret.step(rotate, "createSecret", token)
    assert secret.read(VersionId=token) == created


@pytest.mark.parametrize("step", ["setSecret", "finishSecret"])
def test_empty_pending_version_goes_no_further(
    new_secret: Callable[[str], Secret], step: str
) -> None:
    secret = new_secret("first")
    token = secret.begin()
    with pytest.raises(RotationError, match="is empty; createSecret has not run"):
        secret.step(rotate, step, token)
    assert secret.read() == "first"


def test_rotation_that_is_not_enabled_is_refused(
    new_secret: Callable[[str], Secret], account: Any
) -> None:
    secret = new_secret("first")
    token = secret.begin()
    account.cancel_rotate_secret(SecretId=secret.arn)
    with pytest.raises(RotationError, match="rotation is not enabled"):
        secret.step(rotate, "createSecret", token)


def test_unknown_token_is_refused(new_secret: Callable[[str], Secret]) -> None:
    with pytest.raises(RotationError, match="does not exist or has no label"):
        new_secret("first").step(rotate, "createSecret", "0" * 32)


def test_version_without_awspending_is_refused(new_secret: Callable[[str], Secret]) -> None:
    secret = new_secret("first")
    token = secret.begin()
    secret.step(rotate, "createSecret", token)
    secret.move("kept", token)
    secret.give_up()
    for step in STEPS:
        with pytest.raises(RotationError, match="is not labelled AWSPENDING"):
            secret.step(rotate, step, token)
    assert secret.read() == "first"


@pytest.mark.parametrize("step", STEPS)
def test_version_that_was_in_use_before_is_refused(
    new_secret: Callable[[str], Secret], step: str
) -> None:
    secret = new_secret("first")
    token = secret.rotate(rotate)
    secret.rotate(rotate)
    live = secret.read()
    assert secret.labels()[token] == ["AWSPREVIOUS"]
    with pytest.raises(RotationError, match="was in use before a newer one replaced it"):
        secret.step(rotate, step, token)
    assert secret.read() == live


def test_password_that_was_replaced_by_hand_never_comes_back(
    new_secret: Callable[[str], Secret],
) -> None:
    secret = new_secret("first")
    secret.rotate(rotate)
    leaked = secret.read()
    secret.write("by-hand")
    secret.rotate(rotate)
    assert secret.read() not in ("first", leaked, "by-hand")


@pytest.mark.parametrize("times", [1, 2])
def test_awspending_that_an_earlier_function_left_brings_no_password_back(
    new_secret: Callable[[str], Secret], times: int
) -> None:
    """AWS's own functions leave the label; AWS then takes the old version for a rotation."""
    secret = new_secret("first")
    token = secret.rotate(rotate)
    leaked = secret.read()
    secret.move("AWSPENDING", token)
    for n in range(times):
        secret.write(f"by hand {n}")
    assert secret.begin() == token
    with pytest.raises(RotationError, match="AWSPENDING is removed from it; rotate again"):
        secret.rotate(rotate)
    assert secret.read() == f"by hand {times - 1}"
    assert secret.rotate(rotate) != token
    assert leaked not in (secret.read(), secret.read(VersionStage="AWSPREVIOUS"))


def test_finish_that_is_repeated_removes_what_the_first_one_left(
    new_secret: Callable[[str], Secret],
) -> None:
    secret = new_secret("first")
    token = secret.rotate(rotate)
    live = secret.read()
    secret.move("AWSPENDING", token)
    for _ in range(2):
        for step in STEPS:
            secret.step(rotate, step, token)
        assert secret.labels()[token] == ["AWSCURRENT"]
    assert secret.read() == live


def test_finish_succeeds_where_aws_removes_awspending_at_the_same_time(
    new_secret: Callable[[str], Secret], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = new_secret("first")
    token = secret.begin()
    for step in STEPS[:3]:
        secret.step(rotate, step, token)
    move = Versions._move

    def move_and_clean_up(versions: Versions, label: str) -> None:
        move(versions, label)
        secret.client.update_secret_version_stage(
            SecretId=secret.arn, VersionStage="AWSPENDING", RemoveFromVersionId=token
        )

    monkeypatch.setattr(Versions, "_move", move_and_clean_up)
    secret.step(rotate, "finishSecret", token)
    assert secret.labels()[token] == ["AWSCURRENT"]


def test_finish_of_a_rotation_that_another_one_overtook_is_refused(
    new_secret: Callable[[str], Secret], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = new_secret("first")
    token = secret.begin()
    for step in STEPS[:3]:
        secret.step(rotate, step, token)
    move = Versions._move

    def overtaken(versions: Versions, label: str) -> None:
        secret.move("kept", token)
        secret.give_up()
        with monkeypatch.context() as other:
            other.setattr(Versions, "_move", move)
            secret.rotate(rotate)
        move(versions, label)

    monkeypatch.setattr(Versions, "_move", overtaken)
    with pytest.raises(RotationError, match="another rotation has taken over"):
        secret.step(rotate, "finishSecret", token)
    assert secret.labels()[token] == ["kept"]


def test_unknown_step_is_refused(new_secret: Callable[[str], Secret]) -> None:
    secret = new_secret("first")
    with pytest.raises(RotationError, match="unknown step"):
        secret.step(rotate, "deleteSecret", secret.begin())


def test_binary_value_is_refused(new_secret: Callable[[str], Secret], account: Any) -> None:
    secret = new_secret("first")
    account.put_secret_value(SecretId=secret.arn, SecretBinary=b"bytes")
    with pytest.raises(RotationError, match="the value is binary"):
        secret.step(rotate, "createSecret", secret.begin())


def test_object_without_a_password_is_refused(new_secret: Callable[[str], Secret]) -> None:
    secret = new_secret('{"token": "t"}')
    with pytest.raises(RotationError, match="without a field 'password'"):
        secret.step(rotate, "createSecret", secret.begin())


def test_url_is_never_replaced_by_a_password(new_secret: Callable[[str], Secret]) -> None:
    secret = new_secret("postgres://app:first@db/app")
    with pytest.raises(RotationError, match="the current value is a URL"):
        secret.rotate(rotate)
    assert secret.read() == "postgres://app:first@db/app"


def test_outdated_pending_value_never_brings_old_fields_back(
    new_secret: Callable[[str], Secret],
) -> None:
    secret = new_secret('{"user": "u", "password": "first"}')
    token = secret.begin()
    secret.step(rotate, "createSecret", token)
    secret.put(user="other")
    with pytest.raises(RotationError, match="is outdated: the secret was written after it"):
        secret.rotate(rotate)
    assert secret.fields()["user"] == "other"
    secret.rotate(rotate)
    assert secret.fields()["user"] == "other"


def test_test_of_a_new_schedule_passes_on_a_copy_of_the_value(
    new_secret: Callable[[str], Secret], account: Any
) -> None:
    """Without RotateImmediately, AWS makes a pending copy, runs testSecret, and removes it."""
    secret = new_secret("first")
    copy = account.put_secret_value(
        SecretId=secret.arn, SecretString="first", VersionStages=["AWSPENDING"]
    )["VersionId"]
    secret.step(rotate, "testSecret", copy)


def test_test_of_a_new_schedule_passes_on_a_version_without_a_value(
    new_secret: Callable[[str], Secret],
) -> None:
    """AWS does not document what is in the version, so the value in use is tested if nothing is."""
    secret = new_secret('{"password": "first"}')
    secret.step(rotate, "testSecret", secret.begin())
    assert secret.fields() == {"password": "first"}


def test_log_has_each_step_and_no_value(
    new_secret: Callable[[str], Secret], caplog: pytest.LogCaptureFixture
) -> None:
    secret = new_secret("first")
    with caplog.at_level(logging.DEBUG, "rotators"):
        secret.rotate(rotate)
    assert [message.split()[0] for message in caplog.messages if "done for" in message] == [*STEPS]
    assert secret.read() not in caplog.text


def test_refusal_of_aws_is_in_the_log(account: Any, caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(account, "proof/not-there")
    with pytest.raises(account.exceptions.ResourceNotFoundException):
        secret.step(rotate, "createSecret", "0" * 32)
    assert "createSecret failed: An error occurred (ResourceNotFoundException)" in caplog.text


def test_network_without_a_way_to_secrets_manager_is_reported(
    new_secret: Callable[[str], Secret],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    secret = new_secret("first")
    token = secret.begin()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(RotationError, match=r"Secrets Manager cannot be reached .* NAT gateway"):
        secret.step(rotate, "createSecret", token)
    assert "NAT gateway" in caplog.text


def test_password_has_every_kind_of_its_characters() -> None:
    made = {passwords.generate() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        assert len(password) == 32
        for kind in (*passwords._KINDS, "-_."):
            assert set(password) & set(kind)
        assert set(password) <= set(passwords.CHARACTERS)


def test_length_and_characters_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD_LENGTH", "6")
    monkeypatch.setenv("PASSWORD_CHARACTERS", "ab1")
    for _ in range(50):
        password = passwords.generate()
        assert len(password) == 6
        assert set(password) <= set("ab1")
        assert "1" in password
    monkeypatch.setenv("PASSWORD_LENGTH", "1")
    with pytest.raises(RotationError, match=r"PASSWORD_LENGTH \(1\) is less than the 2 kinds"):
        passwords.generate()


@pytest.mark.parametrize("special", ["²½", "§£", "€", "\t", "\x7f", "\u00a0"])
def test_characters_that_clients_send_in_different_ways_are_refused_for_databases(
    monkeypatch: pytest.MonkeyPatch, special: str
) -> None:
    monkeypatch.setenv("PASSWORD_CHARACTERS", f"abc{special}")
    with pytest.raises(RotationError, match="characters other than printable ASCII"):
        passwords.generate(portable=True)
    assert set(special) & set(passwords.generate())


GRANTS = [
    ("GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*ABC'", "GRANT USAGE ON *.* TO 'n'@'h'"),
    ("GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*ABC' REQUIRE SSL", "GRANT USAGE ON *.* TO 'n'@'h' REQUIRE SSL"),
    ("GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED VIA ed25519 USING 'abc' WITH MAX_USER_CONNECTIONS 5", "GRANT USAGE ON *.* TO 'n'@'h' WITH MAX_USER_CONNECTIONS 5"),
    ("GRANT SELECT ON `a TO b`.* TO 'u'@'%' WITH GRANT OPTION", "GRANT SELECT ON `a TO b`.* TO 'n'@'h' WITH GRANT OPTION"),
    ("GRANT SELECT ON `x`.`y` TO `u TO ``v`@`10.%`", "GRANT SELECT ON `x`.`y` TO 'n'@'h'"),
    ("GRANT `role`@`%` TO `u`@`%`", "GRANT `role`@`%` TO 'n'@'h'"),
    ("REVOKE INSERT ON `s`.* FROM `u`@`%`", "REVOKE INSERT ON `s`.* FROM 'n'@'h'"),
    ("SET DEFAULT ROLE `r` FOR `u`@`%`", None),
]  # fmt: skip


@pytest.mark.parametrize(("grant", "expected"), GRANTS)
def test_grant_is_given_to_the_other_account(grant: str, expected: str | None) -> None:
    assert mysql.for_account(grant, "'n'@'h'") == expected


def test_account_helper_sees_unfilled_versions(new_secret: Callable[[str], Secret]) -> None:
    """The driver begins a rotation as AWS does: with an empty version."""
    secret = new_secret(json.dumps({"password": "first"}))
    token = secret.begin()
    assert secret.labels()[token] == ["AWSPENDING"]
    assert token not in secret.all_fields()
    assert Secret(secret.client, secret.arn).begin() == token
