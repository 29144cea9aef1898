"""Events of CloudTrail as EventBridge delivers them, in the shapes that AWS's pages document.

userIdentity: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
the rest: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

from typing import Any

ACCOUNT, REGION = "123456789012", "eu-central-1"
TIME = "2026-11-30T12:00:00Z"

Event = dict[str, Any]


def role(name: str, session: str = "i-0abc", *, path: str = "") -> Event:
    """A session of a role; its ARN has no path, that of the issuer has."""
    return {
        "type": "AssumedRole",
        "principalId": f"AROAIDPPEZS35WEXAMPLE:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAIDPPEZS35WEXAMPLE",
                "arn": f"arn:aws:iam::{ACCOUNT}:role/{path}{name}",
                "accountId": ACCOUNT,
                "userName": name,
            },
            "attributes": {"creationDate": TIME, "mfaAuthenticated": "false"},
        },
    }


def user(name: str) -> Event:
    return {
        "type": "IAMUser",
        "principalId": "AIDAJ45Q7YFFAREXAMPLE",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "accountId": ACCOUNT,
        "accessKeyId": "AKIAEXAMPLE",
        "userName": name,
    }


ROOT_USER = {
    "type": "Root",
    "principalId": ACCOUNT,
    "arn": f"arn:aws:iam::{ACCOUNT}:root",
    "accountId": ACCOUNT,
    "accessKeyId": "",
}
SERVICE = {"type": "AWSService", "invokedBy": "rds.amazonaws.com"}


def foreign(account: str) -> Event:
    """A caller from another account, of whom the event shows no ARN."""
    return {"type": "AWSAccount", "principalId": "AROAEXAMPLE:s", "accountId": account}


def call(
    name: str,
    by: Event,
    *,
    service: str = "secretsmanager",
    parameters: Event | None = None,
    error: tuple[str, str] | None = None,
    **more: Any,
) -> Event:
    """The event of a call."""
    detail: Event = {
        "eventVersion": "1.11",
        "userIdentity": by,
        "eventTime": TIME,
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.13.0",
        "requestParameters": parameters,
        "responseElements": None,
        "requestID": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111",
        "eventID": "a1b2c3d4-5678-90ab-cdef-EXAMPLE22222",
        "readOnly": name.startswith(("Get", "List", "Describe", "BatchGet", "Decrypt")),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        **more,
    }
    if error:
        detail["errorCode"], detail["errorMessage"] = error

    return _delivered(f"aws.{service}", "AWS API Call via CloudTrail", detail)


def service_event(name: str, secret_arn: str) -> Event:
    """What Secrets Manager reports of a rotation."""
    detail = {
        "eventVersion": "1.08",
        "userIdentity": {"accountId": ACCOUNT, "invokedBy": "secretsmanager.amazonaws.com"},
        "eventTime": TIME,
        "eventSource": "secretsmanager.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "secretsmanager.amazonaws.com",
        "userAgent": "secretsmanager.amazonaws.com",
        "errorMessage": "Error when executing lambda during createSecret step",
        "requestParameters": None,
        "responseElements": None,
        "additionalEventData": {"SecretId": secret_arn},
        "eventID": "a1b2c3d4-5678-90ab-cdef-EXAMPLE33333",
        "readOnly": False,
        "eventType": "AwsServiceEvent",
        "recipientAccountId": ACCOUNT,
    }
    return _delivered("aws.secretsmanager", "AWS Service Event via CloudTrail", detail)


def _delivered(source: str, kind: str, detail: Event) -> Event:
    return {
        "version": "0",
        "id": "dd5fd657-7361-f5d2-0c0f-0fe27390611b",
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": TIME,
        "region": REGION,
        "resources": [],
        "detail": detail,
    }
