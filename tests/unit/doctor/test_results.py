"""The worst result counts."""

from secrets_component.doctor.results import Check, Diagnosis, Section, worst_of

OK = Check("ok", "a", "is well")
WARNED = Check("warning", "a", "may fail", "throttled")
FAILED = Check("failed", "b", "is gone", "missing")


def test_worst_result_bubbles_up() -> None:
    sections = (Section("one", (OK, WARNED)), Section("two", (FAILED, OK)), Section("three", ()))
    assert [section.result for section in sections] == ["warning", "failed", "ok"]
    assert Diagnosis(("m",), "1", "r", sections).result == "failed"
    assert worst_of([]) == "ok"


def test_causes_are_named_once() -> None:
    sections = (Section("one", (OK, WARNED, FAILED)), Section("two", (FAILED,)))
    assert Diagnosis(("m",), "1", "r", sections).causes == ("throttled", "missing")
