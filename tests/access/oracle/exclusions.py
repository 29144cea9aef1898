"""Where the simulator is known to differ from AWS's documentation.

A request that meets one of these is counted, but not compared. Each rule is as narrow as it can be:
what it is about must decide the request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from secrets_component.iam.conditions import as_list
from secrets_component.iam.evaluator import Verdict
from secrets_component.iam.requests import Request, caller_of
from secrets_component.iam.statements import CompiledPolicy, CompiledStatement
from tests.access.oracle.cases import World, policies_of


@dataclass(frozen=True)
class Exclusion:
    """A known error of the simulator.

    Attributes:
        theirs: what the simulator does.
        source: where AWS documents something else.
        concerns: whether it can decide a request in a world, given the evaluator's verdict.
    """

    theirs: str
    source: str
    concerns: Callable[[World, Request, Verdict], bool]


def exclusion_of(world: World, request: Request, verdict: Verdict) -> str | None:
    """Return the name of the exclusion that a request meets, or None."""
    for name, exclusion in EXCLUSIONS.items():
        if exclusion.concerns(world, request, verdict):
            return name

    return None


def _session_policy_is_bypassed(world: World, request: Request, verdict: Verdict) -> bool:
    if not verdict.allowed or "session" not in world:
        return False

    caller, _ = policies_of(world)
    applying = list(_applying(list(caller.session), request))
    return not any(not statement.is_deny for statement in applying)


def _excepts_an_account(world: World, request: Request, _: Verdict) -> bool:
    caller = caller_of(request.principal)
    for statement in _applying(_own(world), request):
        principals = statement.principals
        if principals and principals.is_negated and principals.naming(caller) == "account":
            return True

    return False


def _has_unset_variable_in_not_resource(world: World, request: Request, _: Verdict) -> bool:
    caller, resource = policies_of(world)
    statements = [statement for _, statement in caller.about(request).others]
    statements += resource.about(request)
    for statement in statements:
        if not statement.is_not_resource or not statement.applies(request):
            continue

        for pattern in statement.resources.variable if statement.resources else ():
            if pattern.resolve(request) is None:
                return True

    return False


def _has_variable_in_old_version(world: World, _: Request, __: Verdict) -> bool:
    old = [document for document in _documents(world) if document["Version"] != "2012-10-17"]
    return "${" in json.dumps(old)


def _negates_unset_variable(world: World, request: Request, _: Verdict) -> bool:
    for operator, key, value in _conditions(world):
        if "Not" not in operator or request.value(key.lower()) is None:
            continue

        for variable in _VARIABLE.findall(value):
            if request.value(variable.lower()) is None:
                return True

    return False


def _compares_ip_versions(world: World, request: Request, _: Verdict) -> bool:
    for operator, key, value in _conditions(world):
        given = request.value(key.lower())
        is_single = operator.startswith("NotIpAddress") and "/" not in value
        if is_single and given and (":" in value) != (":" in given):
            return True

    return False


_VARIABLE = re.compile(r"\$\{([\w:/-]+)\}")


def _documents(world: World) -> Iterator[dict[str, Any]]:
    """Yield the documents of all policies of a world."""
    for kind in ("identity", "boundary", "session", "rcps", "resource"):
        yield from world.get(kind, [])

    for level in world.get("scps", []):
        yield from level


def _conditions(world: World) -> Iterator[tuple[str, str, str]]:
    """Yield each operator, key and value of all conditions."""
    for document in _documents(world):
        for statement in as_list(document["Statement"]):
            for operator, keys in statement.get("Condition", {}).items():
                for key, values in keys.items():
                    for value in as_list(values):
                        yield operator, key, value


def _own(world: World) -> list[CompiledPolicy]:
    _, resource = policies_of(world)
    return [resource.own] if resource.own else []


def _applying(policies: list[CompiledPolicy], request: Request) -> Iterator[CompiledStatement]:
    """Yield the statements that apply to a request, whoever makes it."""
    for policy in policies:
        for statement in policy.statements:
            if statement.is_about(request) and statement.applies(request):
                yield statement


EXCLUSIONS = {
    "session policy bypassed": Exclusion(
        "limits what a resource's policy grants to a session itself, or to everyone, by the "
        "session policy",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
        "reference_policies_evaluation-logic_policy-eval-denyallow.html (IAM role session)",
        _session_policy_is_bypassed,
    ),
    "account in NotPrincipal": Exclusion(
        "excepts every caller of an account that `NotPrincipal` names",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
        "reference_policies_elements_notprincipal.html (the example names a user and its account "
        "to except the user)",
        _excepts_an_account,
    ),
    "variable without a value in NotResource": Exclusion(
        "does not apply the statement",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html "
        "(policy variables with no value: such a resource matches no resource)",
        _has_unset_variable_in_not_resource,
    ),
    "variable in the old version": Exclusion(
        "replaces variables whatever the `Version` of the policy is",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html "
        "(without `Version` 2012-10-17 they are literal texts)",
        _has_variable_in_old_version,
    ),
    "negated variable without a value": Exclusion(
        "does not meet a negated condition on a variable without a value",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html "
        "(policy variables with no value: inverted operators match)",
        _negates_unset_variable,
    ),
    "NotIpAddress across versions": Exclusion(
        "does not meet `NotIpAddress` with a single address of the other version of IP",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
        "reference_policies_elements_condition_operators.html (all addresses except the given)",
        _compares_ip_versions,
    ),
}
