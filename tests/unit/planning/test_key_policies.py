"""Key policies: who may use a key for which secrets, in the created key and in existing ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from secrets_component.arns import Home
from secrets_component.planning import key_policies
from secrets_component.planning.plan import Plan
from tests.maps_of_tests import plan_of, problems_of
from tests.unit.mocks import ACCOUNT, REGION, Made, deploy

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
APP, OPS, WEB = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("app", "ops", "web"))
THERE = "arn:aws:iam::222222222222:role/there"
DEPLOYER = f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/session"
CREATED = "context_name: x\nkms: {create: true}\n"
LOGIN = "secret_data: {engine: mysql, host: h, username: u, password: p}"
HOSTED = "rotation_automatically: true, rotation: {function: mysql-single-user}"

Statement = dict[str, Any]


def policy_of(
    plan: Plan, caller: str | None = DEPLOYER, regions: tuple[str, ...] = (REGION,)
) -> list[Statement]:
    """Return the statements of the created key's policy, as deployed by `caller`."""
    known = {one: str(one) for one in key_policies.principals_of_created_key(plan)}
    home = Home("aws", REGION, ACCOUNT, caller)
    roles = {role: home.role_arn(role) for level in plan.levels for role, _ in level.attach_to}
    text = key_policies.created_key_policy(plan, known, roles, home, regions)
    return list(json.loads(text)["Statement"])


def by_sid(statements: list[Statement]) -> dict[str, Statement]:
    return {statement["Sid"]: statement for statement in statements}


