"""What of an answer is recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.second_opinion import Step
from tests.second_opinion.answers import Symbols, call_of, entry_of, recorded, text_of

ID = "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
OTHER = ID.replace("0a", "1b")
STEP = Step("secretsmanager", "describe_secret", {})


def shown(answer: dict[str, Any], step: Step = STEP) -> dict[str, Any]:
    return recorded(answer, step, 1, Symbols({"probe-1": "<name>", "123456789012": "<account>"}))


def test_ids_are_named_by_the_step_and_field_that_show_them_first() -> None:
    symbols = Symbols({})
    first = recorded({"VersionId": ID, "Arn": f"key/{ID}"}, STEP, 1, symbols)
    assert first == {"Arn": "key/<1.VersionId>", "VersionId": "<1.VersionId>"}
    second = recorded({"Stages": {ID: ["a"], OTHER: ["b"]}}, STEP, 2, symbols)
    assert second == {"Stages": {"<1.VersionId>": ["a"], "<2.Stages>": ["b"]}}


def test_names_suffixes_and_addresses_are_replaced() -> None:
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:probe-1/a-AbC123"
    assert shown({"ARN": arn, "Location": "http://127.0.0.1:4566/x"}) == {
        "ARN": "arn:aws:secretsmanager:eu-central-1:<account>:secret:<name>/a-<6>",
        "Location": "<address>",
    }


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (timedelta(), "<now>"),
        (timedelta(days=-1), "<now>"),
        (timedelta(days=7), "<in 7 days>"),
        (timedelta(days=-7), "<long ago>"),
    ],
)
def test_moments_are_counted_in_days(ahead: timedelta, expected: str) -> None:
    assert shown({"DeletedDate": datetime.now(UTC) + ahead}) == {"DeletedDate": expected}


def test_a_refusal_is_recorded_by_its_code_and_what_a_provider_looks_for() -> None:
    refusal = {
        "Error": {"Code": "InvalidRequestException", "Message": "it was marked for deletion"}
    }
    assert shown(refusal) == {"refused": "InvalidRequestException"}
    asked = Step("secretsmanager", "x", {}, says="marked for deletion")
    assert shown(refusal, asked)["says"] is True
    assert shown({"Error": {"Code": "X", "Message": "gone"}}, asked)["says"] is False


def test_lists_have_an_order_of_their_own_and_documents_are_read() -> None:
    assert shown({"a": ["2", "1"], "p": '{"b": 1, "a": 2}'}) == {
        "a": ["1", "2"],
        "p": {"document": {"a": 2, "b": 1}},
    }


def test_only_the_fields_asked_for_are_shown() -> None:
    answer = {"Items": [{"Id": "1", "x": 1}, {"Id": "2"}], "Deep": {"a": 1, "b": 2}, "y": 1}
    step = Step("s", "o", {}, show=("Items.*.Id", "Deep.a", "None"))
    assert shown(answer, step) == {"Items.*.Id": ["1", "2"], "Deep.a": 1}


def test_items_of_other_probes_are_left_out() -> None:
    step = Step("kms", "list_aliases", {}, keep="Aliases")
    answer = {"Aliases": [{"AliasName": "alias/probe-1"}, {"AliasName": "alias/other"}]}
    assert shown(answer, step) == {"Aliases": [{"AliasName": "alias/<name>"}]}


def test_bytes_are_recorded_in_base64() -> None:
    assert shown({"SecretBinary": b"a"}) == {"SecretBinary": {"bytes": "YQ=="}}
    call = call_of(Step("s", "o", {"Blob": b"a"}))
    assert call == 's.o {"Blob": "YQ=="}'


def test_the_sandboxs_answer_is_written_only_where_it_is_another_one() -> None:
    assert "sandbox" not in entry_of(STEP, {"a": 1}, {"a": 1})
    assert entry_of(STEP, {"a": 1}, {"a": 2})["sandbox"] == {"a": 2}


def test_a_file_has_a_line_for_each_step() -> None:
    steps = [entry_of(STEP, {"a": n}, {}) for n in range(2)]
    text = text_of("1.0", {"one": steps, "two": steps})
    assert json.loads(text) == {"version": "1.0", "probes": {"one": steps, "two": steps}}
    assert sum(line.startswith('  {"call"') for line in text.splitlines()) == 4
