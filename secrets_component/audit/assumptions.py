"""What an audit assumes where only a real request decides: conditions that it cannot know.

An audit asks whether somebody *can*. The caller chooses its address, its network, its MFA and the
time of day, so an allow with such a condition counts as an allow, and a deny with one does not
count; both are reported with the keys that were assumed. What follows from the caller, the secret
and the key is known and decided:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html,
https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html,
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from secrets_component.audit.account import PolicyDocument
from secrets_component.iam.conditions import AnyTest, PolicyError, as_list
from secrets_component.iam.json_text import JsonTextError, parse_json
from secrets_component.iam.statements import (
    CompiledPolicy,
    CompiledStatement,
    PolicyKind,
    StatementPlace,
    compile_policy,
)

CallerKeys: TypeAlias = tuple[str, ...]

OF_CALLER: CallerKeys = (
    "aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username",
    "aws:principalisawsservice", "aws:principalservicename", "aws:principaltag/",
    "aws:principalorgid", "aws:sourceaccount", "kms:calleraccount",
)  # fmt: skip
"""Condition keys that follow from who calls; one that ends in `/` stands for all below it."""
OF_FOREIGN_IDENTITY: CallerKeys = (
    "aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username",
    "aws:principalisawsservice", "aws:sourceaccount", "kms:calleraccount",
)  # fmt: skip
"""Those of a user or role of another account, whose tags and organization nobody here can read."""
OF_FOREIGN_ACCOUNT: CallerKeys = (
    "aws:principalaccount", "aws:principalisawsservice", "kms:calleraccount",
)  # fmt: skip
"""Those of everyone in another account."""
OF_ANYBODY: CallerKeys = ("aws:principalisawsservice", "kms:calleraccount")
"""Those of everyone outside the account."""
OF_RESOURCE = (
    "aws:resourceaccount", "aws:resourceorgid", "aws:requestedregion", "aws:resourcetag/",
    "aws:securetransport", "aws:currenttime", "aws:epochtime", "secretsmanager:resourcetag/",
    "secretsmanager:secretid", "secretsmanager:resource/allowrotationlambdaarn",
    "secretsmanager:secretprimaryregion", "iam:resourcetag/", "kms:viaservice",
    "kms:encryptioncontext:secretarn", "kms:encryptioncontextkeys", "kms:resourcealiases",
)  # fmt: skip
"""Condition keys that follow from the secret, the key and where they are."""
OF_ORGANIZATION = frozenset({"aws:principalorgid", "aws:resourceorgid"})
KNOWN_VERSIONS = (None, "2008-10-17", "2012-10-17")
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html"""
_POLICY_VARIABLE = re.compile(r"\$\{([^}*?$,][^},]*)")


def is_among(key: str, known: CallerKeys) -> bool:
    """Return whether a condition key, in lower case, is one of the known ones."""
    family = key.partition("/")[0]
    return key in known or f"{family}/" in known


@dataclass(frozen=True, slots=True)
class AssumedPlace(StatementPlace):
    """The place of a statement that counts only if some of its conditions are met.

    Attributes:
        keys: the condition keys of those, in lower case.
    """

    keys: tuple[str, ...] = ()


def assumed_keys(place: StatementPlace) -> tuple[str, ...]:
    """Return the condition keys that were assumed for a statement."""
    if isinstance(place, AssumedPlace):
        return place.keys

    return ()


@dataclass(frozen=True, eq=False)
class Clause:
    """A statement, in the parts that depend on the caller and on the secret.

    Attributes:
        statement: all of it.
        on_caller: the conditions that the caller alone decides.
        rest: the statement without those.
        facts: the caller's condition keys that the rest depends on, by policy variables.
        is_doubtful: a deny that counts only under conditions nobody knows here.
    """

    statement: CompiledStatement
    on_caller: tuple[AnyTest, ...]
    rest: CompiledStatement
    facts: tuple[str, ...] = ()
    is_doubtful: bool = False


@dataclass(frozen=True, eq=False)
class AuditedPolicy:
    """A policy as an audit evaluates it.

    Attributes:
        clauses: its statements, those that count first.
        arns: what its conditions on `aws:PrincipalArn` compare with.
    """

    compiled: CompiledPolicy
    clauses: tuple[Clause, ...]
    arns: tuple[str, ...] = ()


ALLOW_ALL = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
)
_NO_POLICY = AuditedPolicy(CompiledPolicy("", ()), ())


