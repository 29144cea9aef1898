"""The AWS account that a verification runs in, with the credentials that the AWS CLI would use."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

REFUSALS = (BotoCoreError, ClientError)
"""What boto3 raises when AWS does not answer, or refuses."""

_CONFIG = Config(retries={"mode": "standard", "max_attempts": 5})


class AccountError(Exception):
    """AWS cannot be queried; the message is one line that explains why."""


class Account:
    """One account and region, and clients of its services.

    Attributes:
        region: the region that the map is deployed to.
        number: the account's twelve digits.
        caller: the ARN of the identity that everything is created with.
        partition: `aws`, or that of China or the US government.
    """

    def __init__(self, session: boto3.Session, number: str, caller: str) -> None:
        """Keep the session; `open_account` asks AWS whose it is."""
        self._session = session
        self._clients: dict[tuple[str, str], Any] = {}
        self.region = str(session.region_name)
        self.number = number
        self.caller = caller
        self.partition = caller.split(":")[1]

    def client(self, service: str, region: str | None = None) -> Any:  # noqa: ANN401 # boto3 makes its clients at run time
        """Return the client of a service, which several threads may use."""
        place = (service, region or self.region)
        if place not in self._clients:
            self._clients[place] = self._session.client(service, place[1], config=_CONFIG)

        return self._clients[place]


def open_account() -> Account:
    """Find credentials and region, and ask AWS whose they are; this changes nothing.

    Raises:
        AccountError: there are none, or AWS does not answer.
    """
    try:
        session = boto3.Session()
        if session.region_name is None:
            msg = "no AWS region is set; set AWS_REGION"
            raise AccountError(msg)

        found = session.client("sts", config=_CONFIG).get_caller_identity()
    except REFUSALS as error:
        raise AccountError(_line(error)) from None

    return Account(session, found["Account"], found["Arn"])


def reason(error: BaseException) -> str:
    """Return why AWS refused, in one line: its error code where there is one."""
    if isinstance(error, ClientError):
        return f"{error.operation_name}: {error_code(error)}"

    return _line(error)


def error_code(error: BaseException) -> str | None:
    """Return AWS's code of an error; None where AWS has not answered."""
    if isinstance(error, ClientError):
        code: str | None = error.response["Error"].get("Code")
        return code

    return None


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
