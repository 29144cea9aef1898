"""Key policies: who may use a KMS key for a map's secrets, through Secrets Manager only.

Pure data. A key that the map creates gets the whole policy; for a key that exists already, `plan`
prints the statements to add.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from secrets_component.arns import Home, exact
from secrets_component.iam import documents
from secrets_component.iam.documents import KeyUse, Known, Statement
from secrets_component.iam.grants import KINDS, Kind, covers
from secrets_component.planning.plan import HostedFunction, Plan, PlannedSecret, is_aws_managed
from secrets_component.secret_map.names import rotation_function
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
"""All but the use of the key: who administers it cannot decrypt with it."""


def under_created_key(plan: Plan) -> list[PlannedSecret]:
    """Give the secrets that the map's own key encrypts; an adopted one keeps its own key."""
    if plan.created_key is None:
        return []
    return [s for s in plan.secrets.values() if s.kms_key is None and s.import_ is None]


def replica_regions(plan: Plan) -> list[str]:
    """Give the regions that need a replica of the map's own key."""
    if plan.created_key is None or not plan.created_key.multi_region:
        return []
    replicas = (replica for secret in under_created_key(plan) for replica in secret.replicas)
    return sorted({replica.region for replica in replicas if replica.kms_key is None})


def created_key_policy(
    plan: Plan, known: Known, roles: Mapping[str, str], home: Home, regions: Sequence[str]
) -> str:
    """Write the policy of the key that a map creates.

    The account administers the key, so that nobody can lock it out. Where the map grants nothing,
    IAM policies of the account say who uses the key. Where it grants anything, its readers and
    administrators use the key, its rotation functions, and whoever runs Pulumi, who writes the
    values; no IAM policy opens it to anyone else.

    Args:
        plan: the map's plan.
        known: what the principals stand for.
        roles: ARNs of the roles that level policies are attached to, by name.
        home: where the secrets live.
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
    uses = list(_uses(plan, secrets))
    attached = list(_attached(plan, secrets, roles))
    if not uses and not attached:
        by_iam = documents.key_statement("admin", [home.root()], everything, home, regions=regions)
        return documents.document([administration, *by_iam])
    statements = [administration, *_caller(everything, home, regions)]
    statements += _rotators(secrets, home, regions)
    for use in uses:
        principals = [known[principal] for principal in use.principals]
        statements += documents.key_statement(
            use.kind,
            principals,
            use.names,
            home,
            regions=regions,
            organization_id=use.organization_id,
        )
    for arns, names_read in attached:
        statements += documents.key_statement("read", arns, names_read, home, regions=regions)
    return documents.document(statements)


def statements_to_add(plan: Plan) -> dict[str, list[Statement]]:
    """Give, for each existing key of the map, what its policy must hold for the map's grants."""
    found: dict[str, list[Statement]] = {}
    keys = {
        str(s.kms_key): s.kms_key for s in plan.secrets.values() if not is_aws_managed(s.kms_key)
    }
    home = Home()
    roles = {
        role: f"arn:{home.partition}:iam::{home.account}:role/{role}"
        for level in plan.levels
        for role, _ in level.attach_to
    }
    for written in keys:
        secrets = [s for s in plan.secrets.values() if s.kms_key and str(s.kms_key) == written]
        regions = [home.region]
        statements: list[Statement] = []
        for use in _uses(plan, secrets):
            statements += documents.key_statement(
                use.kind,
                [str(principal) for principal in use.principals],
                use.names,
                home,
                regions=regions,
                organization_id=use.organization_id,
            )
        for arns, names in _attached(plan, secrets, roles):
            statements += documents.key_statement("read", arns, names, home, regions=regions)
        if statements:
            found[written] = documents.numbered(statements)
    return found


def _uses(plan: Plan, secrets: Sequence[PlannedSecret]) -> Iterator[KeyUse]:
    """Gather who uses a key, for which of the secrets under it; one use per set of principals."""
    levels: dict[str, None] = {}
    names: dict[tuple[Kind, tuple[Template, ...], str | None], dict[str, None]] = {}
    for secret in secrets:
        for grant in secret.grants:
            if grant.level is None:
                patterns = [exact(secret.name)]
            elif grant.level in levels:
                continue
            else:
                levels[grant.level] = None
                patterns = _names(plan, secrets, grant.level)
            for kind in KINDS:
                principals = tuple(grantee.principal for grantee in grant.of(kind))
                if principals:
                    group = names.setdefault((kind, principals, grant.organization_id), {})
                    group.update(dict.fromkeys(patterns))
    for (kind, principals, organization_id), found in names.items():
        yield KeyUse(kind, principals, organization_id, tuple(found))


def _attached(
    plan: Plan, secrets: Sequence[PlannedSecret], roles: Mapping[str, str]
) -> Iterator[tuple[list[str], list[str]]]:
    for level in plan.levels:
        arns = [roles[role] for role, _ in level.attach_to]
        if arns and any(level.covers(secret.path) for secret in secrets):
            yield arns, _names(plan, secrets, level.path)


def _names(plan: Plan, secrets: Sequence[PlannedSecret], level: str) -> list[str]:
    below = [s for s in secrets if covers(level, s.path)]
    return level_names(plan, level, below)


def level_names(plan: Plan, level: str, below: Sequence[PlannedSecret]) -> list[str]:
    """Match the secrets of a level: all names below it, and the adopted ones elsewhere by name.

    A level is a prefix, not a list: that is what "policies at different levels of the hierarchy"
    means, a new secret below it needs no new policy, and the exact ARNs of hundreds of secrets do
    not fit into an IAM policy's 6,144 characters. What concerns one secret (its own grants) is
    always exact.
    """
    prefix = "/".join(part for part in (plan.context, plan.environment, level) if part) + "/"
    elsewhere = (s.name for s in below if not s.name.startswith(prefix))
    return [f"{prefix}*", *map(exact, elsewhere)]


def _caller(names: Sequence[str], home: Home, regions: Sequence[str]) -> list[Statement]:
    """Let whoever runs Pulumi write and read back the values.

    A session of a role has no ARN that a policy may name, and its role's path is not known: both
    forms of the role's ARN are named.
    """
    if home.caller is None:
        return []
    role = home.caller.split("/")[1] if ":assumed-role/" in home.caller else None
    base = f"arn:{home.partition}:iam::{home.account}:role/"
    arns = [f"{base}{role}", f"{base}*/{role}"] if role else [home.caller]
    statements = documents.key_statement("admin", [home.root()], names, home, regions=regions)
    for statement in statements:
        statement["Sid"] = "DeployThroughSecretsManager"
        statement["Condition"]["ArnLike"] = {"aws:PrincipalArn": arns}
    return statements


def _rotators(
    secrets: Sequence[PlannedSecret], home: Home, regions: Sequence[str]
) -> list[Statement]:
    """Let the functions that the map deploys use the key; their own policies name their secrets.

    They do not exist yet when the key is made: the account is the principal, and they are named in
    a condition.
    """
    hosted = [
        s.name for s in secrets if s.rotation and isinstance(s.rotation.function, HostedFunction)
    ]
    if not hosted:
        return []
    roles = f"arn:{home.partition}:iam::{home.account}:role/"
    names = [exact(name) for name in hosted]
    statements = documents.key_statement("admin", [home.root()], names, home, regions=regions)
    for statement in statements:
        statement["Sid"] = "RotateThroughSecretsManager"
        arns = [f"{roles}{rotation_function(name)}" for name in hosted]
        statement["Condition"]["ArnEquals"] = {"aws:PrincipalArn": arns}
    return statements
