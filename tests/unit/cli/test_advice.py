"""Every way in which AWS cannot be queried is one line that says what to do."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from secrets_component.cli.advice import with_advice
from secrets_component.cli.command import main
from secrets_component.lookups.inventory import AccountError
from tests.unit.cli.accounts import write
from tests.unit.lookups.test_inventory import Sdk, sdk

__all__ = ["sdk"]  # a fixture

MAP = "context_name: x\nenvironment: dev\nsecrets: {a: {}}\n"
CLOCK = "Signature not yet current: 20261130T130000Z is still later than 20261130T120500Z"


@pytest.fixture
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide this machine's settings from the SDK, and let waiting take no time."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(time, "sleep", lambda _: None)


VERBS = [
    ["status"],
    ["audit"],
    ["doctor"],
    ["validate", "--filled"],
    ["plan", "--live"],
    ["rotate"],
]
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
SETTINGS = [
    ({}, "You must specify a region; set AWS_REGION"),
    ({"AWS_REGION": "eu-central-1"}, "Unable to locate credentials; sign in (`aws sso login`, `aws"),
    ({"AWS_REGION": "eu central 1", **KEYS}, "Provided region_name 'eu central 1' doesn't match a "),
    ({"AWS_REGION": "eu-central-1", "AWS_PROFILE": "absent"}, "The config profile (absent) could not"),
    (
        {"AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", **KEYS},
        'Could not connect to the endpoint URL: "http://127.0.0.1:9/"; check the region (AWS_REGION)',
    ),
    ({"AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": "nowhere", **KEYS}, "Invalid endpoint: nowhe"),
]  # fmt: skip


@pytest.mark.usefixtures("_machine")
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("settings", "expected"), SETTINGS)
def test_machine_that_cannot_reach_aws_ends_in_one_line(
    verb: list[str],
    settings: dict[str, str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    key = ["a"] if verb == ["rotate"] else []
    assert main([*verb, write(tmp_path, MAP), *key]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"error: cannot query AWS: {expected}")


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        ("AccessDeniedException", "User: u is not authorized to perform: secretsmanager:L", ""),
        ("InvalidSignatureException", CLOCK, "; check the clock of this machine"),
        ("ExpiredTokenException", "The security token included is expired", "; sign in ("),
        ("UnrecognizedClientException", "The security token is invalid.", "; check the access key"),
    ],
)
def test_refusal_of_aws_is_its_own_words_and_what_to_do(
    code: str,
    message: str,
    advice: str,
    sdk: Sdk,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sdk.stubs["secretsmanager"].add_client_error("list_secrets", code, message)
    assert main(["status", write(tmp_path, MAP)]) == 2
    err = capsys.readouterr().err
    assert err.startswith(
        f"error: cannot query AWS: An error occurred ({code}) when calling the ListSecrets "
        f"operation: {message.rstrip('.') if advice else message}{advice}"
    )
    assert err.count("\n") == 1


def test_error_without_a_known_code_is_unchanged() -> None:
    assert with_advice(AccountError("no.")) == "no."
