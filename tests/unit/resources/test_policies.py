"""Resource policies of secrets, and identity policies of levels."""

import json
from typing import Any

import pulumi
import pytest

from secrets_component.arns import Home
from secrets_component.lookups import account
from secrets_component.planning.level_policies import LevelFacts
from secrets_component.resources import policies
from tests.unit.conftest import Registered
from tests.unit.mocks import ACCOUNT, REGION, deploy, scope_of

HEAD = "context_name: x\nsecrets:\n"


def test_policies_from_template_and_inline() -> None:
    made = deploy(
        HEAD
        + """\
  a:
    kms_key_id: alias/own
    policy:
      template: cross-account-secret-policy
      principals: ["111122223333", "arn:aws:iam::111122223333:role/r"]
      organization_id: o-abcdefghij
  b:
    kms_key_id: alias/own
    policy: {template: read-secret-policy, principals: ["111122223333"]}
  c: {policy: '{"Version": "2012-10-17", "Statement": []}'}
"""
    ).made
    shared = made["SecretPolicy", "m.a"]
    assert shared["blockPublicPolicy"] is True
    assert json.loads(shared["policy"])["Statement"] == [
        {
            "Sid": "ReadFromOtherAccounts",
            "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws:iam::111122223333:root"]},
            "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}},
        },
        {
            "Sid": "ReadFromOtherAccounts2",
            "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws:iam::111122223333:root"]},
            "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
            "Resource": "*",
            "Condition": {
                "ArnEquals": {"aws:PrincipalArn": ["arn:aws:iam::111122223333:role/r"]},
                "StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"},
            },
        },
    ]
    read = json.loads(made["SecretPolicy", "m.b"]["policy"])["Statement"]
    assert [statement["Sid"] for statement in read] == ["ReadSecrets"]
    assert read[0]["Principal"] == {"AWS": ["arn:aws:iam::111122223333:root"]}
    assert json.loads(made["SecretPolicy", "m.c"]["policy"])["Statement"] == []


def test_policy_names_accounts_in_the_partition_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home("aws-cn", "cn-north-1", ACCOUNT)
    monkeypatch.setattr(account, "read_home", lambda _: home)
    entry = f"policy: {{template: read-secret-policy, principals: ['{ACCOUNT}']}}"
    made = deploy(f"{HEAD}  a: {{{entry}}}\n").made
    (statement,) = json.loads(made["SecretPolicy", "m.a"]["policy"])["Statement"]
    assert statement["Principal"] == {"AWS": [f"arn:aws-cn:iam::{ACCOUNT}:root"]}


def test_level_policies_name_their_secrets() -> None:
    result = deploy("context_name: x\nkms: {create: true}\nsecrets: {a: {}}\n")
    read = json.loads(result.made["Policy", "m.read"]["policy"])["Statement"]
    level = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x/dev/a-??????"
    assert read[0]["Resource"] == level
    assert read[1]["Resource"] == [f"arn:aws:kms:{REGION}:{ACCOUNT}:key/made"]
    assert read[1]["Condition"] == {
        "StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:SecretARN": level},
    }
    admin = json.loads(result.made["Policy", "m.admin"]["policy"])
    assert not any("*" in action for s in admin["Statement"] for action in s["Action"])


def level_statements(text: str, policy: str = "m.read") -> list[dict[str, Any]]:
    return json.loads(deploy(text).made["Policy", policy]["policy"])["Statement"]


def test_level_names_the_regions_and_the_keys_of_replicas() -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-1"
    replicas = ", ".join(
        f"{{region: {region}, kms_key_id: '{key.replace(REGION, region)}'}}"
        for region in ("us-east-1", "eu-west-1")
    )
    read, decrypt = level_statements(
        f"{HEAD}  a: {{kms_key_id: '{key}', replicas: [{replicas}]}}\n"
    )
    regions = [REGION, "eu-west-1", "us-east-1"]
    assert read["Resource"] == [
        f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:x/dev/a-??????" for region in regions
    ]
    assert decrypt["Resource"] == [key.replace(REGION, region) for region in regions]
    assert decrypt["Condition"]["StringEquals"]["kms:ViaService"] == [
        f"secretsmanager.{region}.amazonaws.com" for region in regions
    ]


