"""Access in a map: what is refused, and what is granted, at every level of the hierarchy."""

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from secrets_component.cli.command import main
from secrets_component.errors import SecretMapError
from secrets_component.planning.plan import Plan
from secrets_component.planning.planner import load_plans
from tests.unit.mocks import ACCOUNT, REGION, Made, deploy

APP, OPS, WEB = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("app", "ops", "web"))
THERE = "arn:aws:iam::222222222222:role/there"


def load(folder: Path, text: str) -> Plan:
    path = folder / "m.yaml"
    path.write_text(textwrap.dedent(text))
    return next(iter(load_plans(path, "dev").values()))


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(SecretMapError) as refused:
        load(folder, text)
    return str(refused.value).replace(f"{folder}/", "").splitlines()


def statements(made: Made, kind: str, name: str) -> list[dict[str, Any]]:
    return list(json.loads(made[kind, name]["policy"])["Statement"])


BAD = [
    ("readers: ['*']", "2:20", "never a wildcard"),
    ("readers: ['arn:aws:iam::123456789012:role/*']", "2:20", "never a wildcard"),
    ("readers: ['arn:aws:iam::12:role/a']", "2:20", "expected an account id, the ARN of a role"),
    ("readers: ['arn:aws:sts::123456789012:assumed-role/a/b']", "2:20", "is a session ARN"),
    ("admins: ['arn:aws:iam::123456789012:group/g']", "2:19", "IAM groups cannot be principals"),
    ("readers: [a.example.com]", "2:20", "or a service"),
    ("attach_to: ['arn:aws:iam::123456789012:role/a']", "2:22", "not its ARN"),
    ("readers: ['222222222222'], organization_id: r-1", "2:54", "an organization id such as"),
    ("organization_id: o-a1b2c3d4e5", "2:10", "has no effect without `readers`"),
    ("raeders: []", "2:10", "unknown key `raeders`; did you mean `readers`?"),
    ("paths: {rsd: {attach_to: [a]}}", "2:18", "no entry has a `path` that is `rsd` or below it; did you mean `rds`?"),
    ("paths: {rds: {organization_id: o-a1b2c3d4e5}}", "2:24", "has no effect without"),
    ("readers: ['${output.secretsmanager.secret_arns.a}']", "2:20", "outputs of this map cannot be principals"),
    ("readers: ['${output.iam.role}']", "2:20", "add `iam: <organization>/iam/dev` under `stacks:`"),
]  # fmt: skip


INLINE = [
    (
        "Principal: '*', Condition: {Bool: {'aws:SecureTransport': 'true'}}",
        "gives access to everyone",
    ),
    ("Principal: {AWS: 'arn:aws:iam::123456789012:role/*'}", "never with a wildcard"),
    ("Principal: {AWS: 'arn:aws:iam::12:root'}", "expected account ids or ARNs"),
    ("NotPrincipal: {AWS: 'arn:aws:iam::123456789012:root'}", "gives access to everyone"),
    ("Sid: x", "the statement has no `Principal`; a resource policy requires one"),
    ("Principle: '*'", "did you mean `Principal`?"),
]


@pytest.mark.parametrize(("fields", "message"), INLINE)
def test_bad_document_is_reported_at_its_policy(tmp_path: Path, fields: str, message: str) -> None:
    statement = (
        f"{{Effect: Allow, Action: 'secretsmanager:GetSecretValue', Resource: '*', {fields}}}"
    )
    text = f"context_name: x\nsecrets: {{a: {{policy: {{Statement: [{statement}]}}}}}}\n"
    told = problems(tmp_path, text)
    assert told[0].startswith("m.yaml:2:15: error: `policy`: ")
    assert any(message in line for line in told), told


def test_document_for_an_organization_is_not_public(tmp_path: Path) -> None:
    statement = "{Effect: Allow, Action: 'a:B', Resource: '*', Principal: '*', Condition: {StringEquals: {'aws:PrincipalOrgID': o-a1b2c3d4e5}}}"
    load(tmp_path, f"context_name: x\nsecrets: {{a: {{policy: {{Statement: [{statement}]}}}}}}\n")


def test_two_accounts_under_the_aws_managed_key_are_refused_without_querying_aws(
    tmp_path: Path,
) -> None:
    text = f"context_name: x\naccess: {{readers: ['{APP}', '{THERE}']}}\nsecrets: {{a: {{}}}}\n"
    (told,) = problems(tmp_path, text)
    assert told.startswith(
        "m.yaml:2:58: error: `readers`: readers from accounts 123456789012 and 222222222222: at least one is not"
    )


