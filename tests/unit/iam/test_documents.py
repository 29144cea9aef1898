"""Policy documents: how principals, keys and statement ids are written."""

import json
from typing import Any

import pytest

from secrets_component.arns import Home
from secrets_component.iam import templates
from secrets_component.iam.documents import (
    ASSUMED_BY_LAMBDA,
    Statement,
    document,
    key_statement,
    resource_of_key,
    resource_policy,
    use_key,
    use_keys,
)
from secrets_component.iam.grants import Grant, Grantee, InlinePolicy, Kind, TemplatedPolicy
from secrets_component.secret_map.references import Template, parse

HOME = Home("aws", "eu-central-1", "123456789012")
APP = "arn:aws:iam::123456789012:role/app"
THERE = "arn:aws:iam::222222222222:role/there"
ROOT, ROOT_THERE = "arn:aws:iam::123456789012:root", "arn:aws:iam::222222222222:root"
OWN: Statement = {"Sid": "ReadSecrets", "Effect": "Deny", "Principal": "*"}
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
KEYS = "arn:aws:kms:eu-central-1:123456789012"
DECRYPT: Statement = {
    "Sid": "Decrypt",
    "Effect": "Allow",
    "Action": "kms:Decrypt",
    "Resource": "*",
    "Condition": {"StringEquals": {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"}},
}


def test_key_given_by_its_id_is_the_resource() -> None:
    assert use_key(DECRYPT, f"{KEYS}:key/k") == {**DECRYPT, "Resource": f"{KEYS}:key/k"}


def test_key_given_by_its_alias_is_any_key_that_has_the_alias() -> None:
    assert use_key(DECRYPT, f"{KEYS}:alias/team/key") == {
        "Sid": "DecryptByAlias",
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": f"{KEYS}:key/*",
        "Condition": {
            **DECRYPT["Condition"],
            "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/team/key"},
        },
    }


def test_statement_about_a_key_needs_neither_sid_nor_condition() -> None:
    bare = {"Effect": "Allow", "Action": "kms:Decrypt"}
    assert use_key(bare, f"{KEYS}:alias/a") == {
        **bare,
        "Resource": f"{KEYS}:key/*",
        "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/a"}},
    }


def test_statement_that_is_narrowed_to_an_alias_stays_as_it_was() -> None:
    before = json.dumps(DECRYPT)
    use_keys(DECRYPT, [f"{KEYS}:alias/a"])
    assert json.dumps(DECRYPT) == before


def test_keys_by_id_and_by_alias_are_two_statements() -> None:
    by_id, by_alias = use_keys(
        DECRYPT, [f"{KEYS}:key/2", f"{KEYS}:alias/b", f"{KEYS}:key/1", f"{KEYS}:alias/a"]
    )
    assert by_id == {**DECRYPT, "Resource": [f"{KEYS}:key/2", f"{KEYS}:key/1"]}
    assert by_alias["Sid"] == "DecryptByAlias"
    assert by_alias["Resource"] == f"{KEYS}:key/*"
    assert by_alias["Condition"]["ForAnyValue:StringEquals"] == {
        "kms:ResourceAliases": ["alias/a", "alias/b"]
    }


def test_aliases_of_two_accounts_are_two_statements() -> None:
    other = "arn:aws:kms:eu-central-1:222222222222"
    statements = use_keys(DECRYPT, [f"{KEYS}:alias/a", f"{other}:alias/b"])
    assert [
        (one["Resource"], one["Condition"]["ForAnyValue:StringEquals"]["kms:ResourceAliases"])
        for one in statements
    ] == [(f"{KEYS}:key/*", ["alias/a"]), (f"{other}:key/*", ["alias/b"])]


def test_no_key_needs_no_statement() -> None:
    assert use_keys(DECRYPT, []) == []


@pytest.mark.parametrize(
    ("key_arn", "resource"),
    [
        (f"{KEYS}:key/k", f"{KEYS}:key/k"),
        (f"{KEYS}:alias/team/key", f"{KEYS}:key/*"),
        ("arn:aws-cn:kms:cn-north-1:1:alias/a", "arn:aws-cn:kms:cn-north-1:1:key/*"),
    ],
)
def test_resource_of_a_key_is_never_an_alias(key_arn: str, resource: str) -> None:
    assert resource_of_key(key_arn) == resource


def test_taken_sids_are_numbered_and_missing_ones_stay_missing() -> None:
    bare: Statement = {"Effect": "Allow"}
    read: Statement = {**bare, "Sid": "Read"}
    statements = [read, bare, read, {**bare, "Sid": "Read2"}, bare, read]
    written = json.loads(document(statements))["Statement"]
    assert [one.get("Sid") for one in written] == ["Read", None, "Read2", "Read22", None, "Read3"]


def test_document_keeps_what_it_had_besides_its_statements() -> None:
    written = json.loads(document([{"Effect": "Deny"}], Id="own", Version="2008-10-17"))
    assert written == {"Version": "2008-10-17", "Id": "own", "Statement": [{"Effect": "Deny"}]}


def test_compact_document_has_no_spaces() -> None:
    statements: list[Statement] = [{"Effect": "Allow", "Action": ["a:B", "a:C"], "Resource": "*"}]
    compact = document(statements, compact=True)
    assert compact == (
        '{"Version":"2012-10-17",'
        '"Statement":[{"Effect":"Allow","Action":["a:B","a:C"],"Resource":"*"}]}'
    )
    assert json.loads(compact) == json.loads(document(statements))


def test_lambda_may_assume_the_role_of_its_functions() -> None:
    assert json.loads(ASSUMED_BY_LAMBDA) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }


def grant(*readers: str, admins: tuple[str, ...] = (), organization_id: str | None = None) -> Grant:
    """Return a grant of the whole map."""

    def grantees(names: tuple[str, ...]) -> tuple[Grantee, ...]:
        return tuple(Grantee(parse(name, []), ()) for name in names)

    return Grant("", grantees(readers), grantees(admins), organization_id)


def policy_of(
    *grants: Grant, policy: TemplatedPolicy | InlinePolicy | None = None, home: Home = HOME
) -> list[Statement]:
    """Return the statements of a secret's policy, whose principals are as the map writes them."""
    known: dict[Template, str] = {}
    for one in grants:
        known |= {grantee.principal: str(grantee.principal) for grantee in one.grantees}
    if isinstance(policy, TemplatedPolicy):
        known |= {principal: str(principal) for principal in policy.principals}
    return list(json.loads(resource_policy(policy, grants, known, home))["Statement"])


@pytest.mark.parametrize(
    ("readers", "principal", "condition"),
    [
        ([APP], {"AWS": [APP]}, None),
        ([ROOT_THERE], {"AWS": [ROOT_THERE]}, None),
        (["222222222222"], {"AWS": [ROOT_THERE]}, None),
        (["123456789012"], {"AWS": [ROOT]}, None),
        ([THERE], {"AWS": [ROOT_THERE]}, {"ArnEquals": {"aws:PrincipalArn": [THERE]}}),
        (
            [THERE, "arn:aws:iam::111111111111:user/a", f"{THERE}2"],
            {"AWS": ["arn:aws:iam::111111111111:root", ROOT_THERE]},
            {"ArnEquals": {"aws:PrincipalArn": [THERE, "arn:aws:iam::111111111111:user/a", f"{THERE}2"]}},
        ),
        (
            ["dms.amazonaws.com", "ec2.amazonaws.com.cn"],
            {"Service": ["dms.amazonaws.com", "ec2.amazonaws.com.cn"]},
            {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        ),
    ],
)  # fmt: skip
def test_principal_is_named_as_its_account_asks_for(
    readers: list[str], principal: dict[str, Any], condition: dict[str, Any] | None
) -> None:
    (statement,) = policy_of(grant(*readers))
    assert statement["Principal"] == principal
    assert statement.get("Condition") == condition
    assert statement["Action"] == ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
    assert (statement["Effect"], statement["Resource"]) == ("Allow", "*")


def test_account_is_named_in_the_partition_of_the_secret() -> None:
    home = Home("aws-cn", "cn-north-1", "123456789012")
    (statement,) = policy_of(grant("222222222222"), home=home)
    assert statement["Principal"] == {"AWS": ["arn:aws-cn:iam::222222222222:root"]}


def test_every_principal_is_own_until_the_account_is_known() -> None:
    (statement,) = policy_of(grant(APP, THERE), home=Home())
    assert statement["Principal"] == {"AWS": [APP, THERE]}


def test_organization_binds_identities_and_accounts_but_no_service() -> None:
    own, foreign, service = policy_of(
        grant(APP, THERE, "dms.amazonaws.com", organization_id="o-a1b2c3d4e5")
    )
    assert own["Condition"] == ORGANIZATION
    assert foreign["Condition"] == {**ORGANIZATION, "ArnEquals": {"aws:PrincipalArn": [THERE]}}
    assert service["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert [one["Sid"] for one in (own, foreign, service)] == [
        "ReadSecrets",
        "ReadSecrets2",
        "ReadSecrets3",
    ]


def test_grants_of_several_levels_are_one_statement_for_each_kind_and_organization() -> None:
    statements = policy_of(
        grant(APP, admins=(f"{APP}-ops",)),
        grant(f"{APP}2", APP),
        grant(f"{APP}3", organization_id="o-a1b2c3d4e5"),
    )
    assert [(one["Sid"], one["Principal"]["AWS"]) for one in statements] == [
        ("ReadSecrets", [APP, f"{APP}2"]),
        ("AdministerSecrets", [f"{APP}-ops"]),
        ("ReadSecrets2", [f"{APP}3"]),
    ]


def test_written_document_without_grants_is_left_as_it_is() -> None:
    text = '{ "Statement": [] }'
    assert resource_policy(InlinePolicy(text), [], {}, HOME) == text


@pytest.mark.parametrize("statements", [OWN, [OWN]])
def test_written_document_gets_the_statements_of_the_grants(statements: object) -> None:
    text = json.dumps({"Id": "own", "Statement": statements})
    known = {parse(APP, []): APP}
    written = json.loads(resource_policy(InlinePolicy(text), [grant(APP)], known, HOME))
    assert written["Id"] == "own"
    assert written["Statement"][0] == OWN
    assert [one["Sid"] for one in written["Statement"]] == ["ReadSecrets", "ReadSecrets2"]


def templated(
    text: str, *principals: str, organization_id: str | None = None, is_custom: bool = False
) -> TemplatedPolicy:
    named = tuple(parse(p, []) for p in principals)
    return TemplatedPolicy("t", text, named, organization_id, is_custom)


def test_cross_account_template_names_accounts_and_binds_their_identities() -> None:
    policy = templated(
        templates.shipped("cross-account-secret-policy"),
        "111111111111",
        THERE,
        organization_id="o-a1b2c3d4e5",
    )
    accounts, identities = policy_of(policy=policy)
    assert accounts["Principal"] == {"AWS": ["arn:aws:iam::111111111111:root"]}
    assert accounts["Condition"] == ORGANIZATION
    assert identities["Principal"] == {"AWS": [ROOT_THERE]}
    assert identities["Condition"] == {**ORGANIZATION, "ArnEquals": {"aws:PrincipalArn": [THERE]}}


def test_template_without_principal_arns_names_all_principals_outright() -> None:
    text = '{"Statement": [{"Effect": "Allow", "Action": "a:B", "Resource": "${secret_arns}"}]}'
    assert policy_of(policy=templated(text, "222222222222", THERE)) == [
        {
            "Effect": "Allow",
            "Action": "a:B",
            "Resource": "*",
            "Principal": {"AWS": [ROOT_THERE, THERE]},
        }
    ]


BOUND = {"ArnNotEquals": {"aws:PrincipalArn": "${principal_arns}"}}


@pytest.mark.parametrize(
    ("named", "in_condition"),
    [
        ((THERE,), [THERE]),
        ((THERE, "111111111111"), [THERE, "arn:aws:iam::111111111111:*"]),
        ((THERE, ROOT_THERE), [THERE, "arn:aws:iam::222222222222:*"]),
    ],
)
def test_custom_template_is_filled_in_once_and_keeps_its_condition(
    named: tuple[str, ...], in_condition: list[str]
) -> None:
    """Filled in once for roles and once for accounts, a denial would deny to all."""
    denial = {"Effect": "Deny", "Principal": "*", "Action": "a:B", "Resource": "*", "Condition": BOUND}  # fmt: skip
    (statement,) = policy_of(
        policy=templated(json.dumps({"Statement": denial}), *named, is_custom=True)
    )
    assert statement["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": in_condition}}


def test_denial_to_all_other_principals_gets_no_principal() -> None:
    denial = {"Effect": "Deny", "NotPrincipal": {"AWS": ROOT}, "Action": "a:B", "Resource": "*"}
    text = json.dumps({"Statement": denial})
    assert policy_of(policy=templated(text, THERE)) == [denial]


def test_template_and_grants_are_one_policy() -> None:
    text = '{"Statement": {"Sid": "ReadSecrets", "Action": "a:B", "Resource": "${secret_arns}"}}'
    statements = policy_of(grant(APP), policy=templated(text, THERE))
    assert [(one["Sid"], one["Principal"]["AWS"]) for one in statements] == [
        ("ReadSecrets", [THERE]),
        ("ReadSecrets2", [APP]),
    ]


@pytest.mark.parametrize(
    ("kind", "sid", "actions"),
    [
        ("read", "DecryptThroughSecretsManager", "kms:Decrypt"),
        ("admin", "UseKeyThroughSecretsManager", ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]),
    ],
)  # fmt: skip
def test_key_is_used_through_secrets_manager_for_the_named_secrets(
    kind: Kind, sid: str, actions: object
) -> None:
    regions = ["eu-central-1", "eu-west-1"]
    (statement,) = key_statement(kind, [APP], ["a/*", "b-??????"], HOME, regions=regions)
    assert statement == {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": [APP]},
        "Action": actions,
        "Resource": "*",
        "Condition": {
            "StringEquals": {
                "kms:ViaService": [
                    "secretsmanager.eu-central-1.amazonaws.com",
                    "secretsmanager.eu-west-1.amazonaws.com",
                ]
            },
            "StringLike": {
                "kms:EncryptionContext:SecretARN": [
                    "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a/*",
                    "arn:aws:secretsmanager:eu-central-1:123456789012:secret:b-??????",
                    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a/*",
                    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:b-??????",
                ]
            },
        },
    }


def test_organization_is_added_to_the_conditions_of_a_key() -> None:
    (statement,) = key_statement(
        "read", [ROOT_THERE], ["a/*"], HOME, regions=["r"], organization_id="o-a1b2c3d4e5"
    )
    assert statement["Condition"]["StringEquals"] == {
        "kms:ViaService": ["secretsmanager.r.amazonaws.com"],
        "aws:PrincipalOrgID": "o-a1b2c3d4e5",
    }
