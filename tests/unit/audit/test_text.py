"""The text: findings first, each with who, what, why and under which conditions."""

from __future__ import annotations

from secrets_component.audit.text import text_lines
from tests.unit.audit.accounts import (
    MAP,
    READ_ALL,
    allow,
    answers_of,
    audit_of,
    role,
    role_arn,
    secret,
    to,
)

SECRETS = [
    secret("shop/dev/a", to(role_arn("app"), READ_ALL[0])),
    secret("shop/dev/rds/b"),
]
NAMED = f"access: {{readers: ['{role_arn('app')}']}}\n" + MAP


def test_text_is_as_reviewed() -> None:
    office = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    used = {"LastUsedDate": "2026-11-02T10:00:00+00:00"}
    stranger = role("stranger", allow("secretsmanager:*", Condition=office), RoleLastUsed=used)
    reads = [
        {
            "Principal": role_arn("app"),
            "SecretId": SECRETS[0]["ARN"],
            "Time": "2026-11-20T01:02:03Z",
        }
    ]
    found = audit_of(answers_of(role("app"), stranger, secrets=SECRETS, reads=reads), NAMED)
    aws_managed = (
        "statement `UseThroughSecretsManager` of the resource-based policy `of the AWS-managed key`"
    )
    own = "allowed by statement 1 of the identity-based policy `own (inline, role/stranger)`"
    assert list(text_lines(found))[:21] == [
        "account 123456789012 in eu-central-1, 2026-11-30T12:00:00+00:00: 2 secrets, 3 principals",
        "",
        "findings: they can do what the map does not say",
        f"  {role_arn('stranger')} (role, last used 2026-11-02)",
        "    read, write: all 2 secrets",
        f"      {own}; the key: allowed by {aws_managed}",
        "      only if the request meets the conditions on aws:sourceip",
        "    rotate, delete, change policy: all 2 secrets",
        f"      {own}",
        "      only if the request meets the conditions on aws:sourceip",
        "",
        "in the map, but denied",
        f"  {role_arn('app')} (role)",
        "    read: b",
        "      denied: no identity-based policy allows it",
        "",
        "as the map says",
        f"  {role_arn('app')} (role)",
        "    read: a (last read by it on 2026-11-20)",
        "",
        "not followed",
    ]


def test_without_findings_it_says_so() -> None:
    assert "no findings: nobody can do what the map does not say" in text_lines(
        audit_of(answers_of(role("app"), secrets=SECRETS), NAMED)
    )


def test_many_secrets_and_many_gaps_are_cut_short() -> None:
    count = 30
    text = "context_name: shop\nsecrets:\n"
    text += "".join(f"  s{n:02}: {{generate_random_password: true}}\n" for n in range(2 * count))
    secrets = [secret(f"shop/dev/s{n:02}") for n in range(count - 5)]
    reader = role("app", allow(READ_ALL[0], resource="*:secret:shop/dev/s0*"))
    lines = list(text_lines(audit_of(answers_of(reader, secrets=secrets), text)))
    assert "    read: s00, s01, s02, s03, s04, s05, s06, s07 and 2 more" in lines
    assert "  - and 5 more; `--format json` has all" in lines