@pytest.mark.parametrize(("fields", "place", "message"), BAD)
def test_bad_access_is_reported_with_its_position_and_a_fix(
    tmp_path: Path, fields: str, place: str, message: str
) -> None:
    told = problems(
        tmp_path, f"context_name: x\naccess: {{{fields}}}\nsecrets: {{a: {{path: rds}}}}\n"
    )
    found = [line for line in told if message in line]
    assert found, told
    if "stacks" not in message:
        assert found[0].startswith(f"m.yaml:{place}: error: ")


def template(folder: Path, *lines: str) -> str:
    (folder / "own.json.tpl").write_text("\n".join(lines))
    return "context_name: x\nsecrets:\n  a: {policy: {template: ./own.json.tpl, principals: ['222222222222']}}\n"


@pytest.mark.parametrize(
    ("statement", "place", "message"),
    [
        ('{"Effect": "Allow",', "own.json.tpl:2:35", "is not JSON"),
        ('{"Effect": "Allow", "Action": "a:B", "Resource": "${secret_arn}"}', "own.json.tpl:2:66", "unknown variable `${secret_arn}`"),
        ('{"Effect": "Allow", "Action": "a:*", "Resource": "${secret_arns}"}', "own.json.tpl:2:46", "wildcards are not allowed in `Action`"),
        ('{"Effect": "Allow", "Action": "a:B", "Resource": "x-*"}', "own.json.tpl:2:65", "write `-??????`"),
        ('{"Effect": "Allow", "Action": "a:B", "Resource": "x", "Principal": "*"}', "own.json.tpl:2:83", "gives access to everyone"),
        ('{"Efect": "Allow", "Action": "a:B", "Resource": "x"}', "own.json.tpl:2:26", "did you mean `Effect`?"),
        ('{"Effect": "Allow", "Action": "a:B", "Resource": "x", "Principal": {"AWS": "arn:aws:iam::1:role/*"}}', "own.json.tpl:2:91", "never with a wildcard"),
        ('{"Effect": "Allow", "Action": "a:B", "Resource": "x", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "${organization_id}"}}}', "m.yaml:3:7", "the template needs `organization_id: …`"),
        ('{"Effect": "Allow", "Action": "a:B", "Resource": "x", "Condition": {"StringEquals": {"aws:RequestedRegion": "${region}"}}}', "own.json.tpl:2:125", "`${region}` has no value in the resource policy of a secret"),
        ('{"Effect": "Deny", "Action": "a:B", "Resource": "x", "Principal": "*", "Condition": {"ArnNotEquals": {"aws:PrincipalArn": "${principal_arns}"}}}', "m.yaml:3:55", "list its roles or users"),
    ],
)  # fmt: skip
def test_bad_custom_template_is_reported_in_its_own_file(
    tmp_path: Path, statement: str, place: str, message: str
) -> None:
    told = problems(tmp_path, template(tmp_path, "{", f' "Statement": [{statement}]', "}"))
    found = [line for line in told if message in line]
    assert found, told
    assert found[0].startswith(f"{place}: error: ")


def test_custom_template_is_filled_in(tmp_path: Path) -> None:
    text = template(
        tmp_path,
        '{"Statement": {"Effect": "Allow", "Action": "a:B", "Resource": "${secret_arns}"}}',
    )
    policy = statements(deploy_file(tmp_path, text), "SecretPolicy", "m.a")
    assert policy == [
        {
            "Effect": "Allow",
            "Action": "a:B",
            "Resource": "*",
            "Principal": {"AWS": ["arn:aws:iam::222222222222:root"]},
        }
    ]


def deploy_file(folder: Path, text: str) -> Made:
    return deploy(text, plan=load(folder, text)).made


LEVELS = f"""\
context_name: x
default_kms_key_id: alias/own
access:
  readers: ["{APP}"]
  paths:
    rds: {{readers: ["{WEB}"], attach_to: [ops]}}
secrets:
  a: {{path: rds/deep, access: {{readers: ["{THERE}"], organization_id: o-a1b2c3d4e5}}}}
  b: {{path: rdsx, access: {{admins: ["{OPS}", lambda.amazonaws.com]}}}}
"""


def test_grants_of_all_levels_become_one_policy_of_the_secret() -> None:
    made = deploy(LEVELS).made
    own, there = statements(made, "SecretPolicy", "m.a")
    assert own["Principal"] == {"AWS": [APP, WEB]}
    assert own["Action"] == ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
    assert "Condition" not in own
    assert there["Principal"] == {"AWS": ["arn:aws:iam::222222222222:root"]}
    assert there["Condition"] == {
        "StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
        "ArnEquals": {"aws:PrincipalArn": [THERE]},
    }
    assert sorted(name for kind, name in made if kind == "SecretPolicy") == ["m.a", "m.b"]


