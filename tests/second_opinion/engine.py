"""The engine tests that run on ministack: a pytest plugin, `-p tests.second_opinion.engine`.

Run as a program it prints their files.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.second_opinion import FOLDER

FILE = FOLDER / "engine.yaml"


def selected() -> list[str]:
    """Return the files whose tests run there."""
    return list(_held()["files"])


def expected_failures() -> dict[str, str]:
    """Return the tests that fail there, each with the difference that explains it."""
    return dict(_held()["fails"])


def _held() -> dict[str, Any]:
    return dict(yaml.safe_load(FILE.read_text("utf-8")))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect the failures; a test that passes nevertheless fails the run."""
    failures = expected_failures()
    for item in items:
        name = item.nodeid.partition("[")[0]
        difference = failures.get(item.nodeid) or failures.get(name)
        if difference:
            reason = f"{FILE.parent.name}/differences.yaml: {difference}"
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


if __name__ == "__main__":
    print(*selected())
