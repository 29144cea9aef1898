"""What exists besides the map."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from verify import surroundings
from verify.account import Account, AccountError
from verify.names import Names, belongs


def test_everything_is_named_after_the_run(account: Account, names: Names) -> None:
    made = surroundings.create(account, names)
    assert made.role.endswith(f":role/{names.role}")
    functions = account.client("lambda").list_functions()["Functions"]
    assert {one["FunctionName"] for one in functions} == {names.reader, names.witness}
    secrets = account.client("secretsmanager").list_secrets()["SecretList"]
    assert all(belongs(one["Name"], names.run) for one in secrets)


def test_role_can_be_assumed_by_functions_and_may_do_nothing(
    account: Account, names: Names
) -> None:
    surroundings.create(account, names)
    iam = account.client("iam")
    trust = iam.get_role(RoleName=names.role)["Role"]["AssumeRolePolicyDocument"]
    assert "lambda.amazonaws.com" in json.dumps(trust)
    assert iam.list_role_policies(RoleName=names.role)["PolicyNames"] == []


def test_values_of_secrets_to_adopt_are_random_and_known_to_the_caller(
    account: Account, names: Names
) -> None:
    made = surroundings.create(account, names)
    client = account.client("secretsmanager")
    live = {
        name: client.get_secret_value(SecretId=names.secret(name))["SecretString"]
        for name in ("adopted", "released")
    }
    assert live == made.values
    assert len(set(live.values())) == 2


class SlowLambda:
    """Does not know a role at first."""

    def __init__(self, refusals: int, code: str = "InvalidParameterValueException") -> None:
        self.refusals, self.code, self.created = refusals, code, 0

    def create_function(self, **_: Any) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ClientError({"Error": {"Code": self.code}}, "CreateFunction")
        self.created += 1

    def get_function_configuration(self, **_: Any) -> dict[str, str]:
        return {"State": "Active"}


@pytest.fixture
def slow(account: Account, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Replace Lambda by one that refuses some times."""
    monkeypatch.setattr("verify.waiting.time.sleep", lambda _: None)

    def replace(refusals: int, **code: str) -> SlowLambda:
        client = SlowLambda(refusals, **code)
        account._clients["lambda", account.region] = client
        return client

    return replace


def test_role_that_lambda_does_not_know_yet_is_tried_again(
    account: Account, names: Names, slow: Any
) -> None:
    client = slow(2)
    surroundings.create(account, names)
    assert client.created == 2


def test_role_that_lambda_never_learns_of_ends_the_run(
    account: Account, names: Names, slow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(10**9)
    monkeypatch.setattr(surroundings, "_ROLE_SECONDS", 0.01)
    with pytest.raises(AccountError, match="Lambda does not accept the role of `try-"):
        surroundings.create(account, names)


def test_other_refusals_are_not_tried_again(account: Account, names: Names, slow: Any) -> None:
    slow(1, code="AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        surroundings.create(account, names)
