"""No secret in plain text: not in the state, not in the log, not in any output.

At level 9 Pulumi's engine logs each property that crosses its RPC boundary, secret or not, and the
inputs of each planned step (pulumi/pulumi: sdk/go/common/resource/plugin/rpc.go,
pkg/resource/deploy/step_generator.go). No program can keep a value out of these lines; all other
lines of that log must be clean.
"""

import base64
import json
import os
import re
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sandbox.environment import Sandbox
from tests.conftest import ROOT, Aws, MakeStack, Secrets, SecretsStack, Stack
from tests.needles import (
    WatchedFolder,
    code_of_functions,
    content_of,
    described_by_aws,
    files_below,
    forms_of,
    in_text,
    values_of_account,
)
from tests.sandbox.rules.functions_code import deploy, wait_until

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "secretsmap"

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


EVERYTHING = """\
context_name: needles
name: needles
kms: {create: true}
alarms: {create: true}
stacks: {producer: {stack: organization/needles-producer/dev, when_missing: wait}}
defaults: {recovery_window_in_days: 0}
secrets:
  generated: {generate_random_password: true}
  composed: {secret_data: "u:${output.secretsmanager.generated_passwords.generated}@h"}
  written: {secret_data: "Zq7-written-in-the-map"}
  json: {secret_data: '{"key": "Zq7-in-json-text", "pw": "${config.token}"}'}
  structured: {secret_data: {key: "Zq7-in-a-mapping", pw: "${random.pw}"}, random: {pw: {}}}
  url: {secret_data: "postgres://u:${config.token}@h/${env.NEEDLES_TOKEN}?p=${random.pw}", random: {pw: {}}}
  binary: {secret_binary: "WnE3LWJpbmFyeS12YWx1ZQ=="}
  from_config: {secret_data: "${config.token}"}
  from_environment: {secret_data: "x ${env.NEEDLES_TOKEN} y"}
  from_a_stack: {secret_data: "x ${output.producer.password} y"}
  operated: {secret_data: "Zq7-operated", owner: operator}
  rotating:
    generate_random_password: true
    rotation_automatically: true
    rotation: {function: generated-password}
    on_rotate: [{lambda: READER}]
  partly:
    secret_data: {host: "Zq7-host-in-the-map", password: "${random.password}"}
    random: {password: {}}
    rotated_fields: [password]
    rotation_automatically: true
    rotation: {function: generated-password}
"""
VALUES = {"NEEDLES_TOKEN": 'Zq7-"env"\\&%ü'}
TOKEN = "Zq7-from/config?&"
FAILURES = {
    "a value that is too large": ("Zq7-written-in-the-map", "Zq7-" + "x" * 65_533),
    "a key that AWS does not have": ('{secret_data: "Zq7-written', '{kms_key_id: alias/none, secret_data: "Zq7-written'),
    "a mistake beside a value": ("{generate_random_password: true}", "{nmae: x, secret_data: Zq7-mistaken-value}"),
    "a value in the place of another": ('"Zq7-operated", owner: operator', '"Zq7-operated", owner: Zq7-in-the-wrong-place'),
    "a reference that does not exist": ("${env.NEEDLES_TOKEN} y", "${env.NEEDLES_NONE} Zq7-beside-it"),
    "JSON that is broken": ('"Zq7-in-json-text"', 'Zq7-broken-json'),
    "bytes that are no base64": ("WnE3LWJpbmFyeS12YWx1ZQ==", "Zq7-not-base64"),
}  # fmt: skip
"""What goes wrong, by what of the map is replaced by what."""


