"""Who calls, and whether their policies let them.

A call that is signed with the access key of a user, or of a session of a role, needs every right
that AWS demands for it (`rights.py`). Any other key is the sandbox's own and may do everything. How
policies are combined:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-request-context.html.
For a key, IAM policies count only where its own policy names the account
(https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html). The texts:
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html.

Evaluated are identity policies, and the resource policies of secrets and keys. Not evaluated:
boundaries, session policies, policies of an organization, resource policies of functions and
topics, the trust policy of a role that is assumed, signatures.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment
from xml.sax.saxutils import escape

from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.sts.models import sts_backends

from sandbox.rules import grants, principals, rights
from sandbox.rules.calls import Call, call_of, signature_of
from sandbox.rules.grants import Statement
from sandbox.rules.rights import ANY, Right

Application = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]

RECORD_PATH = "/sandbox/rights"
"""Where the server returns the rights that users and roles needed so far."""

_PARTITION = "aws"
_IMPLICIT, _EXPLICIT = (
    "because no identity-based policy allows",
    "with an explicit deny in a policy",
)


@dataclass(frozen=True)
class Identity:
    """A user or a session of a role.

    Attributes:
        arn: the ARN of the user or session, which errors name.
        principal: the ARN of the user or role, which policies name.
        account: the account.
        statements: the statements of all its policies.
    """

    arn: str
    principal: str
    account: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Decision:
    """Whether an identity has a right, and AWS's text if not."""

    right: Right
    refusal: str | None = None


class _Record:
    """The rights that were needed, each once, in order."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str, str, bool], None] = {}
        self._lock = threading.Lock()

    def add(self, identity: Identity, decisions: Iterable[Decision]) -> None:
        with self._lock:
            for decision in decisions:
                right = decision.right
                is_allowed = decision.refusal is None
                self._entries[identity.principal, right.action, right.resource, is_allowed] = None

    def as_json(self) -> str:
        names = ("principal", "action", "resource", "allowed")
        with self._lock:
            return json.dumps([dict(zip(names, entry, strict=True)) for entry in self._entries])


_record = _Record()


def enforced(application: Application) -> Application:
    """Refuse what the caller's policies do not allow, before the API sees it."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == RECORD_PATH:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [_record.as_json().encode()]

        signature = signature_of(environ)
        identity = None
        if signature is not None:
            identity = identity_of(signature.access_key)

        if signature is None or identity is None:
            return application(environ, start_response)

        call = call_of(environ, signature, identity.account)
        refusal = check(identity, call)
        if refusal is None:
            return application(environ, start_response)

        return _answered(call, refusal, start_response)

    return answer


def check(identity: Identity, call: Call) -> str | None:
    """Return AWS's refusal of a call, or None where the identity has all its rights."""
    decisions = [decide(identity, right) for right in rights.demanded(call)]
    _record.add(identity, decisions)
    return next((decision.refusal for decision in decisions if decision.refusal), None)


def identity_of(access_key: str) -> Identity | None:
    """Return whose access key it is; None for one that AWS did not make here."""
    for account, backends in list(iam_backends.items()):
        key = backends[_PARTITION].access_keys.get(access_key)
        if key is None:
            continue

        if key.role_arn:
            return _session(account, access_key, key.role_arn)

        return _user(account, key.user_name)

    return None


def _session(account: str, access_key: str, role_arn: str) -> Identity | None:
    for role in list(iam_backends[account][_PARTITION].roles.values()):
        if role.arn != role_arn:
            continue

        for assumed in list(sts_backends[account][_PARTITION].assumed_roles):
            if assumed.access_key_id == access_key:
                return Identity(assumed.arn, role_arn, account, tuple(_policies(role)))

    return None  # moto also assumes roles that do not exist


def _user(account: str, name: str) -> Identity:
    backend = iam_backends[account][_PARTITION]
    user = backend.get_user(name)
    statements = [*_policies(user)]
    for group in backend.get_groups_for_user(name):
        statements += _policies(group)

    return Identity(user.arn, user.arn, account, tuple(statements))


def _policies(owner: Any) -> Iterator[Statement]:  # noqa: ANN401 # moto's user, group or role
    for document in list(owner.policies.values()):
        yield from principals.statements_of(json.loads(document))

    for policy in list(owner.managed_policies.values()):
        versions = {version.version_id: version for version in policy.versions}
        yield from principals.statements_of(
            json.loads(versions[policy.default_version_id].document)
        )


