"""Every example reads the map as its README says, under the role that it makes for itself.

Who may read what is not tried here: moto lets every role read every secret. The roles' policies are
compared, word for word, with what they should allow.
"""

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from sandbox.environment import Sandbox
from tests.conftest import Aws, Stack
from tests.consumers.readers_map import API_KEY, EXAMPLES, PASSWORD

SCHEMAS = Path(__file__).parent / "schemas"
SESSION = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def needs(*tools: str) -> pytest.MarkDecorator:
    """Skip where the toolchain is not on this machine."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not on this machine: {', '.join(missing)}")


def reading_policy(aws: Aws, role_arn: str) -> list[dict[str, Any]]:
    role = role_arn.rpartition("/")[2]
    names = aws("iam").list_role_policies(RoleName=role)["PolicyNames"]
    (name,) = [name for name in names if name.startswith("read-")]
    policy = aws("iam").get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return policy["Statement"]


@pytest.fixture
def may_read(aws: Aws, arns: dict[str, str]) -> Callable[[str], set[str]]:
    """What a role may read: the keys of the map whose ARNs its policy names, and decrypts."""

    def keys(role_arn: str) -> set[str]:
        read, decrypt = reading_policy(aws, role_arn)
        assert set(decrypt["Condition"]["StringEquals"]["kms:EncryptionContext:SecretARN"]) == set(
            read["Resource"]
        )
        return {key for key, arn in arns.items() if arn in read["Resource"]}

    return keys


def test_roles_may_read_what_their_example_needs_and_no_more(
    example: Callable[[str], Stack], may_read: Callable[[str], set[str]]
) -> None:
    assert may_read(example("lambda").outputs()["role_arn"]) == {"api_key"}
    assert may_read(example("ecs").outputs()["execution_role_arn"]) == {
        "api_key",
        "connection_info",
    }
    assert may_read(example("eks").outputs()["role_arn"]) == {"api_key", "connection_info"}
    assert may_read(example("ec2").outputs()["role_arn"]) == {"connection_info"}


def test_examples_hold_no_value_and_change_nothing_the_second_time(
    example: Callable[[str], Stack],
) -> None:
    for name in ("lambda", "ecs", "eks", "ec2"):
        stack = example(name)
        assert set(stack.up("--refresh").changes) == {"same"}, name
        assert "Zq7" not in stack.state(), name


@pytest.fixture
def in_lambda(
    example: Callable[[str], Stack],
    aws: Aws,
    as_role: Callable[[str], dict[str, str]],
    arns: dict[str, str],
) -> Callable[[str], dict[str, str]]:
    """The environment in which Lambda would run one of the functions."""

    def environment(language: str) -> dict[str, str]:
        name = example("lambda").outputs()["function_names"][language]
        made = aws("lambda").get_function_configuration(FunctionName=name)
        variables = made["Environment"]["Variables"]
        assert variables["API_KEY_SECRET_ARN"] == arns["api_key"]
        return {**as_role(made["Role"]), **variables}

    return environment


@needs("node", "npm")
def test_node_function_calls_the_api_with_the_key(
    in_lambda: Callable[[str], dict[str, str]],
    run: Callable[..., str],
    node_packages: Path,
    external_api: tuple[str, list[str]],
) -> None:
    address, keys = external_api
    (node_packages / "index.mjs").write_bytes((EXAMPLES / "lambda/node/index.mjs").read_bytes())
    printed = run(
        "node",
        "--input-type=module",
        "--eval",
        "import { handler } from './index.mjs'; console.log(JSON.stringify(await handler()))",
        cwd=node_packages,
        env={**in_lambda("node"), "API_URL": address},
    )
    assert json.loads(printed) == {"statusCode": 204}
    assert keys == [API_KEY]


def test_python_function_calls_the_api_with_the_key(
    in_lambda: Callable[[str], dict[str, str]],
    run: Callable[..., str],
    python_packages: str,
    external_api: tuple[str, list[str]],
) -> None:
    address, keys = external_api
    printed = run(
        "python3",
        "-c",
        "import handler; print(handler.handler({}, None), handler.handler({}, None))",
        cwd=EXAMPLES / "lambda" / "python",
        env={
            **in_lambda("python"),
            "API_URL": address,
            "PYTHONPATH": python_packages,
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    )
    assert printed == "{'statusCode': 204} {'statusCode': 204}\n"
    assert keys == [API_KEY, API_KEY]


def test_container_gets_a_whole_value_and_one_json_key(
    example: Callable[[str], Stack],
    aws: Aws,
    arns: dict[str, str],
    sandbox: Sandbox,
    as_role: Callable[[str], dict[str, str]],
) -> None:
    outputs = example("ecs").outputs()
    task = aws("ecs").describe_task_definition(taskDefinition=outputs["task_definition_arn"])
    definition = task["taskDefinition"]
    assert definition["executionRoleArn"] == outputs["execution_role_arn"]
    (container,) = definition["containerDefinitions"]
    wanted = {secret["name"]: secret["valueFrom"] for secret in container["secrets"]}
    assert wanted == {
        "API_KEY": arns["api_key"],
        "DB_PASSWORD": f"{arns['connection_info']}:password::",
    }
    read = reader(sandbox, as_role(outputs["execution_role_arn"]))
    assert {name: as_ecs_does(read, text) for name, text in wanted.items()} == {
        "API_KEY": API_KEY,
        "DB_PASSWORD": PASSWORD,
    }
    cluster, _, service = outputs["service"].partition("/")
    (found,) = aws("ecs").describe_services(cluster=cluster, services=[service])["services"]
    assert found["taskDefinition"] == outputs["task_definition_arn"]


def reader(sandbox: Sandbox, environment: dict[str, str]) -> Callable[[str], str]:
    """Read values under a role's credentials."""
    import boto3

    key, secret, token = (environment[name] for name in SESSION)
    session = boto3.Session(key, secret, token, region_name=environment["AWS_REGION"])
    client = session.client("secretsmanager", endpoint_url=sandbox.endpoint)
    return lambda name: client.get_secret_value(SecretId=name)["SecretString"]


