"""Decides requests as AWS documents it: allowed or denied, and by which statements.

The order and the exceptions, for one account and across accounts:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
KMS keys and roles: IAM policies count only where the key's policy, or the role's trust policy,
names the account (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
Organizations:
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_evaluation.html

Not covered: KMS grants, policies of VPC endpoints, access control lists, S3 Block Public Access,
calls with a web identity or SAML.

Policies have three judges, which share no code on purpose, so that a mistake in one does not hide
itself: this one says who can do what under given policies; `secrets_component/iam/linter.py` checks
what users write, before anything is created; `sandbox/rules` what reaches its API, as AWS would.
This one is held to an independent simulator by `make oracle`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from secrets_component.iam.requests import Caller, CallerKind, Request, caller_of
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


AllowSource: TypeAlias = str
"""Where an allow comes from: a kind of policy; of a resource's policy with how it names the caller
(`resource role`), of a service control policy with its level (`scp 0`)."""
Needs: TypeAlias = dict[PolicyKind, tuple[AllowSource, ...]]
"""The kinds of policies that must allow a request, each with the sources of which one is enough."""
Way: TypeAlias = tuple[tuple[PolicyKind, ...], tuple[AllowSource, ...]]
"""A way to be allowed: the kinds of policies that it lacks, and the sources that grant it."""


@dataclass(frozen=True, slots=True)
class Relevant:
    """What the policies of a caller say about one action.

    Attributes:
        unconditional: the allows for every resource and context.
        others: the other statements, with what an allow in them counts as.
        decisive: what is in the ARNs of resources whose own policy decides whether IAM policies
            count for the action; None where it does for no resource.
    """

    unconditional: Mapping[AllowSource, StatementPlace]
    others: tuple[tuple[AllowSource, CompiledStatement], ...]
    decisive: str | None


@dataclass(frozen=True)
class CallerPolicies:
    """The policies that a caller brings along. Make one for all requests of a caller.

    Attributes:
        identity: the policies of the user (and its groups) or role.
        boundary: the permissions boundary of the user or role. Default: none.
        session: the policies passed when the session was made. Default: none were.
        scps: the service control policies of the caller's account, by level from the
            organization's root to the account. Default: the account is in no organization, or
            manages one.
    """

    identity: Sequence[CompiledPolicy] = ()
    boundary: CompiledPolicy | None = None
    session: Sequence[CompiledPolicy] = ()
    scps: Sequence[Sequence[CompiledPolicy]] = ()
    _by_action: dict[str, Relevant] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

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

        service = request.action.partition(":")[0].lower()
        return Relevant(unconditional, tuple(others), _DECISIVE.get(service))

    def _by_source(self) -> Iterator[tuple[AllowSource, CompiledPolicy]]:
        for policy in self.identity:
            yield "identity", policy

        if self.boundary is not None:
            yield "boundary", self.boundary

        for policy in self.session:
            yield "session", policy

        for level, attached in enumerate(self.scps):
            for policy in attached:
                yield f"scp {level}", policy


_DECISIVE = {"kms": ":key/", "sts": ":role/"}
"""By service, the resources for which IAM policies count only if their own policy says so."""


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
        default_factory=dict, init=False, repr=False, compare=False
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
                if not statement.is_deny:
                    continue

                if statement.is_about(request):
                    yield statement

        if self.own is None:
            return

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
        elif caller.is_bound_by_scps or not source.startswith("scp"):
            return Verdict("explicit deny", (statement.place,))

    has_boundary = caller_policies.boundary is not None
    for statement in resource_policies.about(request):
        naming = _naming(statement, caller, has_boundary=has_boundary)
        if naming is None or not statement.applies(request):
            continue

        if statement.is_deny:
            return Verdict("explicit deny", (statement.place,))

        allows.setdefault(_BY_NAMING[naming], statement.place)

    situation = _situation(request, caller, caller_policies, relevant)
    missing, granting = _decide(situation, frozenset(allows))
    if missing:
        return _implicit_deny(missing)

    return Verdict("allow", tuple(allows[source] for source in granting))


_BY_NAMING: Mapping[Naming, AllowSource] = {
    "caller": "resource caller",
    "role": "resource role",
    "account": "resource account",
}


def _naming(statement: CompiledStatement, caller: Caller, *, has_boundary: bool) -> Naming | None:
    """Return how a statement of a resource's policies applies to a caller.

    "The NotPrincipal element with a Deny effect will always deny any IAM principal that has a
    permissions boundary policy attached"
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html).
    """
    principals = statement.principals
    if principals is None or (caller.is_service_linked and statement.place.kind == "rcp"):
        return None

    if has_boundary and principals.is_negated and statement.is_deny:
        return "caller"

    return principals.applies_to(caller)


class Situation(NamedTuple):
    """What decides a request besides the statements that allow it.

    Attributes:
        kind: who calls.
        is_own: whether the resource belongs to the caller's account.
        is_decisive: whether IAM policies count only where the resource's own policy says so.
        has_boundary: whether the caller has a permissions boundary.
        has_session: whether the caller's session has policies.
        levels: the number of levels of service control policies.
    """

    kind: CallerKind
    is_own: bool
    is_decisive: bool
    has_boundary: bool
    has_session: bool
    levels: int


def _situation(
    request: Request, caller: Caller, policies: CallerPolicies, relevant: Relevant
) -> Situation:
    levels = 0
    if caller.is_bound_by_scps:
        levels = len(policies.scps)

    return Situation(
        caller.kind,
        is_own=caller.account is not None and caller.account == request.owner,
        is_decisive=relevant.decisive is not None and relevant.decisive in request.resource,
        has_boundary=policies.boundary is not None,
        has_session=bool(policies.session),
        levels=levels,
    )


@lru_cache(maxsize=65_536)
def _decide(situation: Situation, allowing: frozenset[AllowSource]) -> Way:
    """Decide a request that no statement denies, by what allows it.

    Few combinations exist: a decision is made once for all requests that are alike.

    Returns:
        The sources that grant the request; or what its nearest way to be allowed lacks.
    """
    blocked: tuple[PolicyKind, ...] = ()
    if any(f"scp {level}" not in allowing for level in range(situation.levels)):
        blocked = ("scp",)

    ways = list(_ways(situation, allowing))
    complete = [granting for lacking, granting in ways if not lacking]
    if blocked or not complete:
        lacking, _ = ways[0]
        return (*lacking, *blocked), ()

    granting: dict[AllowSource, None] = {}
    for sources in complete:
        granting |= dict.fromkeys(sources)

    return (), tuple(granting)


def _ways(situation: Situation, allowing: frozenset[AllowSource]) -> Iterator[Way]:
    """Yield the ways in which a request can be allowed, the nearest one first.

    In the caller's own account, a policy of the resource that names the caller or everyone is
    enough, whatever a boundary or a session policy leaves out. One that names the role behind a
    session is limited by these, and one that names the account only lets IAM policies count.
    """
    if situation.kind in ("service", "anonymous"):
        yield _way({"resource": ("resource caller",)}, allowing)
        return

    limits = _limits(situation)
    if situation.is_own and "resource caller" in allowing:
        yield _way({"resource": ("resource caller",)}, allowing)

    if situation.is_own and "resource role" in allowing:
        yield _way({"resource": ("resource role",), **limits}, allowing)

    by_iam: Needs = {}
    if situation.kind != "root":  # "the root user, which has full access"
        by_iam["identity"] = ("identity",)

    if not situation.is_own:
        by_iam["resource"] = tuple(_BY_NAMING.values())
    elif situation.is_decisive:
        by_iam["resource"] = ("resource account",)

    yield _way(by_iam | limits, allowing)


def _limits(situation: Situation) -> Needs:
    """Return what must allow a request besides the policies that grant it.

    A federated user has no rights without a session policy
    (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html).
    """
    limits: Needs = {}
    if situation.has_boundary:
        limits["boundary"] = ("boundary",)

    if situation.has_session or situation.kind == "federated":
        limits["session"] = ("session",)

    return limits


def _way(needs: Needs, allowing: frozenset[AllowSource]) -> Way:
    lacking: list[PolicyKind] = []
    granting: list[AllowSource] = []
    for kind, sources in needs.items():
        found = [source for source in sources if source in allowing]
        if not found:
            lacking.append(kind)
        elif kind in ("identity", "resource"):
            granting.append(found[0])

    return tuple(lacking), tuple(granting)


@lru_cache
def _implicit_deny(missing: tuple[PolicyKind, ...]) -> Verdict:
    """Return one object for all requests that lack the same: by far most are denied."""
    return Verdict("implicit deny", missing=missing)
