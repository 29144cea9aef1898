"""From two lines in a map to a changed password in a real database, and `pulumi up` afterwards."""

from __future__ import annotations

import shutil
from functools import partial
from typing import Any

from tests.conftest import Secrets
from tests.rotators.account import Secret
from tests.rotators.conftest import Database
from tests.sandbox.rules.functions_code import wait_until

MAP = """\
context_name: deployed
secrets:
  db:
    random: {{password: {{length: 24}}}}
    secret_data: {{engine: postgres, host: localhost, port: {port}, username: {user}, password: "${{random.password}}"}}
    rotation_automatically: true
    rotation: {{function: postgres-single-user, ca_bundle: ca.pem}}
"""


def has_changed(secret: Secret, before: dict[str, Any]) -> bool:
    return secret.fields() != before


def test_deployed_function_rotates_and_the_next_run_does_not_notice(
    secrets: Secrets, postgres: Database, account: Any
) -> None:
    user, ca = postgres.new_user(), postgres.server.ca
    stack = secrets(MAP.format(port=postgres.server.port, user=user))
    shutil.copy(ca, stack.project / "stacks" / "ca.pem")
    stack.up()
    outputs = stack.outputs()
    first = outputs["generated_passwords"]["db.password"]
    postgres.server.run(f"ALTER ROLE {user} PASSWORD '{first}'")

    secret = Secret(account, outputs["secret_arns"]["db"])
    for _ in range(2):
        before = secret.fields()
        account.rotate_secret(SecretId=secret.arn)
        wait_until(partial(has_changed, secret, before))

    live = secret.fields()
    assert postgres.opens(live)
    assert live["password"] != first
    assert len(live["password"]) == 24
    assert set(stack.up("--refresh").changes) == {"same"}
    assert secret.fields() == live
