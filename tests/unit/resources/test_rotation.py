"""Rotation: schedules, and who may call the functions."""

import re

import pulumi
import pytest

from tests.unit.conftest import Registered
from tests.unit.mocks import ACCOUNT, FUNCTION, REGION, deploy

ROTATED = (
    "context_name: x\nstacks: {l: o/l/dev}\nsecrets:\n"
    "  a: {secret_data: v, rotation_automatically: true, rotation_days: 7, "
    "rotation_lambda_arn: '${output.l.f}', rotation_window: 3h}\n"
    "  b: {secret_data: v, rotation_automatically: true, rotation_schedule: rate(10 days), "
    "rotation_lambda_arn: '${output.l.f}', rotate_immediately: true}\n"
)


def test_rotation_has_schedule_permission_and_first_value_only() -> None:
    made = deploy(ROTATED, {"o/l/dev": {"f": FUNCTION}}).made
    assert made["SecretRotation", "m.a"] == {
        "secretId": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x/dev/a-AbCdEf",
        "rotationLambdaArn": FUNCTION,
        "rotateImmediately": False,
        "rotationRules": {"automaticallyAfterDays": 7, "duration": "3h"},
    }
    assert made["SecretRotation", "m.b"]["rotationRules"] == {"scheduleExpression": "rate(10 days)"}
    assert made["SecretRotation", "m.b"]["rotateImmediately"] is True
    permissions = [inputs for (kind, _), inputs in made.items() if kind == "Permission"]
    assert permissions == [
        {
            "action": "lambda:InvokeFunction",
            "function": FUNCTION,
            "principal": "secretsmanager.amazonaws.com",
            "sourceAccount": ACCOUNT,
            "statementId": permissions[0]["statementId"],
        }
    ]
    assert made["SecretVersion", "m.a"]["versionStages"] == ["secretsmap-value"]


def test_each_custom_function_gets_one_permission() -> None:
    stacks = {"o/l/dev": {"f": FUNCTION}}
    two = ROTATED + (
        f"  c: {{secret_data: v, rotation_automatically: true, rotation_lambda_arn: '{FUNCTION}2'}}\n"
    )
    made = deploy(two, stacks).made
    permissions = [inputs["function"] for (kind, _), inputs in made.items() if kind == "Permission"]
    assert sorted(permissions) == [FUNCTION, f"{FUNCTION}2"]


WAITING = ROTATED.replace("{l: o/l/dev}", "{l: {stack: o/l/dev, when_missing: wait}}")


def test_rotation_waits_for_its_function() -> None:
    result = deploy(WAITING)
    assert not [name for kind, name in result.made if kind in ("SecretRotation", "Permission")]
    assert ("SecretVersion", "m.a") in result.made
    assert result.outputs["waiting_rotations"] == {"a": ["${output.l.f}"], "b": ["${output.l.f}"]}


def test_secret_whose_value_waits_does_not_rotate_yet() -> None:
    text = (
        "context_name: x\nstacks: {l: {stack: o/l/dev, when_missing: wait}}\nsecrets:\n"
        "  a: {secret_data: '${output.l.value}', rotation_automatically: true, "
        f"rotation_lambda_arn: '{FUNCTION}'}}\n"
    )
    assert not [name for kind, name in deploy(text).made if kind == "SecretRotation"]
    late = deploy(text, {"o/l/dev": {"value": "v"}}).made
    assert ("SecretRotation", "m.a") in late


def statement_ids(text: str, name: str = "m") -> list[str]:
    made = deploy(text, {"o/l/dev": {"f": FUNCTION}}, name=name).made
    return [inputs["statementId"] for (kind, _), inputs in made.items() if kind == "Permission"]


@pytest.mark.parametrize("name", ["m", "a.b c", "n" * 200])
def test_permission_has_an_id_that_aws_accepts(name: str) -> None:
    (statement,) = statement_ids(ROTATED, name)
    assert re.fullmatch(r"[0-9A-Za-z_-]{1,100}", statement)


def test_statement_id_never_changes() -> None:
    # Another id replaces the permission: for a moment no secret of the function can rotate.
    assert statement_ids(ROTATED) == ["m-rotation-c8a27544-c6836885"]


def test_maps_that_share_a_function_have_different_statements(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [*statement_ids(ROTATED), *statement_ids(ROTATED, "n")]
    found += statement_ids(ROTATED.replace("context_name: x", "context_name: y"))
    monkeypatch.setattr(pulumi, "get_project", lambda: "another")
    found += statement_ids(ROTATED)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("qualifier", ["7", "live"])
def test_permission_names_the_version_or_alias_apart_from_the_function(qualifier: str) -> None:
    made = deploy(ROTATED, {"o/l/dev": {"f": f"{FUNCTION}:{qualifier}"}}).made
    (permission,) = (inputs for (kind, _), inputs in made.items() if kind == "Permission")
    assert (permission["function"], permission["qualifier"]) == (FUNCTION, qualifier)
    assert made["SecretRotation", "m.a"]["rotationLambdaArn"] == f"{FUNCTION}:{qualifier}"


ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"
ENTRY = f"rotation_automatically: true, rotation_lambda_arn: '{FUNCTION}'"


def test_rotation_goes_with_its_secret(registered: Registered) -> None:
    deploy(f"context_name: x\nsecrets: {{a: {{secret_data: v, {ENTRY}}}}}\n")
    assert registered[ROTATION]["m.a"].deletedWith.endswith(":Secret::m.a")


@pytest.mark.parametrize("adopted", ["import: old", "restore_deleted: true"])
def test_rotation_of_an_adopted_secret_ends_although_the_secret_stays(
    registered: Registered, adopted: str
) -> None:
    deploy(f"context_name: x\nsecrets: {{a: {{{adopted}, {ENTRY}}}}}\n")
    assert registered[ROTATION]["m.a"].deletedWith == ""
