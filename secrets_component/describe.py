"""A plan as JSON data and as text; never a value of a secret."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from secrets_component.iam.grants import KINDS, InlinePolicy, Kind
from secrets_component.planning.key_policies import statements_to_add
from secrets_component.planning.plan import (
    HostedFunction,
    KmsKey,
    MapKey,
    NamedKey,
    NamedTopic,
    Plan,
    PlannedSecret,
)
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY


def describe(plan: Plan, next_rotations: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Give a plan as JSON data: what will exist, and in which order; no values.

    Args:
        plan: the plan.
        next_rotations: when AWS rotates next, by the secrets' names, where it was asked.
    """
    return {
        "secrets": [
            _described(secret, plan, next_rotations or {}) for secret in plan.secrets.values()
        ],
        "order": list(plan.order),
        "access": {
            secret.key: {_WORDS[kind]: _grantees(secret, kind) for kind in KINDS}
            for secret in plan.secrets.values()
            if secret.grants
        },
        "key_policies": statements_to_add(plan),
        "alarms": _alarms(plan),
    }


def _alarms(plan: Plan) -> str | None:
    if plan.alarms is None:
        return None
    if isinstance(plan.alarms, NamedTopic):
        return str(plan.alarms.template)
    return "a topic of the map's own"


def _grantees(secret: PlannedSecret, kind: Kind) -> list[str]:
    found = (g.principal for grant in secret.grants for g in grant.of(kind))
    return list(dict.fromkeys(map(str, found)))


_WORDS: dict[Kind, str] = {"read": "readers", "admin": "admins"}


def _described(
    secret: PlannedSecret, plan: Plan, next_rotations: Mapping[str, str]
) -> dict[str, Any]:
    rotation = secret.rotation
    return {
        "key": secret.key,
        "name": secret.name,
        "source": secret.source.kind,
        "owner": secret.owner,
        "kms_key": _key(secret),
        "rotation": None
        if rotation is None
        else {
            "function": str(rotation.function),
            "hosted": isinstance(rotation.function, HostedFunction),
            "schedule": str(rotation.schedule),
            "window": rotation.window,
            "immediately": rotation.immediately,
            **({"next": next_rotations[secret.name]} if secret.name in next_rotations else {}),
        },
        "on_rotate": [{restart.kind: str(restart.target)} for restart in secret.on_rotate],
        "replicas": [{"region": r.region, "kms_key": _named(r.kms_key)} for r in secret.replicas],
        "references": [str(reference) for reference in secret.references],
        "policy": _policy(secret),
    }


def _key(secret: PlannedSecret) -> str | None:
    if isinstance(secret.kms_key, MapKey):
        return secret.kms_key.alias
    return _named(secret.kms_key)


def _named(key: KmsKey) -> str | None:
    return str(key.template) if isinstance(key, NamedKey) else None


def _policy(secret: PlannedSecret) -> str | None:
    if secret.policy is None:
        return None
    return "inline" if isinstance(secret.policy, InlinePolicy) else secret.policy.template


def _rotation_lines(secret: Mapping[str, Any]) -> Iterator[str]:
    if rotation := secret["rotation"]:
        window = f" in {rotation['window']}" if rotation["window"] else ""
        yield f"    rotation: {rotation['schedule']}{window} by {rotation['function']}"
        if "next" in rotation:
            yield f"    next rotation: {rotation['next']}"
    if restarts := [target for one in secret["on_rotate"] for target in one.values()]:
        yield f"    restarts on rotation: {', '.join(restarts)}"


def lines(plan: Plan, next_rotations: Mapping[str, str]) -> list[str]:
    """Lay a plan out for people: one block per secret."""
    count = len(plan.secrets)
    found = [f"{plan.name}: {count} secret{'' if count == 1 else 's'} in {plan.environment}"]
    for key in plan.order:
        secret = _described(plan.secrets[key], plan, next_rotations)
        found.append(f"  {key}: {secret['name']}")
        found.append(f"    value: {secret['source']}, written by {secret['owner']}")
        unsaid = "its own" if plan.secrets[key].import_ else f"AWS-managed ({AWS_MANAGED_KEY})"
        found.append(f"    key: {secret['kms_key'] or unsaid}")
        found += _rotation_lines(secret)
        if secret["replicas"]:
            found.append(f"    replicas: {', '.join(r['region'] for r in secret['replicas'])}")
        if secret["references"]:
            found.append(f"    references: {', '.join(secret['references'])}")
        if secret["policy"]:
            found.append(f"    policy: {secret['policy']}")
        for kind in KINDS:
            if grantees := _grantees(plan.secrets[key], kind):
                found.append(f"    {_WORDS[kind]}: {', '.join(grantees)}")
    for kms_key, statements in statements_to_add(plan).items():
        found.append(f"  add to the policy of the key {kms_key}, with your region and account:")
        found += textwrap.indent(json.dumps(statements, indent=2), "    ").splitlines()
    return found
