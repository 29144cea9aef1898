"""`on_rotate`: what a map may say, what it plans, and what is made of it."""

import json
import re
from pathlib import Path

import jsonschema
import pulumi
import pytest

from secrets_component.cli.command import main
from secrets_component.errors import SecretMapError
from secrets_component.resources import restarts
from secrets_component.secret_map.schema import map_schema
from tests.maps_of_tests import plan_of
from tests.unit.mocks import ACCOUNT, FUNCTION, REGION, Deployed, deploy

ROTATING = f"secret_data: v, rotation_automatically: true, rotation_lambda_arn: '{FUNCTION}'"
RESTARTING_KINDS = "Function", "Role", "RolePolicy", "LogGroup"
STACKS = "stacks: {ecs: {stack: o/ecs/dev, when_missing: wait}}\n"
SERVICE = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/main/orders"
READER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:reader"


def map_of(on_rotate: str, fields: str = ROTATING) -> str:
    return f"context_name: x\nsecrets:\n  a: {{on_rotate: {on_rotate}, {fields}}}\n"


@pytest.mark.parametrize(
    ("on_rotate", "message"),
    [
        ("[{ecs: a/b}]", "m:3:19: error: `on_rotate`: expected `{ecs_service: <cluster>/<service>}` or `{lambda: <name or ARN>}`"),
        ("[{lambda: x, ecs_service: a/b}]", "m:3:19: error: `on_rotate`: expected `{ecs_service: <cluster>/<service>}` or `{lambda: <name or ARN>}`"),
        ("[orders]", "m:3:19: error: `on_rotate`: expected `{ecs_service: <cluster>/<service>}` or `{lambda: <name or ARN>}`"),
        ("[{ecs_service: orders}]", "m:3:33: error: `ecs_service`: expected `<cluster>/<service>` or the service's ARN, with its cluster in it"),
        (f"[{{lambda: '{READER}:1'}}]", "m:3:28: error: `lambda`: expected a Lambda function's name or ARN, without a version: only the unpublished one can change"),
        ("[{lambda: x, after: 3}]", "m:3:31: error: unknown key `after`"),
        ("{lambda: x}", "m:3:18: error: `on_rotate`: expected a list, such as `[{ecs_service: main/orders}]`"),
        ("[{lambda: '${output.nowhere.f}'}]", "m:3:29: error: `${output.nowhere.f}`: unknown component `nowhere`; add `nowhere: <organization>/nowhere/dev` under `stacks:`"),
    ],
)  # fmt: skip
def test_wrong_restart_is_reported_at_its_position(on_rotate: str, message: str) -> None:
    with pytest.raises(SecretMapError) as refused:
        plan_of(map_of(on_rotate))
    assert str(refused.value) == message


def test_restart_without_rotation_is_an_error_in_an_entry_and_nothing_in_defaults() -> None:
    with pytest.raises(SecretMapError, match="m:3:7: error: `on_rotate`: has no effect without"):
        plan_of(map_of("[{lambda: x}]", "secret_data: v"))
    plan = plan_of(
        "context_name: x\ndefaults: {on_rotate: [{lambda: x}]}\n"
        f"secrets: {{a: {{secret_data: v}}, b: {{{ROTATING}}}}}\n"
    )
    assert [(key, len(secret.on_rotate)) for key, secret in plan.secrets.items()] == [
        ("a", 0),
        ("b", 1),
    ]


def test_adopted_secret_may_rotate_by_other_means() -> None:
    assert plan_of(map_of("[{lambda: x}]", "import: there")).secrets["a"].on_rotate


@pytest.mark.parametrize("name", ["n" * 57, "a.b", "with blank", "n" * 200])
def test_restart_function_has_a_valid_name_whatever_the_component_is_called(name: str) -> None:
    made = deploy(map_of("[{lambda: x}]"), name=name).made
    names = {made[kind, f"{name}-on-rotate"]["name"] for kind in RESTARTING_KINDS}
    assert len(names) == 1
    assert re.fullmatch(r"[0-9A-Za-z_-]{1,64}", names.pop())


@pytest.mark.parametrize("name", ["m", "n" * 46])
def test_restart_function_keeps_its_automatic_name_where_that_is_valid(name: str) -> None:
    made = deploy(map_of("[{lambda: x}]"), name=name).made
    assert not [kind for kind in RESTARTING_KINDS if "name" in made[kind, f"{name}-on-rotate"]]


def test_plan_shows_what_restarts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "map.yaml"
    file.write_text(map_of("[{ecs_service: main/orders}, {lambda: reader}]"))
    assert main(["plan", str(file)]) == 0
    assert "    restarts on rotation: main/orders, reader\n" in capsys.readouterr().out
    assert main(["plan", str(file), "--json"]) == 0
    described = json.loads(capsys.readouterr().out)["secrets"][0]
    assert described["on_rotate"] == [{"ecs_service": "main/orders"}, {"lambda": "reader"}]


def test_json_schema_knows_both_forms_of_a_restart() -> None:
    validator = jsonschema.Draft7Validator(map_schema())
    good = {"ecs_service": "main/orders"}, {"lambda": "reader"}
    bad = {"ecs": "main/orders"}, {"lambda": "x", "after": 1}, "reader"
    found = []
    for one in (*good, *bad):
        entry = {"import": "x", "on_rotate": [one]}
        found.append(validator.is_valid({"context_name": "x", "secrets": {"a": entry}}))
    assert found == [True, True, False, False, False]


