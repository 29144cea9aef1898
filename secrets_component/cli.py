"""`python -m secrets_component`: check a map, show its plan, print the map's JSON Schema.

Nothing here needs Pulumi or AWS, and no value of a secret is ever printed.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from secrets_component.errors import MapFileError, Problem, SecretMapError
from secrets_component.iam.grants import KINDS, InlinePolicy, Kind
from secrets_component.planning.key_policies import statements_to_add
from secrets_component.planning.plan import HostedFunction, Plan, PlannedSecret
from secrets_component.planning.planner import load_plans
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY

if TYPE_CHECKING:
    from secrets_component.account import HeldSecret

GOOD, WRONG_MAP, WRONG_USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 where all is good, 1 for errors in a map, 2 for wrong usage or an unreadable file.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        sys.stderr.close()
        return GOOD


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m secrets_component", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--environment",
        metavar="E",
        help="the environment of maps that do not name theirs (`pulumi up` takes the stack's)",
    )

    validate = commands.add_parser(
        "validate", parents=[common], help="check maps; errors go to stderr"
    )
    validate.add_argument("files", nargs="+", metavar="FILE")
    validate.add_argument(
        "--filled",
        action="store_true",
        help="ask AWS too: an entry that someone else fills and that has no value is an error",
    )
    validate.set_defaults(run=_validate)

    plan = commands.add_parser(
        "plan", parents=[common], help="show what a map will create, without any value"
    )
    plan.add_argument("file", metavar="FILE")
    plan.add_argument("--json", action="store_true", help="print JSON instead of a table")
    plan.add_argument("--live", action="store_true", help="ask AWS too: when each rotates next")
    plan.set_defaults(run=_plan)

    schema = commands.add_parser("schema", help="print the JSON Schema of a map")
    schema.set_defaults(run=_schema)
    return parser


def _validate(options: argparse.Namespace) -> int:
    worst = GOOD
    for file in options.files:
        plans, code = _load(file, options.environment)
        worst = max(worst, code)
        for plan in plans.values():
            for warning in plan.warnings:
                print(warning, file=sys.stderr)
            if options.filled:
                worst = max(worst, _check_filled(plan))
    return worst


def _held(plan: Plan) -> dict[str, HeldSecret] | None:
    """Ask the account what it holds of a plan, or tell why it cannot be asked."""
    from secrets_component.account import Account, AccountError  # noqa: PLC0415 # slow to import

    try:
        return Account().held(plan)
    except AccountError as error:
        print(f"error: AWS cannot be asked: {error}", file=sys.stderr)
        return None


def _check_filled(plan: Plan) -> int:
    """Tell which entries that the map does not fill have no value in the account."""
    held = _held(plan)
    if held is None:
        return WRONG_USAGE
    code = GOOD
    for secret in plan.secrets.values():
        found = held.get(secret.name)
        if secret.owner == "map" and secret.source.kind not in ("none", "imported"):
            continue
        if found is None or not found.is_filled:
            fill = f"fill it with `aws secretsmanager put-secret-value --secret-id {secret.name} …`"
            state = "is not there yet; deploy the map, then" if found is None else "is empty;"
            problem = Problem(plan.position(secret.key), f"`{secret.name}` {state} {fill}")
            print(problem, file=sys.stderr)
            code = WRONG_MAP
    return code


def _plan(options: argparse.Namespace) -> int:
    plans, code = _load(options.file, options.environment)
    if code != GOOD:
        return code
    next_rotations: dict[str, str] = {}
    if options.live:
        for plan in plans.values():
            held = _held(plan)
            if held is None:
                return WRONG_USAGE
            next_rotations |= {
                name: secret.next_rotation for name, secret in held.items() if secret.next_rotation
            }
    if options.json:
        described = {i: describe(plan, next_rotations) for i, plan in plans.items()}
        single = next(iter(described.values())) if len(described) == 1 else described
        print(json.dumps(single, indent=2, ensure_ascii=False))
    else:
        print("\n\n".join("\n".join(_lines(plan, next_rotations)) for plan in plans.values()))
    return GOOD


def _schema(_: argparse.Namespace) -> int:
    from secrets_component.secret_map.schema import map_schema  # noqa: PLC0415 # only this command needs it

    print(json.dumps(map_schema(), indent=2, ensure_ascii=False))
    return GOOD


def _load(file: str, environment: str | None) -> tuple[dict[str, Plan], int]:
    """Load a file's plans, or tell what is wrong and give the exit code."""
    try:
        return load_plans(file, environment), GOOD
    except SecretMapError as error:
        print(error, file=sys.stderr)
        return {}, WRONG_MAP
    except MapFileError as error:
        print(error, file=sys.stderr)
        return {}, WRONG_USAGE
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return {}, WRONG_USAGE


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
    return str(plan.alarms.topic) if plan.alarms.topic else "a topic of the map's own"


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
        "kms_key": _key(secret, plan),
        "rotation": None
        if rotation is None
        else {
            "function": str(rotation.function),
            "hosted": isinstance(rotation.function, HostedFunction),
            "schedule": rotation.schedule or f"rate({rotation.days} days)",
            "window": rotation.window,
            "immediately": rotation.immediately,
            **({"next": next_rotations[secret.name]} if secret.name in next_rotations else {}),
        },
        "on_rotate": [{restart.kind: str(restart.target)} for restart in secret.on_rotate],
        "replicas": [
            {"region": r.region, "kms_key": str(r.kms_key) if r.kms_key else None}
            for r in secret.replicas
        ],
        "references": [str(reference) for reference in secret.references],
        "policy": _policy(secret),
    }


def _key(secret: PlannedSecret, plan: Plan) -> str | None:
    if secret.kms_key:
        return str(secret.kms_key)
    return plan.created_key.alias if plan.created_key and not secret.import_ else None


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


def _lines(plan: Plan, next_rotations: Mapping[str, str]) -> list[str]:
    """Lay a plan out for people: one block per secret."""
    count = len(plan.secrets)
    lines = [f"{plan.name}: {count} secret{'' if count == 1 else 's'} in {plan.environment}"]
    for key in plan.order:
        secret = _described(plan.secrets[key], plan, next_rotations)
        lines.append(f"  {key}: {secret['name']}")
        lines.append(f"    value: {secret['source']}, written by {secret['owner']}")
        unsaid = "its own" if plan.secrets[key].import_ else f"AWS-managed ({AWS_MANAGED_KEY})"
        lines.append(f"    key: {secret['kms_key'] or unsaid}")
        lines += _rotation_lines(secret)
        if secret["replicas"]:
            lines.append(f"    replicas: {', '.join(r['region'] for r in secret['replicas'])}")
        if secret["references"]:
            lines.append(f"    references: {', '.join(secret['references'])}")
        if secret["policy"]:
            lines.append(f"    policy: {secret['policy']}")
        for kind in KINDS:
            if grantees := _grantees(plan.secrets[key], kind):
                lines.append(f"    {_WORDS[kind]}: {', '.join(grantees)}")
    for kms_key, statements in statements_to_add(plan).items():
        lines.append(f"  add to the policy of the key {kms_key}, with your region and account:")
        lines += textwrap.indent(json.dumps(statements, indent=2), "    ").splitlines()
    return lines
