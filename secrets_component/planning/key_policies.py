"""Key policies: who may use a KMS key for a map's secrets, through Secrets Manager only.

Pure data. A key that the map creates gets the whole policy; for a key that exists already, `plan`
prints the statements to add.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from secrets_component.arns import Arn, Home, exact, is_arn
from secrets_component.iam import documents, templates
from secrets_component.iam.documents import KeyUse, Known, Statement
from secrets_component.iam.grants import KINDS, Grant, Kind, Level, TemplatedPolicy, covers
from secrets_component.planning.level_policies import SHORTEST_HOME, names_by_prefix
from secrets_component.planning.plan import (
    HostedFunction,
    MapKey,
    NamedKey,
    Plan,
    PlannedSecret,
)
from secrets_component.secret_map.names import level_prefix, rotation_role
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
    found = []
    for secret in plan.secrets.values():
        if isinstance(secret.kms_key, MapKey):
            found.append(secret)

    return found


def replica_regions(plan: Plan) -> list[str]:
    """Return the regions that need a replica of the map's own key."""
    regions = set()
    for secret in plan.secrets.values():
        for region, key in secret.keys.items():
            if region is not None and isinstance(key, MapKey):
                regions.add(region)

    return sorted(regions)


def principals_of_created_key(plan: Plan) -> list[Template]:
    """Return the principals that the policy of the map's own key names, each once."""
    found: dict[Template, None] = {}
    for secret in under_created_key(plan):
        found |= dict.fromkeys(secret.principals)

    return list(found)


def created_key_policy(
    plan: Plan, known: Known, roles: Mapping[str, str], home: Home, regions: Sequence[str]
) -> str:
    """Return the policy of the key that a map creates.

    The account administers the key, so that it cannot be locked out. Where the map has no grants,
    IAM policies of the account decide who uses the key. Where it has any, only these can use it:
    its readers and administrators, its rotation functions, and the identity that runs Pulumi, which
    writes the values. The principals of a secret's `policy` use it for that secret in both cases.

    Levels are written as the names of their secrets; only where these are too many, as the prefix
    that all of them have.

    Args:
        plan: the map's plan.
        known: the resolved principals.
        roles: ARNs of the roles that level policies are attached to, by name.
        home: the account and region of the secrets.
        regions: the regions in which the key or a replica of it is used.
    """
    uses = _KeyUses(plan, under_created_key(plan), known, roles, home, regions)
    text = _created_key_document(uses)
    if len(text) <= MAX_CHARACTERS:
        return text

    return _created_key_document(replace(uses, exactly=False))


def size_problem_of_key(text: str) -> str | None:
    """Explain that a key's policy is too long for KMS; None where it is not."""
    if len(text) <= MAX_CHARACTERS:
        return None

    return (
        f"the key's policy has {len(text):,} characters; KMS allows {MAX_CHARACTERS:,}; grant to "
        "levels instead of single secrets"
    )


def size_finding(plan: Plan) -> str | None:
    """Explain that the created key's policy is too long in any account; None where it may fit.

    Principals that are references are not counted; a deployment counts them.
    """
    if plan.created_key is None:
        return None

    home = SHORTEST_HOME
    known = {}
    for principal in principals_of_created_key(plan):
        known[principal] = str(principal)
        if principal.references:
            known[principal] = ""

    regions = [home.region, *replica_regions(plan)]
    text = created_key_policy(plan, known, _roles_of_levels(plan, home), home, regions)
    return size_problem_of_key(text)


def statements_to_add(plan: Plan) -> dict[str, list[Statement]]:
    """Return, for each existing key of the map, the statements that the map's grants need in it.

    The keys are named as the map writes them; one of a replica that is no ARN with its region.
    """
    known: dict[Template, str] = {}
    by_key: dict[tuple[str, str | None], list[PlannedSecret]] = {}
    for secret in plan.secrets.values():
        known |= {principal: str(principal) for principal in secret.principals}
        for region, key in secret.keys.items():
            if isinstance(key, NamedKey) and not key.is_aws_managed:
                by_key.setdefault((str(key.template), region), []).append(secret)

    home = Home()
    found: dict[str, list[Statement]] = {}
    for (key_as_written, region), secrets in by_key.items():
        regions = [region or home.region]
        roles = _roles_of_levels(plan, home)
        statements = list(_KeyUses(plan, secrets, known, roles, home, regions).granted())
        if statements:
            name = key_as_written
            needs_region = region is not None and not is_arn(name)
            if needs_region:
                name = f"{name} in {region}"

            found.setdefault(name, []).extend(statements)

    return {name: documents.numbered(statements) for name, statements in found.items()}


def _roles_of_levels(plan: Plan, home: Home) -> dict[str, str]:
    roles: dict[str, str] = {}
    for level in plan.levels:
        roles |= {role: home.role_arn(role) for role, _ in level.attach_to}

    return roles


