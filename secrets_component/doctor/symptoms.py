"""Error texts of the field: what each can mean, and whom and what it names.

Sources of the texts: AWS's pages on access denied errors
(https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html), on the
troubleshooting of rotations
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html) and on
stopped tasks of ECS; aws/secrets-store-csi-driver-provider-aws; and reports of users:
external-secrets#390 and #4065, aws/copilot-cli#3104, hashicorp/terraform-provider-aws#4467.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from secrets_component.arns import Arn
from secrets_component.audit.verdicts import Action
from secrets_component.doctor.causes import CauseName


@dataclass(frozen=True, slots=True)
class Symptom:
    """A kind of error text.

    Attributes:
        title: what a report calls it; the pasted text itself is never repeated.
        pattern: found in the text, whatever the case.
        causes: what it can mean.
        advice: what to do where the account shows none of the causes.
    """

    title: str
    pattern: re.Pattern[str]
    causes: tuple[CauseName, ...]
    advice: str


def _symptom(title: str, pattern: str, causes: str, advice: str) -> Symptom:
    names: tuple[CauseName, ...] = tuple(causes.split())  # type: ignore[arg-type] # held by a test
    return Symptom(title, re.compile(pattern, re.IGNORECASE), names, advice)


_WHO = "add `--principal ARN` and `--secret KEY` to see which policy it is"
_SIGN_IN_THERE = "renew the credentials of the caller, or give it a role"
_NET = (
    "check where it runs: a route to a NAT gateway or a VPC endpoint for Secrets Manager, and "
    "security groups that allow HTTPS (port 443)"
)
_PENDING = "run `secretsmap rotate`, which carries the rotation on and shows where it stops"

SYMPTOMS: Sequence[Symptom] = (
    _symptom(
        "refused by the policy of a VPC endpoint", r"VPC endpoint policy", "endpoint-policy",
        "allow the call in the policy of the endpoint (`aws ec2 describe-vpc-endpoints` shows it)",
    ),
    _symptom(
        "refused by a policy of the organization", r"(service|resource) control policy",
        "organization", "ask those who manage the organization to allow the call",
    ),
    _symptom(
        "refused by a permissions boundary", r"permissions boundary", "boundary",
        "allow the call in the permissions boundary of the caller",
    ),
    _symptom("explicit deny", r"with an explicit deny", "denied organization boundary", _WHO),
    _symptom(
        "another account and the AWS-managed key", r"encrypt the secret with the default KMS",
        "foreign-managed-key",
        "write `kms: {create: true}` at the top of the map, then run `pulumi up`",
    ),
    _symptom(
        "use of the KMS key refused", r"Access to KMS is not allowed|perform: kms:",
        "key-refuses foreign-managed-key", _WHO,
    ),
    _symptom(
        "value that cannot be decrypted",
        r"DecryptionFailure|EncryptionFailure|KMSInvalidState|can.t decrypt the protected secret",
        "key-unusable key-refuses",
        "check that the key of the version is enabled, and that the caller may use it",
    ),
    _symptom(
        "rotation function that cannot be called",
        r"cannot invoke the specified Lambda function", "function-missing function-not-invokable",
        "allow secretsmanager.amazonaws.com to call the function that the map names",
    ),
    _symptom(
        "version that the function may not write", r"(wasn.t|was not) created by Lambda",
        "rotation-token",
        "pass `event[\"RotationToken\"]` to PutSecretValue in the function, then remove AWSPENDING "
        "(`aws secretsmanager update-secret-version-stage`) and rotate again",
    ),
    _symptom(
        "unfinished rotation", r"previous rotation isn.t complete", "rotation-stuck", _PENDING
    ),
    _symptom(
        "function that does not start",
        r"Unable to import module|ImportModuleError|HandlerNotFound|InvalidEntrypoint",
        "function-broken",
        "check the function's zip, runtime and architecture, then deploy it again",
    ),
    _symptom(
        "function that runs out of time",
        r"Task timed out after|Found credentials in environment variables",
        "no-route function-timeout", _NET,
    ),
    _symptom(
        "database that refuses", r"Unable to log into database|setSecret failed",
        "function-refused", _PENDING,
    ),
    _symptom(
        "JSON key that is missing",
        r"did not contain json key|Key is missing from secret JSON"
        r"|invalid character .* looking for beginning of value",
        "json-key", "compare the key that is asked for with those that the map writes",
    ),
    _symptom(
        "too many calls",
        r"ThrottlingException|Rate exceeded|TooManyRequests", "throttled",
        "cache the value (the clients in examples/ do) or ask for it less often",
    ),
    _symptom(
        "no current value",
        r"can.t find the specified secret value for (staging label|VersionId)", "empty deleted",
        "write the first value: `aws secretsmanager put-secret-value --secret-id <name> …`",
    ),
    _symptom(
        "secret that is scheduled for deletion", r"marked for deletion|scheduled for deletion",
        "deleted", "write `restore_deleted: true` in the entry, then run `pulumi up`",
    ),
    _symptom(
        "Kubernetes service account without a role",
        r"IAM role must be associated with service account|Need IAM role for service account",
        "no-service-role",
        "annotate the service account: `kubectl annotate serviceaccount <name> "
        "eks.amazonaws.com/role-arn=<role>`, or make a Pod Identity association",
    ),
    _symptom(
        "no network",
        r"context deadline exceeded|check your task network|ConnectTimeout|i/o timeout"
        r"|connect timeout on endpoint",
        "no-route", _NET,
    ),
    _symptom(
        "access denied", r"not authorized to perform|AccessDenied",
        "no-allow denied boundary organization foreign-account key-refuses no-principal", _WHO,
    ),
    _symptom(
        "secret that is not found",
        r"can.t find the specified secret|ResourceNotFoundException",
        "missing elsewhere misspelled partial-arn",
        "compare region, account and name: the map has it here; another account needs the ARN",
    ),
    _symptom(
        "secret that no region gives",
        r"Failed to fetch secret from all regions",
        "missing elsewhere misspelled partial-arn empty deleted no-allow denied boundary "
        "organization foreign-account key-refuses key-unusable no-principal",
        "add `--principal ARN` with the role of the service account",
    ),
    _symptom(
        "endpoint that cannot be reached",
        r"Could not connect to the endpoint|getaddrinfo|no such host|Name or service not known",
        "unreachable", "check the region (AWS_REGION) and the network of the caller",
    ),
    _symptom(
        "request with a wrong time",
        r"RequestTimeTooSkewed|Signature expired|Signature not yet current|RequestExpired",
        "clock", "set the clock of the calling machine: AWS accepts five minutes of difference",
    ),
    _symptom(
        "wrong signature", r"SignatureDoesNotMatch|InvalidSignature", "clock credentials",
        "check the secret access key, and the clock of the calling machine",
    ),
    _symptom(
        "no valid credentials",
        r"ExpiredToken|security token included|UnrecognizedClient|InvalidClientTokenId"
        r"|Unable to locate credentials|NoCredentialProviders",
        "credentials", _SIGN_IN_THERE,
    ),
    _symptom(
        "policy with an unknown principal",
        r"unsupported principal|Invalid principal in policy|MalformedPolicyDocument",
        "deleted-principal",
        "check that each user and role in `access` and `policy` exists",
    ),
    _symptom(
        "task of ECS that cannot start", r"ResourceInitializationError|MountVolume.SetUp failed",
        "no-route no-allow denied key-refuses missing empty json-key",
        "add `--principal ARN` with the execution role of the task",
    ),
)  # fmt: skip
"""Those that say more come first."""

READ: Action = "read"
_ACTIONS: Mapping[str | None, Action] = {
    "secretsmanager:PutSecretValue": "write",
    "secretsmanager:UpdateSecret": "write",
    "secretsmanager:RotateSecret": "rotate",
    "secretsmanager:DeleteSecret": "delete",
    "secretsmanager:PutResourcePolicy": "change policy",
    "secretsmanager:DeleteResourcePolicy": "change policy",
}
_ARN = r"arn:aws[\w-]*:"
_PRINCIPAL = re.compile(rf"User:? ({_ARN}(?:iam|sts)::\d{{12}}:[\w+=,.@/-]+)")
_CALL = re.compile(r"perform:? (\w+:\w+)")
_SECRET_ARN = re.compile(rf"{_ARN}secretsmanager:[\w-]+:\d{{12}}:secret:[\w/+=.@-]+")
_RESOURCE = re.compile(r"on resource:? ([\w/+=.@-]+) ")
_JSON_KEY = re.compile(r"did not contain json key (\w[\w.-]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Complaint:
    """An error text, read; what is None is not in it.

    Attributes:
        principal: the ARN that was refused.
        action: what it was to do.
        secret_id: the name or ARN of a secret.
        json_key: the key that the value does not have.
    """

    symptom: Symptom | None
    principal: str | None
    action: Action
    secret_id: str | None
    json_key: str | None


def complaint_of(text: str) -> Complaint:
    """Read an error text as people paste it, with line breaks and quotes in it."""
    line = " ".join(text.split()).replace("\u2019", "'")
    symptom = next((known for known in SYMPTOMS if known.pattern.search(line)), None)
    secret_id = _SECRET_ARN.search(line)
    return Complaint(
        symptom,
        _first(_PRINCIPAL, line),
        _ACTIONS.get(_first(_CALL, line), READ),
        secret_id[0] if secret_id else _first(_RESOURCE, f"{line} "),
        _first(_JSON_KEY, line),
    )


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    if found is None:
        return None

    return found[1]


def name_of(secret_id: str) -> str:
    """Return the name in what a caller asks for: a name, or an ARN with or without its end."""
    if not secret_id.startswith("arn:"):
        return secret_id

    return Arn.parse(secret_id).secret_name
