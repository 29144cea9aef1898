"""Reads: who read which secret last, from the events that CloudTrail keeps.

CloudTrail keeps the management events of a region for 90 days, also where there is no trail, and
GetSecretValue is one of them:
https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html. An event:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

EVENT_NAME = "GetSecretValue"
_ARN_SUFFIX = len("-AbCdEf")


@dataclass(frozen=True, slots=True)
class SecretRead:
    """One read that AWS carried out.

    Attributes:
        principal: the ARN of the user or root user, that of the role behind a session, or the name
            of a service.
        secret_id: the name, ARN or part of the ARN that the caller sent.
        time: as ISO 8601.
    """

    principal: str
    secret_id: str
    time: str


def read_in(event: str) -> SecretRead | None:
    """Return the read that an event is about; None for one that was refused, or has no caller.

    Args:
        event: the `CloudTrailEvent` of LookupEvents, as JSON.
    """
    record: Mapping[str, Any] = json.loads(event)
    parameters = record.get("requestParameters") or {}
    identity = record.get("userIdentity") or {}
    secret_id = parameters.get("secretId")
    principal = _principal_of(identity)
    is_refused = "errorCode" in record
    if is_refused or not secret_id or not principal:
        return None

    return SecretRead(
        principal,
        str(secret_id),
        str(record["eventTime"]),
    )


def _principal_of(identity: Mapping[str, Any]) -> str | None:
    session = identity.get("sessionContext") or {}
    issuer = session.get("sessionIssuer") or {}
    for name in (issuer.get("arn"), identity.get("arn"), identity.get("invokedBy")):
        if name:
            return str(name)

    return None


def newest_reads(reads: Iterable[SecretRead]) -> list[dict[str, str]]:
    """Return the last read of each secret by each principal, as answers keep it."""
    newest: dict[tuple[str, str], str] = {}
    for read in reads:
        pair = (read.principal, read.secret_id)
        newest[pair] = max(read.time, newest.get(pair, ""))

    found = []
    for (principal, secret_id), time in newest.items():
        found.append({"Principal": principal, "SecretId": secret_id, "Time": time})

    return found


def ids_of_secret(arn: str, name: str) -> tuple[str, str, str]:
    """Return what callers can send as `secretId` for a secret: ARN, ARN without suffix, name."""
    return arn, arn[:-_ARN_SUFFIX], name
