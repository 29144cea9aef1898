"""The policy templates: what comes out of them, and what is refused."""

import json
import re
from pathlib import Path

import pytest

from secrets_component.iam.templates import TemplateError, file_problems, fill, shipped

SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/dev/rds/master-??????"
VALUES = {
    "secret_arns": [SECRET],
    "kms_key_arns": ["arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
    "region": "eu-central-1",
    "principals": ["arn:aws:iam::111122223333:root"],
    "principal_arns": ["arn:aws:iam::111122223333:role/reader"],
    "organization_id": "o-a1b2c3d4e5",
}  # fmt: skip
NAMES = ("read-secret-policy", "admin-secret-policy", "cross-account-secret-policy")


@pytest.mark.parametrize("name", NAMES)
def test_shipped_template_has_no_wildcard(name: str) -> None:
    assert "*" not in shipped(name)
    assert list(file_problems(Path(name), shipped(name))) == []


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


def test_what_names_nothing_is_left_out() -> None:
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
