"""Rotation: schedules, and who may call the functions."""

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
        }
    ]
    assert made["SecretVersion", "m.a.first"]["versionStages"] == ["secretsmap-first-value"]
