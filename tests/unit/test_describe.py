"""A plan as JSON data and as text: every part of the description, and no value."""

import json
from typing import Any

import pytest

from secrets_component.describe import describe, lines
from tests.maps_of_tests import plan_of

ORDERS, DBA, APP = (f"arn:aws:iam::123456789012:role/{name}" for name in ("orders", "dba", "app"))
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:rotate"

EVERYTHING = f"""
context_name: shop
name: orders
kms: {{create: true}}
stacks: {{rds: o/rds/dev, sns: o/sns/dev}}
access: {{readers: ["{ORDERS}"]}}
alarms: {{topic_arn: "${{output.sns.topic}}"}}
secrets:
  url:
    secret_data: "hunter2 ${{output.secretsmanager.generated_passwords.master}}@${{output.rds.host}}"
  master: {{generate_random_password: true}}
  database:
    path: rds
    random: {{password: {{}}}}
    secret_data: {{engine: postgres, host: db, username: hunter2, password: "${{random.password}}"}}
    rotation_automatically: true
    rotation_schedule: cron(0 8 1 * ? *)
    rotation_window: 3h
    rotate_immediately: true
    rotation: {{function: postgres-single-user}}
    on_rotate: [{{ecs_service: main/orders}}, {{lambda: worker}}]
    replicas: [{{region: eu-west-1}}, {{region: eu-west-2, kms_key_id: alias/there}}]
    access: {{readers: ["{ORDERS}"], admins: ["{DBA}"]}}
  api_key:
    secret_data: hunter2
    kms_key_id: alias/own
    rotation_automatically: true
    rotation_lambda_arn: {FUNCTION}
    policy: {{template: read-secret-policy, principals: ["{APP}"]}}
  license:
    owner: operator
    policy: {{Statement: [{{Effect: Allow, Principal: {{AWS: "{APP}"}}, Action: "secretsmanager:GetSecretValue", Resource: "*"}}]}}
  legacy: {{import: old/name}}
  certificate: {{secret_binary: aHVudGVyMg==}}
"""
DATES = {"shop/dev/rds/database": "2026-12-01T08:00+00:00"}


def described(text: str = EVERYTHING) -> dict[str, Any]:
    return describe(plan_of(text), DATES)


def secret_of(key: str) -> dict[str, Any]:
    (found,) = (secret for secret in described()["secrets"] if secret["key"] == key)
    return found


def text_of(text: str = EVERYTHING) -> list[str]:
    return list(lines(plan_of(text), DATES))


def block(key: str) -> list[str]:
    """The lines about one secret, without its heading and the indentation."""
    printed = text_of()
    start = next(i for i, line in enumerate(printed) if line.startswith(f"  {key}: ")) + 1
    found: list[str] = []
    for line in printed[start:]:
        if not line.startswith("    "):
            break
        found.append(line.strip())
    return found


def test_json_has_every_field_of_a_secret() -> None:
    assert secret_of("database") == {
        "key": "database",
        "name": "shop/dev/rds/database",
        "source": "structured",
        "owner": "rotation",
        "kms_key": "alias/shop-dev-secrets",
        "rotation": {
            "function": "postgres-single-user",
            "hosted": True,
            "schedule": "cron(0 8 1 * ? *)",
            "window": "3h",
            "immediately": True,
            "next": "2026-12-01T08:00+00:00",
        },
        "on_rotate": [{"ecs_service": "main/orders"}, {"lambda": "worker"}],
        "replicas": [
            {"region": "eu-west-1", "kms_key": None},
            {"region": "eu-west-2", "kms_key": "alias/there"},
        ],
        "references": ["${random.password}", "${output.sns.topic}"],
        "policy": None,
    }


def test_json_of_a_custom_function_has_days_as_a_rate_and_no_unknown_date() -> None:
    assert secret_of("api_key")["rotation"] == {
        "function": FUNCTION,
        "hosted": False,
        "schedule": "rate(30 days)",
        "window": None,
        "immediately": False,
    }


def test_json_lists_secrets_in_the_order_of_the_map_and_of_creation() -> None:
    found = described()
    keys = ["url", "master", "database", "api_key", "license", "legacy", "certificate"]
    assert [secret["key"] for secret in found["secrets"]] == keys
    assert found["order"] == [*keys[1:], "url"]


@pytest.mark.parametrize(
    ("key", "source", "owner"),
    [
        ("url", "literal", "map"),
        ("master", "generated", "map"),
        ("license", "none", "operator"),
        ("legacy", "imported", "operator"),
        ("certificate", "binary", "map"),
    ],
)
def test_json_names_the_source_and_the_owner_of_a_value(key: str, source: str, owner: str) -> None:
    assert (secret_of(key)["source"], secret_of(key)["owner"]) == (source, owner)


