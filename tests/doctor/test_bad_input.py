"""Whatever keeps the doctor from looking is said in one line, and the rest is looked at."""

from __future__ import annotations

import io
import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from secrets_component.cli.command import main
from secrets_component.doctor import visit
from secrets_component.lookups.inventory import AccountError, Inventory
from tests.doctor.conftest import Diagnose
from tests.doctor.lab import HERE, READ, REGION, Lab, allow, policy, session_of
from tests.doctor.test_scenarios import PLAIN, in_vpc

RIGHTS = (
    "secretsmanager:DescribeSecret",
    "secretsmanager:ListSecrets",
    "secretsmanager:ListSecretVersionIds",
    "secretsmanager:GetResourcePolicy",
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "iam:GetAccountAuthorizationDetails",
    "lambda:GetFunctionConfiguration",
    "lambda:GetPolicy",
    "lambda:GetFunctionConcurrency",
    "logs:FilterLogEvents",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "cloudtrail:DescribeTrails",
)
TYPICAL = (
    "secretsmanager:DescribeSecret",
    "kms:DescribeKey",
    "iam:GetAccountAuthorizationDetails",
    "lambda:GetPolicy",
    "logs:FilterLogEvents",
    "ec2:DescribeVpcEndpoints",
)
"""`make test` denies these, one at a time; `make long` denies the others, too."""


def signed_in(lab: Lab, *without: str) -> None:
    """Let the command run as a user who may do everything but some actions."""
    iam, name = lab.aws("iam"), f"{lab.context}-{uuid.uuid4().hex[:6]}"
    iam.create_user(UserName=name)
    statements = [allow("*")]
    if without:
        statements.append({**allow(*without), "Effect": "Deny"})
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    lab.session = session_of(key["AccessKeyId"], key["SecretAccessKey"])


@pytest.fixture(scope="module")
def sick(endpoint: str) -> tuple[Lab, str]:
    """An account in which something of each kind is broken, and its map."""
    lab = Lab(endpoint)
    text = in_vpc(lambda network: network.endpoint())(lab)
    assert isinstance(text, str)
    key = str(lab.aws("kms").create_key()["KeyMetadata"]["KeyId"])
    lab.secret("b", KmsKeyId=key)
    lab.aws("kms").disable_key(KeyId=key)
    lab.pending()
    lab.logged(f":{lab.context}-rotate", "[ERROR] OperationalError: hunter2")
    more = "b: {secret_data: x}, c: {secret_data: x}"
    return lab, f"alarms: {{create: true}}\n{text.replace('secrets: {', f'secrets: {{{more}, ')}"


@pytest.fixture
def ill(lab: Lab, sick: tuple[Lab, str]) -> str:
    """Let the command look at the broken account; return the map."""
    made, text = sick
    lab.context, lab.altered = made.context, made.altered
    return text


def test_nothing_lacks_where_all_is_allowed(lab: Lab, ill: str, diagnose: Diagnose) -> None:
    signed_in(lab)
    found = diagnose(ill)
    lacking = [line for section in found["sections"] for line in section["not_seen"]]
    assert [line for line in lacking if "needs" in line] == []
    assert set(found["causes"]) == {
        "missing", "key-unusable", "rotation-stuck", "function-refused", "no-trail",
    }  # fmt: skip


@pytest.mark.parametrize(
    "right",
    [pytest.param(right, marks=[] if right in TYPICAL else pytest.mark.long) for right in RIGHTS],
)
def test_right_that_is_missing_is_named(right: str, lab: Lab, ill: str, diagnose: Diagnose) -> None:
    signed_in(lab, right)
    if right == "ec2:DescribeRouteTables":
        lab.answers["ec2", "describe_vpc_endpoints"] = {"VpcEndpoints": []}
    found = diagnose(ill)
    lacking = [line for section in found["sections"] for line in section["not_seen"]]
    assert [line for line in lacking if f"needs {right}" in line], lacking
    assert found["result"] == "failed"  # the rest is looked at
    if right == "iam:GetAccountAuthorizationDetails":
        (access,) = [one for one in found["sections"] if one["title"] == "access"]
        assert access["result"] == "warning"


