"""Policy documents: grants → statements → JSON, for secrets, keys and roles.

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

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, TypeAlias

from secrets_component.arns import Arn, Home, account_of, is_arn
from secrets_component.iam import templates
from secrets_component.iam.grants import KINDS, Grant, InlinePolicy, Kind, TemplatedPolicy
from secrets_component.secret_map.references import Template

VERSION = "2012-10-17"
TEMPLATE_OF: Mapping[Kind, str] = {"read": "read-secret-policy", "admin": "admin-secret-policy"}
Statement: TypeAlias = dict[str, Any]
Condition: TypeAlias = Mapping[str, Mapping[str, Any]]
Known: TypeAlias = Mapping[Template, str]
"""The resolved principals, by what the map writes."""
_ROOT = ":root"
_SERVICE_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn")


def resource_policy(
    policy: TemplatedPolicy | InlinePolicy | None, grants: Sequence[Grant], known: Known, home: Home
) -> str:
    """Return the one resource policy of a secret: its own `policy` and the grants of all levels.

    Two policies on one secret would overwrite each other (hashicorp/terraform-provider-aws#28903).
    """
    if isinstance(policy, InlinePolicy) and not grants:
        return policy.document

    granted = _grant_statements(grants, known, home)
    if isinstance(policy, InlinePolicy):
        rest = json.loads(policy.document)
        own = templates.listed(rest.pop("Statement"))
        return document([*own, *granted], **rest)

    if policy is None:
        return document(granted)

    return document([*_template_statements(policy, known, home), *granted])


def _template_statements(policy: TemplatedPolicy, known: Known, home: Home) -> Iterator[Statement]:
    names = [known[principal] for principal in policy.principals]
    groups = _template_groups(policy.text, names)
    if policy.is_custom:
        groups = [_custom_group(policy.text, names, home)]

    for group, principal_arns in groups:
        principals = [_as_principal(name, home) for name in group]
        values = {
            "principals": principals,
            "principal_arns": principal_arns,
            "organization_id": policy.organization_id,
            "secret_arns": "*",  # in a secret's own policy: this secret
            "kms_key_arns": None,  # which does not cover keys
            "region": None,
        }
        for statement in templates.fill(policy.text, values):
            if not templates.has_principal(statement):
                statement["Principal"] = {"AWS": principals}

            yield statement


def _template_groups(
    text: str, names: Sequence[str]
) -> list[tuple[Sequence[str], Sequence[str] | None]]:
    """Return what a template is filled with, once for each: `principals` and `principal_arns`.

    A template without `principal_arns` names all principals outright, as the map writes them.
    """
    if not templates.names_variable(text, "principal_arns"):
        return [(names, None)]

    accounts: list[str] = []
    arns: list[str] = []
    for name in names:
        if name.isdigit() or name.endswith(_ROOT):
            accounts.append(name)
        else:
            arns.append(name)

    groups: list[tuple[Sequence[str], Sequence[str] | None]] = []
    if accounts:
        groups.append((accounts, None))

    if arns:
        groups.append((_accounts_of(arns), arns))

    return groups or [((), None)]


def _custom_group(
    text: str, names: Sequence[str], home: Home
) -> tuple[Sequence[str], Sequence[str] | None]:
    """Return what a custom template is filled with: once, so that no condition in it is dropped.

    Twice, a denial for all but some would deny to these as well. An account among roles, which only
    a reference can bring along, is written as all of its identities.
    """
    if not templates.names_variable(text, "principal_arns"):
        return names, None

    arns = []
    for name in names:
        account = account_of(name)
        if account is not None and (name == account or name.endswith(_ROOT)):
            arns.append(str(Arn(home.partition, "iam", "", account, "*")))
        else:
            arns.append(name)

    return _accounts_of(arns), arns


def _accounts_of(arns: Iterable[str]) -> list[str]:
    return sorted({str(account_of(arn)) for arn in arns})


def _as_principal(name: str, home: Home) -> str:
    """Return a principal as a statement names it: an account by its root."""
    if name.isdigit():
        return home.root(name)

    return name


def _grant_statements(grants: Iterable[Grant], known: Known, home: Home) -> list[Statement]:
    groups: dict[tuple[Kind, str | None], dict[str, None]] = {}
    for grant in grants:
        for kind in KINDS:
            for grantee in grant.of(kind):
                names = groups.setdefault((kind, grant.organization_id), {})
                names[known[grantee.principal]] = None

    values = {"secret_arns": "*", "kms_key_arns": None, "region": None, "dns_suffix": None}
    found: list[Statement] = []
    for (kind, organization_id), names in groups.items():
        (base,) = templates.fill(templates.shipped(TEMPLATE_OF[kind]), values)
        found += _granted(base, list(names), organization_id, home)

    return found


def _granted(
    base: Statement, principals: Iterable[str], organization_id: str | None, home: Home
) -> Iterator[Statement]:
    """Yield a statement for principals: once for each way of naming them."""
    own: list[str] = []
    foreign: list[str] = []
    services: list[str] = []
    for name in principals:
        if name.endswith(_SERVICE_DOMAINS):
            services.append(name)
        elif _is_foreign_identity(name, home):
            foreign.append(name)
        else:
            own.append(_as_principal(name, home))

    member: Condition = {}
    if organization_id:
        member = {"StringEquals": {"aws:PrincipalOrgID": organization_id}}

    if own:
        yield _granting(base, {"AWS": own}, member)

    if foreign:
        accounts = [home.root(account) for account in _accounts_of(foreign)]
        just_these = {**member, "ArnEquals": {"aws:PrincipalArn": foreign}}
        yield _granting(base, {"AWS": accounts}, just_these)

    if services:
        from_here = {"StringEquals": {"aws:SourceAccount": home.account}}
        yield _granting(base, {"Service": services}, from_here)


def _is_foreign_identity(name: str, home: Home) -> bool:
    """Return whether a principal is a role or user of another account, not that whole account."""
    return is_arn(name) and not name.endswith(_ROOT) and not home.is_own(name)


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
    """Return the statements, each `Sid` unique as a policy requires: a taken one gets a number."""
    taken: set[str] = set()
    found: list[Statement] = []
    for statement in statements:
        sid = statement.get("Sid")
        if sid is None:
            found.append(statement)
            continue

        free = _free(sid, taken)
        taken.add(free)
        found.append({**statement, "Sid": free})

    return found


def _free(sid: str, taken: Set[str]) -> str:
    if sid not in taken:
        return sid

    number = 2
    while f"{sid}{number}" in taken:
        number += 1

    return f"{sid}{number}"


def document(statements: Iterable[Statement], *, compact: bool = False, **rest: str) -> str:
    """Return a policy document as JSON, each `Sid` in it unique.

    Args:
        statements: its statements.
        compact: without spaces, for what is measured against IAM's limits, which do not count them.
        rest: the document's other keys, such as `Id`, or another `Version`.
    """
    policy = {"Version": VERSION, **rest, "Statement": numbered(statements)}
    if compact:
        return json.dumps(policy, separators=(",", ":"))

    return json.dumps(policy)


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
    names: Sequence[str],
    home: Home,
    *,
    regions: Sequence[str],
    organization_id: str | None = None,
) -> list[Statement]:
    """Return statements of a key's own policy: through Secrets Manager, for the named secrets only.

    Secrets Manager encrypts with the context SecretARN and SecretVersionId. Only the first can be
    held to a value: AWS tries a key with another SecretVersionId before it uses it
    (https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html).
    """
    secret_arns: list[str] = []
    for region in regions:
        secret_arns += [home.secret_arn(name, region) for name in names]

    values = {
        "secret_arns": secret_arns,
        "kms_key_arns": "*",  # in a key's own policy: this key
        "region": list(regions),
        "dns_suffix": home.dns_suffix,
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

    "When an alias is the value of a resource element, the policy applies to the alias resource, not
    to any KMS key that might be associated with it"
    (https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html). So for an
    alias it is every key of its account and region, and a condition must narrow that down.
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
