"""The causes that the doctor knows, each in one sentence.

They are the failures that people report most; `docs/troubleshooting.md` has them with their
symptoms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

CauseName: TypeAlias = Literal[
    "missing",
    "elsewhere",
    "misspelled",
    "partial-arn",
    "deleted",
    "empty",
    "json-key",
    "key-unusable",
    "key-refuses",
    "foreign-managed-key",
    "no-allow",
    "denied",
    "boundary",
    "organization",
    "foreign-account",
    "endpoint-policy",
    "deleted-principal",
    "no-principal",
    "function-missing",
    "function-not-invokable",
    "function-concurrency",
    "function-broken",
    "function-timeout",
    "function-refused",
    "no-route",
    "rotation-off",
    "rotation-stuck",
    "rotation-overdue",
    "rotation-token",
    "replica-failed",
    "throttled",
    "no-trail",
    "no-service-role",
    "clock",
    "credentials",
    "unreachable",
]

CAUSES: Mapping[CauseName, str] = {
    "missing": "no secret of this account and region has the name",
    "elsewhere": "the secret is in another region",
    "misspelled": "the name is not one of the map's",
    "partial-arn": "an ARN without its last six characters, of a name that ends like one",
    "deleted": "the secret is scheduled for deletion",
    "empty": "the secret has no current value",
    "json-key": "the value has no such JSON key, or is not JSON",
    "key-unusable": "the KMS key is disabled, scheduled for deletion or gone",
    "key-refuses": "the caller may not use the KMS key",
    "foreign-managed-key": "another account cannot use the AWS-managed key",
    "no-allow": "no policy lets the caller do it",
    "denied": "a statement of a policy denies it",
    "boundary": "the permissions boundary of the caller does not allow it",
    "organization": "a policy of the organization does not allow it",
    "foreign-account": "the resource policy of the secret does not let the other account in",
    "endpoint-policy": "the policy of the VPC endpoint does not allow it",
    "deleted-principal": "a policy names a user or role that has been deleted",
    "no-principal": "the account has no such user or role",
    "function-missing": "the rotation function does not exist",
    "function-not-invokable": "Secrets Manager may not call the rotation function",
    "function-concurrency": "the rotation function is switched off: its reserved concurrency is 0",
    "function-broken": "the rotation function does not start",
    "function-timeout": "the rotation function takes longer than its timeout",
    "function-refused": "a step of the rotation function fails",
    "no-route": "no way leads from the VPC to Secrets Manager",
    "rotation-off": "rotation is off in AWS",
    "rotation-stuck": "an earlier rotation has not ended",
    "rotation-overdue": "the secret should have rotated by now",
    "rotation-token": "the rotation function does not pass on its RotationToken",
    "replica-failed": "a replica is not in sync",
    "throttled": "more calls a second than AWS allows",
    "no-trail": "no trail records the events that alarms need",
    "no-service-role": "the Kubernetes service account has no IAM role",
    "clock": "the clock of the calling machine is off",
    "credentials": "the caller has no valid credentials",
    "unreachable": "the endpoint of the region cannot be reached",
}
"""What each cause is, in one sentence."""
