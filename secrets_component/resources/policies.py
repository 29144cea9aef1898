"""Identity policies: one to read and one to administer each level of the hierarchy."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pulumi
from pulumi_aws import iam, secretsmanager

from secrets_component.arns import Arn
from secrets_component.iam import documents, templates
from secrets_component.iam.documents import VERSION
from secrets_component.iam.grants import KINDS, Kind, Level
from secrets_component.planning.key_policies import level_names
from secrets_component.planning.plan import PlannedSecret
from secrets_component.resources.scope import Scope

MAX_CHARACTERS = 6_144
"""Of a managed policy, blanks not counted.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
_MAX_PREFIX = 101  # the provider adds 26 characters; AWS allows 128


def create(
    scope: Scope, arns: Mapping[str, pulumi.Output[str]], keys: Mapping[str, pulumi.Output[str]]
) -> dict[str, pulumi.Output[str]]:
    """Create the policies of all levels, attach them as the map asks, and give their ARNs.

    Args:
        scope: the map's scope.
        arns: the secrets' ARNs by key.
        keys: the ARNs of the customer-managed keys by the keys of the secrets under them.
    """
    if not arns:
        return {}
    any_arn = next(iter(arns.values()))
    found = {}
    members = _members(scope)
    for level in scope.plan.levels:
        below = members[level.path]
        place = pulumi.Output.all(any_arn, *_keys(below, keys))
        for kind in KINDS:
            write = partial(_document, scope, level, below, kind)
            found[level.output(kind)] = policy = _policy(scope, level, kind, place.apply(write))
            if kind == "read":
                _attach(scope, level, policy)
    return {output: policy.arn for output, policy in found.items()}


def _members(scope: Scope) -> dict[str, list[PlannedSecret]]:
    """Sort the secrets into the levels above them; one pass, however many levels there are."""
    found: dict[str, list[PlannedSecret]] = {level.path: [] for level in scope.plan.levels}
    for secret in scope.plan.secrets.values():
        segments = (secret.path or "").split("/")
        above = {"", *("/".join(segments[:end]) for end in range(1, len(segments) + 1))}
        for path in above & found.keys():
            found[path].append(secret)
    return found


def _policy(scope: Scope, level: Level, kind: Kind, document: pulumi.Output[str]) -> iam.Policy:
    plan = scope.plan
    where = "/".join(part for part in (plan.context, plan.environment, level.path) if part)
    logical = f"{scope.name}.{level.output(kind)}"
    # Not the logical name, from which the provider would make one: IAM allows no `/` in a name.
    prefix = re.sub(r"[^\w+=,.@-]", "-", logical, flags=re.ASCII)[:_MAX_PREFIX]
    return iam.Policy(
        logical,
        name_prefix=f"{prefix}-",
        description=f"{kind} the secrets below {where}/"[:1000],
        policy=document,
        tags=dict(plan.tags) or None,
        opts=pulumi.ResourceOptions(parent=scope.parent),
    )


def _attach(scope: Scope, level: Level, policy: iam.Policy) -> None:
    for role in dict.fromkeys(role for role, _ in level.attach_to):
        iam.RolePolicyAttachment(
            f"{scope.name}.{level.output('read')}:{role}",
            role=role,
            policy_arn=policy.arn,
            opts=pulumi.ResourceOptions(parent=scope.parent),
        )


def _keys(
    below: Sequence[PlannedSecret], keys: Mapping[str, pulumi.Output[str]]
) -> list[pulumi.Output[str]]:
    """One ARN per key that the map writes; 1,000 secrets mostly share one."""
    unique = {str(s.kms_key): keys[s.key] for s in below if s.key in keys}
    return list(unique.values())


def _document(
    scope: Scope, level: Level, below: Sequence[PlannedSecret], kind: Kind, arns: Sequence[str]
) -> str:
    any_arn, *keys = arns
    home = Arn.parse(any_arn).home
    elsewhere = {replica.region for secret in below for replica in secret.replicas}
    regions = [home.region, *sorted(elsewhere - {home.region})]
    names = level_names(scope.plan, level.path, below)
    secret_arns = []
    for region in regions:
        secret_arns += [home.secret_arn(name, region) for name in names]
    values = {
        "secret_arns": _one_or_list(secret_arns),
        "kms_key_arns": _in_regions([k for k in keys if ":alias/" not in k], regions) or None,
        "region": _one_or_list(regions),
    }
    text = templates.shipped(documents.TEMPLATE_OF[kind])
    statements = templates.fill(text, values)
    aliases = [key for key in keys if ":alias/" in key]
    if aliases:
        statements.append(_by_alias(text, values, aliases))
    document = json.dumps({"Version": VERSION, "Statement": statements}, separators=(",", ":"))
    if len(document) > MAX_CHARACTERS:
        msg = (
            f"the `{level.output(kind)}` policy has {len(document):,} characters; IAM allows "
            f"{MAX_CHARACTERS:,}; adopt fewer secrets from outside the hierarchy, or use fewer keys"
        )
        raise pulumi.RunError(msg)
    return document


def _one_or_list(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _in_regions(keys: Sequence[str], regions: Sequence[str]) -> list[str]:
    """Name the replicas of multi-Region keys (`mrk-…`), which share their key's id."""
    found = dict.fromkeys(sorted(set(keys)))
    for key in list(found):
        if ":key/mrk-" in key:
            own_region = key.split(":")[3]
            found |= {key.replace(f":{own_region}:", f":{r}:", 1): None for r in regions}
    return list(found)


def _by_alias(text: str, values: Mapping[str, Any], aliases: Sequence[str]) -> dict[str, Any]:
    """Name keys by their aliases: an alias's ARN as a resource allows the use of no key.

    https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    """
    place = aliases[0].rsplit(":", 1)[0]
    statement = templates.fill(text, {**values, "kms_key_arns": f"{place}:key/*"})[1]
    statement["Sid"] += "ByAlias"
    names = sorted({alias.rsplit(":", 1)[1] for alias in aliases})
    statement["Condition"]["ForAnyValue:StringEquals"] = {"kms:ResourceAliases": names}
    return statement


def attach(scope: Scope, secret: PlannedSecret, container: secretsmanager.Secret) -> None:
    """Give a secret its resource policy; a public one is refused by AWS as well."""
    policy = scope.access.policies.get(secret.key)
    if policy is not None:
        secretsmanager.SecretPolicy(
            scope.logical(secret),
            secret_arn=container.arn,
            policy=policy,
            block_public_policy=True,
            opts=scope.options(secret),
        )
