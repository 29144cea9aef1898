"""The guide's circle, really run: password → database → endpoint → connection secret."""

import json
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.conftest import Aws, Live, MakeStack, Secrets, Stack

ROOT = Path(__file__).parent.parent.parent
MAP = (ROOT / "stacks" / "dev.yaml").read_text()
NASTY = 'p"\\@/:%é&?#'


def example(name: str, folder: Path) -> Path:
    """Copy an example's program, so that its stack is this test's own."""
    shutil.copytree(ROOT / "examples" / name, folder / name)
    text = (folder / name / "Pulumi.yaml").read_text()
    (folder / name / "Pulumi.yaml").write_text(text.replace("../../.venv", str(ROOT / ".venv")))
    return folder / name


def login_of(stack: Stack) -> tuple[str, str]:
    """The user and password that a stack's database was made with."""
    state = json.loads(stack.pulumi("stack", "export", "--show-secrets").text)
    (made,) = [
        resource["inputs"]
        for resource in state["deployment"]["resources"]
        if resource["type"] == "aws:rds/instance:Instance"
    ]
    return made["username"], json.loads(made["password"]["plaintext"])


@pytest.fixture
def nasty_passwords(project: Path) -> None:
    """Let every password be followed by characters that some context trips over."""
    program = project / "__main__.py"
    patch = (
        "import pulumi_random\n"
        "class Nasty(pulumi_random.RandomPassword):\n"
        "    @property\n"
        "    def result(self):\n"
        f"        return super().result.apply(lambda made: made + {NASTY!r})\n"
        "pulumi_random.RandomPassword = Nasty\n"
    )
    program.write_text(program.read_text().replace("import pulumi\n", f"import pulumi\n{patch}", 1))


@pytest.mark.usefixtures("nasty_passwords")
def test_circular_dependency_of_stacks_is_resolved_in_two_runs(
    make_stack: MakeStack, project: Path, aws: Aws, live: Live
) -> None:
    (project / "stacks" / "dev.yaml").write_text(MAP)
    make_stack(example("kms", project)).up()
    secrets = make_stack(project)
    secrets.up()
    first = secrets.outputs()
    assert set(first["waiting"]) == {"connection_info", "db_connection"}
    assert first["waiting_rotations"] == {"api_key": ["${output.lambda.rotation_function_arn}"]}
    assert "connection_info" not in first["secret_version_ids"]

    database = make_stack(example("rds", project))
    database.up()
    endpoint = database.outputs()["endpoint"]
    host, _, port = endpoint.partition(":")

    secrets.up()
    second = secrets.outputs()
    assert second["waiting"] == {}
    assert second["generated_passwords"] == first["generated_passwords"]
    password = second["generated_passwords"]["master_password"]
    assert password.endswith(NASTY)
    assert json.loads(live("myapp/dev/rds/connection-info")) == {
        "host": host,
        "port": int(port),
        "username": "app",
        "password": password,
        "database": "orders",
    }
    url = urlsplit(live("myapp/dev/connections/database-url"))
    assert login_of(database) == (url.username, unquote(url.password or "")) == ("app", password)
    assert (url.hostname, url.port, url.path) == (host, int(port), "/orders")
    assert set(secrets.up().changes) == {"same"}
    described = aws("secretsmanager").describe_secret(SecretId="myapp/dev/rds/connection-info")
    assert described["KmsKeyId"] == make_stack(project / "kms").outputs()["key_id"]


def test_missing_stack_is_named_before_anything_exists(secrets: Secrets, aws: Aws) -> None:
    stack = secrets(
        "context_name: none\nstacks: {rds: organization/none/dev}\n"
        'secrets: {a: {secret_data: v}, b: {secret_data: "${output.rds.endpoint}"}}\n'
    )
    refused = stack.pulumi("up", "--yes", "--skip-preview", good=False)
    assert (
        ":3:50: error: `${output.rds.endpoint}`: stack `organization/none/dev` does not exist"
        in refused.text
    )
    assert "Traceback" not in refused.text
    listed = aws("secretsmanager").list_secrets(Filters=[{"Key": "name", "Values": ["none/"]}])
    assert listed["SecretList"] == []
