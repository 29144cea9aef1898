"""The map's secrets as the resources of requests: which statements are about which of them.

A set of secrets is a bit mask, the first secret the lowest bit. Principals by secrets are a million
pairs, but a statement is held against each secret only once, whoever has it, unless its policy
variables or conditions bring in the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import Literal, TypeAlias

from secrets_component.arns import Arn, Home
from secrets_component.audit.account import Account, PolicyDocument, StoredKey, StoredSecret
from secrets_component.audit.answers import Answer
from secrets_component.audit.assumptions import (
    OF_CALLER,
    AuditedPolicy,
    CallerKeys,
    Clause,
    PolicyReader,
    joined,
)
from secrets_component.audit.callers import AuditedCaller
from secrets_component.iam.evaluator import ResourcePolicies
from secrets_component.iam.requests import Request, caller_of

Facet: TypeAlias = Literal["secret", "use of key", "key"]
"""What a call is about: the secret, its key as Secrets Manager uses it for the caller, or the key
itself."""
Mask: TypeAlias = int
Holder: TypeAlias = tuple[AuditedPolicy, ResourcePolicies, Mask]
"""A resource-based policy and the secrets that have it (whose key has it)."""

FACETS: Mapping[str, Facet] = {
    "secretsmanager:GetSecretValue": "secret",
    "secretsmanager:PutSecretValue": "secret",
    "secretsmanager:UpdateSecret": "secret",
    "secretsmanager:RotateSecret": "secret",
    "secretsmanager:DeleteSecret": "secret",
    "secretsmanager:PutResourcePolicy": "secret",
    "secretsmanager:DeleteResourcePolicy": "secret",
    "kms:Decrypt": "use of key",
    "kms:GenerateDataKey": "use of key",
    "kms:PutKeyPolicy": "key",
    "kms:CreateGrant": "key",
}
"""The calls of an audit. Secrets Manager decrypts and makes data keys as its caller:
https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html."""
CALLS_OF: Mapping[Facet, tuple[str, ...]] = {
    facet: tuple(call for call in FACETS if FACETS[call] == facet)
    for facet in ("secret", "use of key", "key")
}
"""The calls of each facet."""
_CONTEXT_KEYS = ("SecretARN", "SecretVersionId")


def members_of(mask: Mask) -> Iterator[int]:
    """Yield the positions of the secrets in a mask."""
    position = 0
    while mask:
        skipped = (mask & -mask).bit_length() - 1
        position += skipped
        yield position
        mask >>= skipped + 1
        position += 1


class Ground:
    """The secrets of an audit, with their policies and those of their keys."""

    def __init__(
        self, account: Account, secrets: Sequence[StoredSecret], reader: PolicyReader
    ) -> None:
        """Prepare one request for each secret and facet.

        Args:
            account: whose keys and organization count.
            secrets: at least one.
            reader: reads their policies.
        """
        self.home = account.home
        self.secrets = secrets
        self.everything: Mask = (1 << len(secrets)) - 1
        self._account = account
        self._reader = reader
        self._rcps = [reader.read("rcp", one) for one in account.organization.resource_control]
        self._targets: dict[Facet, list[tuple[str, dict[str, str | Sequence[str]]]]] = {
            "secret": [(secret.arn, self._secret_context(secret)) for secret in secrets],
            "use of key": [self._use_of_key(secret) for secret in secrets],
            "key": [self._key_itself(secret) for secret in secrets],
        }
        neutral = account.home.root()
        self._neutral: dict[Facet, list[Request]] = {}
        for facet, targets in self._targets.items():
            call = CALLS_OF[facet][0]
            self._neutral[facet] = [Request(neutral, call, *target) for target in targets]

        self.rcps = [policy.compiled for policy in self._rcps]
        self._masks: dict[tuple[Clause, Facet, tuple[object, ...]], Mask] = {}
        self._calls: dict[tuple[Clause, Facet], frozenset[str]] = {}
        self._doubtful: dict[tuple[Facet, CallerKeys], list[tuple[Clause, Mask]]] = {}
        self._holders: dict[tuple[Facet, CallerKeys], list[Holder]] = {}

    def request(self, caller: AuditedCaller, call: str, position: int) -> Request:
        """Return a caller's call for a secret."""
        resource, context = self._targets[FACETS[call]][position]
        return Request(caller.principal, call, resource, {**context, **caller.context})

    def calls_of(self, clause: Clause, facet: Facet) -> frozenset[str]:
        """Return the calls of a facet whose actions a statement covers."""
        found = self._calls.get((clause, facet))
        if found is None:
            requests = (Request(self.home.root(), call, "*") for call in CALLS_OF[facet])
            covered = filter(clause.statement.is_about, requests)
            found = frozenset(request.action for request in covered)
            self._calls[clause, facet] = found

        return found

    def mask(self, clause: Clause, facet: Facet, caller: AuditedCaller) -> Mask:
        """Return the secrets that a statement fits, for a caller."""
        for test in clause.on_caller:
            if not test.holds(self.request(caller, CALLS_OF[facet][0], 0)):
                return 0

        if clause.rest.is_unconditional:
            return self.everything

        facts: tuple[object, ...] = ()
        if clause.facts:
            request = self.request(caller, CALLS_OF[facet][0], 0)
            facts = tuple(request.value(key) for key in clause.facts)

        found = self._masks.get((clause, facet, facts))
        if found is None:
            found = self._masks[clause, facet, facts] = self._held(clause, facet, caller)

        return found

    def _held(self, clause: Clause, facet: Facet, caller: AuditedCaller) -> Mask:
        mask = 0
        for position, request in enumerate(self._neutral[facet]):
            asked = request
            if clause.facts:
                asked = self.request(caller, CALLS_OF[facet][0], position)

            if clause.rest.applies(asked):
                mask |= 1 << position

        return mask

    def holders(self, facet: Facet, keys: CallerKeys = OF_CALLER) -> list[Holder]:
        """Return the resource-based policies of the secrets, or of their keys.

        Args:
            facet: whose policies.
            keys: the condition keys of the caller that can be decided.
        """
        found = self._holders.get((facet, keys))
        if found is None:
            found = self._holders[facet, keys] = list(self._read_holders(facet, keys))

        return found

    def doubtful(self, facet: Facet, keys: CallerKeys) -> list[tuple[Clause, Mask]]:
        """Return the statements of resource-based policies that nobody can decide here."""
        found = self._doubtful.get((facet, keys))
        if found is not None:
            return found

        found = self._doubtful[facet, keys] = []
        for policy, _, mask in self.holders(facet, keys):
            found += [(clause, mask) for clause in policy.clauses if clause.is_doubtful]

        return found

    def _read_holders(self, facet: Facet, keys: CallerKeys) -> Iterator[Holder]:
        masks: dict[tuple[AuditedPolicy, ...], Mask] = {}
        for position, secret in enumerate(self.secrets):
            if facet == "secret":
                policies = self._policies_of_secret(secret, keys)
            else:
                policies = self._policies_of_key(secret, keys)

            masks[policies] = masks.get(policies, 0) | 1 << position

        for policies, mask in masks.items():
            own = joined(policies)
            yield own, ResourcePolicies(own.compiled, self.rcps), mask

    def _policies_of_secret(
        self, secret: StoredSecret, keys: CallerKeys
    ) -> tuple[AuditedPolicy, ...]:
        found = []
        for name, text in secret.policies.items():
            document = PolicyDocument(f"{name} of the secret", text)
            found.append(self._reader.read("resource", document, keys))

        return tuple(found)

    def _policies_of_key(self, secret: StoredSecret, keys: CallerKeys) -> tuple[AuditedPolicy, ...]:
        found = []
        for document in _key_documents(self.home, self._key_of(secret)):
            found.append(self._reader.read("resource", document, keys))

        return tuple(found)

    def _key_of(self, secret: StoredSecret) -> StoredKey | None:
        if secret.key_id is None:
            return None

        unread = StoredKey(self.home.key_arn(secret.key_id), None, (), (), {})
        return self._account.keys.get(secret.key_id, unread)

    def _secret_context(self, secret: StoredSecret) -> dict[str, str | Sequence[str]]:
        context = self.everywhere()
        context["secretsmanager:SecretId"] = secret.arn
        context["secretsmanager:SecretPrimaryRegion"] = self.home.region
        if secret.rotation_function:
            key = "secretsmanager:resource/AllowRotationLambdaArn"
            context[key] = secret.rotation_function

        for key, value in secret.tags.items():
            context[f"aws:ResourceTag/{key}"] = value
            context[f"secretsmanager:ResourceTag/{key}"] = value

        return context

    def _use_of_key(self, secret: StoredSecret) -> tuple[str, dict[str, str | Sequence[str]]]:
        arn, context = self._key_itself(secret)
        context["kms:ViaService"] = f"secretsmanager.{self.home.region}.amazonaws.com"
        context["kms:EncryptionContext:SecretARN"] = secret.arn
        context["kms:EncryptionContextKeys"] = _CONTEXT_KEYS
        return arn, context

    def _key_itself(self, secret: StoredSecret) -> tuple[str, dict[str, str | Sequence[str]]]:
        context = self.everywhere()
        key = self._key_of(secret)
        if key is None:
            return self.home.key_arn("aws-managed"), context

        context["kms:ResourceAliases"] = key.aliases
        for name, value in key.tags.items():
            context[f"aws:ResourceTag/{name}"] = value

        return key.arn, context

    def everywhere(self) -> dict[str, str | Sequence[str]]:
        """Return what every request has: it goes over TLS, here and now."""
        context: dict[str, str | Sequence[str]] = {
            "aws:SecureTransport": "true",
            "aws:RequestedRegion": self.home.region,
            "aws:CurrentTime": self._account.time,
            "aws:EpochTime": str(int(datetime.fromisoformat(self._account.time).timestamp())),
        }
        if self._account.organization.id:
            context["aws:ResourceOrgID"] = self._account.organization.id

        return context

    def clauses_for_all(self, caller: AuditedCaller) -> Iterator[Clause]:
        """Yield the statements that concern a caller whatever the secret: its own, and RCPs."""
        yield from caller.clauses
        for clause in joined(self._rcps).clauses:
            if clause.statement.is_deny and names(clause, caller):
                yield clause

    def partition(self, caller: AuditedCaller, facet: Facet) -> list[tuple[Mask, ResourcePolicies]]:
        """Split the secrets into those that the policies of a caller and a facet do not tell apart.

        Returns:
            The secrets of each part, with a resource's policies that decide for all of them.
        """
        splits = []
        for clause in self.clauses_for_all(caller):
            if self.calls_of(clause, facet):
                splits.append(self.mask(clause, facet, caller))

        unnamed, nobody = 0, ResourcePolicies()
        wholes: list[tuple[Mask, ResourcePolicies, list[Mask]]] = []
        for policy, resource, mask in self.holders(facet, caller.keys):
            naming = [clause for clause in policy.clauses if names(clause, caller)]
            if naming:
                own = [self.mask(clause, facet, caller) for clause in naming]
                wholes.append((mask, resource, own))
            else:
                unnamed |= mask
                nobody = resource

        wholes.append((unnamed, nobody, []))
        parts: list[tuple[Mask, ResourcePolicies]] = []
        for mask, resource, own in wholes:
            halves = _split(mask, (*splits, *own))
            parts += zip(halves, repeat(resource), strict=False)

        return parts


