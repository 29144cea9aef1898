"""Key policies: who may use a KMS key for a map's secrets, through Secrets Manager only.

Pure data. A key that the map creates gets the whole policy; for a key that exists already, `plan`
prints the statements to add.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from secrets_component.arns import Arn, Home, exact
from secrets_component.iam import documents
from secrets_component.iam.documents import KeyUse, Known, Statement
from secrets_component.iam.grants import KINDS, Grant, Kind, covers
from secrets_component.planning.plan import (
    HostedFunction,
    MapKey,
    NamedKey,
    Plan,
    PlannedSecret,
)
from secrets_component.secret_map.names import level_prefix, rotation_function
from secrets_component.secret_map.references import Template

MAX_CHARACTERS = 32_768
"""https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html"""

_ADMINISTRATION = (
    "CancelKeyDeletion",
    "CreateAlias",
    "DeleteAlias",
    "DescribeKey",
    "DisableKey",
    "DisableKeyRotation",
    "EnableKey",
    "EnableKeyRotation",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "ListGrants",
    "ListKeyPolicies",
    "ListKeyRotations",
    "ListResourceTags",
    "PutKeyPolicy",
    "ReplicateKey",
    "RevokeGrant",
    "RotateKeyOnDemand",
    "ScheduleKeyDeletion",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateKeyDescription",
    "UpdatePrimaryRegion",
)
"""Everything but the use of the key: its administrators cannot decrypt with it."""


def under_created_key(plan: Plan) -> list[PlannedSecret]:
    """Return the secrets that the map's own key encrypts; an adopted one keeps its own key."""
    return [secret for secret in plan.secrets.values() if isinstance(secret.kms_key, MapKey)]


def replica_regions(plan: Plan) -> list[str]:
    """Return the regions that need a replica of the map's own key."""
    regions = set()
    for secret in plan.secrets.values():
        for replica in secret.replicas:
            if isinstance(replica.kms_key, MapKey):
                regions.add(replica.region)

    return sorted(regions)


def principals_of_created_key(plan: Plan) -> list[Template]:
    """Return the principals that the policy of the map's own key names, each once."""
    found: dict[Template, None] = {}
    for secret in under_created_key(plan):
        for grant in secret.grants:
            found |= dict.fromkeys(grantee.principal for grantee in grant.grantees)

    return list(found)


def created_key_policy(
    plan: Plan, known: Known, roles: Mapping[str, str], home: Home, regions: Sequence[str]
) -> str:
    """Return the policy of the key that a map creates.

    The account administers the key, so that it cannot be locked out. Where the map has no grants,
    IAM policies of the account decide who uses the key. Where it has any, only these can use it:
    its readers and administrators, its rotation functions, and the identity that runs Pulumi, which
    writes the values.

    Args:
        plan: the map's plan.
        known: the resolved principals.
        roles: ARNs of the roles that level policies are attached to, by name.
        home: the account and region of the secrets.
        regions: the regions in which the key or a replica of it is used.
    """
    administration: Statement = {
        "Sid": "AdministerKey",
        "Effect": "Allow",
        "Principal": {"AWS": home.root()},
        "Action": [f"kms:{action}" for action in _ADMINISTRATION],
        "Resource": "*",
    }
    secrets = under_created_key(plan)
    everything = _names(plan, secrets, "")
    granted = list(_granted_uses(plan, secrets, known, roles, home, regions))
    if not granted:
        by_iam = documents.key_statement("admin", [home.root()], everything, home, regions=regions)
        return documents.document([administration, *by_iam])

    deployer = _deployer_statements(everything, home, regions)
    rotators = _rotator_statements(secrets, home, regions)
    return documents.document([administration, *deployer, *rotators, *granted])


def statements_to_add(plan: Plan) -> dict[str, list[Statement]]:
    """Return, for each existing key of the map, the statements that the map's grants need in it."""
    home = Home()
    known: dict[Template, str] = {}
    by_key: dict[str, list[PlannedSecret]] = {}
    for secret in plan.secrets.values():
        known |= {principal: str(principal) for principal in secret.principals}
        key = secret.kms_key
        if isinstance(key, NamedKey) and not key.is_aws_managed:
            by_key.setdefault(str(key.template), []).append(secret)

    roles: dict[str, str] = {}
    for level in plan.levels:
        roles |= {role: home.role_arn(role) for role, _ in level.attach_to}

    found = {}
    for key_as_written, secrets in by_key.items():
        statements = list(_granted_uses(plan, secrets, known, roles, home, [home.region]))
        if statements:
            found[key_as_written] = documents.numbered(statements)

    return found


