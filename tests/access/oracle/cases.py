"""Worlds of policies with requests in them: as JSON, for the evaluator, and for the simulator.

A world is what one line of a recorded file holds: the policies that a caller and a resource have,
and some requests under them, each with the simulator's verdict.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from secrets_component.iam.evaluator import (
    CallerPolicies,
    Reason,
    ResourcePolicies,
    Verdict,
    evaluate,
)
from secrets_component.iam.requests import ANONYMOUS, Request
from secrets_component.iam.statements import CompiledPolicy, PolicyKind, compile_policy

World = dict[str, Any]
Entry = dict[str, Any]
"""One request: principal, action, resource; context and owner where it has them."""

VERDICTS: Mapping[str, Reason] = {
    "Allowed": "allow",
    "ExplicitlyDenied": "explicit deny",
    "ImplicitlyDenied": "implicit deny",
}
"""The evaluator's words for the simulator's."""
_ENCRYPTION_CONTEXT = re.compile("kms:EncryptionContext:", re.IGNORECASE)
_STAND_IN = "aws:PrincipalTag/encryption-context-"
"""The simulator drops encryption contexts: it finds keys with a variable part only after a slash. A
tag is a text of one value as well, so that it stands in for them."""


def request_of(entry: Entry) -> Request:
    """Return a request as the evaluator takes it."""
    return Request(
        entry["principal"],
        entry["action"],
        entry["resource"],
        entry.get("context", {}),
        entry.get("owner"),
    )


def policies_of(world: World) -> tuple[CallerPolicies, ResourcePolicies]:
    """Compile the policies of a world."""
    boundary = _compiled(world, "boundary")
    own = _compiled(world, "resource")
    levels = []
    for number, level in enumerate(world.get("scps", [])):
        levels.append([compile_policy("scp", f"scp{number}", document) for document in level])

    caller = CallerPolicies(
        _compiled(world, "identity"),
        boundary[0] if boundary else None,
        _compiled(world, "session"),
        levels,
    )
    rcps = [compile_policy("rcp", "rcp", document) for document in world.get("rcps", [])]
    return caller, ResourcePolicies(own[0] if own else None, rcps)


def _compiled(world: World, kind: PolicyKind) -> list[CompiledPolicy]:
    documents = world.get(kind, [])
    return [compile_policy(kind, f"{kind}{n}", document) for n, document in enumerate(documents)]


def verdicts_of(world: World) -> Iterator[tuple[Entry, Verdict]]:
    """Yield each request of a world with the evaluator's verdict."""
    caller, resource = policies_of(world)
    for entry in world["requests"]:
        yield entry, evaluate(request_of(entry), caller, resource)


def simulation_of(world: World, entry: Entry) -> dict[str, Any]:
    """Return a request with its policies as the simulator takes it.

    The simulator adds nothing to the context by itself: what follows from the caller and the
    resource is written out.
    """
    request = request_of(entry)
    principal: Any = request.principal
    if principal == ANONYMOUS:
        principal = {"type": "Anonymous"}

    simulation: dict[str, Any] = {
        "request": {
            "principal": principal,
            "action": request.action,
            "resource": {"resource": request.resource, "accountId": request.owner},
            "contextVariables": _whole_context(request),
        },
        "identityPolicies": _named(world.get("identity", []), "identity"),
        "serviceControlPolicies": _levels(world.get("scps", [])),
        "resourceControlPolicies": _levels([[document] for document in world.get("rcps", [])]),
    }
    if "resource" in world:
        simulation["resourcePolicy"] = world["resource"][0]

    if "session" in world:
        simulation["sessionPolicy"] = world["session"][0]

    if "boundary" in world:
        simulation["permissionBoundaryPolicies"] = _named(world["boundary"], "boundary")

    text = _ENCRYPTION_CONTEXT.sub(_STAND_IN, json.dumps(simulation))
    renamed: dict[str, Any] = json.loads(text)
    return renamed


def _whole_context(request: Request) -> dict[str, Any]:
    context = dict(caller_facts(request))
    for key, value in request.context.items():
        context.pop(key.lower(), None)
        context[key] = value

    return context


def caller_facts(request: Request) -> dict[str, Any]:
    """Return what the evaluator knows of a request without being told."""
    found = {}
    for key in _OWN_KEYS:
        value = request.value(key)
        if value is not None:
            found[key] = value

    return found


_OWN_KEYS = (
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principalservicename",
    "aws:principaltype",
    "aws:resourceaccount",
    "aws:username",
)


def _named(documents: list[Any], name: str) -> list[dict[str, Any]]:
    return [{"name": f"{name}{n}", "policy": document} for n, document in enumerate(documents)]


def _levels(levels: list[Any]) -> list[dict[str, Any]]:
    return [
        {"orgIdentifier": f"level{number}", "policies": _named(level, f"level{number}-")}
        for number, level in enumerate(levels)
    ]
