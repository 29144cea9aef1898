"""Gains: who cannot read a secret, but can give itself that right in one step.

Followed: changing one's own policies or those of one's groups; changing the policy of the secret or
of its key, or granting oneself the key; assuming a role that can read; changing who may assume such
a role; making credentials for a user who can read. Not followed: `NOT_FOLLOWED`. The actions:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from secrets_component.audit.account import PolicyDocument
from secrets_component.audit.assumptions import (
    AuditedPolicy,
    CallerKeys,
    PolicyReader,
    assumed_keys,
)
from secrets_component.audit.callers import AuditedCaller, Callers
from secrets_component.audit.ground import Ground, Mask
from secrets_component.audit.verdicts import Judge, Outcome, Outcomes
from secrets_component.iam.evaluator import ResourcePolicies, Verdict, evaluate
from secrets_component.iam.requests import Request, caller_of
from secrets_component.iam.statements import Naming

NOT_FOLLOWED = (
    "more than one step (such as a role that can assume a role that can read)",
    "code that runs as somebody else (iam:PassRole with Lambda, EC2 or ECS, "
    "lambda:UpdateFunctionCode, ssm:SendCommand)",
    "web identities and SAML, policies of VPC endpoints, removing a permissions boundary",
)
"""Ways to a value that the audit does not look at."""
_OWN_POLICIES = {
    "user": ("iam:PutUserPolicy", "iam:AttachUserPolicy"),
    "role": ("iam:PutRolePolicy", "iam:AttachRolePolicy"),
}
_GROUP_POLICIES = ("iam:PutGroupPolicy", "iam:AttachGroupPolicy")
_MANAGED_POLICY = "iam:CreatePolicyVersion"
_ASSUME = "sts:AssumeRole"


_OF_ROLES = ("iam:UpdateAssumeRolePolicy",)
_OF_USERS = ("iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile")
_POLICY_WAYS = (
    (("secretsmanager:PutResourcePolicy", "kms:Decrypt"), "change the secret's policy"),
    (("secretsmanager:GetSecretValue", "kms:PutKeyPolicy"), "change the key's policy"),
    (("secretsmanager:GetSecretValue", "kms:CreateGrant"), "grant itself the key"),
    (("secretsmanager:PutResourcePolicy", "kms:PutKeyPolicy"), "change both policies"),
    (("secretsmanager:PutResourcePolicy", "kms:CreateGrant"), "change the policy, grant the key"),
)
Readable: TypeAlias = tuple[AuditedCaller, Mask]
"""Somebody, and the secrets that they can read."""


class Gains:
    """Finds the ways to read of callers who cannot."""

    def __init__(
        self,
        ground: Ground,
        judge: Judge,
        callers: Callers,
        reader: PolicyReader,
        readable: Iterable[Readable],
    ) -> None:
        """Prepare the roles and users who can read.

        Args:
            ground: the secrets.
            judge: decides about them.
            callers: makes callers with more rights.
            reader: reads trust policies.
            readable: what each caller of the account can read.
        """
        self._ground = ground
        self._judge = judge
        self._callers = callers
        self._reader = reader
        self._readers: list[Readable] = []
        self._trusts: list[tuple[PolicyDocument, Readable]] = []
        for caller, mask in readable:
            if not mask or caller.member is None:
                continue

            self._readers.append((caller, mask))
            if caller.member.trust is not None:
                self._trusts.append((caller.member.trust, (caller, mask)))

        self._by_trust: dict[CallerKeys, dict[AuditedPolicy, list[Readable]]] = {}

    def trust_policies(self) -> Iterator[AuditedPolicy]:
        """Yield the trust policies of the roles that can read."""
        for trust, _ in self._trusts:
            yield self._reader.read("resource", trust)

    def outcomes(self, caller: AuditedCaller, readable: Mask) -> Outcomes:
        """Return how a caller can come to read the secrets that it cannot.

        Args:
            caller: who.
            readable: what it can read without that.
        """
        left = self._ground.everything & ~readable
        found: list[tuple[Mask, Outcome]] = []
        for mask, outcome in self._ways(caller, left):
            if mask & left:
                found.append((mask & left, outcome))
                left &= ~mask

            if not left:
                break

        if readable:
            found.append((readable, _READS_ALREADY))

        if left:
            found.append((left, _NO_WAY))

        return tuple(found)

    def _ways(self, caller: AuditedCaller, wanted: Mask) -> Iterator[tuple[Mask, Outcome]]:
        """Yield ways to read, the more direct ones first, to some of the secrets wanted."""
        if caller.kind != "service":
            yield from self._by_policies_of_resources(caller)
            yield from self._by_assuming(caller, wanted)

        if caller.member is not None:
            yield from self._by_own_policies(caller)
            yield from self._by_changing_readers(caller, wanted)

    def _by_policies_of_resources(self, caller: AuditedCaller) -> Iterator[tuple[Mask, Outcome]]:
        for way, text in _POLICY_WAYS:
            for mask, outcome in self._judge.of_way(caller, way):
                if outcome.state != "allowed":
                    continue

                why = f"can {text}: {outcome.why}"
                yield mask, replace(outcome, why=why)

    def _by_own_policies(self, caller: AuditedCaller) -> Iterator[tuple[Mask, Outcome]]:
        for action, resource in _own_policy_changes(caller):
            verdict = self._decide(caller, action, resource)
            if verdict.allowed:
                able = self._callers.with_everything(caller, "that it can give itself")
                yield self._within_reach(able), _gain(f"can use {action} on {resource}", verdict)
                return

    def _within_reach(self, caller: AuditedCaller) -> Mask:
        """Return the secrets that a caller reads, or would after changing policies of resources."""
        judge = self._judge
        secret = judge.allowed(caller, "secretsmanager:GetSecretValue")
        secret |= judge.allowed(caller, "secretsmanager:PutResourcePolicy")
        key = judge.allowed(caller, "kms:Decrypt")
        key |= judge.allowed(caller, "kms:PutKeyPolicy") | judge.allowed(caller, "kms:CreateGrant")
        return secret & key

    def _by_assuming(self, caller: AuditedCaller, wanted: Mask) -> Iterator[tuple[Mask, Outcome]]:
        """Yield the roles that can read and let a caller assume them."""
        has_right = _has_right(caller, _ASSUME)
        for policy, roles in self._trusting(caller.keys).items():
            if not _lets_in(policy, caller, has_right=has_right):
                continue

            for role, mask in roles:
                if not mask & wanted or role is caller:
                    continue

                verdict = self._decide(caller, _ASSUME, role, policy)
                if verdict.allowed:
                    yield mask, _gain(f"can assume {role.name}, which can read", verdict)

    def _trusting(self, keys: CallerKeys) -> Mapping[AuditedPolicy, list[Readable]]:
        """Return the roles that can read by their trust policies, as these read for a caller."""
        found = self._by_trust.get(keys)
        if found is None:
            found = self._by_trust[keys] = {}
            for trust, readable in self._trusts:
                policy = self._reader.read("resource", trust, keys)
                found.setdefault(policy, []).append(readable)

        return found

    def _by_changing_readers(
        self, caller: AuditedCaller, wanted: Mask
    ) -> Iterator[tuple[Mask, Outcome]]:
        """Yield the roles and users who can read and whom a caller can make its own."""
        has_right = partial(_has_right, caller)
        actions = {
            "role": list(filter(has_right, _OF_ROLES)),
            "user": list(filter(has_right, _OF_USERS)),
        }
        if not any(actions.values()):
            return

        for reader, mask in self._readers:
            if mask & wanted and reader is not caller:
                yield from self._by_taking_over(caller, reader, mask, actions[reader.kind])

    def _by_taking_over(
        self, caller: AuditedCaller, reader: AuditedCaller, mask: Mask, actions: Iterable[str]
    ) -> Iterator[tuple[Mask, Outcome]]:
        for action in actions:
            verdict = self._decide(caller, action, reader)
            if verdict.allowed:
                yield mask, _gain(f"can use {action} on {reader.name}, which can read", verdict)
                return

    def _decide(
        self,
        caller: AuditedCaller,
        action: str,
        target: AuditedCaller | str,
        trust: AuditedPolicy | None = None,
    ) -> Verdict:
        """Decide a call to IAM or STS about a user or role, or about a policy by its ARN."""
        context = {**self._ground.everywhere(), **caller.context}
        resource = target
        if isinstance(target, AuditedCaller):
            resource = target.principal
            for key, value in target.tags.items():
                context[f"aws:ResourceTag/{key}"] = context[f"iam:ResourceTag/{key}"] = value

        policies = ResourcePolicies(trust.compiled if trust else None, self._ground.rcps)
        return evaluate(
            Request(caller.principal, action, str(resource), context), caller.policies, policies
        )


_READS_ALREADY = Outcome("denied", "can read already", is_silent=True)
_NO_WAY = Outcome("denied", "no way found", is_silent=True)


def _gain(text: str, verdict: Verdict) -> Outcome:
    assumed: dict[str, None] = {}
    for place in verdict.statements:
        assumed |= dict.fromkeys(assumed_keys(place))

    statements = tuple(str(place) for place in verdict.statements)
    return Outcome("allowed", f"{text}: {verdict}", statements, tuple(assumed))


def _own_policy_changes(caller: AuditedCaller) -> Iterator[tuple[str, str]]:
    """Yield the calls that change the policies of a user or role, each with its resource."""
    member = caller.member
    if member is None:
        return

    for action in _OWN_POLICIES[member.kind]:
        yield action, member.arn

    for group in member.groups:
        for action in _GROUP_POLICIES:
            yield action, group

    for policy in member.managed:
        yield _MANAGED_POLICY, policy


def _has_right(caller: AuditedCaller, action: str) -> bool:
    """Return whether any identity-based policy of a caller is about an action."""
    relevant = caller.policies.about(Request(caller.principal, action, "*"))
    sources = [*relevant.unconditional, *(source for source, _ in relevant.others)]
    return "identity" in sources


def _lets_in(trust: AuditedPolicy, caller: AuditedCaller, *, has_right: bool) -> bool:
    """Return whether a trust policy can let a caller in."""
    needs_right = caller.is_own and caller.kind != "root"
    enough: set[Naming | None] = {"caller", "role"}
    if has_right or not needs_right:
        enough.add("account")

    identity = caller_of(caller.principal)
    for clause in trust.clauses:
        element = clause.statement.principals
        if element is None or clause.statement.is_deny:
            continue

        if element.applies_to(identity) in enough:
            return True

    return False