@dataclass(frozen=True, slots=True)
class _KeyUses:
    """Who uses a key, for which secrets.

    Attributes:
        secrets: what the key encrypts.
        exactly: levels are written as the names of their secrets; else as a prefix of these.
    """

    plan: Plan
    secrets: Sequence[PlannedSecret]
    known: Known
    roles: Mapping[str, str]
    home: Home
    regions: Sequence[str]
    exactly: bool = True

    def names(self, level: str = "") -> list[str]:
        """Return patterns for the names of the secrets in a level."""
        names = []
        for secret in self.secrets:
            if covers(level, secret.path):
                names.append(exact(secret.name))

        if self.exactly or not names:
            return names

        return names_by_prefix(names, level_prefix(self.plan.context, self.plan.environment, level))

    def present_and_future_names(self) -> list[str]:
        """Return patterns for all secrets of the map, and for those that it will have.

        Who creates a secret must be allowed to use the key already: a key policy that is changed in
        the same run may take minutes to be in effect
        (https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html, "eventual
        consistency").
        """
        prefix = level_prefix(self.plan.context, self.plan.environment)
        return names_by_prefix([exact(one.name) for one in self.secrets], prefix)

    def statements(
        self,
        kind: Kind,
        principals: Sequence[str],
        names: Sequence[str],
        organization_id: str | None = None,
    ) -> list[Statement]:
        """Return what lets principals use the key for the named secrets; nothing for none."""
        if not names:
            return []

        return documents.key_statement(
            kind,
            principals,
            names,
            self.home,
            regions=self.regions,
            organization_id=organization_id,
        )

    @property
    def is_restricted(self) -> bool:
        """Whether the map's `access`, and not IAM, decides who uses the key."""
        if self._attached():
            return True

        return any(secret.grants for secret in self.secrets)

    def granted(self) -> Iterator[Statement]:
        """Yield what lets readers and administrators use the key."""
        for use in self._uses():
            principals = [self.known[principal] for principal in use.principals]
            yield from self.statements(
                use.kind,
                principals,
                use.names,
                use.organization_id,
            )

        for level, arns in self._attached():
            yield from self.statements("read", arns, self.names(level.path))

    def _attached(self) -> list[tuple[Level, list[str]]]:
        """Return the levels with roles that need the key, and these roles."""
        found = []
        for level in self.plan.levels:
            arns = [self.roles[role] for role, _ in level.attach_to]
            if not arns:
                continue

            if self.names(level.path):
                found.append((level, arns))

        return found

    def _uses(self) -> Iterator[KeyUse]:
        """Yield who uses the key, for which of its secrets; one use per set of principals."""
        names: dict[tuple[Kind, tuple[Template, ...], str | None], dict[str, None]] = {}
        for grant, matching in self._grants():
            for kind in KINDS:
                principals = tuple(grantee.principal for grantee in grant.of(kind))
                if principals:
                    group = names.setdefault((kind, principals, grant.organization_id), {})
                    group |= dict.fromkeys(matching)

        for policy, name in self._policies():
            allowed = templates.use_of_values(policy.text)
            if allowed is None:
                continue

            if policy.principals:
                use = (allowed, policy.principals, policy.organization_id)
                names.setdefault(use, {})[name] = None

        for (kind, principals, organization_id), found in names.items():
            yield KeyUse(kind, principals, organization_id, tuple(found))

    def _grants(self) -> Iterator[tuple[Grant, list[str]]]:
        """Yield each grant with the names that it covers; one of a level once."""
        levels: set[str] = set()
        for secret in self.secrets:
            for grant in secret.grants:
                if grant.level is None:
                    yield grant, [exact(secret.name)]
                elif grant.level not in levels:
                    levels.add(grant.level)
                    yield grant, self.names(grant.level)

    def _policies(self) -> Iterator[tuple[TemplatedPolicy, str]]:
        for secret in self.secrets:
            if isinstance(secret.policy, TemplatedPolicy):
                yield secret.policy, exact(secret.name)


def _created_key_document(uses: _KeyUses) -> str:
    home = uses.home
    administration: Statement = {
        "Sid": "AdministerKey",
        "Effect": "Allow",
        "Principal": {"AWS": home.root()},
        "Action": [f"kms:{action}" for action in _ADMINISTRATION],
        "Resource": "*",
    }
    everyone = uses.statements("admin", [home.root()], uses.present_and_future_names())
    if uses.is_restricted:
        everyone = [*_deployer_statements(uses), *_rotator_statements(uses)]

    return documents.document([administration, *everyone, *uses.granted()])


def _deployer_statements(uses: _KeyUses) -> list[Statement]:
    """Return what lets the identity that runs Pulumi write and read back the values.

    A session of a role has no ARN that a policy may name, and its role's path is not known: both
    forms of the role's ARN are named.
    """
    home = uses.home
    if home.caller is None:
        return []

    caller = Arn.parse(home.caller)
    arns = [home.caller]
    if caller.resource.startswith("assumed-role/"):
        role = caller.resource.split("/")[1]
        arns = [home.role_arn(role), home.role_arn(f"*/{role}")]

    statements = uses.statements("admin", [home.root()], uses.present_and_future_names())
    for statement in statements:
        statement["Sid"] = "DeployThroughSecretsManager"
        statement["Condition"]["ArnLike"] = {"aws:PrincipalArn": arns}

    return statements


def _rotator_statements(uses: _KeyUses) -> list[Statement]:
    """Return what lets the deployed rotation functions use the key for their secrets.

    The functions do not exist yet when the key is created: the account is the principal, and a
    condition names their roles. Their own policies name their secrets.
    """
    names, arns = [], []
    for secret in uses.secrets:
        if secret.rotation and isinstance(secret.rotation.function, HostedFunction):
            names.append(exact(secret.name))
            arns.append(uses.home.role_arn(rotation_role(secret.name, uses.home.region)))

    statements = uses.statements("admin", [uses.home.root()], names)
    for statement in statements:
        statement["Sid"] = "RotateThroughSecretsManager"
        statement["Condition"]["ArnEquals"] = {"aws:PrincipalArn": arns}

    return statements
