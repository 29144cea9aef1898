"""An account of a test's own, and maps on disk."""

from pathlib import Path
from typing import Any

import pytest

from secrets_component.cli import maps
from secrets_component.lookups.inventory import AccountError, HeldSecret
from secrets_component.planning.plan import Plan

ROOT = Path(__file__).parent.parent.parent.parent
MAPS = ROOT / "tests" / "maps"
FULL = str(MAPS / "guide-full.yaml")


class AccountStub:
    """An account that holds the secrets of a test, or cannot be queried."""

    def __init__(self, *secrets: HeldSecret, failure: str | None = None) -> None:
        self._secrets, self._failure = secrets, failure

    def __call__(self, *_: Any) -> "AccountStub":
        return self

    def secrets_of(self, _: Plan) -> dict[str, HeldSecret]:
        if self._failure:
            raise AccountError(self._failure)
        return {secret.name: secret for secret in self._secrets}


def held(name: str, *, is_filled: bool = True, next_rotation: str | None = None) -> HeldSecret:
    return HeldSecret(name, f"arn:{name}", None, is_filled, next_rotation, None)


def write(folder: Path, text: str) -> str:
    path = folder / "map.yaml"
    path.write_text(text)
    return str(path)


def use(monkeypatch: pytest.MonkeyPatch, account: AccountStub) -> None:
    """Let the command find this account."""
    monkeypatch.setattr(maps, "Inventory", account)