def names(clause: Clause, caller: AuditedCaller) -> bool:
    """Return whether a statement of a resource's policy can concern a caller."""
    element = clause.statement.principals
    if element is None:
        return False

    return element.is_negated or element.applies_to(caller_of(caller.principal)) is not None


def _split(mask: Mask, by: Sequence[Mask]) -> list[Mask]:
    """Return the parts of a set that no other set tells apart; none of them is empty."""
    parts = {mask}
    for one in by:
        inside = {part & one for part in parts}
        outside = {part & ~one for part in parts}
        parts = inside | outside

    return sorted(parts - {0})


def _key_documents(home: Home, key: StoredKey | None) -> Iterator[PolicyDocument]:
    """Yield what decides about a key: its policy, and its grants as statements of one."""
    if key is None:
        yield PolicyDocument("of the AWS-managed key", _aws_managed_key_policy(home))
        return

    name = Arn.parse(key.arn).resource
    if key.policy is None:
        yield PolicyDocument(f"of {name}, not readable, taken to allow everything", _UNREADABLE)
    else:
        yield PolicyDocument(f"of {name}", key.policy)

    statements = [_grant_statement(grant) for grant in key.grants if _grantee(grant)]
    if statements:
        content = {"Version": "2012-10-17", "Statement": statements}
        yield PolicyDocument(f"made of the grants on {name}", content)