def test_rule_matches_the_one_secret_and_carries_what_restarts() -> None:
    made = deploy(map_of("[{ecs_service: main/orders}, {lambda: reader}]")).made
    rule = made["EventRule", "m.a.on-rotate"]
    assert json.loads(rule["eventPattern"]) == {
        "source": ["aws.secretsmanager"],
        "detail-type": ["Secret Label Updated"],
        "resources": [f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x/dev/a-AbCdEf"],
        "detail": {"labelUpdated": ["AWSCURRENT"]},
    }
    transformer = made["EventTarget", "m.a.on-rotate"]["inputTransformer"]
    assert json.loads(transformer["inputTemplate"]) == {
        "secret": "<secret>",
        "time": "<time>",
        "restart": [{"ecs_service": SERVICE}, {"lambda": READER}],
    }
    assert transformer["inputPaths"] == {
        "secret": "$.resources[0]",
        "time": "$.time",
    }


def test_function_may_learn_of_its_secrets_whether_a_value_is_the_first() -> None:
    made = deploy(map_of("[{lambda: reader}]")).made
    statements = json.loads(made["RolePolicy", "m-on-rotate"]["policy"])["Statement"]
    (describing,) = (one for one in statements if "Describe" in one["Action"][0])
    assert describing["Action"] == ["secretsmanager:DescribeSecret"]
    assert describing["Resource"] == [
        f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x/dev/a-AbCdEf"
    ]


def test_function_runs_this_packages_file_and_only_these_rules_may_call_it() -> None:
    made = deploy(map_of("[{lambda: reader}]")).made
    function = made["Function", "m-on-rotate"]
    assert function["handler"] == "restart_function.handler"
    assert function["loggingConfig"]["logFormat"] == "Text"
    permission = made["Permission", "m-on-rotate"]
    assert (
        permission["sourceArn"] == f"arn:aws:events:{REGION}:{ACCOUNT}:rule/secretsmap-on-rotate-*"
    )
    assert made["EventRule", "m.a.on-rotate"]["name"].startswith("secretsmap-on-rotate-")
    assert made["LogGroup", "m-on-rotate"] == {"retentionInDays": 30}


def test_rules_may_call_the_function_although_eventbridge_sends_no_account() -> None:
    permission = deploy(map_of("[{lambda: reader}]")).made["Permission", "m-on-rotate"]
    assert "sourceAccount" not in permission


def test_statement_and_target_have_ids_that_aws_accepts() -> None:
    key, name = "k" * 60, "a.b c"
    text = f"context_name: x\nsecrets: {{{key}: {{on_rotate: [{{lambda: x}}], {ROTATING}}}}}\n"
    made = deploy(text, name=name).made
    assert made["Permission", f"{name}-on-rotate"]["statementId"] == "on-rotate"
    assert made["EventTarget", f"{name}.{key}.on-rotate"]["targetId"] == "on-rotate"


def test_map_without_restarts_makes_no_function() -> None:
    made = deploy(f"context_name: x\nsecrets: {{a: {{{ROTATING}}}}}\n").made
    assert not {"Function", "EventRule", "Role", "LogGroup"} & {kind for kind, _ in made}


def test_restart_waits_for_a_stack_that_comes_later_and_the_rotation_does_not() -> None:
    text = STACKS + map_of('[{ecs_service: "${output.ecs.service}"}, {lambda: reader}]')
    early = deploy(text)
    assert early.outputs["waiting_rotations"] == {"a": ["${output.ecs.service}"]}
    assert ("SecretRotation", "m.a") in early.made
    assert '"restart": [{"lambda": ' in template(early)
    late = deploy(text, {"o/ecs/dev": {"service": SERVICE}})
    assert late.outputs["waiting_rotations"] == {}
    assert f'[{{"ecs_service": "{SERVICE}"}}, ' in template(late)


def template(deployed: Deployed) -> str:
    return deployed.made["EventTarget", "m.a.on-rotate"]["inputTransformer"]["inputTemplate"]


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (SERVICE.replace(ACCOUNT, "999999999999"), "is not in account 123456789012"),
        (SERVICE.replace(REGION, "us-east-1"), "is not in account 123456789012 and region"),
        ("only-a-name", "expected `<cluster>/<service>`"),
        (READER, "expected `<cluster>/<service>`"),
    ],
)
def test_referenced_target_that_cannot_restart_is_refused(found: str, problem: str) -> None:
    text = STACKS + map_of('[{ecs_service: "${output.ecs.service}"}]')
    with pytest.raises(pulumi.RunError, match=rf"m:\d+:\d+: error: `ecs_service`: {problem}"):
        deploy(text, {"o/ecs/dev": {"service": found}})


def test_rights_of_a_map_with_very_many_secrets_fit_a_role() -> None:
    arns = [f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{n:040}" for n in range(300)]
    target = "arn:aws:ecs:eu-central-1:123456789012:service/main/orders"
    rights = restarts._restart_rights(["ecs_service"], ("log", arns, [target]))
    assert len(rights) < 10_240
    assert "ecs:UpdateService" in rights
    few = restarts._restart_rights(["ecs_service"], ("log", arns[:2], [target]))
    assert arns[0] in few