def secrets_in(statement: Statement) -> list[str]:
    """Return the secrets that a statement is about, without the account in front of them."""
    arns = statement["Condition"]["StringLike"]["kms:EncryptionContext:SecretARN"]
    return [arn.removeprefix(f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:") for arn in arns]


def test_account_administers_the_created_key_and_cannot_use_it() -> None:
    administer = policy_of(plan_of(f"{CREATED}secrets: {{a: {{}}}}\n"))[0]
    assert (administer["Sid"], administer["Principal"]) == ("AdministerKey", {"AWS": ROOT})
    actions = set(administer["Action"])
    assert {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:ReplicateKey"} <= actions
    assert not {"kms:Decrypt", "kms:Encrypt", "kms:CreateGrant"} & actions
    assert not any("*" in action or "GenerateDataKey" in action for action in actions)


def test_key_is_used_through_secrets_manager_of_its_regions_only() -> None:
    plan = plan_of(f"{CREATED}access: {{readers: ['{APP}']}}\nsecrets: {{a: {{}}}}\n")
    for use in policy_of(plan, regions=(REGION, "eu-west-1"))[2:]:
        condition = use["Condition"]
        assert condition["StringEquals"]["kms:ViaService"] == [
            f"secretsmanager.{REGION}.amazonaws.com",
            "secretsmanager.eu-west-1.amazonaws.com",
        ]
        assert condition["StringLike"]["kms:EncryptionContext:SecretARN"] == [
            f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x/dev/a-??????",
            f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:x/dev/a-??????",
        ]


def test_readers_decrypt_and_admins_also_encrypt_below_their_level() -> None:
    access = f"access: {{readers: ['{APP}'], paths: {{p: {{admins: ['{OPS}']}}}}}}\n"
    statements = policy_of(plan_of(f"{CREATED}{access}secrets: {{a: {{path: p/q}}, b: {{}}}}\n"))
    _, _, read, admin = statements
    assert (read["Principal"], read["Action"]) == ({"AWS": [APP]}, "kms:Decrypt")
    assert secrets_in(read) == ["x/dev/p/q/a-??????", "x/dev/b-??????"]
    assert (admin["Principal"], secrets_in(admin)) == ({"AWS": [OPS]}, ["x/dev/p/q/a-??????"])
    assert "kms:Decrypt" in admin["Action"]
    assert any("GenerateDataKey" in action for action in admin["Action"])


def test_reader_of_single_secrets_decrypts_exactly_these() -> None:
    reader = f"access: {{readers: ['{APP}']}}"
    plan = plan_of(f"{CREATED}secrets: {{a: {{{reader}}}, b: {{}}, c: {{{reader}}}}}\n")
    assert secrets_in(policy_of(plan)[-1]) == ["x/dev/a-??????", "x/dev/c-??????"]


def test_reader_in_another_account_is_named_by_account_and_condition() -> None:
    plan = plan_of(
        f"{CREATED}access: {{readers: ['{THERE}'], organization_id: o-a1b2c3d4e5}}\nsecrets: {{a: {{}}}}\n"
    )
    read = policy_of(plan)[-1]
    assert read["Principal"] == {"AWS": ["arn:aws:iam::222222222222:root"]}
    assert read["Condition"]["ArnEquals"] == {"aws:PrincipalArn": [THERE]}
    assert read["Condition"]["StringEquals"]["aws:PrincipalOrgID"] == "o-a1b2c3d4e5"


def test_readers_with_and_without_an_organization_have_separate_statements() -> None:
    open_, closed = "readers: ['222222222222']", "organization_id: o-a1b2c3d4e5"
    plan = plan_of(
        f"{CREATED}secrets: {{a: {{access: {{{open_}}}}}, b: {{access: {{{open_}, {closed}}}}}}}\n"
    )
    found = {}
    for statement in policy_of(plan)[2:]:
        organization = statement["Condition"]["StringEquals"].get("aws:PrincipalOrgID")
        found[organization] = secrets_in(statement)
    assert found == {None: ["x/dev/a-??????"], "o-a1b2c3d4e5": ["x/dev/b-??????"]}


@pytest.mark.parametrize(
    ("caller", "arns"),
    [
        (DEPLOYER, [f"arn:aws:iam::{ACCOUNT}:role/deployer", f"arn:aws:iam::{ACCOUNT}:role/*/deployer"]),
        (f"arn:aws:iam::{ACCOUNT}:user/ci", [f"arn:aws:iam::{ACCOUNT}:user/ci"]),
    ],
)  # fmt: skip
def test_identity_that_deploys_may_write_all_values(caller: str, arns: list[str]) -> None:
    plan = plan_of(f"{CREATED}access: {{readers: ['{APP}']}}\nsecrets: {{a: {{}}}}\n")
    deploy = by_sid(policy_of(plan, caller))["DeployThroughSecretsManager"]
    assert deploy["Principal"] == {"AWS": [ROOT]}
    assert deploy["Condition"]["ArnLike"] == {"aws:PrincipalArn": arns}
    assert secrets_in(deploy) == ["x/dev/*"]


def test_unknown_caller_has_no_statement() -> None:
    plan = plan_of(f"{CREATED}access: {{readers: ['{APP}']}}\nsecrets: {{a: {{}}}}\n")
    assert list(by_sid(policy_of(plan, caller=None))) == [
        "AdministerKey",
        "DecryptThroughSecretsManager",
    ]


def test_deployed_rotation_functions_use_the_key_for_their_secrets() -> None:
    plan = plan_of(
        f"{CREATED}access: {{readers: ['{APP}']}}\nsecrets:\n"
        f"  a: {{{LOGIN}, {HOSTED}}}\n  b: {{secret_data: v}}\n  c: {{kms_key_id: alias/o, {LOGIN}, {HOSTED}}}\n"
    )
    rotate = by_sid(policy_of(plan))["RotateThroughSecretsManager"]
    (role,) = rotate["Condition"]["ArnEquals"]["aws:PrincipalArn"]
    assert role.startswith(f"arn:aws:iam::{ACCOUNT}:role/x-dev-a-")
    assert secrets_in(rotate) == ["x/dev/a-??????"]


def test_custom_rotation_function_gets_its_access_as_any_other_principal() -> None:
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
    plan = plan_of(
        f"{CREATED}access: {{readers: ['{APP}']}}\nsecrets:\n"
        f"  a: {{secret_data: v, rotation_automatically: true, rotation_lambda_arn: '{function}'}}\n"
    )
    assert "RotateThroughSecretsManager" not in by_sid(policy_of(plan))


def test_attached_role_decrypts_what_its_level_has_under_the_key() -> None:
    plan = plan_of(
        f"{CREATED}access: {{paths: {{p: {{attach_to: [web]}}, q: {{attach_to: [ops]}}}}}}\n"
        "secrets: {a: {path: p}, b: {path: q, kms_key_id: alias/own}}\n"
    )
    uses = [use for use in policy_of(plan) if use["Sid"].startswith("Decrypt")]
    assert [(use["Principal"], secrets_in(use)) for use in uses] == [
        ({"AWS": [WEB]}, ["x/dev/p/a-??????"]),
    ]


def test_adopted_secret_keeps_its_key_and_is_not_in_the_policy() -> None:
    plan = plan_of(
        f"{CREATED}secrets: {{a: {{import: old, access: {{readers: ['{APP}']}}}}, b: {{}}}}\n"
    )
    assert [secret.key for secret in key_policies.under_created_key(plan)] == ["b"]
    assert key_policies.principals_of_created_key(plan) == []
    assert secrets_in(policy_of(plan)[1]) == ["x/dev/*"]


def test_principals_of_the_key_are_listed_once() -> None:
    plan = plan_of(
        f"{CREATED}access: {{readers: ['{APP}', '{WEB}']}}\n"
        f"secrets: {{a: {{access: {{admins: ['{APP}']}}}}, b: {{access: {{readers: ['{OPS}']}}}}}}\n"
    )
    assert [str(one) for one in key_policies.principals_of_created_key(plan)] == [APP, WEB, OPS]


def test_regions_of_replicas_of_the_key_are_those_without_another_key() -> None:
    plan = plan_of(
        "context_name: x\nkms: {create: true, multi_region: true}\nsecrets:\n"
        "  a: {replicas: [{region: eu-west-2}, {region: eu-west-1}]}\n"
        "  b: {replicas: [{region: eu-west-1}, {region: eu-west-3, kms_key_id: alias/o}]}\n"
        "  c: {kms_key_id: alias/o, replicas: [{region: us-east-1}]}\n"
    )
    assert key_policies.replica_regions(plan) == ["eu-west-1", "eu-west-2"]


def test_key_of_one_region_has_no_replicas() -> None:
    plan = plan_of(f"{CREATED}secrets: {{a: {{replicas: [{{region: eu-west-1}}]}}}}\n")
    assert key_policies.replica_regions(plan) == []


POLICY = f"policy: {{template: %s, principals: ['{APP}', '222222222222']}}"


@pytest.mark.parametrize(
    ("template", "action"),
    [
        ("read-secret-policy", "kms:Decrypt"),
        ("cross-account-secret-policy", "kms:Decrypt"),
        ("admin-secret-policy", ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]),
    ],
)
def test_principals_of_a_template_use_the_key_for_their_secret(
    template: str, action: str | list[str]
) -> None:
    plan = plan_of(f"{CREATED}secrets: {{a: {{{POLICY % template}}}, b: {{}}}}\n")
    everyone, use = policy_of(plan)[1:]
    assert (everyone["Principal"], secrets_in(everyone)) == ({"AWS": [ROOT]}, ["x/dev/*"])
    assert use["Principal"] == {"AWS": [APP, "arn:aws:iam::222222222222:root"]}
    assert (use["Action"], secrets_in(use)) == (action, ["x/dev/a-??????"])


def test_principals_of_a_template_use_the_key_beside_grants() -> None:
    access = f"access: {{readers: ['{OPS}']}}\n"
    plan = plan_of(f"{CREATED}{access}secrets: {{a: {{{POLICY % 'read-secret-policy'}}}}}\n")
    principals = [use["Principal"]["AWS"] for use in policy_of(plan)[2:]]
    assert principals == [[OPS], [APP, "arn:aws:iam::222222222222:root"]]


def test_key_can_be_used_for_the_first_secret_at_once() -> None:
    """A key policy that changes in the run that creates a secret may not be in effect yet."""
    plan = plan_of(f"{CREATED}secrets: {{a: {{kms_key_id: alias/o}}}}\n")
    assert secrets_in(policy_of(plan)[1]) == ["x/dev/*"]


def test_key_of_very_many_secrets_names_what_their_names_begin_with() -> None:
    many = "".join(f"  s{n:04}: {{path: p}}\n" for n in range(400))
    access = f"access: {{paths: {{p: {{readers: ['{APP}']}}}}}}\n"
    plan = plan_of(f"{CREATED}{access}secrets:\n{many}  old: {{name: a/b}}\n")
    assert len(json.dumps(policy_of(plan))) < key_policies.MAX_CHARACTERS
    assert secrets_in(policy_of(plan)[-1]) == ["x/dev/p/*"]
    assert key_policies.size_finding(plan) is None


def test_policy_of_a_key_over_kms_limit_is_known_without_aws() -> None:
    entries = "".join(f"  s{n}: {{access: {{readers: ['{APP}{n}']}}}}\n" for n in range(70))
    (found,) = problems_of(f"{CREATED}secrets:\n{entries}")
    assert found.startswith("m:2:7: error: `create`: the key's policy has 3")
    assert "KMS allows 32,768" in found


def test_each_partition_has_its_own_names() -> None:
    plan = plan_of(f"{CREATED}secrets: {{a: {{{POLICY % 'read-secret-policy'}}}}}\n")
    known = {one: str(one) for one in key_policies.principals_of_created_key(plan)}
    home = Home("aws-cn", "cn-north-1", ACCOUNT)
    written = key_policies.created_key_policy(plan, known, {}, home, ["cn-north-1"])
    use = json.loads(written)["Statement"][1]
    assert use["Principal"] == {"AWS": [f"arn:aws-cn:iam::{ACCOUNT}:root"]}
    via = use["Condition"]["StringEquals"]["kms:ViaService"]
    assert via == ["secretsmanager.cn-north-1.amazonaws.com.cn"]


def test_key_of_a_replica_needs_its_statements_in_its_region() -> None:
    plan = plan_of(
        f"context_name: x\naccess: {{readers: ['{APP}']}}\n"
        "secrets: {a: {kms_key_id: alias/k, replicas: [{region: eu-west-1, kms_key_id: alias/k}]}}\n"
    )
    added = key_policies.statements_to_add(plan)
    via = {}
    for key, (statement,) in added.items():
        via[key] = statement["Condition"]["StringEquals"]["kms:ViaService"]
    assert via == {
        "alias/k": ["secretsmanager.<region>.amazonaws.com"],
        "alias/k in eu-west-1": ["secretsmanager.eu-west-1.amazonaws.com"],
    }


EXISTING = f"""\
context_name: x
default_kms_key_id: alias/shared
access:
  readers: ["{APP}"]
  paths: {{p: {{attach_to: [web]}}}}
secrets:
  a: {{path: p}}
  b: {{kms_key_id: alias/own, access: {{admins: ["{OPS}"]}}}}
  c: {{kms_key_id: alias/aws/secretsmanager}}
  d: {{import: old, path: p}}
"""


def test_each_existing_key_needs_the_statements_of_its_own_secrets() -> None:
    added = key_policies.statements_to_add(plan_of(EXISTING))
    found = {}
    for key, statements in added.items():
        found[key] = [(one["Sid"], one["Principal"]["AWS"]) for one in statements]
    assert found == {
        "alias/shared": [
            ("DecryptThroughSecretsManager", [APP]),
            ("DecryptThroughSecretsManager2", ["arn:aws:iam::<account>:role/web"]),
        ],
        "alias/own": [
            ("DecryptThroughSecretsManager", [APP]),
            ("UseKeyThroughSecretsManager", [OPS]),
        ],
    }


def test_statements_for_an_existing_key_have_placeholders_for_account_and_region() -> None:
    (statement, _) = key_policies.statements_to_add(plan_of(EXISTING))["alias/shared"]
    assert statement["Condition"] == {
        "StringEquals": {"kms:ViaService": ["secretsmanager.<region>.amazonaws.com"]},
        "StringLike": {
            "kms:EncryptionContext:SecretARN": [
                "arn:aws:secretsmanager:<region>:<account>:secret:x/dev/p/a-??????"
            ]
        },
    }


def test_referenced_key_and_principal_are_named_as_the_map_writes_them() -> None:
    plan = plan_of(
        """\
        context_name: x
        stacks: {kms: o/kms/dev, iam: o/iam/dev}
        default_kms_key_id: ${output.kms.id}
        access: {readers: ["${output.iam.role}"]}
        secrets: {a: {}}
        """
    )
    ((key, (statement,)),) = key_policies.statements_to_add(plan).items()
    assert (key, statement["Principal"]) == ("${output.kms.id}", {"AWS": ["${output.iam.role}"]})


@pytest.mark.parametrize(
    "text",
    [
        "context_name: x\ndefault_kms_key_id: alias/k\nsecrets: {a: {}}\n",
        f"context_name: x\naccess: {{readers: ['{APP}']}}\nsecrets: {{a: {{}}}}\n",
        f"{CREATED}access: {{readers: ['{APP}']}}\nsecrets: {{a: {{}}}}\n",
    ],
    ids=["no grants", "AWS-managed key", "created key"],
)
def test_nothing_is_added_where_no_existing_key_is_used_by_a_grant(text: str) -> None:
    assert key_policies.statements_to_add(plan_of(text)) == {}


def statements(made: Made, kind: str, name: str) -> list[dict[str, Any]]:
    return list(json.loads(made[kind, name]["policy"])["Statement"])


def uses(made: Made) -> dict[str, list[str]]:
    """Return who may decrypt with the created key, by the ids of the statements."""
    return {
        s["Sid"]: s["Principal"]["AWS"]
        for s in statements(made, "Key", "m")
        if "kms:Decrypt" in s["Action"]
    }


def test_created_key_is_the_accounts_own_where_the_map_grants_nothing() -> None:
    made = deploy(CREATED + "secrets: {a: {}}\n").made
    administer, use = statements(made, "Key", "m")
    assert administer["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert not {"kms:Decrypt", "kms:*"} & set(administer["Action"])
    assert use["Principal"] == {"AWS": [f"arn:aws:iam::{ACCOUNT}:root"]}
    assert use["Condition"] == {
        "StringEquals": {"kms:ViaService": [f"secretsmanager.{REGION}.amazonaws.com"]},
        "StringLike": {
            "kms:EncryptionContext:SecretARN": [
                f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x/dev/*"
            ]
        },
    }


def test_created_key_is_for_the_maps_readers_and_the_deploying_identity() -> None:
    made = deploy(
        CREATED + f"access: {{readers: ['{APP}'], attach_to: [web]}}\nsecrets: {{a: {{}}}}\n"
    ).made
    assert uses(made) == {
        "DeployThroughSecretsManager": [f"arn:aws:iam::{ACCOUNT}:root"],
        "DecryptThroughSecretsManager": [APP],
        "DecryptThroughSecretsManager2": [WEB],
    }
    deploys = statements(made, "Key", "m")[1]
    assert deploys["Condition"]["ArnLike"] == {
        "aws:PrincipalArn": [
            f"arn:aws:iam::{ACCOUNT}:role/deployer",
            f"arn:aws:iam::{ACCOUNT}:role/*/deployer",
        ]
    }


def test_reader_of_one_secret_decrypts_that_one_only() -> None:
    made = deploy(CREATED + f"secrets: {{a: {{access: {{readers: ['{APP}']}}}}, b: {{}}}}\n").made
    reader = statements(made, "Key", "m")[-1]
    assert reader["Condition"]["StringLike"]["kms:EncryptionContext:SecretARN"] == [
        f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x/dev/a-??????"
    ]
