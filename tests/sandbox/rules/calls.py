"""What the tests send to AWS, and its refusals as boto3 reports them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

READER = "arn:aws:iam::111122223333:role/reader"


MINE = "secretsmap/written"  # a staging label of our own


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    """The code and the text with which AWS refuses a call."""
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def policy_for(principal: Any, **more: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_function(aws: Callable[[str], Any], *, allowed: bool) -> str:
    trust = {"Version": "2012-10-17", "Statement": []}
    name = f"rotate-{uuid.uuid4()}"
    role = aws("iam").create_role(RoleName=name[:60], AssumeRolePolicyDocument=json.dumps(trust))
    made = aws("lambda").create_function(
        FunctionName=name,
        Role=role["Role"]["Arn"],
        Runtime="python3.12",
        Handler="index.handler",
        Code={"ZipFile": b"PK\x05\x06" + b"\x00" * 18},
    )
    if allowed:
        aws("lambda").add_permission(
            FunctionName=name,
            StatementId="rotate",
            Action="lambda:InvokeFunction",
            Principal="secretsmanager.amazonaws.com",
        )
    return str(made["FunctionArn"])
