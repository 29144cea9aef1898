"""The whole matrix: filters, several maps, what is missing, and how much is evaluated."""

from __future__ import annotations

import pytest

from secrets_component.audit import gains, verdicts
from secrets_component.audit.account import Account
from secrets_component.audit.matrix import audit
from secrets_component.iam.evaluator import evaluate
from secrets_component.planning.planner import plans
from secrets_component.secret_map.yaml_text import parse_yaml
from tests.unit.audit.accounts import (
    READ_ALL,
    allow,
    answers_of,
    audit_of,
    findings,
    managed,
    role,
    role_arn,
    rows_of,
    secret,
)

SECRETS = [secret("shop/dev/a"), secret("shop/dev/rds/b")]


def test_filters_leave_one_secret_or_one_principal() -> None:
    answers = answers_of(role("app", allow("*")), role("other", allow("*")), secrets=SECRETS)
    one = audit_of(answers, key="b")
    assert [secret.label for secret in one.secrets] == ["b"]
    two = audit_of(answers, principal=role_arn("other"))
    assert [line.caller.name for line in two.lines] == [role_arn("other")]


def test_secret_that_is_not_deployed_is_said_so() -> None:
    found = audit_of(answers_of(role("app", allow("*")), secrets=SECRETS[:1]))
    assert [secret.label for secret in found.secrets] == ["a"]
    assert found.unchecked == ("`shop/dev/rds/b` does not exist in the account yet",)


def test_replicas_are_not_checked() -> None:
    text = """\
        context_name: shop
        secrets: {a: {generate_random_password: true, replicas: [{region: eu-west-1}]}}
        """
    found = audit_of(answers_of(secrets=SECRETS[:1]), text)
    assert found.unchecked == (
        "replicas in eu-west-1: audit them with AWS_REGION set to the region",
    )


def test_without_secrets_there_is_nothing_to_judge() -> None:
    found = audit_of(answers_of(role("app", allow("*"))))
    assert (found.secrets, found.lines, found.has_findings) == ((), (), False)


def test_secrets_of_several_maps_are_told_apart() -> None:
    one, two = (f"vars: {{context_name: {name}, secrets: {{a: {{}}}}}}" for name in ("shop", "web"))
    text = (
        f"components: {{terraform: {{secretsmanager: {{{one}}}, "
        f"web: {{metadata: {{component: secretsmanager}}, {two}}}}}}}\n"
    )
    account = Account.of(answers_of(secrets=[secret("shop/dev/a"), secret("web/dev/a")]))
    found = audit(plans(parse_yaml(text, "m"), "dev"), account)
    assert [secret.label for secret in found.secrets] == ["secretsmanager.a", "web.a"]


def test_only_what_is_allowed_and_not_in_the_map_is_a_finding() -> None:
    answers = answers_of(role("app", allow(READ_ALL[0])), role("none"), secrets=SECRETS)
    assert findings(audit_of(answers)) == {(role_arn("app"), "read"): ["a", "b"]}
    named = f"access: {{readers: ['{role_arn('app')}']}}\n"
    text = f"context_name: shop\n{named}secrets: {{a: {{generate_random_password: true}}}}\n"
    assert not audit_of(answers, text).has_findings


def test_work_does_not_grow_with_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """1,000 principals by 1,000 secrets are judged in seconds: see `make bench`."""
    calls = 0

    def counted(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        return evaluate(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(verdicts, "evaluate", counted)
    monkeypatch.setattr(gains, "evaluate", counted)
    count = 120
    text = "context_name: shop\nsecrets:\n"
    text += "".join(f"  s{n}: {{generate_random_password: true}}\n" for n in range(count))
    shared = managed("shared", allow(*READ_ALL))
    roles = [
        role(f"r{n}", allow(*READ_ALL, resource=f"*:shop/dev/s{n}-*"), AttachedManagedPolicies=[])
        for n in range(count)
    ]
    secrets = [secret(f"shop/dev/s{n}") for n in range(count)]
    found = audit_of(answers_of(*roles, secrets=secrets, policies=[shared]), text)
    assert findings(found)[role_arn("r7"), "read"] == ["s7"]
    assert calls < 40 * count  # a cell each would be 6 * 120 * 120


def test_gains_are_left_out_where_nobody_asks_for_them() -> None:
    answers = answers_of(role("app", allow("*")), secrets=[secret("shop/dev/a")])
    assert "gain" in rows_of(audit_of(answers), role_arn("app"))
    assert "gain" not in rows_of(audit_of(answers, with_gains=False), role_arn("app"))
