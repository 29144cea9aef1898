"""Resource policies of secrets, and identity policies of levels."""

import json

from tests.unit.mocks import ACCOUNT, REGION, deploy

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
  b: {policy: {template: read-secret-policy, principals: ["111122223333"]}}
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


def test_level_policies_end_at_the_hierarchy() -> None:
    result = deploy("context_name: x\nkms: {create: true}\nsecrets: {a: {}}\n")
    read = json.loads(result.made["Policy", "m.read"]["policy"])["Statement"]
    level = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x/dev/*"
    assert read[0]["Resource"] == level
    assert read[1]["Resource"] == [f"arn:aws:kms:{REGION}:{ACCOUNT}:key/made"]
    assert read[1]["Condition"] == {
        "StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:SecretARN": level},
    }
    admin = json.loads(result.made["Policy", "m.admin"]["policy"])
    assert not any("*" in action for s in admin["Statement"] for action in s["Action"])
