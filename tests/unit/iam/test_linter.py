"""The linter: every finding, with its path inside the document."""

from typing import Any

import pytest

from secrets_component.iam.linter import findings

READER = "arn:aws:iam::123456789012:role/reader"
GOOD = {
    "Effect": "Allow",
    "Principal": {"AWS": READER},
    "Action": "secretsmanager:GetSecretValue",
    "Resource": "*",
}
PUBLIC = (
    "gives access to everyone (`Principal: *` without a condition that limits the accounts), which "
    "AWS blocks; list the accounts or roles"
)
NOT_A_DOCUMENT = "is not a policy document; expected a mapping with `Version` and `Statement`"
NOT_AN_IDENTITY = "`AWS`: expected account ids or ARNs of roles or users, never with a wildcard"
NOT_AN_ACTION = "`Action`: expected `<service>:<Operation>`"


def statement(**changes: Any) -> dict[str, Any]:
    """Return a good statement with changes; what is changed to None is left out."""
    changed = {**GOOD, **changes}
    return {key: value for key, value in changed.items() if value is not None}


def document(*statements: Any, **rest: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **rest}


def first(*path: str) -> tuple[str | int, ...]:
    """Return a path inside the first statement."""
    return ("Statement", 0, *path)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ([], [((), NOT_A_DOCUMENT)]),
        ("text", [((), NOT_A_DOCUMENT)]),
        ({"Version": "2012-10-17"}, [((), NOT_A_DOCUMENT)]),
        ({"Statement": "text"}, [((), NOT_A_DOCUMENT)]),
        (document(GOOD, Version="2012-10-18"), [(("Version",), '`Version`: expected "2012-10-17"')]),
        (document(GOOD, Statment=[]), [(("Statment",), "unknown key `Statment`; did you mean `Statement`?")]),
        (document(GOOD, 7), [(("Statement", 1), "a statement must be a mapping")]),
        ({"Statement": statement(Effect="Permit")}, [(("Statement", "Effect"), "`Effect`: expected `Allow` or `Deny`")]),
    ],
)  # fmt: skip
def test_document_with_a_mistake(policy: object, expected: list[Any]) -> None:
    assert list(findings(policy)) == expected


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"Principle": "*"}, ("Principle",), "unknown key `Principle`; did you mean `Principal`?"),
        ({"hunter2 hunter2": ""}, ("hunter2 hunter2",), "unknown key"),
        ({"Effect": None}, ("Effect",), "`Effect`: expected `Allow` or `Deny`"),
        ({"Action": None}, (), "the statement has no `Action`"),
        ({"Principal": None}, (), "the statement has no `Principal`; a resource policy requires one"),
        ({"Principal": READER}, ("Principal",), '`Principal`: expected `{"AWS": […]}` or `{"Service": […]}`'),
        ({"Principal": "*"}, ("Principal",), PUBLIC),
        ({"Principal": {"AWS": "*"}}, ("Principal",), PUBLIC),
        ({"Principal": {"AWS": [READER, "*"]}}, ("Principal",), PUBLIC),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:role/*"}}, ("Principal", "AWS"), NOT_AN_IDENTITY),
        ({"Principal": {"AWS": "arn:aws:iam::12:root"}}, ("Principal", "AWS"), NOT_AN_IDENTITY),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:group/g"}}, ("Principal", "AWS"), NOT_AN_IDENTITY),
        ({"Principal": {"AWS": [READER, 123456789012]}}, ("Principal", "AWS"), NOT_AN_IDENTITY),
        ({"Principal": {"Service": "ecs.example.com"}}, ("Principal", "Service"), "`Service`: expected `<name>.amazonaws.com`"),
        ({"Principal": {"Service": 1}}, ("Principal", "Service"), "`Service`: expected `<name>.amazonaws.com`"),
        ({"Principal": None, "NotPrincipal": {"AWS": READER}}, ("NotPrincipal",), "`NotPrincipal` with `Allow` gives access to everyone else, which AWS blocks; list the accounts or roles in `Principal`"),
        ({"Action": "GetSecretValue"}, ("Action",), NOT_AN_ACTION),
        ({"Action": ["a:B", 7]}, ("Action",), NOT_AN_ACTION),
        ({"Action": None, "NotAction": "a:B"}, ("NotAction",), "`NotAction` with `Allow` grants all other actions; list the actions in `Action`"),
    ],
)  # fmt: skip
def test_statement_with_a_mistake(
    changes: dict[str, Any], path: tuple[str, ...], message: str
) -> None:
    assert list(findings(document(statement(**changes)))) == [(first(*path), message)]


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"Action": "a:*"}, ("Action",), "wildcards are not allowed in `Action`; list the actions"),
        ({"Action": ["a:B", "*"]}, ("Action",), "wildcards are not allowed in `Action`; list the actions"),
        ({"Resource": "x-*"}, ("Resource",), "`Resource`: `-*` also matches longer names; write `-??????` for the six characters that AWS adds"),
    ],
)  # fmt: skip
def test_template_is_held_to_least_privilege_and_a_document_is_not(
    changes: dict[str, Any], path: tuple[str, ...], message: str
) -> None:
    policy = document(statement(**changes))
    assert list(findings(policy, is_template=True)) == [(first(*path), message)]
    assert list(findings(policy)) == []


def test_template_may_leave_the_principal_to_the_map() -> None:
    assert list(findings(document(statement(Principal=None)), is_template=True)) == []


@pytest.mark.parametrize("changes", [{"Principal": "*"}, {"Action": "a:*"}, {"Resource": "x-*"}])
def test_denial_may_be_as_wide_as_it_likes(changes: dict[str, Any]) -> None:
    policy = document(statement(Effect="Deny", **changes))
    assert list(findings(policy, is_template=True)) == []


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": "123456789012"},
        {"AWS": ["arn:aws:iam::123456789012:root", "arn:aws-cn:iam::123456789012:user/a/b"]},
        {"AWS": "arn:aws:sts::123456789012:assumed-role/reader/session"},
        {"AWS": "${principals}"},
        {"Service": ["dms.amazonaws.com", "ec2.amazonaws.com.cn", "${service}"]},
        {"Federated": "cognito-identity.amazonaws.com"},
        "${principals}",
    ],
)
def test_principal_that_aws_accepts(principal: object) -> None:
    assert list(findings(document(statement(Principal=principal)))) == []


@pytest.mark.parametrize(
    ("condition", "is_public"),
    [
        ({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}, False),
        ({"StringEquals": {"AWS:principalorgid": "o-a1b2c3d4e5"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}, "ArnLike": {"aws:PrincipalArn": READER}}, False),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}, True),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}, True),
        ({"StringEquals": "aws:PrincipalOrgID"}, True),
        ("aws:PrincipalOrgID", True),
    ],
)
def test_everyone_is_fine_on_a_condition_that_limits_the_accounts(
    condition: object, is_public: bool
) -> None:
    found = list(findings(document(statement(Principal="*", Condition=condition))))
    assert found == ([(first("Principal"), PUBLIC)] if is_public else [])


def test_every_statement_is_checked() -> None:
    policy = document(statement(Effect="Permit"), GOOD, statement(Action=None))
    assert [path for path, _ in findings(policy)] == [("Statement", 0, "Effect"), ("Statement", 2)]
