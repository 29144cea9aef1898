"""`rotation: {function: …}`: what a map may say, and what is planned and named from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from secrets_component.errors import SecretMapError
from secrets_component.planning.plan import HostedFunction, PlannedSecret
from secrets_component.planning.planner import plans
from secrets_component.resources import hosting
from secrets_component.secret_map.names import rotation_function, rotation_role
from secrets_component.secret_map.yaml_text import parse_yaml
from tests.certificates import CERTIFICATE
from tests.unit.mocks import ACCOUNT, REGION, Made, deploy

LOGIN = "secret_data: {engine: postgres, host: h, username: u, password: p}"
ON = "rotation_automatically: true, "
ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:boss-AbCdEf"


def planned(fields: str, head: str = "# no head") -> PlannedSecret:
    text = f"context_name: x\n{head}\nsecrets:\n  a: {{{fields}}}\n"
    (one,) = plans(parse_yaml(text, "m.yaml"), "dev").values()
    return one.secrets["a"]


def hosted(fields: str, head: str = "# no head") -> HostedFunction:
    rotation = planned(fields, head).rotation
    assert rotation is not None
    assert isinstance(rotation.function, HostedFunction)
    return rotation.function


BAD = [
    (ON + LOGIN + ", rotation: {function: postgres-single}", "expected 'generated-password', 'postgres-single-user'"),
    (ON + LOGIN + ", rotation: {}", "`function`: is missing"),
    (LOGIN + ", rotation: {function: postgres-single-user}", "has no effect without `rotation_automatically: true`"),
    (ON + LOGIN + f", rotation: {{function: postgres-single-user}}, rotation_lambda_arn: {ARN.replace('secretsmanager', 'lambda').replace('secret:', 'function:')}", "`rotation` and `rotation_lambda_arn` are mutually exclusive"),
    (ON + LOGIN + ", rotation: {function: postgres-alternating-users}", "set `superuser_secret_arn: <ARN or reference>`"),
    (ON + LOGIN + f", rotation: {{function: postgres-single-user, superuser_secret_arn: {ARN}}}", "has no effect with `postgres-single-user`"),
    (ON + LOGIN + ", rotation: {function: postgres-alternating-users, superuser_secret_arn: boss}", "expected a secret's ARN or a reference like"),
    (ON + LOGIN + ", rotation: {function: postgres-single-user, subnet_ids: [subnet-0a]}", "needs `security_group_ids`"),
    (ON + LOGIN + ", rotation: {function: postgres-single-user, security_group_ids: [sg-0a]}", "needs `subnet_ids`"),
    (ON + LOGIN + ", rotation: {function: postgres-single-user, subnet_ids: [vpc-0a], security_group_ids: [sg-0a]}", "expected a subnet's id"),
    (ON + LOGIN + ", rotation: {function: postgres-single-user, timeout: 901}", "`timeout`: must be at most 900"),
    (ON + LOGIN + ", rotation: {function: postgres-single-user, log_retention_in_days: 2}", "`log_retention_in_days`: expected 1, 3, 5"),
    (ON + LOGIN + ", rotation: {function: postgres-single-user, ca_bundle: no-such.pem}", "`ca_bundle`: file not found (paths are relative to the map)"),
    (ON + LOGIN + ", rotation: {function: mysql-single-user}", "`engine`: `mysql-single-user` supports only `mysql`, `mariadb`, `aurora-mysql`"),
    (ON + "secret_data: {host: h}, rotation: {function: mysql-single-user}", "is missing `engine`, `username`, `password`, required by `mysql-single-user`"),
    (ON + "generate_random_password: true, rotation: {function: mysql-single-user}", "needs the database's connection details"),
    (ON + "secret_data: {token: t}, rotation: {function: generated-password}", "is missing `password`, required by `generated-password`"),
    (ON + "secret_binary: aGVsbG8=, rotation: {function: generated-password}", "built-in functions cannot rotate `secret_binary`"),
    (ON + "generate_random_password: true, rotation: {function: generated-password, ca_bundle: m.pem}", "has no effect with `generated-password`"),
    (ON + LOGIN + ", rotation: {function: postgres-single-user}, rotation_schedule: rate(1 hour)", "more often than every 4 hours"),
    (ON + LOGIN + ", rotation: {function: postgres-single-user}, rotation_schedule: rate(4 hours), rotation_window: 5h", "is longer than the 4 hours"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "message"), BAD)
def test_wrong_rotation_is_refused_at_its_line(fields: str, message: str) -> None:
    with pytest.raises(SecretMapError) as refused:
        planned(fields)
    assert "m.yaml:4:" in str(refused.value)
    assert message in str(refused.value)


def test_own_function_of_an_entry_replaces_the_default_one() -> None:
    own = "arn:aws:lambda:eu-central-1:123456789012:function:f"
    secret = planned(
        f"{LOGIN}, rotation_lambda_arn: {own}",
        "defaults: {rotation_automatically: true, rotation: {function: postgres-single-user}}",
    )
    assert secret.rotation is not None
    assert str(secret.rotation.function) == own


def test_new_passwords_are_made_as_the_first_one() -> None:
    random = "random: {password: {length: 20, special: false, upper: false}}"
    data = LOGIN.replace("password: p", "password: '${random.password}'")
    function = hosted(f"{ON}{data}, {random}, rotation: {{function: postgres-single-user}}")
    assert function.password_length == 20
    assert function.password_characters == "abcdefghijklmnopqrstuvwxyz0123456789"
    plain = hosted(
        f"{ON}generate_random_password: true, rotation: {{function: generated-password}}"
    )
    assert plain.password_length == 32
    assert plain.password_characters.endswith("789-_.")


@pytest.mark.parametrize(
    "value",
    [
        "secret_data: {engine: postgres, host: h, username: u, password: '${random.pw}'}",
        """secret_data: '{"engine": "postgres", "host": "h", "port": ${output.rds.port}, "username": "u", "password": "${random.pw}"}'""",
    ],
)
def test_new_passwords_are_made_by_the_options_that_the_password_names(value: str) -> None:
    random = "random: {other: {length: 9}, password: {length: 8}, pw: {length: 20, special: false}}"
    function = hosted(
        f"{ON}{value}, {random}, rotation: {{function: postgres-single-user}}",
        "stacks: {rds: o/rds/dev}",
    )
    assert function.password_length == 20
    assert function.password_characters.endswith("789")


def test_references_of_a_function_give_the_order() -> None:
    text = f"""\
