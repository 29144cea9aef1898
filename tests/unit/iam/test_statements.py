"""What the statements of a policy say about a request, and what no policy may have."""

import json
from typing import Any

import pytest

from secrets_component.iam.conditions import PolicyError
from secrets_component.iam.requests import Request, caller_of
from secrets_component.iam.statements import CompiledStatement, PolicyKind, compile_policy

HERE, THERE = "111111111111", "222222222222"
USER, OTHER_USER = f"arn:aws:iam::{HERE}:user/amy", f"arn:aws:iam::{HERE}:user/bob"
ROLE, SESSION = f"arn:aws:iam::{HERE}:role/p/app", f"arn:aws:sts::{HERE}:assumed-role/app/s1"
ROOT = f"arn:aws:iam::{HERE}:root"
SECRET = f"arn:aws:secretsmanager:eu-central-1:{HERE}:secret:a/b-AbCdEf"
READ = "secretsmanager:GetSecretValue"


def statement(kind: PolicyKind = "identity", **elements: Any) -> CompiledStatement:
    whole = {"Effect": "Allow", "Action": READ, "Resource": "*", **elements}
    kept = {name: value for name, value in whole.items() if value is not None}
    document = {"Version": "2012-10-17", "Statement": kept}
    return compile_policy(kind, "p", document).statements[0]


def says(
    action: str = READ, resource: str = SECRET, principal: str = USER, **elements: Any
) -> bool:
    """Return whether a statement is about a request and applies to it."""
    found, request = statement(**elements), Request(principal, action, resource)
    return found.is_about(request) and found.applies(request)


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"Action": "secretsmanager:*"}, True),
        ({"Action": ["s3:*", "SecretsManager:getsecretVALUE"]}, True),
        ({"Action": "secretsmanager:Put*"}, False),
        ({"Action": "secretsmanager:GetSecretValu?"}, True),
        ({"Action": None, "NotAction": "s3:*"}, True),
        ({"Action": None, "NotAction": ["s3:*", "secretsmanager:get*"]}, False),
        ({"Action": "${aws:username}*"}, False),
    ],
)
def test_action(elements: dict[str, Any], expected: bool) -> None:
    assert says(**elements) is expected


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"Resource": SECRET}, True),
        ({"Resource": f"{SECRET[:-6]}??????"}, True),
        ({"Resource": SECRET.upper()}, False),
        ({"Resource": [f"arn:aws:secretsmanager:*:{HERE}:secret:a/*"]}, True),
        ({"Resource": "arn:aws:secretsmanager:*"}, True),  # `*` at the end goes past colons
        ({"Resource": None, "NotResource": SECRET}, False),
        ({"Resource": None, "NotResource": ["arn:aws:s3:::*", f"{SECRET}x"]}, True),
        ({"Resource": None, "NotResource": "*"}, False),
        ({"Resource": None, "NotResource": f"{SECRET}${{aws:PrincipalTag/none}}"}, True),
    ],
)
def test_resource(elements: dict[str, Any], expected: bool) -> None:
    assert says(**elements) is expected


def test_operation_without_a_resource_needs_every_resource() -> None:
    listing = {"action": "secretsmanager:ListSecrets", "resource": "*", "Action": "*"}
    assert says(**listing)
    assert not says(**listing, Resource=SECRET)


def test_all_conditions_must_hold() -> None:
    assert says(Condition={"StringEquals": {"aws:username": "amy"}})
    assert not says(Condition={"StringEquals": {"aws:username": "amy"}, "Bool": {"aws:x": "true"}})