@pytest.fixture
def producer(make_stack: MakeStack, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A stack that exports a secret, which a map reads."""
    folder = tmp_path_factory.mktemp("producer")
    (folder / "Pulumi.yaml").write_text("{name: needles-producer, runtime: {name: python}}")
    (folder / "__main__.py").write_text(
        "import pulumi\npulumi.export('password', pulumi.Output.secret('Zq7-of-a-stack'))\n"
    )
    (folder / "Pulumi.dev.yaml").write_text("{}")
    return make_stack(folder)


@pytest.fixture
def loud(project: Path) -> None:
    """A program whose own log, and that of all libraries, is at its lowest level."""
    program = project / "__main__.py"
    head = "import logging\nlogging.basicConfig(level=logging.DEBUG)\n"
    program.write_text(head + program.read_text("utf-8"), "utf-8")


class Searched:
    """Every text that a stack's commands have made, to be searched once all values are known."""

    def __init__(self, stack: SecretsStack, temporary: Path) -> None:
        self.stack, self.temporary = stack, temporary
        self.texts: dict[str, str | bytes] = {}

    def run(self, name: str, *arguments: str, good: bool = True) -> None:
        extra = {**VALUES, "TMPDIR": str(self.temporary)}
        self.texts[name] = self.stack.pulumi(*arguments, good=good, **extra).text
        self.texts[f"state after {name}"] = self.stack.state()

    def assert_clean(self, needles: set[bytes]) -> None:
        found = sorted(needles)
        leaks = {name: in_text(text, found) for name, text in self.texts.items()}
        assert {name: lines for name, lines in leaks.items() if lines} == {}


def test_nothing_that_a_run_touches_holds_a_value(
    secrets: Secrets, aws: Aws, tmp_path: Path, producer: Stack, loud: None
) -> None:
    everything = EVERYTHING.replace("READER", deploy(aws, "def handler(*_): pass", principal=None))
    stack = secrets(everything)
    producer.up()
    stack.pulumi("config", "set", "--secret", "token", TOKEN)
    searched = Searched(stack, tmp_path / "temporary")
    searched.temporary.mkdir()
    (searched.temporary / "control").touch(mode=0o600)
    with WatchedFolder(searched.temporary) as temporary:
        searched.run("preview", "preview", "--diff")
        searched.run("events of a preview", "preview", "--json")
        searched.run("up", *UP, "--debug")
        values = values_of_account(aws("secretsmanager"), "needles/")
        rotate(aws, stack, "rotating", "partly")
        values |= values_of_account(aws("secretsmanager"), "needles/")
        searched.run("events of a run", "up", "--yes", "--skip-preview", "--json", "--refresh")
        searched.run("refresh", "refresh", "--yes", "--diff")
        changed = everything.replace("Zq7-written", "Zq7-rewritten").replace("Zq7-host", "Zq7-new")
        stack.write(changed)
        searched.run("change", *UP)
        values |= values_of_account(aws("secretsmanager"), "needles/")
        for name, arguments in {
            "outputs": ("stack", "output", "--json"),
            "export": ("stack", "export"),
            "history": ("stack", "history", "--json", "--full-dates"),
            "urns": ("stack", "--show-urns"),
            "config": ("config",),
        }.items():
            searched.run(name, *arguments)

        control = stack.pulumi("stack", "output", "--json", "--show-secrets").text
        passwords = stack.outputs()["generated_passwords"].values()
        values |= {password.encode() for password in passwords}
        account: dict[str, str | bytes] = {**described_by_aws(aws)}
        account.update(code_of_functions(aws, "needles"))
        stack.write("context_name: needles\nname: needles\n")
        searched.run("removal", *UP)
        searched.run("destroy", "destroy", "--yes")

    searched.texts.update(account)
    own = {f"Pulumi.{stack.name}.yaml", f"{stack.name}.yaml", "passphrase", "credentials"}
    files = files_below(stack.sandbox.home, stack.project, but=sorted(own))
    for archive in CACHE.glob("rotators-*.zip"):
        files.update(content_of(archive))

    searched.texts.update(files)
    for file, (mode, content) in temporary.seen.items():
        searched.texts[f"{file} ({stat.filemode(mode)})"] = content

    forms = {b"Zq7-", b"WnE3LWJpbmFy", base64.b64encode(b"Zq7-")[:5]}
    for value in values:
        forms |= forms_of(value)

    assert len(values) >= 17
    assert in_text(control, sorted(forms)) == len(passwords) == 5, "the search finds what is there"
    assert str(searched.temporary / "control") in temporary.seen
    modes = {file: stat.S_IMODE(mode) for file, (mode, _) in temporary.seen.items()}
    assert {file: oct(mode) for file, mode in modes.items() if mode & 0o077} == {}
    assert any(".bak" in file for file in files)
    assert any("history" in file for file in files)
    assert any(file.endswith("ca.pem") or "rotators/handlers.py" in file for file in files)
    searched.assert_clean(forms)


def rotate(aws: Aws, stack: SecretsStack, *keys: str) -> None:
    client = aws("secretsmanager")
    for key in keys:
        arn = stack.outputs()["secret_arns"][key]
        token = client.rotate_secret(SecretId=arn)["VersionId"]
        wait_until(partial(is_current, client, arn, token))


def is_current(client: Any, arn: str, version: str) -> bool:
    labels = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    return "AWSCURRENT" in labels.get(version, [])


@pytest.mark.parametrize("failure", FAILURES)
def test_failure_holds_no_value(secrets: Secrets, tmp_path: Path, loud: None, failure: str) -> None:
    small = EVERYTHING.partition("  rotating:")[0].replace("needles", "fails")
    small = small.replace("alarms: {create: true}\n", "")
    wrong = small.replace(*FAILURES[failure], 1)
    assert wrong != small
    stack = secrets(wrong)
    stack.pulumi("config", "set", "--secret", "token", TOKEN)
    searched = Searched(stack, tmp_path / "temporary")
    searched.temporary.mkdir()
    searched.run("failure", *UP, "--debug", good=failure == "JSON that is broken")
    searched.texts.update(files_below(searched.temporary))
    searched.assert_clean({b"Zq7-", b"WnE3LWJpbmFy"})


COMMANDS = [
    *[(command, "") for command in ("validate --filled", "plan", "plan --json", "plan --live")],
    *[("validate", failure) for failure in ("", *FAILURES)],
]


@pytest.mark.parametrize(("command", "failure"), COMMANDS)
def test_command_line_holds_no_value(
    sandbox: Sandbox, tmp_path: Path, command: str, failure: str
) -> None:
    text = EVERYTHING.replace("READER", "reader")
    if failure:
        text = text.replace(*FAILURES[failure], 1)
    (tmp_path / "map.yaml").write_text(text, "utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "secrets_component",
            *command.split(),
            "map.yaml",
            "--environment",
            "dev",
        ],
        cwd=tmp_path,
        env={**sandbox.environment(), **VALUES, "PYTHONDEVMODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stdout
    assert in_text(done.stdout, [b"Zq7-", b"WnE3LWJpbmFy"]) == 0


VERBOSE = re.compile(r"(?<![\w-])(?:-v=?\d|--verbose|--logtostderr|--logflow|--tracing)\b")


def test_nothing_of_ours_turns_the_engines_own_log_on_and_readers_are_warned() -> None:
    """With `-v=1` and more, the engine writes each property in plain text, where others can read."""
    sources = [ROOT / "Makefile", *ROOT.glob("sandbox/**/*.py"), *ROOT.glob("examples/**/*.py")]
    sources += [*ROOT.glob("verify/**/*.py"), *ROOT.glob("bench/**/*.py")]
    assert len(sources) > 50
    assert [str(path) for path in sources if VERBOSE.search(path.read_text("utf-8"))] == []
    page = (ROOT / "docs" / "concepts.md").read_text("utf-8")
    assert "with `-v=1` or more, or with `--logtostderr`" in page
    assert VERBOSE.search("pulumi up -v=9")