context_name: x
stacks: {{vpc: o/vpc/dev}}
secrets:
  app:
    {LOGIN}
    rotation_automatically: true
    rotation:
      function: postgres-alternating-users
      superuser_secret_arn: ${{output.secretsmanager.secret_arns.boss}}
      subnet_ids: ["${{output.vpc.private_subnet_ids.0}}"]
      security_group_ids: [sg-0a]
  boss: {{secret_data: v}}
"""
    (one,) = plans(parse_yaml(text, "m.yaml"), "dev").values()
    assert one.order == ("boss", "app")
    assert [str(reference) for reference in one.secrets["app"].references] == [
        "${output.secretsmanager.secret_arns.boss}",
        "${output.vpc.private_subnet_ids.0}",
    ]


def test_function_names_are_good_and_never_shared() -> None:
    secrets = ["x/dev/db", "x-dev/db", "x/dev-db", "a" * 200, "a" * 201, "x/dev/+=.@"]
    made = [rotation_function(name) for name in secrets]
    assert len(set(made)) == len(secrets)
    assert all(len(name) <= 64 and name.replace("-", "").isalnum() for name in made)


def statements(**changes: Any) -> dict[str, Any]:
    known = {"secret": ARN, "log": "arn:aws:logs:eu-central-1:1:log-group:/g", "topic": None}
    known = {**known, "superuser": None, "key": None, **changes}
    in_network = bool(known.pop("in_network", False))
    document = json.loads(hosting._rotation_rights(list(known.values()), in_network=in_network))
    return {statement["Sid"]: statement for statement in document["Statement"]}


def test_role_policy_grants_only_what_the_entry_needs() -> None:
    assert set(statements()) == {"RotateThisSecret", "WriteLog"}
    assert "UseKeyThroughSecretsManager" in statements(key="arn:aws:kms:eu-central-1:1:key/k")
    assert "UseNetwork" in statements(in_network=True)
    assert "ReadSuperuserSecret" in statements(superuser=ARN)
    assert "SendDeadLetters" in statements(topic="arn:aws:sns:eu-central-1:1:t")


def test_key_that_is_named_by_alias_is_granted_by_the_secret_that_it_encrypts() -> None:
    granted = statements(key="arn:aws:kms:eu-central-1:1:alias/a")["UseKeyThroughSecretsManager"]
    assert granted["Resource"] == "arn:aws:kms:eu-central-1:1:key/*"
    assert granted["Condition"]["StringEquals"]["kms:EncryptionContext:SecretARN"] == ARN


def test_misspelled_function_is_reported_once() -> None:
    with pytest.raises(SecretMapError) as refused:
        hosted(f"{ON}rotation: {{function: postgres-single-usr}}, {LOGIN}")
    assert len(refused.value.problems) == 1


def test_empty_rotation_is_reported_as_missing_its_function() -> None:
    with pytest.raises(SecretMapError, match="rotation requires a function"):
        hosted(f"{ON}rotation: , {LOGIN}")


TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:ours"
HOSTED = f"""\
context_name: x
alarms: {{topic_arn: '{TOPIC}'}}
secrets:
  a:
    {LOGIN}
    tags: {{team: t}}
    rotation_automatically: true
    rotation:
      function: postgres-alternating-users
      superuser_secret_arn: {ARN}
      subnet_ids: [subnet-0a]
      security_group_ids: [sg-0a]
      ca_bundle: BUNDLE
