"""Who makes a request, and what AWS knows about it by itself."""

import pytest

from secrets_component.iam.requests import Request, caller_of, role_of

HERE = "111111111111"
SECRET = f"arn:aws:secretsmanager:eu-central-1:{HERE}:secret:a-AbCdEf"
READ = "secretsmanager:GetSecretValue"


@pytest.mark.parametrize(
    ("principal", "kind", "account"),
    [
        (f"arn:aws:iam::{HERE}:user/a/b/amy", "user", HERE),
        (f"arn:aws:iam::{HERE}:role/a/app", "role", HERE),
        (f"arn:aws:sts::{HERE}:assumed-role/app/s", "session", HERE),
        (f"arn:aws:sts::{HERE}:federated-user/fed", "federated", HERE),
        (f"arn:aws:iam::{HERE}:root", "root", HERE),
        ("dms.amazonaws.com", "service", None),
        ("*", "anonymous", None),
    ],
)
def test_principal_says_who_calls(principal: str, kind: str, account: str | None) -> None:
    caller = caller_of(principal)
    assert (caller.kind, caller.account) == (kind, account)


@pytest.mark.parametrize(
    "principal", [SECRET, f"arn:aws:iam::{HERE}:group/g", "arn:aws:iam", f"arn:aws:sts::{HERE}:x/y"]
)
def test_arn_of_something_else_cannot_call(principal: str) -> None:
    with pytest.raises(ValueError, match=r"ARN|cannot make a request"):
        caller_of(principal)


def test_session_has_the_arn_of_its_role_as_its_principal_arn() -> None:
    request = Request(f"arn:aws:sts::{HERE}:assumed-role/app/s", READ, SECRET)
    assert request.value("aws:principalarn") == f"arn:aws:iam::{HERE}:role/app"
    assert caller_of(request.principal).role == role_of(f"arn:aws:iam::{HERE}:role/with/path/app")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws:principalaccount", HERE),
        ("aws:principalarn", f"arn:aws:iam::{HERE}:user/ops/amy"),
        ("aws:principaltype", "User"),
        ("aws:principalisawsservice", "false"),
        ("aws:resourceaccount", HERE),
        ("aws:username", "amy"),
        ("aws:sourceip", None),
    ],
)
def test_context_has_what_follows_from_the_request(key: str, value: str | None) -> None:
    assert Request(f"arn:aws:iam::{HERE}:user/ops/amy", READ, SECRET).value(key) == value


def test_service_has_its_name_and_no_account() -> None:
    request = Request("dms.amazonaws.com", READ, SECRET)
    assert request.value("aws:principalservicename") == "dms.amazonaws.com"
    assert request.value("aws:principalisawsservice") == "true"
    assert request.value("aws:principalaccount") is None


def test_given_context_takes_precedence_and_ignores_case() -> None:
    context = {"AWS:PrincipalArn": "arn:aws:iam::1:role/p/app", "aws:TagKeys": ["a", "b"]}
    request = Request(f"arn:aws:sts::{HERE}:assumed-role/app/s", READ, SECRET, context)
    assert request.value("aws:principalarn") == "arn:aws:iam::1:role/p/app"
    assert request.value("aws:tagkeys") == ("a", "b")


def test_owner_is_the_account_in_the_arn_or_the_given_one() -> None:
    bucket = "arn:aws:s3:::logs"
    assert Request("*", READ, SECRET).owner == HERE
    assert Request("*", "s3:GetObject", bucket, resource_account="2").owner == "2"
    with pytest.raises(ValueError, match="`resource_account` is needed"):
        _ = Request("*", "s3:GetObject", bucket).owner


def test_operation_without_a_resource_is_about_the_callers_account() -> None:
    request = Request(f"arn:aws:iam::{HERE}:user/amy", "secretsmanager:ListSecrets", "*")
    assert request.owner == HERE
    assert request.value("aws:resourceaccount") is None


@pytest.mark.parametrize(
    "principal",
    [
        f"arn:aws:iam::{HERE}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
        f"arn:aws:sts::{HERE}:assumed-role/AWSServiceRoleForX/s",
    ],
)
def test_service_linked_role_is_outside_the_policies_of_an_organization(principal: str) -> None:
    caller = caller_of(principal)
    assert caller.is_service_linked
    assert not caller.is_bound_by_scps


@pytest.mark.parametrize("name", ["user/amy", "root"])
def test_what_is_no_role_has_none(name: str) -> None:
    assert role_of(f"arn:aws:iam::{HERE}:{name}") is None
    assert caller_of(f"arn:aws:iam::{HERE}:{name}").role is None
