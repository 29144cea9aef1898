"""What the map says: grants, templates, attached roles, rotation."""

from __future__ import annotations

from typing import Any

from secrets_component.audit.matrix import Audit
from tests.unit.audit.accounts import (
    HERE,
    REGION,
    THERE,
    allow,
    answers_of,
    audit_of,
    findings,
    role,
    role_arn,
    secret,
    to,
)

SECRETS = [secret("shop/dev/a"), secret("shop/dev/rds/b")]
EVERYTHING = allow("secretsmanager:*")
FUNCTION = f"arn:aws:lambda:eu-central-1:{HERE}:function:mine"


def declared(text: str, *members: Any, secrets: Any = SECRETS) -> dict[tuple[str, str], list[str]]:
    """Return what the map names, by the name of the role and the action."""
    return said(audit_of(answers_of(*members, secrets=secrets), text))


def said(found: Audit) -> dict[tuple[str, str], list[str]]:
    by_role: dict[tuple[str, str], list[str]] = {}
    for row in found.rows():
        if row.is_in_map and row.kind == "role":
            key = (row.caller.rpartition("/")[2], row.action)
            by_role[key] = sorted([*by_role.get(key, []), *found.labels(row.mask)])
    return by_role


def test_readers_read_and_administrators_do_everything() -> None:
    text = f"""\
        context_name: shop
        access:
          readers: ["{role_arn("app")}"]
          paths: {{rds: {{admins: ["{role_arn("ops")}"]}}}}
        secrets:
          a: {{generate_random_password: true}}
          b: {{path: rds, generate_random_password: true}}
        """
    found = audit_of(
        answers_of(role("app", EVERYTHING), role("ops", EVERYTHING), secrets=SECRETS), text
    )
    assert said(found) == {
        ("app", "read"): ["a", "b"],
        **{("ops", action): ["b"] for action in ("read", "write", "rotate", "delete", "change policy", "gain")},
    }  # fmt: skip
    of_ops = {
        action: names for (who, action), names in findings(found).items() if who == role_arn("ops")
    }
    assert of_ops == {
        action: ["a"] for action in ("read", "write", "rotate", "delete", "change policy")
    }


def test_attached_roles_read_their_level_whatever_their_path_is() -> None:
    text = """\
        context_name: shop
        access: {paths: {rds: {attach_to: [worker]}}}
        secrets:
          a: {generate_random_password: true}
          b: {path: rds, generate_random_password: true}
        """
    worker = {**role("worker"), "Arn": role_arn("team/worker")}
    assert declared(text, worker) == {("worker", "read"): ["b"]}


def test_policy_templates_and_written_policies_count() -> None:
    text = f"""\
        context_name: shop
        secrets:
          a:
            generate_random_password: true
            policy: {{template: read-secret-policy, principals: ["{role_arn("app")}"]}}
          b:
            path: rds
            generate_random_password: true
            policy: '{{"Version": "2012-10-17", "Statement": [
              {{"Effect": "Allow", "Principal": {{"AWS": "{role_arn("ops")}"}}, "Action": "secretsmanager:*", "Resource": "*"}},
              {{"Effect": "Deny", "Principal": {{"AWS": "{role_arn("ops")}"}}, "Action": "secretsmanager:DeleteSecret", "Resource": "*"}}]}}'
        """
    assert declared(text, role("app"), role("ops")) == {
        ("app", "read"): ["a"],
        **{("ops", action): ["b"] for action in ("read", "write", "rotate", "change policy")},
    }


def test_role_of_another_account_is_named_and_its_account_is_not() -> None:
    shop = role_arn("shop", THERE)
    text = f"""\
        context_name: shop
        default_kms_key_id: alias/shop
        access: {{readers: ["{shop}"]}}
        secrets: {{a: {{generate_random_password: true}}}}
        """
    root = f"arn:aws:iam::{THERE}:root"
    as_deployed = {"ArnEquals": {"aws:PrincipalArn": [shop]}}
    statement = to(root, "secretsmanager:GetSecretValue", Condition=as_deployed)
    found = audit_of(answers_of(secrets=[secret("shop/dev/a", statement)]), text)
    assert said(found)["shop", "read"] == ["a"]


def test_rotation_functions_read_and_write_their_secret_and_read_the_superusers() -> None:
    text = f"""\
        context_name: shop
        secrets:
          a:
            secret_data: x
            rotation_automatically: true
            rotation_days: 30
            rotation_lambda_arn: {FUNCTION}
          b: {{path: rds, generate_random_password: true}}
        """
    rotating = secret("shop/dev/a", RotationLambdaARN=FUNCTION, RotationRole=role_arn("turner"))
    assert declared(text, role("turner"), secrets=[rotating, SECRETS[1]]) == {
        ("turner", "read"): ["a"],
        ("turner", "write"): ["a"],
    }


def test_superuser_secret_is_read_by_the_role_that_rotates_with_it() -> None:
    text = """\
        context_name: shop
        secrets:
          a:
            random: {password: {}}
            secret_data: {engine: postgres, host: h, username: app, password: "${random.password}"}
            rotation_automatically: true
            rotation_days: 30
            rotation:
              function: postgres-alternating-users
              superuser_secret_arn: "${output.secretsmanager.secret_arns.b}"
              subnet_ids: [subnet-0a]
              security_group_ids: [sg-0a]
          b: {path: rds, generate_random_password: true}
        """
    from secrets_component.secret_map.names import rotation_role

    name = rotation_role("shop/dev/a", REGION)
    assert declared(text, role(name)) == {(name, "read"): ["a", "b"], (name, "write"): ["a"]}


def test_principal_that_only_a_deployment_knows_is_reported() -> None:
    text = """\
        context_name: shop
        stacks: {ecs: acme/ecs/dev}
        access: {readers: ["${output.ecs.task_role_arn}"]}
        secrets: {a: {generate_random_password: true}}
        """
    found = audit_of(
        answers_of(role("app", allow("secretsmanager:GetSecretValue")), secrets=SECRETS), text
    )
    assert "`${output.ecs.task_role_arn}` is not resolved here: whom it names counts as not in the map" in found.unchecked  # fmt: skip
    assert (role_arn("app"), "read") in findings(found)
