"""A value that someone else writes: whatever `pulumi up` does, the live value stays.

The sandbox drops versions without a label at once, as AWS does later; the first test shows that the
naive way loses the live value there, so that the others mean something.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Aws, MakeStack, Secrets


def rotate(client: Any, arn: str, value: str) -> None:
    """Write a value as a rotation function does: pending first, then current."""
    pending = client.put_secret_value(
        SecretId=arn, SecretString=value, VersionStages=["AWSPENDING"]
    )
    versions = client.list_secret_version_ids(SecretId=arn)["Versions"]
    current = next(v["VersionId"] for v in versions if "AWSCURRENT" in v["VersionStages"])
    client.update_secret_version_stage(
        SecretId=arn,
        VersionStage="AWSCURRENT",
        MoveToVersionId=pending["VersionId"],
        RemoveFromVersionId=current,
    )


NAIVE = """\
import pulumi, pulumi_random
from pulumi_aws import secretsmanager

secret = secretsmanager.Secret("a", name="naive")
password = pulumi_random.RandomPassword("a", length=20)
secretsmanager.SecretVersion(
    "a",
    secret_id=secret.id,
    secret_string=password.result,
    opts=pulumi.ResourceOptions(ignore_changes=["secretString"]),
)
pulumi.export("arn", secret.arn)
pulumi.export("password", password.result)
"""


def test_the_naive_way_brings_the_first_password_back(
    make_stack: MakeStack, project: Path, aws: Aws
) -> None:
    (project / "__main__.py").write_text(NAIVE)
    stack = make_stack(project)
    stack.up()
    outputs = stack.outputs()
    client = aws("secretsmanager")
    for n in range(3):
        rotate(client, outputs["arn"], f"rotated {n}")
    stack.up("--refresh")
    live = client.get_secret_value(SecretId=outputs["arn"])["SecretString"]
    assert live == outputs["password"], "the trap is gone: the tests below prove nothing any more"


ROTATED = "rotation_automatically: true, rotation_lambda_arn: {arn}"


@pytest.mark.parametrize(
    "times", [*(pytest.param(few, marks=pytest.mark.long) for few in (1, 2, 3)), 150]
)
@pytest.mark.parametrize(
    "owner", ["owner: operator", pytest.param(ROTATED, marks=pytest.mark.long)]
)
def test_value_written_outside_the_map_is_kept(
    secrets: Secrets, aws: Aws, rotator: str, owner: str, times: int
) -> None:
    fields = "{generate_random_password: true, " + owner.format(arn=rotator) + "%s}"
    text = "context_name: behind" + str(times) + owner[0] + "\nsecrets: {a: " + fields + "}\n"
    stack = secrets(text % "")
    stack.up()
    arn = stack.outputs()["secret_arns"]["a"]
    client = aws("secretsmanager")
    for n in range(times):
        rotate(client, arn, f"rotated {n}")

    def live() -> str:
        return str(client.get_secret_value(SecretId=arn)["SecretString"])

    assert set(stack.up().changes) == {"same"}
    assert set(stack.up("--refresh").changes) == {"same"}
    stack.pulumi("refresh", "--yes")
    assert set(stack.up().changes) == {"same"}
    stack.write(text % ", description: new").up("--refresh")
    assert live() == f"rotated {times - 1}"


@pytest.mark.parametrize("refresh", [pytest.param((), marks=pytest.mark.long), ("--refresh",)])
def test_rotation_turned_on_and_off_keeps_the_live_value(
    secrets: Secrets, aws: Aws, rotator: str, refresh: tuple[str, ...]
) -> None:
    off = (
        "context_name: switch"
        + str(len(refresh))
        + "\nsecrets: {a: {generate_random_password: true}}\n"
    )
    on = off.replace("true}", "true, " + ROTATED.format(arn=rotator) + "}")
    stack = secrets(off)
    stack.up()
    arn = stack.outputs()["secret_arns"]["a"]
    client = aws("secretsmanager")
    stack.write(on).up(*refresh)
    for n in range(3):
        rotate(client, arn, f"rotated {n}")
    stack.write(off).up(*refresh)
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "rotated 2"
    stack.up(*refresh)
    stack.write(on).up(*refresh)
    rotate(client, arn, "rotated again")
    stack.up(*refresh)
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "rotated again"


def test_value_of_the_map_goes_live_again_only_where_the_entry_says_so(
    secrets: Secrets, aws: Aws, rotator: str
) -> None:
    off = "context_name: again\nsecrets: {a: {secret_data: one}}\n"
    on = off.replace("one}", "one, " + ROTATED.format(arn=rotator) + "}")
    stack = secrets(on)
    stack.up()
    arn = stack.outputs()["secret_arns"]["a"]
    client = aws("secretsmanager")
    for n in range(3):
        rotate(client, arn, f"rotated {n}")
    stack.write(off).up("--refresh")
    kept = stack.write(off.replace("one", "two")).up("--refresh")
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "rotated 2"
    assert "keeps the value that someone else wrote" in kept.diagnostics
    said = off.replace("one", "two, owner: map")
    stack.write(said).up()
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "two"
    assert set(stack.up().changes) == {"same"}
    client.put_secret_value(SecretId=arn, SecretString="by hand")
    stack.up()
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "two"
    assert set(stack.up("--refresh").changes) == {"same"}


def test_lost_state_of_a_version_does_not_bring_the_first_value_back(
    secrets: Secrets, aws: Aws
) -> None:
    stack = secrets("context_name: lost\nsecrets: {a: {secret_data: first, owner: operator}}\n")
    stack.up()
    arn = stack.outputs()["secret_arns"]["a"]
    client = aws("secretsmanager")
    client.put_secret_value(SecretId=arn, SecretString="live")
    urns = [
        resource["urn"]
        for resource in json.loads(stack.state())["checkpoint"]["latest"]["resources"]
        if resource["type"] == "aws:secretsmanager/secretVersion:SecretVersion"
    ]
    stack.pulumi("state", "delete", urns[0], "--yes")
    assert stack.up().changes["create"] == 1
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "live"


def test_operator_fills_an_empty_secret(secrets: Secrets, aws: Aws) -> None:
    stack = secrets("context_name: fill\nsecrets: {a: {owner: operator}}\n")
    stack.up()
    arn = stack.outputs()["secret_arns"]["a"]
    client = aws("secretsmanager")
    client.put_secret_value(SecretId=arn, SecretString="by hand")
    assert set(stack.up("--refresh").changes) == {"same"}
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "by hand"
