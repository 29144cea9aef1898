"""Resource policies, as the running sandbox answers boto3."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.conftest import Aws
from tests.sandbox.rules.calls import READER, policy_for, refusal


@pytest.mark.parametrize(
    "broken", ["{", "[]", "{}", '"text"', '{"Statement": "text"}', '{"Statement": ["text"]}']
)
def test_refuses_a_text_that_is_not_a_policy(sm: Any, secret: str, broken: str) -> None:
    code, _ = refusal(sm.put_resource_policy, SecretId=secret, ResourcePolicy=broken)
    assert code == "MalformedPolicyDocumentException"


def test_refuses_a_policy_over_20480_characters(sm: Any, secret: str) -> None:
    long = policy_for({"AWS": READER}, Sid="x" * 20_480)
    code, text = refusal(sm.put_resource_policy, SecretId=secret, ResourcePolicy=long)
    assert (code, "20480" in text) == ("ValidationException", True)


@pytest.mark.parametrize("anyone", ["*", {"AWS": "*"}, {"AWS": [READER, "*"]}])
def test_block_public_policy_keeps_the_policy_that_was_there(
    sm: Any, secret: str, anyone: Any
) -> None:
    good = policy_for({"AWS": READER})
    sm.put_resource_policy(SecretId=secret, ResourcePolicy=good, BlockPublicPolicy=True)
    public = {"SecretId": secret, "ResourcePolicy": policy_for(anyone)}
    code, _ = refusal(sm.put_resource_policy, **public, BlockPublicPolicy=True)
    assert code == "PublicPolicyException"
    assert sm.get_resource_policy(SecretId=secret)["ResourcePolicy"] == good
    sm.put_resource_policy(**public)  # AWS: "By default, public policies aren't blocked."


@pytest.mark.parametrize(
    "closed",
    [
        policy_for("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}),
        policy_for("*", Effect="Deny"),
    ],
    ids=["condition", "deny"],
)
def test_block_public_policy_lets_closed_wildcards_through(
    sm: Any, secret: str, closed: str
) -> None:
    sm.put_resource_policy(SecretId=secret, ResourcePolicy=closed, BlockPublicPolicy=True)
    assert sm.get_resource_policy(SecretId=secret)["ResourcePolicy"] == closed


UNSUPPORTED = (
    "MalformedPolicyDocumentException",
    "This resource policy contains an unsupported principal.",
)
HERE = "arn:aws:iam::123456789012"


def role(aws: Aws, name: str | None = None) -> str:
    """The ARN of a new role."""
    name = name or f"reader-{uuid.uuid4()}"
    return str(aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"])


def principals(sm: Any, secret: str) -> Any:
    policy = json.loads(sm.get_resource_policy(SecretId=secret)["ResourcePolicy"])
    return policy["Statement"][0]["Principal"]["AWS"]


@pytest.mark.parametrize(
    "principal",
    [
        f"{HERE}:role/nobody",
        f"{HERE}:user/nobody",
        f"{HERE}:group/readers",
        f"{HERE}:role/*",
        "arn:aws:iam::111122223333:group/readers",
        "AROAQQQQQQQQQQQQQQQQQ",
        "11112222333",
    ],
)
def test_refuses_a_principal_that_does_not_exist(sm: Any, secret: str, principal: str) -> None:
    for named in (principal, [READER, principal]):
        policy = policy_for({"AWS": named})
        assert refusal(sm.put_resource_policy, SecretId=secret, ResourcePolicy=policy) == (
            UNSUPPORTED
        )


def test_takes_principals_of_the_account_and_of_others(sm: Any, aws: Aws, secret: str) -> None:
    user = aws("iam").create_user(UserName=f"u{uuid.uuid4()}")["User"]["Arn"]
    session = "arn:aws:sts::123456789012:assumed-role/any/session"
    named = [role(aws), user, session, READER, f"{HERE}:root", "111122223333"]
    sm.put_resource_policy(SecretId=secret, ResourcePolicy=policy_for({"AWS": named}))
    assert principals(sm, secret) == [*named[:5], "arn:aws:iam::111122223333:root"]


def test_takes_services_whatever_they_are(sm: Any, secret: str) -> None:
    policy = policy_for({"Service": "rds.amazonaws.com"})
    sm.put_resource_policy(SecretId=secret, ResourcePolicy=policy)


def test_a_list_of_one_principal_is_shown_as_its_item(sm: Any, secret: str) -> None:
    sm.put_resource_policy(SecretId=secret, ResourcePolicy=policy_for({"AWS": [READER]}))
    assert principals(sm, secret) == READER


def test_a_deleted_role_is_shown_as_its_id_even_if_it_is_made_again(
    sm: Any, aws: Aws, secret: str
) -> None:
    arn = role(aws)
    name = arn.rpartition("/")[2]
    role_id = aws("iam").get_role(RoleName=name)["Role"]["RoleId"]
    sm.put_resource_policy(SecretId=secret, ResourcePolicy=policy_for({"AWS": [arn, READER]}))
    assert principals(sm, secret) == [arn, READER]
    aws("iam").delete_role(RoleName=name)
    assert principals(sm, secret) == [role_id, READER]
    assert role_id.startswith("AROA")
    role(aws, name)
    assert principals(sm, secret) == [role_id, READER]
    sm.put_resource_policy(SecretId=secret, ResourcePolicy=policy_for({"AWS": [arn, READER]}))
    assert principals(sm, secret) == [arn, READER]


def test_a_deleted_user_is_shown_as_its_id(sm: Any, aws: Aws, secret: str) -> None:
    user = aws("iam").create_user(UserName=f"u{uuid.uuid4()}")["User"]
    sm.put_resource_policy(SecretId=secret, ResourcePolicy=policy_for({"AWS": user["Arn"]}))
    aws("iam").delete_user(UserName=user["UserName"])
    assert principals(sm, secret).startswith("AIDA")