@pytest.mark.parametrize(
    ("key", "kms_key"),
    [("url", "alias/shop-dev-secrets"), ("api_key", "alias/own"), ("legacy", None)],
)
def test_json_names_the_key_that_the_map_chooses(key: str, kms_key: str | None) -> None:
    assert secret_of(key)["kms_key"] == kms_key


@pytest.mark.parametrize(
    ("key", "policy"), [("api_key", "read-secret-policy"), ("license", "inline"), ("url", None)]
)
def test_json_names_the_template_of_a_policy(key: str, policy: str | None) -> None:
    assert secret_of(key)["policy"] == policy


def test_json_lists_each_principal_once() -> None:
    access = described()["access"]
    assert access["database"] == {"readers": [ORDERS], "admins": [DBA]}
    assert access["url"] == {"readers": [ORDERS], "admins": []}


def test_json_leaves_out_access_that_nothing_grants() -> None:
    assert described("context_name: x\nsecrets: {a: {}}")["access"] == {}


def test_json_has_the_statements_for_existing_keys_only() -> None:
    found = described()["key_policies"]
    assert list(found) == ["alias/there in eu-west-2", "alias/own"]
    statement, by_template = found["alias/own"]
    assert by_template["Action"] == "kms:Decrypt"
    assert (statement["Principal"], statement["Action"]) == ({"AWS": [ORDERS]}, "kms:Decrypt")


@pytest.mark.parametrize(
    ("alarms", "topic"),
    [
        ("{create: true}", "a topic created by the map"),
        (
            "{topic_arn: 'arn:aws:sns:eu-west-1:123456789012:t'}",
            "arn:aws:sns:eu-west-1:123456789012:t",
        ),
        ("{}", None),
    ],
)
def test_json_names_the_topic_of_alarms(alarms: str, topic: str | None) -> None:
    text = f"context_name: x\nalarms: {alarms}\nsecrets: {{a: {{}}}}"
    assert described(text)["alarms"] == topic


def test_text_has_every_line_of_a_secret() -> None:
    assert block("database") == [
        "value: structured, managed by rotation",
        "key: alias/shop-dev-secrets",
        "rotation: cron(0 8 1 * ? *) within 3h by postgres-single-user",
        "next rotation: 2026-12-01T08:00+00:00",
        "restarts on rotation: main/orders, worker",
        "replicas: eu-west-1, eu-west-2",
        "references: ${random.password}, ${output.sns.topic}",
        f"readers: {ORDERS}",
        f"admins: {DBA}",
    ]


def test_text_leaves_out_lines_without_content() -> None:
    assert block("certificate") == [
        "value: binary, managed by the map",
        "key: alias/shop-dev-secrets",
        f"readers: {ORDERS}",
    ]


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("api_key", f"rotation: rate(30 days) by {FUNCTION}"),
        ("api_key", "policy: read-secret-policy"),
        ("license", "value: none, managed by an operator"),
        ("legacy", "key: unchanged (the imported secret's)"),
    ],
)
def test_text_describes_rotation_policy_owner_and_kept_key(key: str, line: str) -> None:
    assert line in block(key)


def test_text_names_the_aws_managed_key() -> None:
    assert text_of("context_name: x\nsecrets: {a: {}}") == [
        "secretsmanager: 1 secret in dev",
        "  a: x/dev/a",
        "    value: none, managed by an operator",
        "    key: AWS-managed (alias/aws/secretsmanager)",
    ]


def test_text_lists_secrets_in_the_order_of_creation() -> None:
    headings = [line for line in text_of() if line[:2] == "  " and line[2] != " "]
    assert headings[:7] == [
        "  master: shop/dev/master",
        "  database: shop/dev/rds/database",
        "  api_key: shop/dev/api_key",
        "  license: shop/dev/license",
        "  legacy: old/name",
        "  certificate: shop/dev/certificate",
        "  url: shop/dev/url",
    ]


def test_text_ends_with_the_statements_that_an_existing_key_needs() -> None:
    printed = text_of()
    start = printed.index("  add to the policy of the key alias/own, with your region and account:")
    assert json.loads("\n".join(printed[start + 1 :])) == described()["key_policies"]["alias/own"]


def test_neither_form_contains_a_value() -> None:
    assert "hunter2" not in json.dumps(described())
    assert "hunter2" not in "\n".join(text_of())
    assert "aHVudGVyMg" not in json.dumps(described())
