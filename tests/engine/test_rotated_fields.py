"""`rotated_fields`: the map changes its own fields and keeps what rotation wrote into the others."""

import json
from typing import Any

import pytest

from tests.conftest import Aws, Secrets
from tests.engine.test_live_values import rotate
from tests.sandbox.rules.functions_code import wait_until

MAP = """\
context_name: fields{n}
secrets:
  db:
    random: {{password: {{}}}}
    secret_data: {{host: {host}, port: 5432, password: "${{random.password}}"}}
    rotated_fields: [password]
    owner: operator
"""


def rotated(client: Any, arn: str, password: str) -> None:
    live = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])
    rotate(client, arn, json.dumps({**live, "password": password}))


@pytest.mark.parametrize(
    "times", [3, *(pytest.param(few, marks=pytest.mark.long) for few in (0, 1))]
)
@pytest.mark.parametrize("refresh", [(), ("--refresh",)])
def test_map_changes_its_fields_and_keeps_the_live_password(
    secrets: Secrets, aws: Aws, times: int, refresh: tuple[str, ...]
) -> None:
    context = f"{times}{len(refresh)}"
    stack = secrets(MAP.format(n=context, host="old"))
    stack.up()
    outputs = stack.outputs()
    arn, password = outputs["secret_arns"]["db"], outputs["generated_passwords"]["db.password"]
    client = aws("secretsmanager")

    def live() -> dict[str, object]:
        return dict(json.loads(client.get_secret_value(SecretId=arn)["SecretString"]))

    assert live() == {"host": "old", "port": 5432, "password": password}
    for n in range(times):
        rotated(client, arn, password := f"rotated {n}")
    assert set(stack.up().changes) == {"same"}
    stack.write(MAP.format(n=context, host="new")).up(*refresh)
    assert live() == {"host": "new", "port": 5432, "password": password}
    assert set(stack.up().changes) == {"same"}


HOSTED = MAP.replace(
    "    owner: operator\n",
    """\
    rotation_automatically: true
    rotation: {{function: generated-password}}
""",
)


def test_secret_rotates_again_after_a_run_changed_its_own_fields(
    secrets: Secrets, aws: Aws
) -> None:
    """The run makes a version of its own current, while AWS remembers the rotation before it."""
    stack = secrets(HOSTED.format(n="again", host="old"))
    stack.up()
    arn = stack.outputs()["secret_arns"]["db"]
    client = aws("secretsmanager")

    def live() -> dict[str, object]:
        return dict(json.loads(client.get_secret_value(SecretId=arn)["SecretString"]))

    seen = [live()["password"]]
    for host in ("new", "newer"):
        client.rotate_secret(SecretId=arn)
        wait_until(lambda: live()["password"] not in seen)
        seen.append(live()["password"])
        stack.write(HOSTED.format(n="again", host=host)).up()
        assert live() == {"host": host, "port": 5432, "password": seen[-1]}
    client.rotate_secret(SecretId=arn)
    wait_until(lambda: live()["password"] not in seen)
    assert live()["host"] == "newer"
    stack.pulumi("destroy", "--yes")


def test_version_that_aws_dropped_is_written_again_out_of_the_live_fields(
    secrets: Secrets, aws: Aws
) -> None:
    stack = secrets(MAP.format(n="dropped", host="h"))
    stack.up()
    arn = stack.outputs()["secret_arns"]["db"]
    client = aws("secretsmanager")
    (ours,) = client.list_secret_version_ids(SecretId=arn)["Versions"]
    for n in range(3):
        rotated(client, arn, f"rotated {n}")
    client.update_secret_version_stage(  # with its label AWS would keep it
        SecretId=arn, VersionStage="secretsmap-own-fields", RemoveFromVersionId=ours["VersionId"]
    )
    stack.up("--refresh")
    live = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])
    assert live == {"host": "h", "port": 5432, "password": "rotated 2"}


def test_live_value_that_is_not_json_is_not_overwritten(secrets: Secrets, aws: Aws) -> None:
    stack = secrets(MAP.format(n="text", host="old"))
    stack.up()
    arn = stack.outputs()["secret_arns"]["db"]
    client = aws("secretsmanager")
    client.put_secret_value(SecretId=arn, SecretString="plain-text-by-hand")
    refused = stack.write(MAP.format(n="text", host="new")).up(good=False)
    assert "`rotated_fields`: the current value is not a JSON object" in refused.diagnostics
    assert "plain-text-by-hand" not in refused.diagnostics
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "plain-text-by-hand"


def test_state_holds_no_field_in_plain_text(secrets: Secrets) -> None:
    stack = secrets(MAP.format(n="state", host="Zq7-host"))
    stack.up()
    assert "Zq7-host" not in stack.state()
    assert stack.outputs()["generated_passwords"]["db.password"] not in stack.state()
