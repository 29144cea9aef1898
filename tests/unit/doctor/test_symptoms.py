"""Texts of the field: each is recognized, and none is taken for another."""

import re
from typing import get_args

import pytest

from secrets_component.doctor.causes import CauseName
from secrets_component.doctor.symptoms import SYMPTOMS, complaint_of, name_of
from tests.conftest import ROOT

ROLE = "arn:aws:sts::123456789012:assumed-role/app/i-0abc"
ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/dev/a-AbCdEf"
DENIED = (
    f"User: {ROLE} is not authorized to perform: secretsmanager:GetSecretValue on resource: {ARN}"
)
ECS = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
    "retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): "
)
CSI = 'MountVolume.SetUp failed for volume "secrets": rpc error: code = Unknown desc = failed to mount: '

TEXTS = [
    (f"{DENIED} because no identity-based policy allows the action", "access denied"),
    ("An error occurred (AccessDeniedException) when calling GetSecretValue", "access denied"),
    (f"{DENIED} because no resource-based policy allows the action", "access denied"),
    (f"{DENIED} with an explicit deny in an identity-based policy", "explicit deny"),
    (f"{DENIED} with an explicit deny in a resource-based policy", "explicit deny"),
    (f"{DENIED} with an explicit deny in a service control policy", "refused by a policy of the organization"),
    (f"{DENIED} because no resource control policy allows the action", "refused by a policy of the organization"),
    (f"{DENIED} with an explicit deny in a permissions boundary", "refused by a permissions boundary"),
    (f"{DENIED} because no permissions boundary allows the action", "refused by a permissions boundary"),
    (f"{DENIED} because no VPC endpoint policy allows the action", "refused by the policy of a VPC endpoint"),
    (f"{DENIED} with an explicit deny in a VPC endpoint policy", "refused by the policy of a VPC endpoint"),
    ("InvalidRequestException: You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key.", "another account and the AWS-managed key"),
    ("AccessDeniedException: Access to KMS is not allowed", "use of the KMS key refused"),
    (f"User: {ROLE} is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-central-1:1:key/1", "use of the KMS key refused"),
    ("DecryptionFailure: Secrets Manager can't decrypt the protected secret text using the provided KMS key.", "value that cannot be decrypted"),
    ("KMSInvalidStateException: arn:aws:kms:… is disabled", "value that cannot be decrypted"),
    ("Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.", "rotation function that cannot be called"),
    ("Pending secret version 1 for Secret arn was not created by Lambda arn. Remove the AWSPENDING staging label and restart rotation", "version that the function may not write"),
    ("InvalidRequestException: A previous rotation isn't complete. That rotation will be reattempted.", "unfinished rotation"),
    ("InvalidRequestException: A previous rotation isn\u2019t complete.", "unfinished rotation"),
    ("Unable to import module 'lambda_function': No module named 'psycopg2'", "function that does not start"),
    ("[INFO] Found credentials in environment variables.", "function that runs out of time"),
    ("2026-11-30T00:00:00Z id Task timed out after 30.03 seconds", "function that runs out of time"),
    ("setSecret: Unable to log into database with previous, current, or pending secret", "database that refuses"),
    ("Key is missing from secret JSON", "JSON key that is missing"),
    (f"{ECS}retrieved secret from Secrets Manager did not contain json key PASSWORD", "JSON key that is missing"),
    (f"{ECS}invalid character 'p' looking for beginning of value", "JSON key that is missing"),
    ("ThrottlingException: Rate exceeded", "too many calls"),
    ("ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT", "no current value"),
    ("InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion.", "secret that is scheduled for deletion"),
    ("You can't create this secret because a secret with this name is already scheduled for deletion.", "secret that is scheduled for deletion"),
    (f"{CSI}eu-central-1: An IAM role must be associated with service account app (namespace: shop)", "Kubernetes service account without a role"),
    (f"{CSI}Failed to fetch secret from all regions. Verify secret exists and required permissions are granted for: shop/dev/a", "secret that no region gives"),
    (f"{CSI}Failed to fetch secret from all regions: shop/dev/a", "secret that no region gives"),
    (f"{ECS}failed to fetch secret {ARN} from secrets manager: RequestCanceled: request context canceled caused by: context deadline exceeded. Please check your task network configuration.", "no network"),
    (f"{ECS}AccessDeniedException: {DENIED}", "access denied"),
    (f"{ECS}see the log", "task of ECS that cannot start"),
    ('Connect timeout on endpoint URL: "https://secretsmanager.eu-central-1.amazonaws.com/"', "no network"),
    ("dial tcp 10.0.0.1:443: i/o timeout", "no network"),
    ("ResourceNotFoundException: Secrets Manager can't find the specified secret.", "secret that is not found"),
    ('Could not connect to the endpoint URL: "https://secretsmanager.eu-cental-1.amazonaws.com/"', "endpoint that cannot be reached"),
    ("getaddrinfo ENOTFOUND secretsmanager.eu-cental-1.amazonaws.com", "endpoint that cannot be reached"),
    ("InvalidSignatureException: Signature expired: 20261130T1 is now earlier than 20261130T2", "request with a wrong time"),
    ("RequestTimeTooSkewed: The difference between the request time and the server's time is too large", "request with a wrong time"),
    ("SignatureDoesNotMatch: The request signature we calculated does not match", "wrong signature"),
    ("ExpiredTokenException: The security token included in the request is expired", "no valid credentials"),
    ("Unable to locate credentials", "no valid credentials"),
    ("MalformedPolicyDocumentException: This resource policy contains an unsupported principal.", "policy with an unknown principal"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "title"), TEXTS)
