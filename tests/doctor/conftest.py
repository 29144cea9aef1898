"""The sandbox's API alone: the doctor needs no stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox import api
from secrets_component.cli import maps
from secrets_component.cli.command import main
from secrets_component.lookups.inventory import Inventory
from tests.doctor.lab import REGION, Lab

Diagnose = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("api")
    yield api.start(home, 0, print)
    api.stop(home)


@pytest.fixture
def lab(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """An account of the test's own, where the command looks."""
    made = Lab(endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
    monkeypatch.setenv("AWS_REGION", REGION)

    monkeypatch.setattr(boto3, "Session", lambda **_: made.session)

    class Once(Inventory):
        """Asks once: moto does not know two of the operations, and boto3 would ask again."""

        def __init__(self, region: str | None, *_: Any) -> None:
            super().__init__(region, (), 1)

        def regions(self) -> list[str]:
            return [REGION, "eu-west-1", "ap-south-1"]

        def ask(self, service: str, operation: str, **arguments: object) -> Any:
            if (service, operation) in made.answers:
                return made.answers[service, operation]
            change = made.altered.get((service, operation), lambda answer: answer)
            return change(super().ask(service, operation, **arguments))

        def pages(self, service: str, operation: str, **arguments: object) -> list[Any]:
            if operation == "list_policies_for_target" and made.answers:
                kind = arguments["Filter"]
                named = [{"Id": "p-1", "Name": "guard"}] if kind == "SERVICE_CONTROL_POLICY" else []
                return [{"Policies": named}]
            change = made.altered.get((service, operation), lambda answer: answer)
            return list(change(super().pages(service, operation, **arguments)))

    monkeypatch.setattr(maps, "Inventory", Once)
    return made


@pytest.fixture
def diagnose(lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Diagnose:
    """Run the command on a map, and return its JSON."""

    def made(text: str, *options: str) -> dict[str, Any]:
        path = tmp_path / "map.yaml"
        path.write_text(f"context_name: {lab.context}\nenvironment: dev\n{text}")
        code = main(["doctor", str(path), "--json", *options])
        out, err = capsys.readouterr()
        assert err == ""
        assert "hunter" not in out
        found: dict[str, Any] = json.loads(out)
        assert code == (0 if found["result"] == "ok" else 1)
        return found

    return made
