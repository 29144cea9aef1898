"""Decides requests as AWS documents it: allowed or denied, and by which statements.

The order and the exceptions, for one account and across accounts:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
KMS keys and roles: IAM policies count only where the key's policy, or the role's trust policy,
names the account (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
Organizations:
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_evaluation.html

Not covered: KMS grants, policies of VPC endpoints, access control lists, S3 Block Public Access.

Policies have three judges, which share no code on purpose, so that a mistake in one does not hide
itself: this one says who can do what under given policies; `secrets_component/iam/linter.py` checks
what users write, before anything is created; `sandbox/rules` what reaches its API, as AWS would.
This one is held to an independent simulator by `make oracle`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, TypeAlias

from secrets_component.iam.requests import Caller, Request, caller_of
from secrets_component.iam.statements import (
    NAMES_OF_KINDS,
    CompiledPolicy,
    CompiledStatement,
    Naming,
    PolicyKind,
    StatementPlace,
)

Reason: TypeAlias = Literal["allow", "explicit deny", "implicit deny"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision about a request.

    Attributes:
        reason: `explicit deny`: a statement denies it; `implicit deny`: too little allows it.
        statements: the statement that denies it; or those that grant it, one for each kind of
            policy that does.
        missing: of an implicit deny, the kinds of policies that do not allow it although the
            nearest way to be allowed needs them. `identity` alone, for a resource of the caller's
            own account, can be replaced by a policy of the resource that names the caller.
    """

    reason: Reason
    statements: tuple[StatementPlace, ...] = ()
    missing: tuple[PolicyKind, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether AWS carries out the request."""
        return self.reason == "allow"

    def __str__(self) -> str:
        """Return the decision in one line."""
        places = " and ".join(str(place) for place in self.statements)
        if self.reason == "explicit deny":
            return f"denied by {places}"

        if not self.allowed:
            kinds = " and no ".join(NAMES_OF_KINDS[kind] for kind in self.missing)
            return f"denied: no {kinds} allows it"

        return f"allowed by {places or 'the root user, who needs no policy'}"


AllowSource: TypeAlias = tuple[PolicyKind, Naming | int | None]
"""Where an allow comes from: the kind of policy; how it names the caller, or an SCP's level."""
Allows: TypeAlias = Mapping[AllowSource, StatementPlace]
Needs: TypeAlias = dict[PolicyKind, StatementPlace | None]
"""The kinds of policies that must allow a request, each with the statement that does."""


@dataclass(frozen=True, slots=True)
class Relevant:
    """What policies say about one action.

    Attributes:
        unconditional: the allows for every resource and context, by where they come from.
        others: the other statements.
    """

    unconditional: Mapping[AllowSource, StatementPlace]
    others: tuple[tuple[AllowSource, CompiledStatement], ...]


@dataclass(frozen=True)
class CallerPolicies:
    """The policies that a caller brings along. Make one for all requests of a caller.

    Attributes:
        identity: the policies of the user (and its groups) or role.
        boundary: the permissions boundary of the user or role. Default: none.
        session: the policies passed when the session was made. Default: none were.
        scps: the service control policies of the caller's account, by level from the
            organization's root to the account. Default: the account is in no organization.
    """

    identity: Sequence[CompiledPolicy] = ()
    boundary: CompiledPolicy | None = None
    session: Sequence[CompiledPolicy] = ()
    scps: Sequence[Sequence[CompiledPolicy]] = ()
    _by_action: dict[str, Relevant] = field(default_factory=dict, init=False, repr=False)

    def about(self, request: Request) -> Relevant:
        """Return what the policies say about the action of a request."""
        found = self._by_action.get(request.action)
        if found is None:
            found = self._by_action[request.action] = self._relevant(request)

        return found

    def _relevant(self, request: Request) -> Relevant:
        unconditional: dict[AllowSource, StatementPlace] = {}
        others: list[tuple[AllowSource, CompiledStatement]] = []
        for source, policy in self._by_source():
            for statement in policy.statements:
                if not statement.is_about(request):
                    continue

                if statement.is_unconditional and not statement.is_deny:
                    unconditional.setdefault(source, statement.place)
                else:
                    others.append((source, statement))

        return Relevant(unconditional, tuple(others))

    def _by_source(self) -> Iterator[tuple[AllowSource, CompiledPolicy]]:
        for policy in self.identity:
            yield ("identity", None), policy

        if self.boundary is not None:
            yield ("boundary", None), self.boundary

        for policy in self.session:
            yield ("session", None), policy

        for level, attached in enumerate(self.scps):
            for policy in attached:
                yield ("scp", level), policy


@dataclass(frozen=True)
class ResourcePolicies:
    """The policies that a resource has. Make one for all requests for a resource.

    Attributes:
        own: its resource-based policy: of a key the key policy, of a role the trust policy.
            Default: it has none.
        rcps: the resource control policies of its account, of all levels. They can only deny: the
            one that allows everything cannot be detached. Default: there are none.
    """

    own: CompiledPolicy | None = None
    rcps: Sequence[CompiledPolicy] = ()
    _by_action: dict[str, tuple[CompiledStatement, ...]] = field(
        default_factory=dict, init=False, repr=False
    )

    def about(self, request: Request) -> tuple[CompiledStatement, ...]:
        """Return the statements that cover the action of a request; of RCPs, those that deny."""
        found = self._by_action.get(request.action)
        if found is None:
            found = self._by_action[request.action] = tuple(self._relevant(request))

        return found

    def _relevant(self, request: Request) -> Iterator[CompiledStatement]:
        for policy in self.rcps:
            for statement in policy.statements:
                if statement.is_deny and statement.is_about(request):
                    yield statement

        if self.own is not None:
            for statement in self.own.statements:
                if statement.is_about(request):
                    yield statement


def evaluate(
    request: Request, caller_policies: CallerPolicies, resource_policies: ResourcePolicies
) -> Verdict:
    """Decide a request.

    Raises:
        ValueError: the request's principal or resource is not one that AWS knows.
    """
    caller = caller_of(request.principal)
    relevant = caller_policies.about(request)
    allows = dict(relevant.unconditional)
    for source, statement in relevant.others:
        if not statement.applies(request):
            continue

        if not statement.is_deny:
            allows.setdefault(source, statement.place)
        elif source[0] != "scp" or caller.is_bound_by_scps:
            return Verdict("explicit deny", (statement.place,))

    has_boundary = caller_policies.boundary is not None
    for statement in resource_policies.about(request):
        naming = _naming(statement, caller, has_boundary=has_boundary)
        if naming is None or not statement.applies(request):
            continue

        if statement.is_deny:
            return Verdict("explicit deny", (statement.place,))

        allows.setdefault(("resource", naming), statement.place)

    return _decide(request, caller, caller_policies, allows)


def _naming(statement: CompiledStatement, caller: Caller, *, has_boundary: bool) -> Naming | None:
    """Return how a statement of a resource's policies applies to a caller.

    "The NotPrincipal element with a Deny effect will always deny any IAM principal that has a
    permissions boundary policy attached"
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html).
    """
    principals = statement.principals
    if principals is None or (statement.place.kind == "rcp" and caller.is_service_linked):
        return None

    if has_boundary and principals.is_negated and statement.is_deny:
        return "caller"

    return principals.applies_to(caller)


def _decide(request: Request, caller: Caller, policies: CallerPolicies, allows: Allows) -> Verdict:
    """Decide a request that no statement denies."""
    blocked: tuple[PolicyKind, ...] = ()
    if caller.is_bound_by_scps:
        for level in range(len(policies.scps)):
            if ("scp", level) not in allows:
                blocked = ("scp",)

    ways = _ways(request, caller, policies, allows)
    complete = [needs for needs in ways if None not in needs.values()]
    if complete and not blocked:
        return Verdict("allow", _granting_places(complete))

    lacking = [kind for kind, place in ways[0].items() if place is None]
    return _implicit_deny((*lacking, *blocked))


def _granting_places(ways: Sequence[Needs]) -> tuple[StatementPlace, ...]:
    """Return the statements that grant a request: not those that only do not limit it."""
    places: dict[StatementPlace, None] = {}
    for needs in ways:
        for kind in ("identity", "resource"):
            place = needs.get(kind)
            if place is not None:
                places[place] = None

    return tuple(places)


@lru_cache
def _implicit_deny(missing: tuple[PolicyKind, ...]) -> Verdict:
    """Return one object for all requests that lack the same: by far most are denied."""
    return Verdict("implicit deny", missing=missing)


def _ways(
    request: Request, caller: Caller, policies: CallerPolicies, allows: Allows
) -> list[Needs]:
    """Return the ways in which a request can be allowed, the nearest one first.

    In the caller's own account, a policy of the resource that names the caller or everyone is
    enough, whatever a boundary or a session policy leaves out. One that names the role behind a
    session is limited by these, and one that names the account only lets IAM policies count.
    """
    by_name = allows.get(("resource", "caller"))
    if caller.account is None:
        return [{"resource": by_name}]

    by_role = allows.get(("resource", "role"))
    by_account = allows.get(("resource", "account"))
    limits = _limits(caller, policies, allows)
    is_own = caller.account == request.owner
    ways: list[Needs] = []
    if is_own and by_name:
        ways.append({"resource": by_name})

    if is_own and by_role:
        ways.append({"resource": by_role, **limits})

    by_iam: Needs = {}
    if caller.kind != "root":  # "the root user, which has full access"
        by_iam["identity"] = allows.get(("identity", None))

    if not is_own:
        by_iam["resource"] = by_name or by_role or by_account
    elif _has_decisive_policy(request):
        by_iam["resource"] = by_account

    ways.append(by_iam | limits)
    return ways


def _limits(caller: Caller, policies: CallerPolicies, allows: Allows) -> Needs:
    """Return what must allow a request besides the policies that grant it.

    A federated user has no rights without a session policy
    (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html).
    """
    limits: Needs = {}
    if policies.boundary is not None:
        limits["boundary"] = allows.get(("boundary", None))

    if policies.session or caller.kind == "federated":
        limits["session"] = allows.get(("session", None))

    return limits


def _has_decisive_policy(request: Request) -> bool:
    """Return whether IAM policies count only where the resource's own policy says so."""
    service = request.action.partition(":")[0].lower()
    if service == "kms":
        return ":key/" in request.resource

    return service == "sts" and ":role/" in request.resource
