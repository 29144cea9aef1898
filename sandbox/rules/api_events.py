"""CloudTrail: what calls of the API become as events of EventBridge, where a trail logs.

Events have the documented shape
(https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html).
AWS delivers them within minutes and by best effort; here they come at once. A denied call has no
`requestParameters`, which is the harder of the two cases that occur.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from moto.cloudtrail.models import cloudtrail_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.events.models import events_backends

from sandbox.rules import events, identities
from sandbox.rules.calls import UNKNOWN, Call, call_of, signature_of
from sandbox.rules.identities import Application, Identity

_SERVICES = ("secretsmanager", "kms", "cloudtrail")
_READS = ("Get", "List", "Describe", "BatchGet", "Lookup")
_READING = ("Decrypt", "Encrypt", "GenerateDataKey")
"""KMS logs them as read-only calls
(https://docs.aws.amazon.com/kms/latest/developerguide/ct-decrypt.html)."""

_HIDDEN = ("SecretString", "SecretBinary", "Plaintext", "CiphertextBlob")
"""Parameters that CloudTrail does not show
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieve-ct-entries.html)."""

_DENIED = "AccessDenied"
_OWN_USER = "moto"
"""Whom moto takes the sandbox's own key for (GetCallerIdentity)."""


def reported(application: Application) -> Application:
    """Report each call of the services above, whether it succeeds or not."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call, identity = _call_in(environ)
        if call is None:
            return application(environ, start_response)

        heads: list[str] = []

        def start(status: str, headers: Any, *rest: Any) -> Any:  # noqa: ANN401 # WSGI's own
            heads.append(status)
            return start_response(status, headers, *rest)

        body = b"".join(application(environ, start))
        error = None
        if not heads[0].startswith("2"):
            error = json.loads(body)

        events.put(call.account, call.region, f"aws.{call.service}", _detail(call, identity, error))
        return [body]

    return answer


def _call_in(environ: WSGIEnvironment) -> tuple[Call | None, Identity | None]:
    """Return a call that is logged, and who makes it; None for any other request."""
    signature = signature_of(environ)
    if signature is None or signature.service not in _SERVICES:
        return None, None

    identity = identities.identity_of(signature.access_key)
    account = DEFAULT_ACCOUNT_ID if identity is None else identity.account
    if not _is_logged(account, signature.region):
        return None, None

    call = call_of(environ, signature, account)
    if call.operation == UNKNOWN:
        return None, None

    return call, identity


def _is_logged(account: str, region: str) -> bool:
    """Return whether a rule could match, and a trail logs what happens in the region."""
    if not events_backends[account][region].event_buses["default"].rules:
        return False

    for home, backend in list(cloudtrail_backends[account].items()):
        for trail in list(backend.trails.values()):
            is_here = home == region or trail.is_multi_region
            if is_here and trail.status.is_logging:
                return True

    return False


def _detail(
    call: Call, identity: Identity | None, error: Mapping[str, Any] | None
) -> dict[str, Any]:
    detail: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _user_identity(call.account, identity),
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "eventSource": f"{call.service}.amazonaws.com",
        "eventName": call.operation,
        "awsRegion": call.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "sandbox",
        "requestParameters": _shown(call.parameters),
        "responseElements": None,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": call.operation.startswith(_READS) or call.operation in _READING,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": call.account,
        "eventCategory": "Management",
    }
    if error is None:
        return detail

    code = str(error.get("__type", "")).rpartition("#")[2]
    if code.startswith(_DENIED):
        code = _DENIED
        detail["requestParameters"] = None

    message = error.get("message") or error.get("Message")
    return {**detail, "errorCode": code, "errorMessage": message}


def _shown(parameters: Any) -> Any:  # noqa: ANN401 # any value of a call
    """Return parameters as CloudTrail writes them: names begin with a small letter."""
    if isinstance(parameters, Mapping):
        shown = {}
        for name, value in parameters.items():
            if name not in _HIDDEN:
                shown[f"{name[:1].lower()}{name[1:]}"] = _shown(value)

        return shown

    if isinstance(parameters, list):
        return [_shown(one) for one in parameters]

    if isinstance(parameters, str | int | float | bool | None):
        return parameters

    return str(parameters)


def _user_identity(account: str, identity: Identity | None) -> dict[str, Any]:
    if identity is None:
        arn = f"arn:aws:sts::{account}:user/{_OWN_USER}"
        return _user(account, arn)

    if ":assumed-role/" not in identity.arn:
        return _user(account, identity.arn)

    session = identity.arn.rpartition("/")[2]
    issuer = {
        "type": "Role",
        "principalId": "AROASANDBOX",
        "arn": identity.principal,
        "accountId": account,
        "userName": identity.principal.rpartition("/")[2],
    }
    return {
        "type": "AssumedRole",
        "principalId": f"AROASANDBOX:{session}",
        "arn": identity.arn,
        "accountId": account,
        "sessionContext": {"sessionIssuer": issuer},
    }


def _user(account: str, arn: str) -> dict[str, Any]:
    return {
        "type": "IAMUser",
        "principalId": "AIDASANDBOX",
        "arn": arn,
        "accountId": account,
        "userName": arn.rpartition("/")[2],
    }