def test_wrong_region_is_named(
    lab: Lab, diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.secret()
    lab.session = session_of("sandbox", "sandbox", "ap-south-1")
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    found = diagnose(PLAIN)
    assert found["causes"] == ["elsewhere"]
    assert found["sections"][0]["checks"][0]["advice"] == f"set AWS_REGION={REGION}"


def test_policy_of_an_unknown_version_is_said(lab: Lab, diagnose: Diagnose) -> None:
    lab.secret()
    name = lab.role(allow(*READ)).rpartition("/")[2]

    def changed(pages: list[Any]) -> list[Any]:
        for role in pages[0]["RoleDetailList"]:
            for inline in role["RolePolicyList"]:
                inline["PolicyDocument"] = {**inline["PolicyDocument"], "Version": "2030-01-01"}
        return pages

    lab.alter("iam", "get_account_authorization_details", changed)
    found = diagnose(PLAIN, "--principal", f"arn:aws:iam::{HERE}:role/{name}")
    (access,) = [one for one in found["sections"] if one["title"] == "access"]
    assert [line for line in access["not_seen"] if "unknown policy version `2030-01-01`" in line]
    assert found["causes"] == ["no-allow"]


def test_account_with_3000_roles_takes_seconds(lab: Lab, diagnose: Diagnose) -> None:
    lab.secret()
    mine = lab.role(allow(*READ))

    def many(pages: list[Any]) -> list[Any]:
        details = pages[0]["RoleDetailList"]
        (own,) = [role for role in details if role["Arn"] == mine]
        for number in range(3000):
            details.append({**own, "Arn": f"{mine}-{number}", "RoleName": f"r{number}"})
        return pages

    lab.alter("iam", "get_account_authorization_details", many)
    start = time.process_time()
    found = diagnose(PLAIN, "--principal", mine)
    assert found["causes"] == []
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("RequestTimeTooSkewed", "check the clock of this machine"),
        ("SignatureDoesNotMatch", "check the clock of this machine"),
        ("ExpiredTokenException", "sign in ("),
    ],
)
def test_refusal_of_every_call_is_one_line(
    code: str,
    advice: str,
    lab: Lab,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise AccountError(f"An error occurred ({code})", code=code, is_answer=True)

    monkeypatch.setattr(Inventory, "ask", refused)
    path = tmp_path / "map.yaml"
    path.write_text(f"context_name: {lab.context}\nenvironment: dev\n{PLAIN}")
    assert main(["doctor", str(path)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"; {advice}" in err


def test_ctrl_c_is_one_word(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(visit, "rotation", interrupted)
    path = tmp_path / "map.yaml"
    path.write_text(f"context_name: {lab.context}\nenvironment: dev\n{PLAIN}")
    assert main(["doctor", str(path)]) == 130
    assert capsys.readouterr() == ("", "interrupted\n")


def test_map_comes_from_standard_input(
    lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.secret()
    text = f"context_name: {lab.context}\n{PLAIN}".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert main(["doctor", "-", "--environment", "dev", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["result"] == "ok"


def test_text_for_people_has_what_the_json_has(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(f"context_name: {lab.context}\nenvironment: dev\n{PLAIN}")
    assert main(["doctor", str(path)]) == 1
    name = lab.name()
    assert capsys.readouterr().out == (
        f"secretsmanager in account {HERE}, {REGION}: failed\n"
        "\n"
        "secrets\n"
        "  failed   a: is missing [missing]\n"
        f"    seen: DescribeSecret `{name}` in {REGION}: it does not exist\n"
        "    do: run `pulumi up`, which creates it; if it was deployed, check AWS_PROFILE\n"
    )