def test_text_is_recognized(text: str, title: str) -> None:
    for pasted in (text, text.upper().lower(), text.replace(" ", "\n  ")):
        symptom = complaint_of(pasted).symptom
        assert symptom is not None
        assert symptom.title == title


def test_each_symptom_has_a_text_and_known_causes() -> None:
    assert {symptom.title for symptom in SYMPTOMS} == {title for _, title in TEXTS}
    for symptom in SYMPTOMS:
        assert set(symptom.causes) <= set(get_args(CauseName)), symptom.title


@pytest.mark.parametrize("text", ["", "it does not work", "hunter2", "404"])
def test_other_texts_are_not_recognized(text: str) -> None:
    assert complaint_of(text).symptom is None


def test_names_are_taken_from_the_text() -> None:
    found = complaint_of(DENIED)
    assert (found.principal, found.action, found.secret_id) == (ROLE, "read", ARN)
    found = complaint_of(
        f"User {ROLE} is not authorized to perform secretsmanager:PutSecretValue on resource: shop/dev/a because"
    )
    assert (found.action, found.secret_id) == ("write", "shop/dev/a")
    assert complaint_of(TEXTS[25][0]).json_key == "PASSWORD"
    assert complaint_of("it fails").secret_id is None


def test_name_is_without_the_end_of_an_arn() -> None:
    assert [name_of(one) for one in (ARN, ARN[:-7], "shop/dev/a")] == ["shop/dev/a"] * 3


def rows_of_messages() -> list[tuple[str, str]]:
    """The messages of `docs/troubleshooting.md`, each with the causes beside it."""
    text = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    table = text.partition("## By message")[2].partition("## All causes")[0]
    found = []
    for line in table.splitlines():
        cells = line.split(" | ")
        quoted = re.findall(r'"([^"]+)"', cells[0])
        found += [(message.replace("…", "x"), cells[1]) for message in quoted]
    return found


@pytest.mark.parametrize(("message", "causes"), rows_of_messages())
def test_message_of_the_docs_is_recognized_with_its_causes(message: str, causes: str) -> None:
    symptom = complaint_of(message).symptom
    assert symptom is not None
    named = re.findall(r"`([\w-]+)`", causes)
    assert set(named) <= set(symptom.causes)
    assert len(symptom.causes) == len(named) or not named
