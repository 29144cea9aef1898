"""Callers: everyone who might use a secret, with the policies that they bring along.

Those are the account's users, roles and root user, and whom policies let in from outside: other
accounts, their users and roles, AWS services, everyone. What another account's own policies say
cannot be read: they are taken to allow everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from secrets_component.arns import Arn, Home, account_of, is_arn
from secrets_component.audit.account import Account, Member, PolicyDocument, TagValues
from secrets_component.audit.assumptions import (
    ALLOW_ALL,
    OF_ANYBODY,
    OF_CALLER,
    OF_FOREIGN_ACCOUNT,
    OF_FOREIGN_IDENTITY,
    AuditedPolicy,
    CallerKeys,
    Clause,
    PolicyReader,
)
from secrets_component.iam.evaluator import CallerPolicies
from secrets_component.iam.requests import caller_of, role_of

KindOfCaller: TypeAlias = Literal[
    "user", "role", "root", "session", "other account", "service", "everyone"
]
EVERYONE = "*"
_NO_ACCOUNT = "000000000000"
"""An account that does not exist, for everyone who is in none that a policy names."""
_DOMAINS_OF_SERVICES = (".amazonaws.com", ".amazonaws.com.cn")
_UNIQUE_IDS = ("AIDA", "AROA")
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html: AWS shows the id of
a user or role in place of its ARN once it is deleted."""


@dataclass(frozen=True, eq=False)
class AuditedCaller:
    """Who calls.

    Attributes:
        name: as a report shows it: an ARN, a service, or `*` for everyone.
        principal: what requests have as their principal.
        context: the condition keys that follow from it.
        policies: what the evaluator gets.
        clauses: the statements of these.
        keys: the condition keys of the caller that can be decided.
        member: the user or role of this account.
    """

    name: str
    principal: str
    kind: KindOfCaller
    context: Mapping[str, str]
    policies: CallerPolicies
    clauses: tuple[Clause, ...]
    keys: CallerKeys = OF_CALLER
    member: Member | None = None

    @property
    def is_own(self) -> bool:
        """Whether it belongs to the account."""
        if self.kind == "service":
            return False

        return self.keys is OF_CALLER

    @property
    def tags(self) -> TagValues:
        """The tags of a user or role of the account."""
        if self.member is None:
            return {}

        return self.member.tags

    @property
    def last_used(self) -> str | None:
        """The day on which a role was last used."""
        if self.member is None:
            return None

        return self.member.last_used


