"""From two lines in a map to a changed password in a real database, and `pulumi up` afterwards."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from rotators import handlers
from tests.conftest import Aws, Secrets
from tests.rotators.account import Secret
from tests.rotators.conftest import Database

MAP = """\
context_name: deployed
secrets:
  db:
    random: {{password: {{length: 24}}}}
    secret_data: {{engine: postgres, host: localhost, port: {port}, username: {user}, password: "${{random.password}}"}}
    rotation_automatically: true
    rotation: {{function: postgres-single-user, ca_bundle: ca.pem}}
"""


def test_deployed_function_rotates_and_the_next_run_does_not_notice(
    secrets: Secrets, postgres: Database, aws: Aws, account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, ca = postgres.new_user(), postgres.server.ca
    stack = secrets(MAP.format(port=postgres.server.port, user=user))
    shutil.copy(ca, stack.project / "stacks" / "ca.pem")
    stack.up()
    outputs = stack.outputs()
    first = outputs["generated_passwords"]["db.password"]
    postgres.server.run(f"ALTER ROLE {user} PASSWORD '{first}'")

    secret = Secret(account, outputs["secret_arns"]["db"])
    arn = account.describe_secret(SecretId=secret.arn)["RotationLambdaARN"]
    function = aws("lambda").get_function_configuration(FunctionName=arn)
    for name, value in function["Environment"]["Variables"].items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CA_BUNDLE", str(ca))  # there it lies where Lambda unpacks the zip
    handler = getattr(handlers, function["Handler"].rpartition(".")[2])
    for _ in range(2):
        secret.rotate(handler)

    live = secret.fields()
    assert postgres.opens(live)
    assert live["password"] != first
    assert len(live["password"]) == 24
    assert set(stack.up("--refresh").changes) == {"same"}
    assert secret.fields() == live
