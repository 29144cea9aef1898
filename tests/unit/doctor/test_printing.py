"""Text and JSON of a diagnosis."""

import json

from secrets_component.doctor.printing import diagnosis_data, diagnosis_lines
from secrets_component.doctor.results import Check, Diagnosis, Section

FOUND = Diagnosis(
    ("shop",), "123456789012", "eu-central-1",
    (
        Section("secrets", (Check("failed", "a", "is missing", "missing", ("seen",), "do"),)),
        Section("keys", (Check("ok", "key", "is enabled"),), tuple(f"l{n}" for n in range(10))),
    ),
)  # fmt: skip


def test_lines_have_cause_evidence_and_advice() -> None:
    lines = [line for _, line in diagnosis_lines(FOUND)]
    assert lines[:7] == [
        "shop in account 123456789012, eu-central-1: failed",
        "",
        "secrets",
        "  failed   a: is missing [missing]",
        "    seen: seen",
        "    do: do",
        "",
    ]
    assert lines[8] == "  ok       key: is enabled"
    assert lines[-1] == "  not seen: 2 more things; `--json` has all"


def test_results_are_marked_for_colours() -> None:
    assert [result for result, _ in diagnosis_lines(FOUND) if result] == ["failed", "ok"]


def test_data_is_json() -> None:
    data = json.loads(json.dumps(diagnosis_data(FOUND)))
    assert (data["result"], data["causes"]) == ("failed", ["missing"])
    assert data["sections"][0]["checks"] == [
        {
            "result": "failed", "about": "a", "text": "is missing", "cause": "missing",
            "evidence": ["seen"], "advice": "do",
        }
    ]  # fmt: skip
    assert len(data["sections"][1]["not_seen"]) == 10