def test_path_covers_what_is_below_it_and_not_what_starts_alike() -> None:
    read, admin, service = statements(deploy(LEVELS).made, "SecretPolicy", "m.b")
    assert read["Principal"] == {"AWS": [APP]}
    assert admin["Principal"] == {"AWS": [OPS]}
    assert service["Principal"] == {"Service": ["lambda.amazonaws.com"]}
    assert service["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_grants_and_policy_of_an_entry_are_merged() -> None:
    made = deploy(
        "context_name: x\nsecrets:\n  a:\n"
        f"    access: {{readers: ['{APP}']}}\n"
        "    policy: {Version: '2012-10-17', Statement: [{Sid: ReadSecrets, Effect: Deny, Principal: '*', "
        "Action: 'secretsmanager:DeleteSecret', Resource: '*'}]}\n"
    ).made
    sids = [(s["Sid"], s["Effect"]) for s in statements(made, "SecretPolicy", "m.a")]
    assert sids == [("ReadSecrets", "Deny"), ("ReadSecrets2", "Allow")]


def test_every_level_has_its_policies_and_its_attached_roles() -> None:
    result = deploy(LEVELS)
    assert set(result.outputs["policy_arns"]) == {
        f"{path}{kind}" for path in ("", "rds/", "rds/deep/", "rdsx/") for kind in ("read", "admin")
    }
    deep = json.loads(result.made["Policy", "m.rds/deep/read"]["policy"])["Statement"]
    assert (
        deep[0]["Resource"]
        == f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x/dev/rds/deep/a-??????"
    )
    assert result.made["Policy", "m.rds/deep/read"]["namePrefix"] == "m.rds-deep-read-"
    attached = {
        name: inputs
        for (kind, name), inputs in result.made.items()
        if kind == "RolePolicyAttachment"
    }
    assert attached == {
        "m.rds/read:ops": {"role": "ops", "policyArn": f"arn:aws:iam::{ACCOUNT}:policy/m.rds/read"}
    }


def test_key_behind_an_alias_is_named_by_the_alias() -> None:
    made = deploy("context_name: x\nsecrets: {a: {kms_key_id: alias/own}}\n").made
    _, decrypt = statements(made, "Policy", "m.read")
    assert decrypt["Resource"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*"
    assert decrypt["Condition"]["ForAnyValue:StringEquals"] == {
        "kms:ResourceAliases": ["alias/own"]
    }


def test_adopted_secret_from_elsewhere_is_in_the_policy_of_its_level_by_name() -> None:
    made = deploy("context_name: x\nsecrets: {a: {path: p, import: old/one}}\n").made
    (read,) = statements(made, "Policy", "m.p/read")
    base = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
    assert read["Resource"] == f"{base}old/one-??????"


def test_policy_over_the_limit_is_refused_at_load(tmp_path: Path) -> None:
    readers = ", ".join(f"'{APP}{'x' * 100}{n:04}'" for n in range(150))
    told = problems(
        tmp_path, f"context_name: x\naccess: {{readers: [{readers}]}}\nsecrets: {{a: {{}}}}\n"
    )
    assert told[0].startswith(
        "m.yaml:3:11: error: the secret's policy, with the grants of all its levels, has "
    )
    assert "AWS allows 20,480" in told[0]


def test_plan_prints_what_an_existing_key_must_allow(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(LEVELS)
    assert main(["plan", str(path), "--environment", "dev", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["access"]["b"] == {"readers": [APP], "admins": [OPS, "lambda.amazonaws.com"]}
    (key,) = made["key_policies"]
    first = made["key_policies"][key][0]
    assert (key, first["Principal"], first["Action"]) == (
        "alias/own",
        {"AWS": [APP]},
        "kms:Decrypt",
    )
    assert first["Condition"]["StringLike"]["kms:EncryptionContext:SecretARN"] == [
        "arn:aws:secretsmanager:<region>:<account>:secret:x/dev/rds/deep/a-??????",
        "arn:aws:secretsmanager:<region>:<account>:secret:x/dev/rdsx/b-??????",
    ]
    assert main(["plan", str(path), "--environment", "dev"]) == 0
    assert "add to the policy of the key alias/own" in capsys.readouterr().out


def test_service_that_reads_as_a_role_causes_a_warning(tmp_path: Path) -> None:
    (warning,) = load(tmp_path, LEVELS).warnings
    assert "`lambda.amazonaws.com` uses its execution role, not the service principal" in str(
        warning
    )