def as_ecs_does(read: Callable[[str], str], value_from: str) -> str:
    """`arn:aws:secretsmanager:region:account:secret:name[:json-key:version-stage:version-id]`."""
    parts = value_from.split(":")
    value = read(":".join(parts[:7]))
    return json.loads(value)[parts[7]] if len(parts) > 7 else value


@pytest.fixture(scope="session")
def manifests(example: Callable[[str], Stack]) -> dict[str, list[dict[str, Any]]]:
    """The files that the EKS example writes, by name."""
    files = (example("eks").project / "manifests").glob("*.yaml")
    return {file.name: list(yaml.safe_load_all(file.read_text("utf-8"))) for file in files}


@pytest.fixture(scope="session")
def published_problems(
    run: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[list[dict[str, Any]]], list[str]]:
    """Check manifests against the published schemas of the External Secrets Operator."""
    folder = tmp_path_factory.mktemp("schemas")
    for file in SCHEMAS.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    run("npm", "ci", "--no-audit", "--no-fund", cwd=folder)
    return lambda made: run("node", "validate.js", cwd=folder, input=json.dumps(made)).splitlines()


@needs("node", "npm")
def test_external_secrets_manifests_fit_the_published_schemas(
    manifests: dict[str, list[dict[str, Any]]],
    published_problems: Callable[[list[dict[str, Any]]], list[str]],
) -> None:
    account, store, secret = manifests["external-secrets.yaml"]
    assert published_problems([store, secret]) == []
    assert (
        store["spec"]["provider"]["aws"]["auth"]["jwt"]["serviceAccountRef"]["name"]
        == (account["metadata"]["name"])
    )
    store, secret = copy.deepcopy([store, secret])
    secret["spec"]["data"][0]["remoteRef"]["property"] = 1
    del store["spec"]["provider"]["aws"]["region"]
    assert len(published_problems([store, secret])) == 2


