"""What a plan answers about itself: references, principals, passwords, keys, schedules, order."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from secrets_component.planning.plan import Days, Expression, HostedFunction, NamedKey
from secrets_component.secret_map.model import RandomPassword
from secrets_component.secret_map.references import Template
from tests.maps_of_tests import plan_of

EVERYTHING = """\
context_name: x
stacks: {rds: o/rds/dev, kms: o/kms/dev, iam: o/iam/dev, fn: o/fn/dev, sns: o/sns/dev}
alarms: {topic_arn: "${output.sns.topic}"}
secrets:
  a:
    secret_data: {user: "${output.rds.user}", same: "${output.rds.user}", key: "${output.kms.home}"}
    kms_key_id: ${output.kms.home}
    replicas: [{region: eu-west-1, kms_key_id: "${output.kms.there}"}, {region: eu-west-2}]
    policy: {template: read-secret-policy, principals: ["${output.iam.reader}", "111122223333"]}
    access: {readers: ["${output.iam.app}"], admins: ["${output.iam.reader}"]}
    rotation_automatically: true
    rotation_lambda_arn: ${output.fn.rotate}
    on_rotate: [{lambda: "${output.fn.reader}"}]
"""


def texts(references: Iterable[object]) -> list[str]:
    return [str(reference) for reference in references]


def test_references_of_the_value_are_listed_once_in_their_order() -> None:
    secret = plan_of(EVERYTHING).secrets["a"]
    assert texts(secret.value_references) == ["${output.rds.user}", "${output.kms.home}"]


def test_references_of_all_fields_follow_those_of_the_value_without_repetition() -> None:
    assert texts(plan_of(EVERYTHING).secrets["a"].references) == [
        "${output.rds.user}",
        "${output.kms.home}",
        "${output.kms.there}",
        "${output.iam.reader}",
        "${output.iam.app}",
        "${output.fn.reader}",
        "${output.sns.topic}",
        "${output.fn.rotate}",
    ]


def test_keys_topic_and_principals_are_fixed_before_the_secret_exists() -> None:
    assert texts(plan_of(EVERYTHING).secrets["a"].fixed_references) == [
        "${output.kms.home}",
        "${output.kms.there}",
        "${output.sns.topic}",
        "${output.iam.reader}",
        "${output.iam.app}",
    ]


@pytest.mark.parametrize(
    ("fields", "references"),
    [
        ("secret_data: 'a ${env.A} b ${config.b}'", ["${env.A}", "${config.b}"]),
        ("secret_data: {l: ['${env.A}', {d: '${env.B}'}]}", ["${env.A}", "${env.B}"]),
        ("secret_binary: '${env.A}'", ["${env.A}"]),
        ("generate_random_password: true", []),
        ("description: d", []),
    ],
)
def test_every_kind_of_value_lists_its_references(fields: str, references: list[str]) -> None:
    plan = plan_of(f"context_name: x\nsecrets: {{a: {{{fields}}}}}\n")
    assert texts(plan.secrets["a"].value_references) == references


def test_references_of_a_deployed_function_are_those_of_its_fields() -> None:
    plan = plan_of(
        """\
        context_name: x
        stacks: {rds: o/rds/dev, vpc: o/vpc/dev}
        secrets:
          a:
            secret_data: {engine: mysql, host: h, username: u, password: p}
            rotation_automatically: true
            rotation:
              function: mysql-alternating-users
              superuser_secret_arn: ${output.rds.superuser}
              subnet_ids: ["${output.vpc.a}", "${output.vpc.b}", "${output.vpc.a}"]
              security_group_ids: ["${output.vpc.group}"]
        """
    )
    rotation = plan.secrets["a"].rotation
    assert rotation is not None
    assert isinstance(rotation.function, HostedFunction)
    assert texts(plan.secrets["a"].references) == [
        "${output.rds.superuser}",
        "${output.vpc.a}",
        "${output.vpc.b}",
        "${output.vpc.group}",
    ]
    assert str(rotation.function) == "mysql-alternating-users"


def test_principals_are_those_of_the_policy_and_then_of_the_grants() -> None:
    assert texts(plan_of(EVERYTHING).secrets["a"].principals) == [
        "${output.iam.reader}",
        "111122223333",
        "${output.iam.app}",
        "${output.iam.reader}",
    ]


def test_principals_of_the_levels_come_before_those_of_the_secret() -> None:
    plan = plan_of(
        """\
        context_name: x
        default_kms_key_id: alias/k
        access: {readers: ["111111111111"], paths: {p: {admins: ["222222222222"]}}}
        secrets: {a: {path: p, access: {readers: ["333333333333"]}}, b: {}}
        """
    )
    assert texts(plan.secrets["a"].principals) == ["111111111111", "222222222222", "333333333333"]
    assert texts(plan.secrets["b"].principals) == ["111111111111"]


def test_document_that_the_map_writes_out_has_no_principals_to_look_up() -> None:
    plan = plan_of("context_name: x\nsecrets: {a: {policy: '{\"Statement\": []}'}}\n")
    assert plan.secrets["a"].principals == ()


@pytest.mark.parametrize(
    ("fields", "passwords"),
    [
        ("generate_random_password: true, random_password: {length: 40}", {"a": 40}),
        (
            "random: {p: {length: 50}, q: {}}, secret_data: {p: '${random.p}', q: '${random.q}'}",
            {"a.p": 50, "a.q": 32},
        ),
        ("random: {p: {}}, secret_data: 'u:${random.p}'", {"a.p": 32}),
        ("secret_data: v", {}),
        ("secret_binary: aGVsbG8=", {}),
        ("description: d", {}),
    ],
)
def test_passwords_are_keyed_as_in_the_output(fields: str, passwords: dict[str, int]) -> None:
    plan = plan_of(f"context_name: x\nsecrets: {{a: {{{fields}}}}}\n")
    found = plan.secrets["a"].generated_values
    lengths = {}
    for key, options in found.items():
        assert isinstance(options, RandomPassword)
        lengths[key] = options.length
    assert lengths == passwords


def test_key_pairs_are_those_that_have_a_public_half() -> None:
    plan = plan_of(
        "context_name: x\nsecrets:\n  a:\n    secret_data: '${random.k}${random.p}'\n"
        "    random: {k: {kind: key_pair}, p: {}, id: {kind: uuid}}\n"
    )
    assert plan.secrets["a"].key_pairs == ("a.k",)
    assert list(plan.secrets["a"].generated_values) == ["a.k", "a.p", "a.id"]


@pytest.mark.parametrize(
    ("key", "is_aws_managed"),
    [
        ("alias/aws/secretsmanager", True),
        ("arn:aws:kms:eu-central-1:123456789012:alias/aws/secretsmanager", True),
        ("alias/own", False),
        ("alias/aws/ebs", False),
        ("arn:aws:kms:eu-central-1:123456789012:key/own", False),
    ],
)
def test_aws_managed_key_is_recognized_by_its_alias(key: str, is_aws_managed: bool) -> None:
    assert NamedKey(Template((key,))).is_aws_managed is is_aws_managed


def test_referenced_key_is_not_taken_for_the_aws_managed_one() -> None:
    key = plan_of(EVERYTHING).secrets["a"].kms_key
    assert isinstance(key, NamedKey)
    assert not key.is_aws_managed


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (Days(7), "rate(7 days)"),
        (Expression("rate(12 hours)"), "rate(12 hours)"),
        (Expression("cron(0 8 1 * ? *)"), "cron(0 8 1 * ? *)"),
    ],
)
def test_schedule_is_written_as_an_expression(schedule: Days | Expression, text: str) -> None:
    assert str(schedule) == text


def test_secrets_are_yielded_in_the_order_of_creation() -> None:
    plan = plan_of(
        """\
        context_name: x
        secrets:
          a: {secret_data: "${output.secretsmanager.secret_arns.b}"}
          b: {}
        """
    )
    assert list(plan.secrets) == ["a", "b"]
    assert [secret.key for secret in plan.in_order()] == ["b", "a"]


def test_place_of_a_secret_is_its_entry() -> None:
    plan = plan_of("context_name: x\nsecrets: {a: {}}\n")
    report = plan.report()
    report.error(plan.secrets["a"].place, "is wrong")
    assert [str(problem) for problem in report.errors] == ["m:2:11: error: is wrong"]


def test_every_report_on_a_plan_starts_empty() -> None:
    plan = plan_of("context_name: x\nsecrets: {a: {}}\n")
    plan.report().error((), "is wrong")
    assert plan.report().errors == []


def test_plans_are_compared_by_what_they_ask_for_not_by_positions() -> None:
    text = "context_name: x\nsecrets: {a: {}}\n"
    assert plan_of(text) == plan_of(f"\n# moved down\n{text}", file="other")
