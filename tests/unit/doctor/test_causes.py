"""The causes are complete: each name has its sentence, and docs has each."""

import re
from typing import get_args

from secrets_component.doctor.causes import CAUSES, CauseName
from tests.conftest import ROOT


def test_each_cause_has_a_sentence() -> None:
    assert tuple(CAUSES) == get_args(CauseName)
    assert not [text for text in CAUSES.values() if text.endswith(".")]


def test_troubleshooting_has_each_cause() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| ([^|]+) \|", text, re.MULTILINE)
    assert dict(rows) == dict(CAUSES)
    assert [cause for cause, _ in rows] == list(CAUSES)
