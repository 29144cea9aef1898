"""Two lives among faults; `make faults` lives through all kinds of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.check import endure
from tests.faults.proxy import faulty_api
from tests.soak.stage import own_sandbox


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("kind", "rate"), [("throttled", 0.5), ("cut off", 0.3)])
def test_runs_end_and_nothing_is_doubled(tmp_path: Path, kind: str, rate: float) -> None:
    with own_sandbox(tmp_path / "home") as sandbox, faulty_api(sandbox.endpoint) as api:
        endured = endure(sandbox, api, tmp_path / "faults", kind, rate)
        assert endured.faults > 0
        assert endured.findings == ()