_UNREADABLE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}],
}


def _aws_managed_key_policy(home: Home) -> dict[str, object]:
    """Return what the policy of `aws/secretsmanager` says about the use of the key.

    Everyone in the account may use it through Secrets Manager, and no one can change that
    (https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html).
    """
    through = f"secretsmanager.{home.region}.amazonaws.com"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "UseThroughSecretsManager",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": ["kms:Decrypt", "kms:GenerateDataKey*", "kms:CreateGrant"],
                "Resource": "*",
                "Condition": {
                    "StringEquals": {
                        "kms:CallerAccount": home.account,
                        "kms:ViaService": through,
                    }
                },
            }
        ],
    }


def _grantee(grant: Answer) -> str | None:
    return grant.get("GranteePrincipal") or grant.get("GranteeServicePrincipal")


def _grant_statement(grant: Answer) -> dict[str, object]:
    """Return a grant as a statement of the key's policy.

    A grant allows and cannot deny; it may demand an encryption context
    (https://docs.aws.amazon.com/kms/latest/developerguide/grants.html).
    """
    grantee = _grantee(grant)
    principal = {"AWS": grantee}
    if grant.get("GranteeServicePrincipal"):
        principal = {"Service": grantee}

    constraints = grant.get("Constraints") or {}
    demanded = {
        **(constraints.get("EncryptionContextSubset") or {}),
        **(constraints.get("EncryptionContextEquals") or {}),
    }
    statement: dict[str, object] = {
        "Sid": f"grant {grant['GrantId']}",
        "Effect": "Allow",
        "Principal": principal,
        "Action": [f"kms:{operation}" for operation in grant["Operations"]],
        "Resource": "*",
    }
    if demanded:
        context = {f"kms:EncryptionContext:{key}": value for key, value in demanded.items()}
        statement["Condition"] = {"StringEquals": context}

    return statement
