"""`secretsmap status` on a deployed map: good at first, then it finds what was changed outside."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.conftest import ROOT, Aws, Secrets, SecretsStack

MAP = """\
context_name: seen
environment: e1
kms: {create: true}
tags: {team: a}
access: {readers: ['arn:aws:iam::111122223333:role/r']}
secrets:
  pw:
    generate_random_password: true
    description: the password
    rotation_automatically: true
    rotation: {function: generated-password}
  key_of_partner: {owner: operator, description: set by hand}
"""


def status(stack: SecretsStack) -> tuple[int, dict[str, Any]]:
    """Return the exit code and the JSON of the command, run in the sandbox."""
    file = stack.project / "stacks" / f"{stack.name}.yaml"
    done = subprocess.run(
        [sys.executable, "-m", "secrets_component", "status", str(file), "--json"],
        cwd=ROOT,
        env=stack.sandbox.environment(),
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_deployed_map_has_no_drift_until_others_change_it(secrets: Secrets, aws: Aws) -> None:
    stack = secrets(MAP)
    code, before = status(stack)
    assert (code, [one["state"] for one in before["secrets"]]) == (1, ["missing", "missing"])

    stack.up()
    client = aws("secretsmanager")
    code, empty = status(stack)
    assert [(one["state"], one["value_by"]) for one in empty["secrets"]] == [
        ("filled", "the map"),
        ("empty", None),
    ]
    assert (code, empty["findings"]) == (1, 1)
    client.put_secret_value(SecretId="seen/e1/key_of_partner", SecretString="hunter2")
    code, good = status(stack)
    assert (code, good["findings"]) == (0, 0), good

    pw = "seen/e1/pw"
    client.update_secret(SecretId=pw, Description="other", KmsKeyId="alias/aws/secretsmanager")
    client.untag_resource(SecretId=pw, TagKeys=["team"])
    client.delete_resource_policy(SecretId=pw)
    pending = client.put_secret_value(
        SecretId=pw, SecretString="hunter3", VersionStages=["AWSPENDING"]
    )["VersionId"]
    client.create_secret(Name="seen/e1/stray", SecretString="hunter4")
    code, drifted = status(stack)
    assert code == 1
    begins = [finding.partition(" ")[0] for finding in drifted["secrets"][0]["findings"]]
    assert begins == ["has", "lacks", "has", "is", "has"], drifted["secrets"][0]
    assert [one["name"] for one in drifted["others"] if one["findings"]] == ["seen/e1/stray"]
    assert "hunter" not in json.dumps(drifted)

    client.update_secret_version_stage(
        SecretId=pw, VersionStage="AWSPENDING", RemoveFromVersionId=pending
    )
    client.delete_secret(SecretId="seen/e1/stray", ForceDeleteWithoutRecovery=True)
    stack.up("--refresh")
    code, again = status(stack)
    assert (code, again["findings"]) == (0, 0), again
    stack.pulumi("destroy", "--yes")
