"""Access: resource policies on secrets, identity policies for readers and administrators."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pulumi
from pulumi_aws import iam, secretsmanager

from secrets_component.model import MAX_POLICY_CHARACTERS
from secrets_component.plan import InlinePolicy, PlannedSecret, TemplatedPolicy
from secrets_component.scope import Scope

_BESIDE = Path(__file__).parent / "policies"  # in an installed package
_ABOVE = Path(__file__).parent.parent / "policies"  # in a checkout
_VARIABLE = re.compile(r"\$\{([a-z_]+)\}")
LEVEL_POLICIES = {"read": "read-secret-policy", "admin": "admin-secret-policy"}


def attach(scope: Scope, secret: PlannedSecret, container: secretsmanager.Secret) -> None:
    """Give a secret its resource policy; a public one is refused by AWS as well."""
    policy = secret.policy
    if policy is None:
        return
    document: pulumi.Input[str]
    if isinstance(policy, InlinePolicy):
        document = policy.document
    else:
        document = _resource_policy(scope, secret, policy)
    secretsmanager.SecretPolicy(
        scope.logical(secret),
        secret_arn=container.arn,
        policy=document,
        block_public_policy=True,
        opts=scope.options(secret),
    )


def _resource_policy(
    scope: Scope, secret: PlannedSecret, policy: TemplatedPolicy
) -> pulumi.Output[str]:
    principals = [scope.values.text(principal, secret.key) for principal in policy.principals]

    def written(known: list[str]) -> str:
        document = render_template(
            policy.template,
            {
                "principals": [_principal(principal) for principal in known],
                "secret_arns": "*",  # in a secret's own policy: this secret
                "organization_id": policy.organization_id,
                "kms_key_arns": None,  # a secret's policy says nothing of keys
                "region": None,
            },
        )
        for statement in document["Statement"]:
            statement.setdefault("Principal", {"AWS": [_principal(p) for p in known]})
        text = json.dumps(document)
        if len(text) > MAX_POLICY_CHARACTERS:
            msg = (
                f"secret `{secret.key}`: the policy is longer than AWS's "
                f"{MAX_POLICY_CHARACTERS:,} characters; name fewer principals"
            )
            raise pulumi.RunError(msg)
        return text

    return pulumi.Output.all(*principals).apply(written)


def _principal(principal: str) -> str:
    """Write a bare account id as the ARN that AWS stores, so that no refresh shows a change."""
    return f"arn:aws:iam::{principal}:root" if principal.isdigit() else principal


def level_policies(
    scope: Scope, any_arn: pulumi.Output[str] | None, keys: list[pulumi.Output[str]]
) -> dict[str, pulumi.Output[str]]:
    """Create the identity policies for all secrets below `<context_name>/<environment>/`.

    Args:
        scope: the map's scope.
        any_arn: the ARN of any of its secrets, for partition, region and account; None for none.
        keys: ARNs of the customer-managed keys in use.
    """
    if any_arn is None:
        return {}
    level = f"{scope.plan.context}/{scope.plan.environment}"
    arns = pulumi.Output.all(any_arn, *keys)
    return {
        output: iam.Policy(
            f"{scope.name}.{output}",
            description=f"{output} the secrets below {level}/",
            policy=arns.apply(partial(_level_document, template, level)),
            tags=dict(scope.plan.tags) or None,
            opts=pulumi.ResourceOptions(parent=scope.parent),
        ).arn
        for output, template in LEVEL_POLICIES.items()
    }


def _level_document(template: str, level: str, arns: Sequence[str]) -> str:
    any_arn, *keys = arns
    prefix = any_arn.split(":secret:", maxsplit=1)[0]
    values = {
        "secret_arns": f"{prefix}:secret:{level}/*",
        "kms_key_arns": sorted(set(keys)) or None,
        "region": prefix.split(":")[3],
    }
    return json.dumps(render_template(template, values))


def render_template(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in a policy template.

    A text that is one variable becomes its value, a list too; inside a longer text a variable
    becomes text. A statement loses the condition, or is lost itself, whose variable is None.

    Args:
        name: a file in `policies/` without `.json.tpl`.
        values: a value for each of the template's variables.

    Raises:
        KeyError: the template has a variable without a value.
    """
    folder = _BESIDE if _BESIDE.is_dir() else _ABOVE
    document: dict[str, Any] = json.loads((folder / f"{name}.json.tpl").read_text("utf-8"))
    filled = (_filled(statement, values) for statement in document["Statement"])
    document["Statement"] = [
        statement for statement in filled if "Resource" in statement and "Action" in statement
    ]
    return document


def _filled(node: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 # any JSON value
    if isinstance(node, dict):
        filled = {key: _filled(value, values) for key, value in node.items()}
        return {key: value for key, value in filled.items() if value not in (None, {})}
    if isinstance(node, list):
        return [_filled(item, values) for item in node]
    if not isinstance(node, str):
        return node
    whole = _VARIABLE.fullmatch(node)
    if whole:
        return values[whole[1]]
    return _VARIABLE.sub(lambda match: str(values[match[1]]), node)
