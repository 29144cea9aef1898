"""Grants → statements: who reads and administers what, as policies on secrets and keys say it.

Pure data. Whose account a principal belongs to decides how a statement names it:

* A role or user of this account is named by its ARN: that alone gives it access.
* A role or user of another account is named by its account and a condition on `aws:PrincipalArn`.
  AWS turns the ARN of a principal that has been deleted into an id that it then refuses, which
  makes the secret unmanageable (hashicorp/terraform-provider-aws#29496); an account stays. The
  other account must allow the same in an IAM policy of its own in any case
  (https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html).
* An AWS service is named with `aws:SourceAccount`, or any account could send it here
  (https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from secrets_component.arns import Arn, Home, account_of
from secrets_component.iam import templates
from secrets_component.iam.grants import KINDS, Grant, InlinePolicy, Kind, TemplatedPolicy
from secrets_component.secret_map.references import Template

VERSION = "2012-10-17"
TEMPLATE_OF: Mapping[Kind, str] = {"read": "read-secret-policy", "admin": "admin-secret-policy"}
Statement: TypeAlias = dict[str, Any]
Condition: TypeAlias = Mapping[str, Mapping[str, Any]]
Known: TypeAlias = Mapping[Template, str]
"""What the principals that a map writes stand for."""


def resource_policy(
    policy: TemplatedPolicy | InlinePolicy | None, grants: Sequence[Grant], known: Known, home: Home
) -> str:
    """Write the one resource policy of a secret: its own `policy` and the grants of all levels.

    Two policies on one secret would overwrite each other (hashicorp/terraform-provider-aws#28903).
    """
    if isinstance(policy, InlinePolicy) and not grants:
        return policy.document
    granted = _secret_statements(grants, known, home)
    if isinstance(policy, InlinePolicy):
        written = json.loads(policy.document)
        own = written.pop("Statement")
        return document([*(own if isinstance(own, list) else [own]), *granted], **written)
    return document([*(_templated(policy, known, home) if policy else ()), *granted])


def _templated(policy: TemplatedPolicy, known: Known, home: Home) -> Iterator[Statement]:
    names = [known[principal] for principal in policy.principals]
    accounts = [name for name in names if name.isdigit() or name.endswith(":root")]
    if templates.names_variable(policy.text, "principal_arns"):
        arns = [name for name in names if name not in accounts]
        groups: list[tuple[list[str], list[str] | None]]
        groups = [(accounts, None), (sorted({str(account_of(arn)) for arn in arns}), arns)]
    else:
        groups = [(names, None)]  # as written: a template without it names principals outright
    for group, arns_of_it in groups:
        if not group and names:
            continue
        principals = [home.root(name) if name.isdigit() else name for name in group]
        values = {
            "principals": principals,
            "principal_arns": arns_of_it,
            "organization_id": policy.organization_id,
            "secret_arns": "*",  # in a secret's own policy: this secret
            "kms_key_arns": None,  # which says nothing of keys
            "region": None,
        }
        for statement in templates.fill(policy.text, values):
            statement.setdefault("Principal", {"AWS": principals})
            yield statement


def _secret_statements(grants: Iterable[Grant], known: Known, home: Home) -> list[Statement]:
    groups: dict[tuple[Kind, str | None], dict[str, None]] = {}
    for grant in grants:
        for kind in KINDS:
            for grantee in grant.of(kind):
                names = groups.setdefault((kind, grant.organization_id), {})
                names[known[grantee.principal]] = None
    values = {"secret_arns": "*", "kms_key_arns": None, "region": None}
    found: list[Statement] = []
    for (kind, organization_id), names in groups.items():
        (base,) = templates.fill(templates.shipped(TEMPLATE_OF[kind]), values)
        found += _granted(base, list(names), organization_id, home)
    return found


def _granted(
    base: Statement, principals: Sequence[str], organization_id: str | None, home: Home
) -> Iterator[Statement]:
    """Give a statement to principals: once per way of naming them."""
    services = [p for p in principals if p.endswith((".amazonaws.com", ".amazonaws.com.cn"))]
    foreign = [p for p in principals if p.startswith("arn:") and not home.is_own(p)]
    foreign = [p for p in foreign if not p.endswith(":root")]
    named = [
        home.root(p) if p.isdigit() else p
        for p in principals
        if p not in services and p not in foreign
    ]
    member = {"StringEquals": {"aws:PrincipalOrgID": organization_id}} if organization_id else {}
    if named:
        yield _granting(base, {"AWS": named}, member)
    if foreign:
        accounts = sorted({str(account_of(p)) for p in foreign})
        condition: dict[str, Any] = {**member, "ArnEquals": {"aws:PrincipalArn": foreign}}
        yield _granting(base, {"AWS": [home.root(a) for a in accounts]}, condition)
    if services:
        from_here = {"StringEquals": {"aws:SourceAccount": home.account}}
        yield _granting(base, {"Service": services}, from_here)


def _granting(
    base: Statement, principal: Mapping[str, list[str]], condition: Condition
) -> Statement:
    """Return the statement for a principal, on a further condition."""
    granting: Statement = {
        "Sid": base["Sid"],
        "Effect": base["Effect"],
        "Principal": dict(principal),
        "Action": base["Action"],
        "Resource": base["Resource"],
    }
    both = _both(base.get("Condition", {}), condition)
    if both:
        granting["Condition"] = both
    return granting


def _both(condition: Condition, further: Condition) -> dict[str, dict[str, Any]]:
    """Return the condition that holds where both hold."""
    merged = {operator: dict(keys) for operator, keys in condition.items()}
    for operator, keys in further.items():
        merged.setdefault(operator, {}).update(keys)
    return merged


def numbered(statements: Iterable[Statement]) -> list[Statement]:
    """Give every statement an id of its own, as a policy needs: one that is taken gets a number."""
    taken: set[str] = set()
    found = []
    for statement in statements:
        sid = statement.get("Sid")
        if sid is None:
            found.append(statement)
            continue
        free = next(s for s in _alternatives(sid) if s not in taken)
        taken.add(free)
        found.append({**statement, "Sid": free})
    return found


def _alternatives(sid: str) -> Iterator[str]:
    yield sid
    yield from (f"{sid}{number}" for number in itertools.count(2))


def document(statements: Iterable[Statement], *, compact: bool = False, **rest: str) -> str:
    """Return a policy document as JSON, each `Sid` in it unique.

    Args:
        statements: its statements.
        compact: without spaces, for what is measured against IAM's limits, which do not count them.
        rest: the document's other keys, such as `Id`, or another `Version`.
    """
    policy = {"Version": VERSION, **rest, "Statement": numbered(statements)}
    return json.dumps(policy, separators=(",", ":") if compact else None)


@dataclass(frozen=True, slots=True)
class KeyUse:
    """Principals that use a key for the secrets whose names match the patterns."""

    kind: Kind
    principals: tuple[Template, ...]
    organization_id: str | None
    names: tuple[str, ...]


def key_statement(
    kind: Kind,
    principals: Sequence[str],
    names: Iterable[str],
    home: Home,
    *,
    regions: Sequence[str],
    organization_id: str | None = None,
) -> list[Statement]:
    """Let principals use a key, through Secrets Manager only and for the named secrets only.

    Secrets Manager encrypts with the context SecretARN and SecretVersionId. Only the first can be
    held to a value: AWS tries a key with another SecretVersionId before it uses it
    (https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html).
    """
    values = {
        "secret_arns": [home.secret_arn(name, region) for region in regions for name in names],
        "kms_key_arns": "*",  # in a key's own policy: this key
        "region": list(regions),
    }
    _, base = templates.fill(templates.shipped(TEMPLATE_OF[kind]), values)
    return list(_granted(base, principals, organization_id, home))


def use_keys(statement: Statement, key_arns: Iterable[str]) -> list[Statement]:
    """Return a statement about keys, with these keys as its resources.

    What names keys by their aliases is a statement of its own, its `Sid` ending in `ByAlias`: one
    for each account and region.

    Args:
        statement: what is allowed; its `Resource` is replaced.
        key_arns: the ARNs of keys or of their aliases.
    """
    by_id: list[str] = []
    aliases: dict[str, set[str]] = {}
    for key_arn in key_arns:
        alias = Arn.parse(key_arn).alias
        if alias is None:
            by_id.append(key_arn)
        else:
            aliases.setdefault(resource_of_key(key_arn), set()).add(alias)
    found: list[Statement] = []
    if by_id:
        found.append({**statement, "Resource": by_id})
    for resource, names in aliases.items():
        found.append(_by_alias(statement, resource, sorted(names)))
    return found


def use_key(statement: Statement, key_arn: str) -> Statement:
    """Return a statement about keys for one key, given by its ARN or by its alias's."""
    resource, alias = resource_of_key(key_arn), Arn.parse(key_arn).alias
    if alias is None:
        return {**statement, "Resource": resource}
    return _by_alias(statement, resource, alias)


def resource_of_key(key_arn: str) -> str:
    """Return what a statement names as its resource to allow the use of a key.

    An alias's ARN as a resource allows the use of no key
    (https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html). For an alias
    it is every key of its account and region, and a condition must narrow that down.
    """
    arn = Arn.parse(key_arn)
    if arn.alias is None:
        return key_arn
    return arn.home.key_arn("*")


def _by_alias(statement: Statement, resource: str, aliases: str | list[str]) -> Statement:
    has_alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": aliases}}
    by_alias = {
        **statement,
        "Resource": resource,
        "Condition": _both(statement.get("Condition", {}), has_alias),
    }
    if "Sid" in statement:
        by_alias["Sid"] = f"{statement['Sid']}ByAlias"
    return by_alias


ASSUMED_BY_LAMBDA = document(
    [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]
)
