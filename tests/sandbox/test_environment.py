"""The sandbox's folder: which provider plugins the engine finds there."""

from importlib.metadata import version
from pathlib import Path

import pytest

from sandbox.environment import Sandbox


def test_official_providers_take_the_place_of_our_own_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Sandbox(tmp_path, "http://127.0.0.1:1", Path("/bin/pulumi"))
    plugin = (
        tmp_path / f"pulumi/plugins/resource-aws-v{version('pulumi-aws')}" / "pulumi-resource-aws"
    )
    made.prepare()
    assert "sandbox.providers.aws" in plugin.read_text()
    assert made.environment()["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"
    monkeypatch.setenv("PROVIDER", "official")
    made.prepare()
    assert not plugin.exists()
    assert made.environment()["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "false"
    plugin.parent.mkdir(parents=True)
    plugin.write_bytes(b"\x7fELF official")
    made.prepare()
    assert plugin.read_bytes() == b"\x7fELF official"
    monkeypatch.delenv("PROVIDER")
    made.prepare()
    assert "sandbox.providers.aws" in plugin.read_text()


@pytest.mark.parametrize("name", ["AWS_PROFILE", "PULUMI_ACCESS_TOKEN"])
def test_nothing_of_a_users_own_login_reaches_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "theirs")
    made = Sandbox(tmp_path, "http://127.0.0.1:1", Path("/bin/pulumi")).environment()
    assert name not in made
