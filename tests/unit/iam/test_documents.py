"""Policy documents: how principals, keys and statement ids are written."""

import json

import pytest

from secrets_component.iam.documents import (
    ASSUMED_BY_LAMBDA,
    Statement,
    document,
    resource_of_key,
    use_key,
    use_keys,
)

KEYS = "arn:aws:kms:eu-central-1:123456789012"
DECRYPT: Statement = {
    "Sid": "Decrypt",
    "Effect": "Allow",
    "Action": "kms:Decrypt",
    "Resource": "*",
    "Condition": {"StringEquals": {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"}},
}


def test_key_given_by_its_id_is_the_resource() -> None:
    assert use_key(DECRYPT, f"{KEYS}:key/k") == {**DECRYPT, "Resource": f"{KEYS}:key/k"}


def test_key_given_by_its_alias_is_any_key_that_has_the_alias() -> None:
    assert use_key(DECRYPT, f"{KEYS}:alias/team/key") == {
        "Sid": "DecryptByAlias",
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": f"{KEYS}:key/*",
        "Condition": {
            **DECRYPT["Condition"],
            "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/team/key"},
        },
    }


def test_statement_about_a_key_needs_neither_sid_nor_condition() -> None:
    bare = {"Effect": "Allow", "Action": "kms:Decrypt"}
    assert use_key(bare, f"{KEYS}:alias/a") == {
        **bare,
        "Resource": f"{KEYS}:key/*",
        "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/a"}},
    }


def test_statement_that_is_narrowed_to_an_alias_stays_as_it_was() -> None:
    before = json.dumps(DECRYPT)
    use_keys(DECRYPT, [f"{KEYS}:alias/a"])
    assert json.dumps(DECRYPT) == before


def test_keys_by_id_and_by_alias_are_two_statements() -> None:
    by_id, by_alias = use_keys(
        DECRYPT, [f"{KEYS}:key/2", f"{KEYS}:alias/b", f"{KEYS}:key/1", f"{KEYS}:alias/a"]
    )
    assert by_id == {**DECRYPT, "Resource": [f"{KEYS}:key/2", f"{KEYS}:key/1"]}
    assert by_alias["Sid"] == "DecryptByAlias"
    assert by_alias["Resource"] == f"{KEYS}:key/*"
    assert by_alias["Condition"]["ForAnyValue:StringEquals"] == {
        "kms:ResourceAliases": ["alias/a", "alias/b"]
    }


def test_aliases_of_two_accounts_are_two_statements() -> None:
    other = "arn:aws:kms:eu-central-1:222222222222"
    statements = use_keys(DECRYPT, [f"{KEYS}:alias/a", f"{other}:alias/b"])
    assert [
        (one["Resource"], one["Condition"]["ForAnyValue:StringEquals"]["kms:ResourceAliases"])
        for one in statements
    ] == [(f"{KEYS}:key/*", ["alias/a"]), (f"{other}:key/*", ["alias/b"])]


def test_no_key_needs_no_statement() -> None:
    assert use_keys(DECRYPT, []) == []


@pytest.mark.parametrize(
    ("key_arn", "resource"),
    [
        (f"{KEYS}:key/k", f"{KEYS}:key/k"),
        (f"{KEYS}:alias/team/key", f"{KEYS}:key/*"),
        ("arn:aws-cn:kms:cn-north-1:1:alias/a", "arn:aws-cn:kms:cn-north-1:1:key/*"),
    ],
)
def test_resource_of_a_key_is_never_an_alias(key_arn: str, resource: str) -> None:
    assert resource_of_key(key_arn) == resource


def test_taken_sids_are_numbered_and_missing_ones_stay_missing() -> None:
    sids = ["Read", None, "Read", "Read2", None, "Read"]
    statements: list[Statement] = []
    for sid in sids:
        statements.append({"Effect": "Allow", **({"Sid": sid} if sid else {})})
    written = json.loads(document(statements))["Statement"]
    assert [one.get("Sid") for one in written] == ["Read", None, "Read2", "Read22", None, "Read3"]


def test_document_keeps_what_it_had_besides_its_statements() -> None:
    written = json.loads(document([{"Effect": "Deny"}], Id="own", Version="2008-10-17"))
    assert written == {"Version": "2008-10-17", "Id": "own", "Statement": [{"Effect": "Deny"}]}


def test_compact_document_has_no_spaces() -> None:
    statements: list[Statement] = [{"Effect": "Allow", "Action": ["a:B", "a:C"], "Resource": "*"}]
    compact = document(statements, compact=True)
    assert compact == (
        '{"Version":"2012-10-17",'
        '"Statement":[{"Effect":"Allow","Action":["a:B","a:C"],"Resource":"*"}]}'
    )
    assert json.loads(compact) == json.loads(document(statements))


def test_lambda_may_assume_the_role_of_its_functions() -> None:
    assert json.loads(ASSUMED_BY_LAMBDA) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