def test_key_that_is_named_by_alias_is_allowed_by_its_alias() -> None:
    text = "  a: {kms_key_id: alias/b}\n  b: {kms_key_id: alias/a}\n  c: {kms_key_id: key-id}\n"
    _, by_id, by_alias = level_statements(HEAD + text)
    assert by_id["Resource"] == [f"arn:aws:kms:{REGION}:{ACCOUNT}:key/key-id"]
    assert by_alias["Sid"] == "DecryptThroughSecretsManagerByAlias"
    assert by_alias["Resource"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*"
    assert by_alias["Condition"]["ForAnyValue:StringEquals"] == {
        "kms:ResourceAliases": ["alias/a", "alias/b"]
    }


def test_secrets_under_the_aws_managed_key_need_no_statement_about_keys() -> None:
    assert [one["Sid"] for one in level_statements(HEAD + "  a: {}\n")] == ["ReadSecrets"]


def test_path_has_policies_of_the_secrets_below_it_alone() -> None:
    text = "  a: {path: p/q, kms_key_id: alias/inside}\n  b: {path: pq, kms_key_id: alias/out}\n"
    read, by_alias = level_statements(HEAD + text, "m.p/q/read")
    assert (
        read["Resource"] == f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x/dev/p/q/a-??????"
    )
    names = by_alias["Condition"]["ForAnyValue:StringEquals"]["kms:ResourceAliases"]
    assert names == ["alias/inside"]


def test_key_of_an_adopted_secret_is_the_one_that_it_has() -> None:
    _, decrypt = level_statements(f"{HEAD}  a: {{import: legacy-k}}\n")
    assert decrypt["Resource"] == [f"arn:aws:kms:{REGION}:{ACCOUNT}:key/kept"]


def test_created_key_and_its_replicas_are_in_the_policy() -> None:
    head = "context_name: x\nkms: {create: true, multi_region: true}\nsecrets:\n"
    _, decrypt = level_statements(f"{head}  a: {{replicas: [{{region: eu-west-1}}]}}\n")
    assert decrypt["Resource"] == [
        f"arn:aws:kms:{REGION}:{ACCOUNT}:key/made",
        f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/made",
    ]


def test_roles_of_a_level_get_its_reading_policy_once() -> None:
    levels = "access: {attach_to: [app, web, app]}\n"
    made = deploy(f"{levels}{HEAD}  a: {{}}\n").made
    attached = {
        name: inputs["role"]
        for (kind, name), inputs in made.items()
        if kind == "RolePolicyAttachment"
    }
    assert attached == {"m.read:app": "app", "m.read:web": "web"}
    policy = made["RolePolicyAttachment", "m.read:app"]["policyArn"]
    assert policy == f"arn:aws:iam::{ACCOUNT}:policy/m.read"


def test_name_in_iam_has_only_characters_that_iam_allows() -> None:
    made = deploy(f"{HEAD}  a: {{path: p/q}}\n").made
    assert made["Policy", "m.p/q/read"]["namePrefix"] == "m.p-q-read-"
    assert made["Policy", "m.p/q/read"]["description"] == "read the secrets below x/dev/p/q/"


def read_document(keys: int) -> str:
    """Return the reading policy of a map that adopts secrets under this many keys of their own."""
    entries = (f"  a{n}: {{import: 'legacy/{n:04}', owner: operator}}\n" for n in range(25))
    scope = scope_of(HEAD + "".join(entries))
    plan = scope.plan
    facts = LevelFacts(Home("aws", REGION, ACCOUNT))
    below = list(plan.secrets.values())
    key = {REGION: f"arn:aws:kms:{REGION}:{ACCOUNT}:key/"}
    known = [{region: f"{arn}{n:036}" for region, arn in key.items()} for n in range(keys)]
    return policies._level_document(scope, plan.levels[0], below, "read", [facts, *known])


def test_policy_is_measured_without_spaces_as_it_is_sent() -> None:
    sent = read_document(23)
    assert len(sent) <= 6_144 < len(json.dumps(json.loads(sent)))


def test_policy_over_iams_limit_is_refused_with_its_level() -> None:
    with pytest.raises(
        pulumi.RunError,
        match=r"m:1:1: error: `access`: the `read` policy has 6,\d+ characters; IAM allows",
    ):
        read_document(24)


def test_map_without_secrets_creates_no_policy() -> None:
    assert not [name for kind, name in deploy("context_name: x\n").made if kind == "Policy"]


@pytest.mark.parametrize(("fields", "goes"), [("", True), ("import: old, ", False)])
def test_policy_goes_with_its_secret_unless_that_stays(
    registered: Registered, fields: str, goes: bool
) -> None:
    policy = """policy: '{"Version": "2012-10-17", "Statement": []}'"""
    deploy(f"{HEAD}  a: {{{fields}{policy}}}\n")
    request = registered["aws:secretsmanager/secretPolicy:SecretPolicy"]["m.a"]
    assert request.deletedWith.endswith(":Secret::m.a") is goes
