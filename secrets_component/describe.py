"""Describes a plan as JSON data and as text, without any value of a secret."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from secrets_component.iam.grants import InlinePolicy, Kind
from secrets_component.planning.key_policies import statements_to_add
from secrets_component.planning.plan import (
    CreateTopic,
    HostedFunction,
    KeptKey,
    MapKey,
    NamedKey,
    NamedTopic,
    Plan,
    PlannedSecret,
)
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY

_OWNERS = {"map": "the map", "rotation": "rotation", "operator": "an operator"}


def describe(plan: Plan, next_rotations: Mapping[str, str]) -> dict[str, Any]:
    """Return a plan as JSON data: what will exist, and in which order.

    Args:
        plan: the plan.
        next_rotations: the next rotation dates by secret name; empty if AWS was not queried.
    """
    secrets = []
    access = {}
    for secret in plan.secrets.values():
        secrets.append(_secret(secret, next_rotations))
        if secret.grants:
            access[secret.key] = _access(secret)

    return {
        "secrets": secrets,
        "order": list(plan.order),
        "access": access,
        "key_policies": statements_to_add(plan),
        "alarms": _alarm_topic(plan),
    }


def _secret(secret: PlannedSecret, next_rotations: Mapping[str, str]) -> dict[str, Any]:
    return {
        "key": secret.key,
        "name": secret.name,
        "source": secret.source.kind,
        "owner": secret.owner,
        "kms_key": _kms_key(secret),
        "rotation": _rotation(secret, next_rotations),
        "on_rotate": [{restart.kind: str(restart.target)} for restart in secret.on_rotate],
        "replicas": _replicas(secret),
        "references": [str(reference) for reference in secret.references],
        "policy": _policy_source(secret),
    }


def _kms_key(secret: PlannedSecret) -> str | None:
    """Return the key as the map names it, or the alias of the key that the map creates."""
    match secret.kms_key:
        case NamedKey(template):
            return str(template)
        case MapKey(alias):
            return alias
        case _:
            return None


def _rotation(secret: PlannedSecret, next_rotations: Mapping[str, str]) -> dict[str, Any] | None:
    rotation = secret.rotation
    if rotation is None:
        return None

    described = {
        "function": str(rotation.function),
        "hosted": isinstance(rotation.function, HostedFunction),
        "schedule": str(rotation.schedule),
        "window": rotation.window,
        "immediately": rotation.immediately,
    }
    if secret.name in next_rotations:
        described["next"] = next_rotations[secret.name]

    return described


def _replicas(secret: PlannedSecret) -> list[dict[str, str | None]]:
    replicas: list[dict[str, str | None]] = []
    for replica in secret.replicas:
        key = None
        if isinstance(replica.kms_key, NamedKey):
            key = str(replica.kms_key.template)

        replicas.append({"region": replica.region, "kms_key": key})

    return replicas


def _policy_source(secret: PlannedSecret) -> str | None:
    """Return the name of the policy's template, or `inline` for a policy written in the map."""
    if secret.policy is None:
        return None

    if isinstance(secret.policy, InlinePolicy):
        return "inline"

    return secret.policy.template


def _access(secret: PlannedSecret) -> dict[str, list[str]]:
    return {"readers": _grantees(secret, "read"), "admins": _grantees(secret, "admin")}


def _grantees(secret: PlannedSecret, kind: Kind) -> list[str]:
    """Return the principals that the secret's grants list, each once, in the map's order."""
    principals: dict[str, None] = {}
    for grant in secret.grants:
        for grantee in grant.of(kind):
            principals[str(grantee.principal)] = None

    return list(principals)


def _alarm_topic(plan: Plan) -> str | None:
    match plan.alarms:
        case NamedTopic(template):
            return str(template)
        case CreateTopic():
            return "a topic created by the map"
        case None:
            return None


def lines(plan: Plan, next_rotations: Mapping[str, str]) -> Iterator[str]:
    """Yield a plan as text: one block per secret, then what existing keys' policies need."""
    count = len(plan.secrets)
    noun = "secret" if count == 1 else "secrets"
    yield f"{plan.name}: {count} {noun} in {plan.environment}"
    for secret in plan.in_order():
        yield f"  {secret.key}: {secret.name}"
        for label, text in _details(secret, next_rotations).items():
            if text:
                yield f"    {label}: {text}"

    for kms_key, statements in statements_to_add(plan).items():
        yield f"  add to the policy of the key {kms_key}, with your region and account:"
        yield from textwrap.indent(json.dumps(statements, indent=2), "    ").splitlines()


def _details(secret: PlannedSecret, next_rotations: Mapping[str, str]) -> dict[str, str | None]:
    """Return the texts of a secret's block by their labels; an empty one is not shown."""
    described = _secret(secret, next_rotations)
    rotation = described["rotation"] or {}
    access = _access(secret)
    return {
        "value": f"{secret.source.kind}, managed by {_OWNERS[secret.owner]}",
        "key": described["kms_key"] or _default_key(secret),
        "rotation": _rotation_text(rotation),
        "next rotation": rotation.get("next"),
        "restarts on rotation": ", ".join(str(restart.target) for restart in secret.on_rotate),
        "replicas": ", ".join(replica.region for replica in secret.replicas),
        "references": ", ".join(described["references"]),
        "policy": described["policy"],
        "readers": ", ".join(access["readers"]),
        "admins": ", ".join(access["admins"]),
    }


def _default_key(secret: PlannedSecret) -> str:
    """Return the text for a secret whose key the map does not choose."""
    if isinstance(secret.kms_key, KeptKey):
        return "unchanged (the imported secret's)"

    return f"AWS-managed ({AWS_MANAGED_KEY})"


def _rotation_text(rotation: Mapping[str, Any]) -> str | None:
    if not rotation:
        return None

    text = str(rotation["schedule"])
    if rotation["window"]:
        text += f" within {rotation['window']}"

    return f"{text} by {rotation['function']}"
