"""AWS may show a key in another form than the program gives it: no run may change it for ever."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox import api
from sandbox.environment import REGION, Sandbox
from tests.conftest import ROOT, SecretsStack

FORMS = (
    "alias",
    pytest.param("arn", marks=pytest.mark.long),
    pytest.param("nothing", marks=pytest.mark.long),
)
Showing = Callable[[str], SecretsStack]


@pytest.fixture(scope="module", params=FORMS)
def showing(
    request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sandbox]:
    """A sandbox of its own, which shows keys in one form."""
    home = tmp_path_factory.mktemp(f"shows-{request.param}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_SHOWS_KEYS_AS", request.param)
        made = Sandbox(home, api.start(home, 0, print), sandbox.pulumi)
    made.prepare()
    yield made
    api.stop(home)


@pytest.fixture
def stack(showing: Sandbox, project: Path, request: pytest.FixtureRequest) -> Showing:
    name = request.node.name.partition("[")[0].removeprefix("test_").replace("_", "-")[:50]
    shutil.copy(ROOT / "Pulumi.dev.yaml", project / f"Pulumi.{name}.yaml")
    return lambda text: SecretsStack(showing, project, name, None).write(text)


@pytest.fixture
def aws(showing: Sandbox) -> Callable[[str], Any]:
    session = boto3.Session("sandbox", "sandbox", region_name=REGION)
    return lambda service: session.client(service, endpoint_url=showing.endpoint)


def test_new_secret_under_the_managed_key_stays_the_same(stack: Showing) -> None:
    made = stack("context_name: managed\nsecrets: {a: {secret_data: v}}\n")
    made.up()
    assert set(made.up().changes) == {"same"}
    assert set(made.up("--refresh").changes) == {"same"}
    assert set(made.up().changes) == {"same"}


def test_secret_that_left_its_key_stays_the_same(stack: Showing) -> None:
    made = stack("context_name: left\nkms: {create: true}\nsecrets: {a: {secret_data: v}}\n")
    made.up()
    made.write("context_name: left\nsecrets: {a: {secret_data: v}}\n").up()
    made.up("--refresh")
    assert set(made.up("--refresh").changes) == {"same"}
    assert set(made.up().changes) == {"same"}


def test_secret_under_an_alias_stays_the_same(stack: Showing, aws: Callable[[str], Any]) -> None:
    kms = aws("kms")
    kms.create_alias(AliasName="alias/own", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    made = stack(
        "context_name: own\ndefault_kms_key_id: alias/own\nsecrets: {a: {secret_data: v}}\n"
    )
    made.up()
    assert set(made.up().changes) == {"same"}
    assert set(made.up("--refresh").changes) == {"same"}


def test_secret_under_a_created_key_stays_the_same(stack: Showing) -> None:
    made = stack("context_name: made\nkms: {create: true}\nsecrets: {a: {secret_data: v}}\n")
    made.up()
    assert set(made.up().changes) == {"same"}
    assert set(made.up("--refresh").changes) == {"same"}
