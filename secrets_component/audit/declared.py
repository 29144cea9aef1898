"""What the map says: whom its policies and grants let do what.

The map's own resource policies are made as a deployment makes them, and read like any other policy.
To these come the roles of `attach_to`, who read, and those of rotation functions, who read and
write. Who is to change policies, or could, a map never says; its administrators count as known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from secrets_component.arns import Arn, Home
from secrets_component.audit.account import PolicyDocument, StoredSecret
from secrets_component.audit.assumptions import PolicyReader
from secrets_component.audit.callers import AuditedCaller
from secrets_component.audit.ground import Ground, Mask, names
from secrets_component.audit.verdicts import ACTIONS, Action
from secrets_component.iam import documents
from secrets_component.iam.requests import caller_of
from secrets_component.planning.plan import HostedFunction, Plan, PlannedSecret
from secrets_component.secret_map.names import rotation_role
from secrets_component.secret_map.references import ReferenceKind, Template

_ADMINISTERS: tuple[Action, ...] = ("read", "write", "rotate", "delete")
_CALLS: Mapping[Action, tuple[str, ...]] = {
    "read": ("secretsmanager:GetSecretValue",),
    "write": ("secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret"),
    "rotate": ("secretsmanager:RotateSecret",),
    "delete": ("secretsmanager:DeleteSecret",),
    "change policy": ("secretsmanager:PutResourcePolicy", "secretsmanager:DeleteResourcePolicy"),
}
_UNRESOLVED = "unresolved.amazonaws.com"
"""In place of a principal that only a deployment knows; no such service exists."""


@dataclass(frozen=True, slots=True)
class AuditedSecret:
    """A secret of the audit: as the map plans it, and as the account holds it.

    Attributes:
        label: its key; behind the name of its map where a file has several maps.
    """

    label: str
    plan: Plan
    planned: PlannedSecret
    stored: StoredSecret


class Declarations:
    """What maps say about the secrets of an audit.

    Attributes:
        unresolved: principals that are references, as the maps write them.
    """

    def __init__(
        self, secrets: Sequence[AuditedSecret], ground: Ground, reader: PolicyReader
    ) -> None:
        """Make the policies that the maps ask for.

        Args:
            secrets: in the order of the ground.
            ground: the same secrets as resources.
            reader: reads policies.
        """
        self._secrets = secrets
        self._ground = ground
        self._reader = reader
        self.unresolved: dict[str, None] = {}
        self._with_superuser = [secret for secret in secrets if _superuser_of(secret) is not None]
        texts: dict[str, Mask] = {}
        self._extra: dict[tuple[str, Action], Mask] = {}
        for position, secret in enumerate(secrets):
            text = self._policy_text(secret.planned, ground.home)
            texts[text] = texts.get(text, 0) | 1 << position
            for role, action in self._roles(position):
                self._extra[role, action] = self._extra.get((role, action), 0) | 1 << position

        self._texts = texts

    def masks(self, caller: AuditedCaller) -> dict[Action, Mask]:
        """Return the secrets with which the maps let a caller do each action."""
        if caller.kind == "root" and caller.is_own:
            return dict.fromkeys(ACTIONS, self._ground.everything)  # nothing but an SCP can stop it

        found: dict[Action, Mask] = dict.fromkeys(ACTIONS, 0)
        for text, mask in self._texts.items():
            for action, said in self._by_policy(caller, text).items():
                found[action] |= said & mask

        for action in ("read", "write"):
            found[action] |= self._extra.get((_role_name(caller), action), 0)

        administers = self._ground.everything
        for action in _ADMINISTERS:
            administers &= found[action]

        found["change policy"] |= administers
        found["gain"] |= administers
        return found

    def _by_policy(self, caller: AuditedCaller, text: str) -> dict[Action, Mask]:
        """Return what one policy of a map allows a caller, whatever its other policies say."""
        allowed: dict[str, Mask] = {}
        denied: dict[str, Mask] = {}
        policy = self._reader.read("resource", PolicyDocument("of the map", text), caller.keys)
        for clause in policy.clauses:
            if not names(clause, caller) or clause.is_doubtful:
                continue

            effect = denied if clause.statement.is_deny else allowed
            for call in self._ground.calls_of(clause, "secret"):
                mask = self._ground.mask(clause, "secret", caller)
                effect[call] = effect.get(call, 0) | mask

        found: dict[Action, Mask] = {}
        for action, calls in _CALLS.items():
            for call in calls:
                mask = allowed.get(call, 0) & ~denied.get(call, 0)
                found[action] = found.get(action, 0) | mask

        return found

    def _policy_text(self, planned: PlannedSecret, home: Home) -> str:
        known: dict[Template, str] = {}
        for principal in planned.principals:
            known[principal] = str(principal)
            if principal.references:
                known[principal] = _UNRESOLVED
                self.unresolved[str(principal)] = None

        here = Home(home.partition, home.region, home.account)
        return documents.resource_policy(planned.policy, planned.grants, known, here)

    def _roles(self, position: int) -> Iterator[tuple[str, Action]]:
        """Yield the names of roles that a map gives rights, and what they may do with a secret."""
        secret = self._secrets[position]
        for level in secret.plan.levels:
            if not level.covers(secret.planned.path):
                continue

            for role, _ in level.attach_to:
                yield role, "read"

        for role in _rotation_roles(secret):
            yield role, "read"
            yield role, "write"

        for other in self._with_superuser:
            if not _is_superuser_of(secret, other):
                continue

            for role in _rotation_roles(other):
                yield role, "read"


def _rotation_roles(secret: AuditedSecret) -> Iterator[str]:
    """Yield the name of the role of the function that rotates a secret for its map."""
    rotation = secret.planned.rotation
    if rotation is None:
        return

    if isinstance(rotation.function, HostedFunction):
        yield rotation_role(secret.planned.name, Arn.parse(secret.stored.arn).region)
    elif secret.stored.rotation_role:
        yield Arn.parse(secret.stored.rotation_role).resource.rpartition("/")[2]


def _superuser_of(secret: AuditedSecret) -> Template | None:
    """Return the secret that the rotation of a secret logs in with, as the map writes it."""
    rotation = secret.planned.rotation
    if rotation is None or not isinstance(rotation.function, HostedFunction):
        return None

    return rotation.function.superuser_secret


def _is_superuser_of(secret: AuditedSecret, other: AuditedSecret) -> bool:
    """Return whether the rotation of another secret logs in with a secret."""
    superuser = _superuser_of(other)
    if superuser is None:
        return False

    for reference in superuser.references:
        if reference.kind is ReferenceKind.SELF and other.plan is secret.plan:
            return reference.path[-1] == secret.planned.key

    return str(superuser) in (secret.stored.arn, secret.stored.name)


def _role_name(caller: AuditedCaller) -> str:
    """Return the name of a role of the account; of anyone else an empty one."""
    role = caller_of(caller.principal).role
    if role is None or not caller.is_own:
        return ""

    return role[1]