"""


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Made:
    """What is created for a function with every option; its zip is not built."""
    monkeypatch.setattr(hosting, "archive", lambda _: tmp_path)
    bundle = tmp_path / "ca.pem"
    bundle.write_text(CERTIFICATE)
    return deploy(HOSTED.replace("BUNDLE", str(bundle))).made


def test_function_and_its_log_have_one_name_and_its_role_one_for_each_region(made: Made) -> None:
    name = rotation_function("x/dev/a")
    assert made["Function", "m.a.rotation"]["name"] == name
    assert made["LogGroup", "m.a.rotation"]["name"] == f"/aws/lambda/{name}"
    role = rotation_role("x/dev/a", REGION)
    assert made["Role", "m.a.rotation"]["name"] == role
    assert made["RolePolicy", "m.a.rotation"]["role"] == role


def test_function_has_what_its_entry_configures(made: Made) -> None:
    function = made["Function", "m.a.rotation"]
    assert function["handler"] == "rotators.handlers.postgres_alternating_users"
    assert function["vpcConfig"] == {"subnetIds": ["subnet-0a"], "securityGroupIds": ["sg-0a"]}
    assert function["tags"] == {"team": "t"}
    variables = function["environment"]["variables"]
    assert variables["SUPERUSER_SECRET_ARN"] == ARN
    assert variables["CA_BUNDLE"] == "/var/task/ca.pem"


def test_only_secrets_manager_may_call_the_function_for_this_secret(made: Made) -> None:
    assert made["Permission", "m.a.rotation"] == {
        "action": "lambda:InvokeFunction",
        "function": rotation_function("x/dev/a"),
        "principal": "secretsmanager.amazonaws.com",
        "sourceAccount": ACCOUNT,
        "sourceArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x/dev/a-AbCdEf",
        "statementId": rotation_function("x/dev/a"),
    }


def test_calls_that_failed_for_good_go_to_the_alarms_topic(made: Made) -> None:
    assert made["Function", "m.a.rotation"]["deadLetterConfig"] == {"targetArn": TOPIC}
    policy = json.loads(made["RolePolicy", "m.a.rotation"]["policy"])
    allowed = {one["Sid"]: one["Resource"] for one in policy["Statement"]}
    assert allowed["SendDeadLetters"] == TOPIC


@pytest.mark.parametrize(
    ("name", "expected"), [("n" * 109, None), ("n" * 110, "named"), ("a b", "named")]
)
def test_policy_is_named_only_where_its_automatic_name_is_not_valid(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, expected: str | None
) -> None:
    monkeypatch.setattr(hosting, "archive", lambda _: tmp_path)
    fields = f"{ON}generate_random_password: true, rotation: {{function: generated-password}}"
    made = deploy(f"context_name: x\nsecrets: {{a: {{{fields}}}}}\n", name=name).made
    policy = made["RolePolicy", f"{name}.a.rotation"]
    assert policy.get("name") == (expected and rotation_function("x/dev/a"))