def decide(identity: Identity, right: Right) -> Decision:
    """Return whether an identity has a right on a resource of its own account."""
    context = {
        "aws:PrincipalArn": identity.principal,
        "aws:PrincipalAccount": identity.account,
        **right.context,
    }
    own = _effects(identity.statements, right, context)
    policy = list(_resource_statements(right))
    named = [one for one in policy if _names(one.get("Principal"), identity)]
    direct = _effects(named, right, context)
    account = [one for one in policy if _names_account(one.get("Principal"), identity)]
    delegated = _effects(account, right, context)
    if "Deny" in own | direct | delegated:
        return Decision(right, _refusal(identity, right, _EXPLICIT))

    is_allowed = "Allow" in own
    if is_key(right.resource):
        is_allowed = is_allowed and "Allow" in delegated

    if is_allowed or "Allow" in direct:
        return Decision(right)

    return Decision(right, _refusal(identity, right, _IMPLICIT))


def _effects(statements: Iterable[Statement], right: Right, context: grants.Context) -> set[str]:
    found = set()
    for statement in statements:
        if grants.covers(statement, right.action, right.resource, context):
            found.add(str(statement.get("Effect")))

    return found


def is_key(resource: str) -> bool:
    """Return whether a resource is one KMS key."""
    parts = resource.split(":")
    return parts[2:3] == ["kms"] and parts[-1].startswith("key/") and not parts[-1].endswith(ANY)


def _resource_statements(right: Right) -> Iterator[Statement]:
    """Yield the statements of the policy of a secret or key, as if each had a resource."""
    if not right.resource.startswith("arn:"):
        return

    _, _, service, region, account, name = right.resource.split(":", 5)
    document = None
    if service == "secretsmanager":
        found = rights.find_secret(account, region, right.resource)
        document = getattr(found, "policy", None)
    elif is_key(right.resource):
        key = kms_backends[account][region].keys.get(name.removeprefix("key/"))
        document = getattr(key, "policy", None)

    if document:
        yield from principals.statements_of(json.loads(document))


def _names(principal: Any, identity: Identity) -> bool:  # noqa: ANN401 # any JSON value
    """Return whether a statement names the identity itself, or everyone."""
    names = _principals(principal)
    return bool({ANY, identity.arn, identity.principal} & names)


def _names_account(principal: Any, identity: Identity) -> bool:  # noqa: ANN401 # any JSON value
    """Return whether a statement leaves it to the account's IAM policies."""
    root = f"arn:{_PARTITION}:iam::{identity.account}:root"
    return bool({root, identity.account} & _principals(principal))


def _principals(principal: Any) -> set[str]:  # noqa: ANN401 # any JSON value
    if isinstance(principal, Mapping):
        principal = principal.get("AWS", [])

    if isinstance(principal, str):
        return {principal}

    return set(principal or ())


def _refusal(identity: Identity, right: Right, reason: str) -> str:
    if right.through and right.action.startswith("kms:"):
        return "Access to KMS is not allowed"  # aws/aws-cdk#7677

    where = "" if right.resource == ANY else f" on resource: {right.resource}"
    text = f"User: {identity.arn} is not authorized to perform: {right.action}{where} {reason}"
    if reason == _IMPLICIT:
        text += f" the {right.action} action"

    return text


_CODES = {"sns": "AuthorizationError", "ec2": "UnauthorizedOperation"}


def _answered(call: Call, message: str, start_response: StartResponse) -> list[bytes]:
    """Answer in the form of the call's protocol."""
    if call.protocol in ("query", "ec2", "rest-xml"):
        code = _CODES.get(call.service, "AccessDenied")
        error = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        body = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>"
        if call.protocol == "ec2":
            body = f"<Response><Errors><Error>{error}</Error></Errors></Response>"

        start_response("403 Forbidden", [("Content-Type", "text/xml")])
        return [body.encode()]

    status = "403 Forbidden" if call.protocol == "rest-json" else "400 Bad Request"
    code = "AccessDeniedException"
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code)]
    start_response(status, headers)
    return [json.dumps({"__type": code, "message": message, "Message": message}).encode()]