@pytest.mark.parametrize(
    ("principal", "caller", "naming"),
    [
        ("*", USER, "caller"),
        ({"AWS": "*"}, "*", "caller"),
        ({"AWS": USER}, USER, "caller"),
        ({"AWS": [OTHER_USER, USER]}, USER, "caller"),
        ({"AWS": OTHER_USER}, USER, None),
        ({"AWS": USER.upper()}, USER, None),
        ({"AWS": ROOT}, USER, "account"),
        ({"AWS": HERE}, SESSION, "account"),
        ({"AWS": THERE}, USER, None),
        ({"AWS": ROLE}, ROLE, "role"),
        ({"AWS": ROLE}, SESSION, "role"),
        ({"AWS": [HERE, ROLE, SESSION]}, SESSION, "caller"),
        ({"AWS": SESSION}, ROLE, None),  # some session of the role, not this one
        ({"AWS": f"{SESSION}2"}, SESSION, None),
        ({"AWS": f"arn:aws:iam::{THERE}:role/app"}, SESSION, None),
        ({"AWS": f"arn:aws:iam::{HERE}:user/*"}, USER, None),  # no wildcards in a principal
        ({"AWS": "AIDAEXAMPLE"}, USER, None),
        ({"AWS": "*"}, "dms.amazonaws.com", "caller"),
        ({"AWS": HERE, "Service": "dms.amazonaws.com"}, "dms.amazonaws.com", "caller"),
        ({"Service": ["a.amazonaws.com"]}, "dms.amazonaws.com", None),
        ({"Federated": "accounts.google.com"}, USER, None),
        ({"AWS": ROOT}, ROOT, "caller"),
    ],
)
def test_principal_names_a_caller(principal: Any, caller: str, naming: str | None) -> None:
    found = statement("resource", Principal=principal).principals
    assert found is not None
    assert found.applies_to(caller_of(caller)) == naming


@pytest.mark.parametrize(
    ("excepted", "caller", "applies"),
    [
        ([USER, ROOT], USER, False),
        ([USER], USER, False),
        ([USER, ROOT], OTHER_USER, True),
        ([ROOT], USER, True),
        ([ROLE, ROOT], SESSION, False),
        ([SESSION, ROLE, ROOT], SESSION, False),
        ([SESSION], ROLE, True),
        ([USER], "dms.amazonaws.com", True),
    ],
)
def test_not_principal_excepts_only_who_it_names(
    excepted: list[str], caller: str, applies: bool
) -> None:
    elements = {"Effect": "Deny", "NotPrincipal": {"AWS": excepted}}
    found = statement("resource", **elements).principals
    assert found is not None
    assert (found.applies_to(caller_of(caller)) is not None) is applies


def test_trust_policy_has_no_resource() -> None:
    assert says(kind="resource", Resource=None, Principal="*")


@pytest.mark.parametrize(
    ("kind", "elements", "problem"),
    [
        ("identity", {"Principal": "*"}, "`Principal` or `NotPrincipal`"),
        ("scp", {"Principal": "*"}, "`Principal` or `NotPrincipal`"),
        ("resource", {}, "`Principal` or `NotPrincipal`"),
        ("rcp", {}, "`Principal` or `NotPrincipal`"),
        ("resource", {"Principal": "*", "NotPrincipal": "*"}, "`Principal` or `NotPrincipal`"),
        ("identity", {"Action": None}, "`Action` or `NotAction`"),
        ("identity", {"NotAction": "s3:*"}, "`Action` or `NotAction`"),
        ("identity", {"Resource": None}, "`Resource` or `NotResource`"),
        ("identity", {"Effect": "allow"}, "`Effect` must be `Allow` or `Deny`"),
        ("identity", {"Resources": "*"}, "unknown element `Resources`"),
        ("identity", {"Condition": {"Like": {"k": "v"}}}, "unknown condition operator `Like`"),
        ("resource", {"Principal": {"AWS": "arn:aws:iam"}}, "expected an ARN"),
    ],
)
def test_what_aws_would_refuse_is_an_error_at_its_place(
    kind: PolicyKind, elements: dict[str, Any], problem: str
) -> None:
    with pytest.raises(PolicyError, match=problem) as refused:
        statement(kind, **elements)
    assert str(refused.value).startswith("statement 1 of the ")
    assert "policy `p`: " in str(refused.value)


def test_document_may_be_text_and_have_a_single_statement() -> None:
    element = {"Sid": "Read", "Effect": "Allow", "Action": READ, "Resource": "*"}
    for statements in (element, [element]):
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        (found,) = compile_policy("scp", "guard", text).statements
        assert str(found.place) == "statement `Read` of the service control policy `guard`"


@pytest.mark.parametrize(
    "document", ["[]", "no JSON", '{"Version": "2012-10-17"}', '{"Statement": ["x"]}']
)
def test_what_is_no_document_is_an_error(document: str) -> None:
    with pytest.raises(PolicyError, match="`p`"):
        compile_policy("identity", "p", document)


def test_statement_for_everything_is_unconditional() -> None:
    assert statement().is_unconditional
    assert not statement(Resource=SECRET).is_unconditional
    assert not statement(Resource=None, NotResource="*").is_unconditional
    assert not statement(Condition={"Null": {"aws:x": "true"}}).is_unconditional
