"""Policy documents as their statements, compiled: what each says about a request.

The grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
Principals: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
and …_notprincipal.html.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from secrets_component.arns import account_of, is_arn
from secrets_component.iam.conditions import (
    AnyTest,
    PolicyError,
    as_list,
    compile_conditions,
)
from secrets_component.iam.patterns import Pattern, Patterns
from secrets_component.iam.requests import Caller, Request, role_of

PolicyKind: TypeAlias = Literal["identity", "resource", "boundary", "session", "scp", "rcp"]
Naming: TypeAlias = Literal["caller", "role", "account"]
"""How a statement names a caller: itself, by the role behind its session, or only its account."""

_WITH_VARIABLES = "2012-10-17"
_ROOT_USER = ":root"
_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
     "NotResource", "Condition"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StatementPlace:
    """Where a statement is.

    Attributes:
        policy: the name of the policy.
        number: its place in the document, from 1.
    """

    kind: PolicyKind
    policy: str
    number: int
    sid: str | None = None

    def __str__(self) -> str:
        """Return the place as people read it."""
        statement = f"statement {self.number}"
        if self.sid:
            statement = f"statement `{self.sid}`"

        return f"{statement} of the {NAMES_OF_KINDS[self.kind]} `{self.policy}`"


NAMES_OF_KINDS: Mapping[PolicyKind, str] = {
    "identity": "identity-based policy",
    "resource": "resource-based policy",
    "boundary": "permissions boundary",
    "session": "session policy",
    "scp": "service control policy",
    "rcp": "resource control policy",
}


@dataclass(frozen=True, slots=True)
class PrincipalElement:
    """The `Principal` or `NotPrincipal` of a statement.

    Attributes:
        is_negated: it is `NotPrincipal`.
        is_everyone: it has `*`.
        names: ARNs, names of services and of providers, as written.
        roles: the roles in it, as account and name (IAM ignores the path).
        accounts: the accounts in it.
    """

    is_negated: bool
    is_everyone: bool
    names: frozenset[str]
    roles: frozenset[tuple[str, str]]
    accounts: frozenset[str]

    def naming(self, caller: Caller) -> Naming | None:
        """Return how it names a caller; None where it does not."""
        if self.is_everyone:
            return "caller"

        if caller.kind != "role" and caller.principal in self.names:
            return "caller"

        if caller.role in self.roles:
            return "role"

        if caller.account in self.accounts:
            return "account"

        return None

    def applies_to(self, caller: Caller) -> Naming | None:
        """Return how a statement with this element applies to a caller; None where it does not.

        `NotPrincipal` excepts the callers that it names themselves or by their role. Naming an
        account excepts no one in it: AWS's own example names a user and its account to except only
        that user.
        """
        naming = self.naming(caller)
        if not self.is_negated:
            return naming

        if naming in ("caller", "role"):
            return None

        return "caller"


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """One statement.

    Attributes:
        principals: None in a policy that belongs to a caller.
        resources: None in a role's trust policy, which is about that role.
    """

    place: StatementPlace
    is_deny: bool
    actions: Patterns
    is_not_action: bool
    resources: Patterns | None
    is_not_resource: bool
    principals: PrincipalElement | None
    conditions: tuple[AnyTest, ...]

    @property
    def is_unconditional(self) -> bool:
        """Whether it applies to every resource and context."""
        if self.conditions or self.is_not_resource:
            return False

        return self.resources is None or self.resources.match_everything

    def is_about(self, request: Request) -> bool:
        """Return whether it covers the request's action. AWS ignores the case of actions."""
        return self.actions.match(request.action.lower(), request) != self.is_not_action

    def applies(self, request: Request) -> bool:
        """Return whether its resource and conditions fit a request."""
        resources = self.resources
        if resources is not None:
            fits = resources.match(request.resource, request)
            if fits == self.is_not_resource:
                return False

        for condition in self.conditions:  # noqa: SIM110 # runs millions of times; `all` is slower
            if not condition.holds(request):
                return False

        return True


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """A policy, compiled once for all requests."""

    name: str
    statements: tuple[CompiledStatement, ...]


