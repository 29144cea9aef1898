"""The policy templates: what they become when filled in, and what is refused."""

import json
import re
from pathlib import Path

import pytest

from secrets_component.iam import linter, templates
from secrets_component.iam.templates import (
    TemplateError,
    file_problems,
    fill,
    names_variable,
    needs_principals,
    shipped,
)

SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/dev/rds/master-??????"
VALUES = {
    "secret_arns": [SECRET],
    "kms_key_arns": ["arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
    "region": "eu-central-1",
    "dns_suffix": "amazonaws.com",
    "principals": ["arn:aws:iam::111122223333:root"],
    "principal_arns": ["arn:aws:iam::111122223333:role/reader"],
    "organization_id": "o-a1b2c3d4e5",
}  # fmt: skip
NAMES = ("read-secret-policy", "admin-secret-policy", "cross-account-secret-policy")


@pytest.mark.parametrize("name", NAMES)
def test_shipped_template_has_no_wildcard(name: str) -> None:
    assert "*" not in shipped(name)
    assert list(linter.findings(json.loads(shipped(name)), is_template=True)) == []


@pytest.mark.parametrize("name", NAMES)
def test_shipped_template_is_used_without_this_project(name: str) -> None:
    """A plain substitution, as `envsubst` makes it, gives the same policy."""
    one = {key: value[0] if isinstance(value, list) else value for key, value in VALUES.items()}
    text = re.sub(r"\$\{(\w+)\}", lambda match: str(one[match[1]]), shipped(name))
    assert json.loads(text)["Statement"] == fill(shipped(name), one)


def test_decrypting_is_bound_to_the_service_and_the_secret() -> None:
    decrypt = fill(shipped("read-secret-policy"), VALUES)[1]
    assert decrypt["Condition"] == {
        "StringEquals": {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:SecretARN": [SECRET]},
    }


def test_text_around_a_list_becomes_a_list_of_texts() -> None:
    decrypt = fill(shipped("read-secret-policy"), {**VALUES, "region": ["a-b-1", "c-d-2"]})[1]
    assert decrypt["Condition"]["StringEquals"]["kms:ViaService"] == [
        "secretsmanager.a-b-1.amazonaws.com",
        "secretsmanager.c-d-2.amazonaws.com",
    ]


def test_what_has_no_value_is_left_out() -> None:
    statements = fill(shipped("read-secret-policy"), {**VALUES, "kms_key_arns": None})
    assert [statement["Sid"] for statement in statements] == ["ReadSecrets"]
    values = {**VALUES, "organization_id": None, "principal_arns": None}
    (shared,) = fill(shipped("cross-account-secret-policy"), values)
    assert "Condition" not in shared


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        (
            "organisation_id",
            "unknown variable `${organisation_id}`.*did you mean `organization_id`",
        ),
        ("region", "`${region}` has no value here"),
    ],
)
def test_unknown_or_missing_variable_is_named(variable: str, message: str) -> None:
    text = json.dumps({"Statement": [{"Action": "a", "Resource": f"${{{variable}}}"}]})
    values = {k: v for k, v in VALUES.items() if k != "region"}
    with pytest.raises(TemplateError, match=message.replace("${", r"\$\{").replace("}`", r"\}`")):
        fill(text, values)


def test_variables_of_iam_itself_stay() -> None:
    text = json.dumps({"Statement": {"Action": "a", "Resource": "x/${aws:PrincipalTag/team}-${*}"}})
    assert fill(text, {})[0]["Resource"] == "x/${aws:PrincipalTag/team}-${*}"


def test_value_that_is_a_list_joins_the_list_that_it_is_in() -> None:
    statement = {"Action": "a", "Resource": "*", "Principal": {"AWS": ["${principals}", "x"]}}
    (filled,) = fill(json.dumps({"Statement": statement}), {"principals": ["a", "b"]})
    assert filled["Principal"] == {"AWS": ["a", "b", "x"]}


