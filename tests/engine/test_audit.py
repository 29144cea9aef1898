"""`audit` on a deployed map: its readers are in the map, a stranger with a broad policy is not."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

from sandbox.environment import Sandbox
from tests.conftest import ROOT, Aws, Secrets, SecretsStack

HERE = "123456789012"
TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})  # fmt: skip
BROAD = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Everything", "Effect": "Allow", "Action": ["secretsmanager:*", "kms:*"], "Resource": "*"}],
})  # fmt: skip


def role(name: str) -> str:
    return f"arn:aws:iam::{HERE}:role/{name}"


def run(
    sandbox: Sandbox,
    stack: SecretsStack,
    *arguments: str,
    codes: tuple[int, ...] = (0, 1),
    **extra: str,
) -> str:
    """Return what an audit prints; other tests leave roles in the account, which may be findings."""
    file = stack.project / "stacks" / f"{stack.name}.yaml"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "secrets_component",
            "audit",
            str(file),
            "--environment",
            stack.name,
            *arguments,
        ],
        cwd=ROOT,
        env={**sandbox.environment(), **extra},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout


def allowed(text: str) -> dict[tuple[str, str], dict[str, str]]:
    """Return what this test's roles may do: principal and action → secret → whether it is in the map."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        if row["verdict"] == "allowed" and row["principal"].startswith(role("audit-")):
            found.setdefault((row["principal"], row["action"]), {})[row["secret"]] = row["in_map"]
    return found


def test_declared_readers_are_in_the_map_and_a_stranger_is_a_finding(
    sandbox: Sandbox, aws: Aws, secrets: Secrets, tmp_path: Path
) -> None:
    iam = aws("iam")
    for name in ("audit-app", "audit-ops", "audit-worker", "audit-stranger", "audit-nobody"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    stack = secrets(
        f"""\
        context_name: audited
        kms: {{create: true}}
        access:
          readers: ["{role("audit-app")}"]
          admins: ["{role("audit-ops")}"]
          paths: {{rds: {{attach_to: [audit-worker]}}}}
        secrets:
          token: {{generate_random_password: true}}
          database: {{path: rds, generate_random_password: true}}
          plain: {{secret_data: hunter2-of-the-audit, kms_key_id: alias/aws/secretsmanager}}
        """
    )
    stack.up()
    everything, kept = {"token": "yes", "database": "yes", "plain": "yes"}, tmp_path / "answers"
    text = run(sandbox, stack, "--format", "csv", "--save", str(kept))
    declared = {
        (role("audit-app"), "read"): everything,
        **{
            (role("audit-ops"), action): everything
            for action in ("read", "write", "rotate", "delete")
        },
        (role("audit-worker"), "read"): {"database": "yes"},
    }
    assert allowed(text) == declared
    for name in ("audit-app", "audit-nobody"):
        run(sandbox, stack, "--principal", role(name), "--from", str(kept), codes=(0,))
    assert "hunter2" not in text + "".join(file.read_text() for file in kept.iterdir())

    iam.put_role_policy(RoleName="audit-stranger", PolicyName="broad", PolicyDocument=BROAD)
    text = run(sandbox, stack, "--format", "csv", "--principal", role("audit-stranger"), codes=(1,))
    assert {action: names for (_, action), names in allowed(text).items()} == {
        "read": {"plain": "no"},  # under the map's own key, the key refuses
        "write": {"plain": "no"},
        "rotate": dict.fromkeys(everything, "no"),
        "delete": dict.fromkeys(everything, "no"),
        "change policy": dict.fromkeys(everything, "no"),
        "gain": {"token": "no", "database": "no"},
    }
    found = json.loads(run(sandbox, stack, "--format", "json", "--secret", "token", codes=(1,)))
    (refused,) = [
        row
        for row in found["rows"]
        if row["principal"] == role("audit-stranger") and row["action"] == "read"
    ]
    assert refused["verdict"] == "key refuses"
    assert (
        "statement `Everything` of the identity-based policy `broad (inline, role/audit-stranger)`"
        in refused["why"]
    )

    # Offline, the saved answers know nothing of the stranger yet.
    assert (
        allowed(
            run(
                sandbox,
                stack,
                "--format",
                "csv",
                "--from",
                str(kept),
                AWS_ENDPOINT_URL="http://127.0.0.1:9",
            )
        )
        == declared
    )
    assert stack.pulumi("destroy", "--yes").code == 0
