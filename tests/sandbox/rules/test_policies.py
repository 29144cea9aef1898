"""Resource policies, as the running sandbox answers boto3."""

from __future__ import annotations

from typing import Any

import pytest

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