def _granted_uses(
    plan: Plan,
    secrets: Sequence[PlannedSecret],
    known: Known,
    roles: Mapping[str, str],
    home: Home,
    regions: Sequence[str],
) -> Iterator[Statement]:
    """Yield what lets the readers and administrators of secrets use the key that they are under."""
    for use in _uses(plan, secrets):
        yield from documents.key_statement(
            use.kind,
            [known[principal] for principal in use.principals],
            use.names,
            home,
            regions=regions,
            organization_id=use.organization_id,
        )

    for level in plan.levels:
        arns = [roles[role] for role, _ in level.attach_to]
        if arns and any(level.covers(secret.path) for secret in secrets):
            names = _names(plan, secrets, level.path)
            yield from documents.key_statement("read", arns, names, home, regions=regions)


def _uses(plan: Plan, secrets: Sequence[PlannedSecret]) -> Iterator[KeyUse]:
    """Yield who uses a key, for which of the secrets under it; one use per set of principals."""
    levels: set[str] = set()
    patterns: list[tuple[Grant, list[str]]] = []
    for secret in secrets:
        for grant in secret.grants:
            if grant.level is None:
                patterns.append((grant, [exact(secret.name)]))
            elif grant.level not in levels:
                levels.add(grant.level)
                patterns.append((grant, _names(plan, secrets, grant.level)))

    names: dict[tuple[Kind, tuple[Template, ...], str | None], dict[str, None]] = {}
    for grant, matching in patterns:
        for kind in KINDS:
            principals = tuple(grantee.principal for grantee in grant.of(kind))
            if principals:
                group = names.setdefault((kind, principals, grant.organization_id), {})
                group |= dict.fromkeys(matching)

    for (kind, principals, organization_id), found in names.items():
        yield KeyUse(kind, principals, organization_id, tuple(found))


def _names(plan: Plan, secrets: Sequence[PlannedSecret], level: str) -> list[str]:
    below = [secret for secret in secrets if covers(level, secret.path)]
    return level_names(plan, level, below)


def level_names(plan: Plan, level: str, below: Sequence[PlannedSecret]) -> list[str]:
    """Return patterns for the secrets of a level: all names below it, and adopted ones elsewhere.

    A level is a prefix, not a list: that is what "policies at different levels of the hierarchy"
    means, a new secret below it needs no new policy, and the exact ARNs of hundreds of secrets do
    not fit into an IAM policy's 6,144 characters. What concerns one secret (its own grants) is
    always exact.
    """
    prefix = level_prefix(plan.context, plan.environment, level)
    elsewhere = [secret.name for secret in below if not secret.name.startswith(prefix)]
    return [f"{prefix}*", *map(exact, elsewhere)]


def _deployer_statements(
    names: Sequence[str], home: Home, regions: Sequence[str]
) -> list[Statement]:
    """Return what lets the identity that runs Pulumi write and read back the values.

    A session of a role has no ARN that a policy may name, and its role's path is not known: both
    forms of the role's ARN are named.
    """
    if home.caller is None:
        return []

    caller = Arn.parse(home.caller)
    arns = [home.caller]
    if caller.resource.startswith("assumed-role/"):
        role = caller.resource.split("/")[1]
        arns = [home.role_arn(role), home.role_arn(f"*/{role}")]

    statements = documents.key_statement("admin", [home.root()], names, home, regions=regions)
    for statement in statements:
        statement["Sid"] = "DeployThroughSecretsManager"
        statement["Condition"]["ArnLike"] = {"aws:PrincipalArn": arns}

    return statements


def _rotator_statements(
    secrets: Sequence[PlannedSecret], home: Home, regions: Sequence[str]
) -> list[Statement]:
    """Return what lets the deployed rotation functions use the key for their secrets.

    The functions do not exist yet when the key is created: the account is the principal, and a
    condition names their roles. Their own policies name their secrets.
    """
    names, arns = [], []
    for secret in secrets:
        if secret.rotation and isinstance(secret.rotation.function, HostedFunction):
            names.append(exact(secret.name))
            arns.append(home.role_arn(rotation_function(secret.name)))

    if not names:
        return []

    statements = documents.key_statement("admin", [home.root()], names, home, regions=regions)
    for statement in statements:
        statement["Sid"] = "RotateThroughSecretsManager"
        statement["Condition"]["ArnEquals"] = {"aws:PrincipalArn": arns}

    return statements
