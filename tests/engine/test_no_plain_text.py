"""No secret in plain text: not in the state, not in the log, not in any output.

At level 9 Pulumi's engine logs each property that crosses its RPC boundary, secret or not, and the
inputs of each planned step (pulumi/pulumi: sdk/go/common/resource/plugin/rpc.go,
pkg/resource/deploy/step_generator.go). No program can keep a value out of these lines; all other
lines of that log must be clean.
"""

import base64
import json
import re
from typing import Any

from tests.conftest import Secrets

MAP = """\
context_name: plain
defaults: {recovery_window_in_days: 0}
secrets:
  generated: {generate_random_password: true}
  composed: {secret_data: "user:${output.secretsmanager.generated_passwords.generated}"}
  written: {secret_data: "Zq7-written-in-the-map"}
  structured: {secret_data: {key: "Zq7-in-a-mapping", pw: "${random.pw}"}, random: {pw: {}}}
  kinds:
    random: {b: {kind: bytes, encoding: base64url}, id: {kind: uuid}, key: {kind: key_pair}}
    secret_data: "${random.b} ${random.id} ${random.key}"
  from_file: {secret_data: "${file.token}"}
  binary: {secret_binary: "WnE3LWJpbmFyeS12YWx1ZQ=="}
  from_config: {secret_data: "${config.token}"}
  from_environment: {secret_data: "x ${env.SANDBOX_TEST_TOKEN} y"}
  operated: {secret_data: "Zq7-operated", owner: operator}
"""


THE_ENGINES_OWN = re.compile(r"(Unm|M)arshaling property for RPC\[|Planner decided to ")
UP = ("up", "--yes", "--skip-preview", "--diff")


def without_the_engines_dump(log: str) -> str:
    """Leave out the messages in which the engine dumps properties, and nothing else."""
    lines = log.splitlines()
    kept = [
        line
        for line in lines
        if not (line.startswith("{") and THE_ENGINES_OWN.match(json.loads(line).get("msg", "")))
    ]
    assert 1000 < len(kept) < len(lines), "the log has another form now: look at it again"
    return "\n".join(kept)


def test_state_log_and_output_hold_no_value(secrets: Secrets) -> None:
    stack = secrets(MAP)
    (stack.project / "stacks" / "token").write_text("Zq7-in-a-file")
    stack.pulumi("config", "set", "--secret", "token", "Zq7-from-config")
    environment: dict[str, Any] = {"SANDBOX_TEST_TOKEN": "Zq7-from-environment"}
    texts = {"preview": stack.pulumi("preview", "--diff", **environment).text}
    most = stack.pulumi(*UP, "--logtostderr", "--logflow", "-v=9", **environment).text
    texts["log at level 9"] = without_the_engines_dump(most)
    texts["state"] = stack.state()
    generated = stack.outputs()["generated_passwords"]
    changed = MAP.replace("Zq7-written", "Zq7-rewritten").replace("Zq7-operated", "Zq7-reoperated")
    texts["change"] = stack.write(changed).pulumi(*UP, **environment).text
    texts["state after a change"] = stack.state()
    texts["outputs"] = stack.pulumi("stack", "output").text
    texts["removal"] = stack.write("context_name: plain\n").pulumi(*UP).text

    assert len(generated) == 5
    needles = ["Zq7-", base64.b64encode(b"Zq7-")[:4].decode(), "WnE3LWJpbmFy"]
    for value in generated.values():
        needles += [line for line in value.splitlines() if "-----" not in line]

    for name, text in texts.items():
        leaks = sum(any(needle in line for needle in needles) for line in text.splitlines())
        assert leaks == 0, f"{name}: {leaks} lines hold a value"