def test_csi_manifest_fits_the_driver_s_schema(manifests: dict[str, list[dict[str, Any]]]) -> None:
    schema = json.loads((SCHEMAS / "secret-provider-class.json").read_text())
    account, provider_class = manifests["secrets-store-csi.yaml"]
    assert account["kind"] == "ServiceAccount"
    jsonschema.validate(provider_class, schema)
    provider_class = copy.deepcopy(provider_class)
    provider_class["spec"]["parameters"]["objects"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(provider_class, schema)


def test_pod_gets_a_whole_value_and_one_json_key_either_way(
    example: Callable[[str], Stack],
    manifests: dict[str, list[dict[str, Any]]],
    aws: Aws,
    sandbox: Sandbox,
) -> None:
    account, _, secret = manifests["external-secrets.yaml"]
    role = account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
    assert role == example("eks").outputs()["role_arn"]
    made = aws("sts").assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="pod", WebIdentityToken="token"
    )["Credentials"]
    credentials = (made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    region = sandbox.environment()["AWS_REGION"]
    read = reader(sandbox, {**dict(zip(SESSION, credentials, strict=True)), "AWS_REGION": region})

    by_operator = {}
    for item in secret["spec"]["data"]:
        value = read(item["remoteRef"]["key"])
        json_key = item["remoteRef"].get("property")
        by_operator[item["secretKey"]] = json.loads(value)[json_key] if json_key else value

    by_driver = {}
    provider_class = manifests["secrets-store-csi.yaml"][1]
    for item in yaml.safe_load(provider_class["spec"]["parameters"]["objects"]):
        value = read(item["objectName"])
        if "objectAlias" in item:
            by_driver[item["objectAlias"]] = value
        for part in item.get("jmesPath", []):
            by_driver[part["objectAlias"]] = json.loads(value)[part["path"].strip('"')]
    assert by_operator == by_driver == {"api-key": API_KEY, "db-password": PASSWORD}


@needs("aws", "jq")
def test_instance_reads_with_the_aws_cli(
    example: Callable[[str], Stack],
    as_role: Callable[[str], dict[str, str]],
    run: Callable[..., str],
) -> None:
    outputs = example("ec2").outputs()
    environment = as_role(outputs["role_arn"])
    script = EXAMPLES / "ec2" / "read-secret.sh"
    assert run(script, outputs["secret_arn"], env=environment) == f"{PASSWORD}\n"
    assert run(script, outputs["secret_arn"], "username", env=environment) == "app\n"


@needs("aws", "jq", "bash")
def test_lines_of_the_guide_work_unchanged(
    example: Callable[[str], Stack],
    as_role: Callable[[str], dict[str, str]],
    run: Callable[..., str],
) -> None:
    lines = """
        set -f  # this test's password holds a `*`, which an unquoted $SECRET would expand
        SECRET=$(aws secretsmanager get-secret-value --secret-id myapp/dev/database/credentials --query SecretString --output text)
        echo $SECRET | jq -r .password
    """
    environment = as_role(example("ec2").outputs()["role_arn"])
    # Unquoted, the shell makes one blank of two: `read-secret.sh` quotes.
    assert run("bash", "-c", lines, env=environment) == PASSWORD.replace("  ", " ") + "\n"


@pytest.mark.usefixtures("arns")
def test_python_client_reads_and_keeps_the_value_for_a_while(
    aws: Aws, sandbox: Sandbox, run: Callable[..., str], python_packages: str
) -> None:
    aws("secretsmanager").create_secret(Name="clients/cached", SecretString="first")
    program = """\
import boto3, client
print(client.read_secret("clients/cached"))
boto3.client("secretsmanager").put_secret_value(SecretId="clients/cached", SecretString="second")
print(client.read_secret("clients/cached"))
print(client.read_secret("myapp/dev/examples/api_key"))
"""
    printed = run(
        "python3",
        "-c",
        program,
        cwd=EXAMPLES / "clients" / "python",
        env={
            **sandbox.environment(),
            "PYTHONPATH": python_packages,
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    )
    assert printed.splitlines() == ["first", "first", API_KEY]


@needs("node", "npm")
def test_node_client_reads_a_json_key_by_name(
    arns: dict[str, str], sandbox: Sandbox, run: Callable[..., str], node_packages: Path
) -> None:
    environment = sandbox.environment()
    for secret_id in (arns["connection_info"], "myapp/dev/database/credentials"):
        printed = run("node", "client.js", secret_id, cwd=node_packages, env=environment)
        assert printed == f"{PASSWORD}\n"


@needs("java", "mvn")
@pytest.mark.usefixtures("arns")
def test_java_client_reads_the_value_by_name(
    sandbox: Sandbox, run: Callable[..., str], tmp_path: Path
) -> None:
    project = shutil.copytree(EXAMPLES / "clients" / "java", tmp_path / "java")
    printed = run(
        "mvn",
        "--batch-mode",
        "--quiet",
        "compile",
        "exec:java",
        "-Dexec.args=myapp/dev/database/credentials",
        cwd=project,
        env=sandbox.environment(),
    )
    printed = printed.replace("\x1b[0m", "")  # Debian's Maven colours even nothing
    assert json.loads(printed) == {"username": "app", "password": PASSWORD}
