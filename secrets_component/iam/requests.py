"""What a request is: who calls which action on which resource, and what AWS knows about it.

The facts that AWS adds to a request about its caller:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal, TypeAlias

from secrets_component.arns import Arn, is_arn

ANONYMOUS = "*"
"""The principal of a request that nobody signed."""
CallerKind = Literal["user", "role", "session", "federated", "root", "service", "anonymous"]
ContextValue: TypeAlias = str | tuple[str, ...]
"""The value of a condition key; that of a multivalued key is a tuple."""

_PRINCIPAL_TYPES: Mapping[CallerKind, str] = {
    "user": "User",
    "role": "AssumedRole",
    "session": "AssumedRole",
    "federated": "FederatedUser",
    "root": "Account",
    "anonymous": "Anonymous",
}
_SERVICE_ROLE_NAME = "AWSServiceRoleFor"
"""The prefix of the names of service-linked roles; IAM lets nobody else use it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html"""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request, as far as its principal says.

    Attributes:
        principal: the ARN; the name of a service; `*` for an unsigned request.
        kind: a `role` stands for any session of it, whatever the session is called.
        account: the account that the caller belongs to; None for a service and an unsigned request.
        role: the role, or the one behind a session, as account and name: names of roles are unique
            in an account whatever their path, which the ARN of a session does not have.
        is_service_linked: whether the role is one that a service made for itself, which no policy
            of an organization restricts
            (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html).
        is_bound_by_scps: whether service control policies restrict the caller: a user or role.
        facts: what AWS adds to the context of the caller's requests, by key in lower case.
    """

    principal: str
    kind: CallerKind
    account: str | None = None
    role: tuple[str, str] | None = None
    is_service_linked: bool = False
    is_bound_by_scps: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """One call to AWS.

    Attributes:
        principal: the ARN of a user, role, session, federated user or root user; the name of a
            service (`<name>.amazonaws.com`); `*` for an unsigned request.
        action: `<service>:<operation>`.
        resource: the ARN, or `*` for an operation without a resource.
        context: values by condition key, on top of what follows from the principal and the resource
            (such as `aws:PrincipalArn`). Multivalued keys have a list.
        resource_account: the owner of the resource. Default: the account in its ARN. Needed for a
            resource without one, such as an S3 bucket.
    """

    principal: str
    action: str
    resource: str
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    resource_account: str | None = None

    @property
    def owner(self) -> str:
        """The account that owns the resource; that of the caller for an operation without one.

        Raises:
            ValueError: the account is neither given nor in the ARN.
        """
        owner = self.resource_account
        if owner is None and self.resource != "*":
            owner = _account_in(self.resource)
        elif owner is None:
            owner = caller_of(self.principal).account

        if not owner:
            msg = f"`resource_account` is needed: `{self.resource}` does not say whose it is"
            raise ValueError(msg)

        return owner

    def value(self, key: str) -> ContextValue | None:
        """Return the value of a condition key, given in lower case; None where there is none.

        What `context` gives takes precedence over what follows from the request.
        """
        if self.context:
            given = self._given.get(key)
            if given is not None:
                return given

        if key == "aws:resourceaccount" and self.resource != "*":
            return self.owner

        return caller_of(self.principal).facts.get(key)

    @cached_property
    def _given(self) -> Mapping[str, ContextValue]:
        found: dict[str, ContextValue] = {}
        for key, value in self.context.items():
            if isinstance(value, str):
                found[key.lower()] = value
            else:
                found[key.lower()] = tuple(value)

        return found


@lru_cache(maxsize=65_536)
def _account_in(resource: str) -> str:
    return Arn.parse(resource).account


@lru_cache(maxsize=65_536)
def caller_of(principal: str) -> Caller:
    """Return who a request's principal is.

    Raises:
        ValueError: it is not one that can make a request.
    """
    if principal == ANONYMOUS:
        return Caller(principal, "anonymous", facts=_facts("anonymous"))

    if not is_arn(principal):
        facts = {"aws:principalisawsservice": "true", "aws:principalservicename": principal}
        return Caller(principal, "service", facts=facts)

    arn = Arn.parse(principal)
    kind, name = _kind_and_name(arn)
    facts = _facts(kind) | {"aws:principalaccount": arn.account, "aws:principalarn": principal}
    if kind == "user":
        facts["aws:username"] = name

    if kind not in ("role", "session"):
        return Caller(principal, kind, arn.account, is_bound_by_scps=True, facts=facts)

    if kind == "session":
        facts["aws:principalarn"] = str(Arn(arn.partition, "iam", "", arn.account, f"role/{name}"))

    is_service_linked = name.startswith(_SERVICE_ROLE_NAME)
    return Caller(
        principal,
        kind,
        arn.account,
        (arn.account, name),
        is_service_linked=is_service_linked,
        is_bound_by_scps=not is_service_linked,
        facts=facts,
    )


def role_of(principal: str) -> tuple[str, str] | None:
    """Return the account and name of the role that a policy names, or None for anything else."""
    arn = Arn.parse(principal)
    if arn.service != "iam" or not arn.resource.startswith("role/"):
        return None

    return arn.account, arn.resource.rpartition("/")[2]


def _facts(kind: CallerKind) -> dict[str, str]:
    return {"aws:principaltype": _PRINCIPAL_TYPES[kind], "aws:principalisawsservice": "false"}


def _kind_and_name(arn: Arn) -> tuple[CallerKind, str]:
    """Return what an ARN names: the kind, and the name of the user or role without its path."""
    type_, _, rest = arn.resource.partition("/")
    match arn.service, type_:
        case "iam", "root":
            return "root", ""
        case "iam", "user":
            return "user", rest.rpartition("/")[2]
        case "iam", "role":
            return "role", rest.rpartition("/")[2]
        case "sts", "assumed-role":
            return "session", rest.partition("/")[0]
        case "sts", "federated-user":
            return "federated", rest  # which is not the name of the user who federated

    msg = f"`{arn}` cannot make a request; expected a user, a role or a session of one"
    raise ValueError(msg)
