"""Random worlds of policies and requests, each the same for the same seed and number."""

from __future__ import annotations

from typing import Any

from tests.access.oracle.cases import Entry, World
from tests.access.oracle.universe import (
    BOOLEANS,
    CALLERS,
    HERE,
    LISTS,
    RESOURCES,
    SERVICES,
    THERE,
    TYPED,
    WEIGHTS,
    Dice,
    keys_of,
)
from tests.access.oracle.writer import PolicyWriter

REQUESTS_PER_WORLD = 8


def world(seed: int, number: int) -> World:
    """Return one of the worlds of a seed."""
    dice = Dice(f"{seed}/{number}")
    kind = dice.weighted(WEIGHTS)
    caller = dice.weighted(CALLERS)
    owner = HERE
    if dice.chance(0.3) and kind != "none":
        owner = THERE

    requests = [_request(dice, kind, caller, owner) for _ in range(REQUESTS_PER_WORLD)]
    writer = PolicyWriter(dice, kind, requests)
    found: World = {"requests": requests}
    is_identity = caller.startswith("arn:")
    if is_identity and dice.chance(0.85):
        found["identity"] = [writer.document("identity") for _ in range(dice.randint(1, 2))]

    if is_identity and "federated" not in caller and dice.chance(0.25):
        found["boundary"] = [writer.document("boundary")]

    if ("role" in caller and dice.chance(0.2)) or "federated" in caller:
        found["session"] = [writer.document("session")]

    if is_identity and dice.chance(0.3):
        found["scps"] = [writer.level() for _ in range(dice.randint(1, 3))]

    if dice.chance(0.2):
        found["rcps"] = [writer.document("rcp")]

    if kind in ("key", "role") or (kind != "none" and dice.chance(0.7)):
        found["resource"] = [writer.document("resource")]

    return found


def _request(dice: Dice, kind: str, caller: str, owner: str) -> Entry:
    form, names, actions = RESOURCES[kind]
    action = dice.choice(actions)
    if ":" not in action:
        action = f"{SERVICES[kind]}:{action}"

    entry: Entry = {
        "principal": caller,
        "action": action,
        "resource": form.format(owner=owner, name=dice.choice(names)),
    }
    if kind in ("bucket", "object"):
        entry["owner"] = owner

    if kind == "none" and not caller.startswith("arn:"):
        entry["owner"] = owner

    context = _context(dice, kind)
    if context:
        entry["context"] = context

    return entry


def _context(dice: Dice, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, values in keys_of(kind).items():
        if dice.chance(0.2):
            found[key] = dice.choice(values)

    for key, values in LISTS.items():
        if dice.chance(0.1):
            found[key] = dice.some(values, 2)

    for key in BOOLEANS:
        if dice.chance(0.2):
            found[key] = dice.choice(("true", "false"))

    for key, make in TYPED.items():
        if dice.chance(0.1):
            found[key] = make(dice)

    return found