class PolicyReader:
    """Compiles policies, each once, and keeps what cannot be evaluated.

    Attributes:
        problems: a line for each policy that was left out.
    """

    def __init__(self, *, is_organization_known: bool) -> None:
        """Start without policies.

        Args:
            is_organization_known: whether `aws:PrincipalOrgID` can be decided.
        """
        self.problems: dict[str, None] = {}
        self._is_organization_known = is_organization_known
        self._read: dict[tuple[PolicyKind, str, str, CallerKeys], AuditedPolicy] = {}

    def read(
        self, kind: PolicyKind, document: PolicyDocument, caller_keys: CallerKeys = OF_CALLER
    ) -> AuditedPolicy:
        """Return a policy with its assumptions made.

        One that cannot be evaluated is reported. It counts as empty, or, where it would only limit
        others, as allowing everything: an audit shows rather too much than too little.

        Args:
            kind: where it is attached.
            document: the policy.
            caller_keys: the caller's condition keys that can be decided: for "an account", which
                stands for everyone in it, few can.
        """
        content = document.content
        if not isinstance(content, str):
            content = json.dumps(content)

        known = (kind, document.name, content, caller_keys)
        found = self._read.get(known)
        if found is None:
            found = self._compile(kind, document.name, content, caller_keys)
            self._read[known] = found

        return found

    def _compile(
        self, kind: PolicyKind, name: str, content: str, caller_keys: CallerKeys
    ) -> AuditedPolicy:
        try:
            parsed = parse_json(content)
            compiled = compile_policy(kind, name, parsed)
            version = parsed.get("Version")
            if version not in KNOWN_VERSIONS:
                msg = f"unknown policy version `{version}`"
                raise PolicyError(msg)
        except (PolicyError, JsonTextError, AttributeError, TypeError) as error:
            reason = "it has not the form of a policy"
            if isinstance(error, ValueError):
                reason = str(error)

            self.problems[f"policy `{name}` is not evaluated: {reason}"] = None
            if kind in ("boundary", "scp"):
                return self.read(
                    kind, PolicyDocument(f"{name}, not evaluated", ALLOW_ALL), caller_keys
                )

            return _NO_POLICY

        raw = as_list(parsed["Statement"])
        clauses = []
        for statement, written in zip(compiled.statements, raw, strict=True):
            clauses.append(self._clause(statement, written, caller_keys))

        counting = tuple(one.statement for one in clauses if not one.is_doubtful)
        arns = tuple(_principal_arns(raw))
        return AuditedPolicy(CompiledPolicy(name, counting), tuple(clauses), arns)

    def _clause(
        self, statement: CompiledStatement, written: Mapping[str, Any], caller_keys: CallerKeys
    ) -> Clause:
        variables = _variables_of(written)
        decided: list[AnyTest] = []
        assumed: list[str] = []
        for test in statement.conditions:
            if self._is_known(test.key, caller_keys):
                decided.append(test)
            else:
                assumed.append(test.key)

        if assumed:
            place = statement.place
            keys = tuple(dict.fromkeys(assumed))
            statement = replace(
                statement,
                conditions=tuple(decided),
                place=AssumedPlace(place.kind, place.policy, place.number, place.sid, keys),
            )

        is_doubtful = bool(assumed) and statement.is_deny
        of_caller = [test for test in decided if is_among(test.key, OF_CALLER)]
        if variables:
            facts = {key for key in variables if is_among(key, OF_CALLER)}
            facts |= {test.key for test in of_caller}
            return Clause(statement, (), statement, tuple(sorted(facts)), is_doubtful)

        rest = tuple(test for test in decided if test not in of_caller)
        without = replace(statement, conditions=rest)
        return Clause(statement, tuple(of_caller), without, (), is_doubtful)

    def _is_known(self, key: str, caller_keys: CallerKeys) -> bool:
        is_of_organization = key in OF_ORGANIZATION
        if is_of_organization and not self._is_organization_known:
            return False

        return is_among(key, OF_RESOURCE) or is_among(key, caller_keys)


def _variables_of(written: Mapping[str, Any]) -> set[str]:
    """Return the keys of the policy variables in a statement, in lower case."""
    places = [written.get(name) for name in ("Resource", "NotResource", "Condition")]
    text = json.dumps(places)
    found = _POLICY_VARIABLE.findall(text)
    return {key.strip().lower() for key in found}


def _principal_arns(statements: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """Yield the texts that allows compare `aws:PrincipalArn` with."""
    for statement in statements:
        if statement["Effect"] != "Allow":
            continue

        conditions = statement.get("Condition") or {}
        for keys in conditions.values():
            by_name = {key.lower(): values for key, values in keys.items()}
            yield from as_list(by_name.get("aws:principalarn", []))


def joined(policies: Iterable[AuditedPolicy]) -> AuditedPolicy:
    """Return the policies of one resource as one: AWS evaluates all of them together."""
    compiled: list[CompiledStatement] = []
    clauses: list[Clause] = []
    arns: list[str] = []
    for policy in policies:
        compiled += policy.compiled.statements
        clauses += policy.clauses
        arns += policy.arns

    return AuditedPolicy(CompiledPolicy("", tuple(compiled)), tuple(clauses), tuple(arns))