def compile_policy(
    kind: PolicyKind, name: str, document: str | Mapping[str, Any]
) -> CompiledPolicy:
    """Compile a policy document.

    Args:
        kind: where it is attached.
        name: what verdicts call it, such as its ARN.
        document: its JSON, as text or parsed.

    Raises:
        PolicyError: AWS would not accept it in this place, or it has an unknown element.
    """
    version, found = _version_and_statements(kind, name, document)
    statements = []
    for number, statement in enumerate(found, 1):
        place = StatementPlace(kind, name, number, statement.get("Sid"))
        try:
            _check_elements(statement, kind)
            compiled = _compile_statement(
                place, statement, with_variables=version == _WITH_VARIABLES
            )
        except ValueError as error:
            msg = f"{place}: {error}"
            raise PolicyError(msg) from error

        statements.append(compiled)

    return CompiledPolicy(name, tuple(statements))


def _version_and_statements(
    kind: PolicyKind, name: str, document: str | Mapping[str, Any]
) -> tuple[str | None, list[dict[str, Any]]]:
    """Return what a document holds, of the form that the grammar asks for."""
    msg = f"the {NAMES_OF_KINDS[kind]} `{name}` is not a policy document"
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except (ValueError, RecursionError) as error:
            raise PolicyError(msg) from error

    if not isinstance(document, Mapping) or "Statement" not in document:
        raise PolicyError(msg)

    statements = as_list(document["Statement"])
    if not all(isinstance(statement, dict) for statement in statements):
        raise PolicyError(msg)

    return document.get("Version"), statements


def _check_elements(statement: Mapping[str, Any], kind: PolicyKind) -> None:
    """Refuse what would otherwise be evaluated as something else than AWS does."""
    unknown = sorted(set(statement) - _ELEMENTS)
    if unknown:
        msg = f"unknown element `{unknown[0]}`"
        raise PolicyError(msg)

    if statement.get("Effect") not in ("Allow", "Deny"):
        msg = "`Effect` must be `Allow` or `Deny`"
        raise PolicyError(msg)

    for element in ("Action", "Resource", "Principal"):
        given = [name for name in (element, f"Not{element}") if name in statement]
        if len(given) not in _expected(element, kind):
            msg = f"`{element}` or `Not{element}` is missing, or does not belong in this policy"
            raise PolicyError(msg)


def _expected(element: str, kind: PolicyKind) -> tuple[int, ...]:
    """Return how often an element or its opposite may be in a statement."""
    has_principal = kind in ("resource", "rcp")
    if element == "Principal" and not has_principal:
        return (0,)

    if element == "Resource" and kind == "resource":
        return (0, 1)  # a role's trust policy has none

    return (1,)


def _compile_statement(
    place: StatementPlace, statement: Mapping[str, Any], *, with_variables: bool
) -> CompiledStatement:
    is_not_action, actions = _element(statement, "Action")
    is_not_resource, resources = _element(statement, "Resource")
    parsed = [Pattern.parse_arn(text, with_variables=with_variables) for text in resources]
    block = statement.get("Condition", {})
    return CompiledStatement(
        place,
        statement["Effect"] == "Deny",
        Patterns.of(Pattern.parse(text.lower(), with_variables=False) for text in actions),
        is_not_action,
        Patterns.of(parsed) if parsed else None,
        is_not_resource,
        _principals_of(statement),
        compile_conditions(block, with_variables=with_variables),
    )


def _element(statement: Mapping[str, Any], element: str) -> tuple[bool, list[Any]]:
    """Return whether a statement has the opposite of an element, and what it lists."""
    opposite = f"Not{element}"
    if opposite in statement:
        return True, as_list(statement[opposite])

    return False, as_list(statement.get(element, []))


def _principals_of(statement: Mapping[str, Any]) -> PrincipalElement | None:
    is_negated = "NotPrincipal" in statement
    given = statement.get("Principal", statement.get("NotPrincipal"))
    if given is None:
        return None

    if given == "*":
        given = {"AWS": "*"}

    names: list[str] = []
    for of_type in given.values():
        names += as_list(of_type)

    roles: list[tuple[str, str]] = []
    accounts: list[str] = []
    for name in names:
        if name.isdigit() or name.endswith(_ROOT_USER):
            accounts.append(str(account_of(name)))
        elif is_arn(name):
            roles += filter(None, [role_of(name)])

    return PrincipalElement(
        is_negated,
        is_everyone="*" in as_list(given.get("AWS")),
        names=frozenset(names),
        roles=frozenset(roles),
        accounts=frozenset(accounts),
    )
