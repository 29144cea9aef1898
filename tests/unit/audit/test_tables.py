"""JSON and CSV: a row for each principal, secret and action that says something."""

from __future__ import annotations

import csv
import io
import json

from secrets_component.audit.tables import COLUMNS, csv_lines, json_lines
from tests.unit.audit.accounts import READ_ALL, allow, answers_of, audit_of, role, role_arn, secret

FOUND = audit_of(
    answers_of(
        role("app", allow(READ_ALL[0], resource="*:shop/dev/a-*")),
        reads=[
            {"Principal": role_arn("app"), "SecretId": "shop/dev/a", "Time": "2026-11-20T01:02:03Z"}
        ],
        secrets=[secret("shop/dev/a", LastAccessedDate="2026-11-01"), secret("shop/dev/rds/b")],
    )
)
NOBODY = audit_of(answers_of(secrets=[secret("shop/dev/a")]), principal="arn:aws:iam::1:role/x")


def test_json_has_the_rows_and_what_was_not_looked_at() -> None:
    found = json.loads("\n".join(json_lines(FOUND, with_silent=False)))
    assert (found["account"], found["region"], found["secrets"]) == (
        "123456789012",
        "eu-central-1",
        2,
    )
    assert found["not_followed"]
    (row,) = [one for one in found["rows"] if one["principal"] == role_arn("app")]
    assert {**row, "why": "", "statements": []} == {
        "principal": role_arn("app"),
        "kind": "role",
        "secret": "a",
        "name": "shop/dev/a",
        "action": "read",
        "verdict": "allowed",
        "in_map": "no",
        "finding": True,
        "why": "",
        "statements": [],
        "only_if": [],
        "unless": [],
        "secret_last_read": "2026-11-01",
        "principal_last_used": None,
        "principal_last_read": "2026-11-20",
    }


def test_denied_cells_are_there_when_asked_for() -> None:
    found = json.loads("\n".join(json_lines(FOUND, with_silent=True)))
    of_app = [one for one in found["rows"] if one["principal"] == role_arn("app")]
    assert len(of_app) == 2 * 6  # secrets by actions


def test_json_without_rows_is_json() -> None:
    assert json.loads("\n".join(json_lines(NOBODY, with_silent=False)))["rows"] == []
    assert list(csv_lines(NOBODY, with_silent=False)) == [",".join(COLUMNS)]


def test_csv_is_read_back_and_no_name_is_a_formula() -> None:
    rows = list(csv.DictReader(io.StringIO("\n".join(csv_lines(FOUND, with_silent=False)))))
    (row,) = [one for one in rows if one["principal"] == role_arn("app")]
    assert (row["verdict"], row["in_map"], row["finding"]) == ("allowed", "no", "true")
    assert row["statements"].count(" | ") == 1
    everyone = audit_of(
        answers_of(
            secrets=[secret("shop/dev/a", {"Principal": "*", **allow("*")})],
        ),
        text="context_name: shop\nsecrets: {'a': {secret_data: x}}\n",
    )
    text = "\n".join(csv_lines(everyone, with_silent=False))
    assert "\n*,everyone,a," in text
    odd = audit_of(
        answers_of(
            secrets=[secret("@shop/dev/a")],
        ),
        text="context_name: '@shop'\nsecrets: {a: {secret_data: x}}\n",
    )
    assert ",'@shop/dev/a," in "\n".join(csv_lines(odd, with_silent=False))