def test_statement_whose_only_resource_has_no_value_is_left_out() -> None:
    statement = {"Action": "a", "Resource": ["${kms_key_arns}"]}
    assert fill(json.dumps({"Statement": statement}), {"kms_key_arns": None}) == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"Principal": {"AWS": "${principals}"}}, True),
        ({}, True),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}, False),
        ({"NotPrincipal": {"AWS": "arn:aws:iam::111122223333:root"}}, False),
    ],
)
def test_principals_are_needed_where_the_template_has_none_of_its_own(
    statement: dict[str, object], expected: bool
) -> None:
    named = {"Principal": {"AWS": "arn:aws:iam::444455556666:root"}}
    assert needs_principals(json.dumps({"Statement": statement})) is expected
    assert needs_principals(json.dumps({"Statement": [named, statement]})) is expected


def test_variable_is_named_by_its_whole_name() -> None:
    assert names_variable("${principal_arns}", "principal_arns")
    assert not names_variable("${principal_arns}", "principals")
    assert not names_variable("principals ${aws:principals}", "principals")


@pytest.mark.parametrize(
    ("lines", "place", "message"),
    [
        (['{"Statement":', " [}"], "own.tpl:2:3", "the template is not JSON: expecting value"),
        (
            ["{", ' "Id": "${secret_arn}"', "}"],
            "own.tpl:2:9",
            "the template has an unknown variable `${secret_arn}`; known are `${organization_id}`, "
            "`${principal_arns}`, `${principals}`, `${secret_arns}`; did you mean `secret_arns`?",
        ),
        (
            ["{", ' "Id": "in ${region}"', "}"],
            "own.tpl:2:12",
            "`${region}` has no value in the resource policy of a secret, so that the condition "
            "with it would not hold; write its value here",
        ),
        (
            ['{"Statement": {', ' "Effect": "Permit",', ' "Action": "a:B", "Resource": "x"}}'],
            "own.tpl:2:12",
            "`Effect`: expected `Allow` or `Deny`",
        ),
    ],
)
def test_mistake_in_a_custom_template_is_reported_at_its_place(
    lines: list[str], place: str, message: str
) -> None:
    reported = [str(problem) for problem in file_problems(Path("own.tpl"), "\n".join(lines))]
    assert reported[0] == f"{place}: error: {message}"


def test_missing_folder_of_templates_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "folder", lambda _: None)
    shipped.cache_clear()
    with pytest.raises(FileNotFoundError, match="reinstall secretsmap"):
        shipped("read-secret-policy")


def test_condition_that_a_template_leaves_empty_is_kept() -> None:
    statement = {"Effect": "Allow", "Action": "a:B", "Resource": "x", "Condition": {"Bool": {}}}
    assert fill(json.dumps({"Statement": statement}), {}) == [statement]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue"}, "read"),
        ({"Effect": "Allow", "Action": ["a:B", "secretsmanager:PutSecretValue"]}, "admin"),
        ({"Effect": "Allow", "Action": "secretsmanager:DescribeSecret"}, None),
        ({"Effect": "Deny", "Action": "secretsmanager:GetSecretValue"}, None),
        ({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Principal": {"AWS": "1"}}, None),
        ({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Principal": {"AWS": "${principals}"}}, "read"),
    ],
)  # fmt: skip
def test_template_uses_the_key_as_its_actions_read_and_write_values(
    statement: dict[str, object], expected: str | None
) -> None:
    assert templates.use_of_values(json.dumps({"Statement": statement})) == expected


def test_denial_of_all_other_actions_or_resources_is_kept() -> None:
    statements = [
        {"Effect": "Deny", "NotAction": "a:B", "Resource": "*"},
        {"Effect": "Deny", "Action": "a:B", "NotResource": "x"},
    ]
    assert fill(json.dumps({"Statement": statements}), {}) == statements