class Callers:
    """Makes callers from an account's identities and from what its policies name."""

    def __init__(self, account: Account, reader: PolicyReader) -> None:
        """Read the policies of the organization."""
        self._home = account.home
        self._account = account
        self._reader = reader
        levels = []
        for level in account.organization.levels:
            levels.append([reader.read("scp", document) for document in level])

        self._scps = levels
        self._by_arn: dict[str, AuditedCaller] = {}

    def of_account(self) -> list[AuditedCaller]:
        """Return the root user, the users and the roles."""
        root = self._home.root()
        callers = [self._caller(root, root, "root", (), None)]
        callers += [self._of_member(member) for member in self._account.members]
        self._by_arn = {caller.principal: caller for caller in callers}
        return callers

    def with_everything(self, caller: AuditedCaller, name: str) -> AuditedCaller:
        """Return a caller whose own policies allow everything; its boundary stays."""
        all_of_it = self._reader.read("identity", PolicyDocument(name, ALLOW_ALL))
        identity = (*caller.policies.identity, all_of_it.compiled)
        policies = replace(caller.policies, identity=identity)
        return replace(caller, policies=policies, clauses=(*caller.clauses, *all_of_it.clauses))

    def from_outside(
        self, policies: Iterable[AuditedPolicy], *, with_services: bool = True
    ) -> list[AuditedCaller]:
        """Return whom policies let in besides the account's identities, after `of_account`.

        Args:
            policies: resource-based policies.
            with_services: whether AWS services count: in the trust policy of a role they mean who
                runs as the role.
        """
        names: dict[str, None] = {}
        for policy in policies:
            names |= dict.fromkeys(_let_in(policy))

        found = []
        for name in names:
            is_left_out = name.endswith(_DOMAINS_OF_SERVICES) and not with_services
            if name in self._by_arn or is_left_out:
                continue

            caller = self._from_outside(name)
            if caller is not None and caller.name not in self._by_arn:
                self._by_arn[caller.name] = caller
                found.append(caller)

        return found

    def _from_outside(self, name: str) -> AuditedCaller | None:
        """Return who a name in a policy is; None for an identity of the account, and for nobody."""
        if name == EVERYONE:
            nobody = self._home.root(_NO_ACCOUNT)
            return self._foreign(name, nobody, "everyone", OF_ANYBODY)

        if name.endswith(_DOMAINS_OF_SERVICES):
            return self._caller(name, name, "service", (), None)

        if name.startswith(_UNIQUE_IDS):
            self._reader.problems[f"a policy names `{name}`, which has been deleted"] = None
            return None

        account = account_of(name)
        if account is None or not account.isdigit():
            return None  # a provider of identities, or a canonical user

        root = self._home.root(account)
        if name in (account, root):
            if account == self._home.account:
                return None  # stands for the account's identities

            return self._foreign(root, root, "other account", OF_FOREIGN_ACCOUNT)

        if account != self._home.account:
            return self._foreign_identity(name)

        return self._session(name)

    def _foreign_identity(self, name: str) -> AuditedCaller | None:
        kind = _kind_of(name)
        if kind is None:
            return None

        return self._foreign(name, name, kind, OF_FOREIGN_IDENTITY)

    def _session(self, name: str) -> AuditedCaller | None:
        """Return a session of a role of this account, which has the role's policies."""
        kind = _kind_of(name)
        if kind != "session":
            if kind is not None:
                message = f"a policy names `{name}`, which the account does not have"
                self._reader.problems[message] = None

            return None

        role = caller_of(name).role
        for caller in self._by_arn.values():
            if is_arn(caller.principal) and role_of(caller.principal) == role:
                return replace(caller, name=name, principal=name, kind="session", member=None)

        return None

    def _of_member(self, member: Member) -> AuditedCaller:
        for missing in member.missing:
            message = f"policy `{missing}` of {member.arn} is not evaluated: AWS did not show it"
            self._reader.problems[message] = None

        return self._caller(member.arn, member.arn, member.kind, member.documents, member)

    def _foreign(
        self, name: str, principal: str, kind: KindOfCaller, keys: CallerKeys
    ) -> AuditedCaller:
        account = Arn.parse(principal).account
        title = f"of account {account}, taken to allow everything"
        if kind == "everyone":
            title = "of any account, taken to allow everything"

        documents = (PolicyDocument(title, ALLOW_ALL),)
        return self._caller(name, principal, kind, documents, None, keys)

    def _caller(
        self,
        name: str,
        principal: str,
        kind: KindOfCaller,
        documents: Iterable[PolicyDocument],
        member: Member | None,
        keys: CallerKeys = OF_CALLER,
    ) -> AuditedCaller:
        identity = [self._reader.read("identity", document) for document in documents]
        boundary: AuditedPolicy | None = None
        if member is not None and member.boundary is not None:
            boundary = self._reader.read("boundary", member.boundary)

        scps: list[list[AuditedPolicy]] = []
        if keys is OF_CALLER and kind != "service":
            scps = self._scps

        policies = CallerPolicies(
            identity=[policy.compiled for policy in identity],
            boundary=boundary.compiled if boundary else None,
            scps=[[policy.compiled for policy in level] for level in scps],
        )
        clauses = _clauses(identity, boundary, scps)
        context = _context(self._home, principal, kind, member, self._account.organization.id)
        return AuditedCaller(name, principal, kind, context, policies, clauses, keys, member)


def _let_in(policy: AuditedPolicy) -> Iterator[str]:
    """Yield whom the allows of a resource's policy name, themselves or in a condition."""
    for clause in policy.clauses:
        element = clause.statement.principals
        if element is None:
            continue

        if clause.statement.is_deny:
            continue

        yield from sorted(element.names)
        if element.is_negated:
            yield EVERYONE

    for arn in policy.arns:
        is_pattern = "*" in arn or "?" in arn
        if not is_pattern:
            yield arn


def _clauses(
    identity: Iterable[AuditedPolicy],
    boundary: AuditedPolicy | None,
    scps: Iterable[Iterable[AuditedPolicy]],
) -> tuple[Clause, ...]:
    policies = list(identity)
    if boundary is not None:
        policies.append(boundary)

    for level in scps:
        policies += level

    clauses: list[Clause] = []
    for policy in policies:
        clauses += policy.clauses

    return tuple(clauses)


def _kind_of(principal: str) -> Literal["user", "role", "session"] | None:
    try:
        kind = caller_of(principal).kind
    except ValueError:
        return None

    return kind if kind in ("user", "role", "session") else None


def _context(
    home: Home,
    principal: str,
    kind: KindOfCaller,
    member: Member | None,
    organization: str | None,
) -> dict[str, str]:
    context: dict[str, str] = {}
    if kind == "service":
        return {"aws:SourceAccount": home.account}

    account = Arn.parse(principal).account
    context["kms:CallerAccount"] = account
    if member is not None:
        context |= {f"aws:PrincipalTag/{key}": value for key, value in member.tags.items()}

    if organization and account == home.account:
        context["aws:PrincipalOrgID"] = organization

    return context
