"""No secret in plain text: not in the state, not in the most verbose log, not in any output."""

import base64

MAP = """\
context_name: plain
defaults: {recovery_window_in_days: 0}
secrets:
  generated: {generate_random_password: true}
  composed: {secret_data: "user:${output.secretsmanager.generated_passwords.generated}"}
  written: {secret_data: "Zq7-written-in-the-map"}
  structured: {secret_data: {key: "Zq7-in-a-mapping", pw: "${random.pw}"}, random: {pw: {}}}
  binary: {secret_binary: "WnE3LWJpbmFyeS12YWx1ZQ=="}
  from_config: {secret_data: "${config.token}"}
  from_environment: {secret_data: "x ${env.SANDBOX_TEST_TOKEN} y"}
  operated: {secret_data: "Zq7-operated", owner: operator}
"""


def test_state_log_and_output_hold_no_value(secrets) -> None:
    stack = secrets(MAP)
    stack.pulumi("config", "set", "--secret", "token", "Zq7-from-config")
    environment = {"SANDBOX_TEST_TOKEN": "Zq7-from-environment"}
    texts = [
        stack.pulumi("preview", "--diff", **environment).text,
        stack.pulumi(
            "up",
            "--yes",
            "--skip-preview",
            "--diff",
            "--logtostderr",
            "--logflow",
            "-v=9",
            **environment,
        ).text,
        stack.state(),
    ]
    changed = MAP.replace("Zq7-written", "Zq7-rewritten").replace("Zq7-operated", "Zq7-reoperated")
    texts.append(stack.write(changed).pulumi("up", "--yes", "--diff", **environment).text)
    texts.append(stack.state())
    texts.append(stack.write("context_name: plain\n").pulumi("up", "--yes", "--diff").text)
    texts.append(stack.pulumi("stack", "output").text)

    stack.write(MAP).up(**environment)
    generated = list(stack.outputs()["generated_passwords"].values())
    texts.append(stack.state())
    assert len(generated) == 2
    needles = ["Zq7-", base64.b64encode(b"Zq7-")[:4].decode(), "WnE3LWJpbmFy", *generated]
    for needle in needles:
        for number, text in enumerate(texts):
            assert needle not in text, f"a value stands in plain text in text {number}"
