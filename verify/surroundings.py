"""What the map needs and does not create: a role, functions to restart, and secrets to adopt."""

from __future__ import annotations

import io
import json
import secrets
import zipfile
from dataclasses import dataclass

from botocore.exceptions import ClientError

from verify.account import Account, AccountError, error_code
from verify.names import Names
from verify.waiting import wait_for

ADOPTED, RELEASED = "adopted", "released"
"""The two secrets that exist before the map adopts them; the entry of the second goes again."""

TAG = "secretsmap-verify"
_ROLE_SECONDS = 60
_ACTIVE_SECONDS = 120
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
_CODE = "def handler(event, context):\n    pass\n"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was created.

    Attributes:
        role: the ARN of a role that is seconds old.
        values: the values of the secrets to adopt, which only this process knows.
    """

    role: str
    values: dict[str, str]


def create(account: Account, names: Names) -> Surroundings:
    """Create everything, each under the run's name.

    Raises:
        ClientError: AWS refuses.
        AccountError: Lambda does not learn of the role in time.
    """
    role = account.client("iam").create_role(
        RoleName=names.role,
        AssumeRolePolicyDocument=json.dumps(_TRUST),
        Tags=[{"Key": TAG, "Value": names.run}],
    )["Role"]["Arn"]
    for name in (names.reader, names.witness):
        _create_function(account, name, role, names.run)

    values = {}
    for name in (ADOPTED, RELEASED):
        values[name] = secrets.token_urlsafe(24)
        account.client("secretsmanager").create_secret(
            Name=names.secret(name),
            SecretString=values[name],
            Tags=[{"Key": TAG, "Value": names.run}],
        )

    return Surroundings(role, values)


def _create_function(account: Account, name: str, role: str, run: str) -> None:
    """Create a function that does nothing, and wait until it can be updated."""
    client = account.client("lambda")

    def try_to_create() -> bool:
        try:
            client.create_function(
                FunctionName=name,
                Role=role,
                Runtime="python3.13",
                Handler="index.handler",
                Code={"ZipFile": _zipped(_CODE)},
                Tags={TAG: run},
            )
        except ClientError as error:
            # Lambda: "The role defined for the function cannot be assumed by Lambda", until IAM
            # has told it of the role.
            if error_code(error) != "InvalidParameterValueException":
                raise

            return False

        return True

    if not wait_for(try_to_create, _ROLE_SECONDS, pause=3):
        msg = f"Lambda does not accept the role of `{name}` after {_ROLE_SECONDS} seconds"
        raise AccountError(msg)

    wait_for(lambda: _is_active(account, name), _ACTIVE_SECONDS)


def _is_active(account: Account, name: str) -> bool:
    found = account.client("lambda").get_function_configuration(FunctionName=name)
    return bool(found.get("State", "Active") == "Active")


def _zipped(code: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", code)

    return packed.getvalue()
