"""A seed → a map with every feature, damaged in a few places."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import yaml

from tests.conftest import ROOT

NEEDLE = "Zq7%Needle Of!A=Secret"
"""A value that nobody could take for a name; no error may hold any part of it."""
TELLTALE = "Needle"

_MAPS = [
    *(ROOT / "stacks").glob("*.yaml"),
    *(ROOT / "tests" / "maps").glob("*.yaml"),
    *(ROOT / "tests" / "maps" / "invalid").glob("*.yaml"),
]
_DEEP = "[" * 3000 + "]" * 3000
_LEVELS = 400
_ODD: list[Any] = [
    *(None, True, 0, -1, 10**30, 1.5, float("inf"), "", " ", "a", "a/b", "/", "é", "\x00"),
    *([], {}, [[]], {"": ""}, {"a": {"b": {}}}, ["a", None], {"a": [{"b": 1}]}),
    *("${", "${}", "$${a}", "${output.a.b}", "${output.rds.host[0].x}", "${random.password}"),
    *("${output.secretsmanager.secret_arns.a}", "${config.a:b}", "${env}", "x${random.a}y${b}"),
    *("arn:aws:iam::111122223333:role/r", "alias/x", "arn:::::", "*", "rate(1 day)", "cron()"),
    *("postgres://u:${random.a}@h/d", '{"a": "${output.a.b}"}', '{"a": ${output.a.b}}', "{"),
    *("YQ==", "../../etc/passwd", "policies/none.json", "Key=${random.a};Host=b", "3h"),
    *(_DEEP, '{"a":' * 3000, "[1,[1," * 1500, "9" * 5000),
    *("[" * _LEVELS + "]" * _LEVELS, '{"a":' * _LEVELS + "1" + "}" * _LEVELS),
    *('{"Statement": [{"Effect": "Allow"}]}', '{"Statement": {"Principal": [1]}}'),
    *('{"Statement": [{"Condition": {"Bool": []}}]}', '{"Statement": [[], null]}'),
    *(NEEDLE, f"${{{NEEDLE}}}", f"a${{b}}{NEEDLE}", f"${{output.{NEEDLE}}}", f"{NEEDLE}/a"),
    *(f"${{random.{NEEDLE}}}", f"{{{NEEDLE}", f"arn:aws:iam::1:role/{NEEDLE}", f"{NEEDLE}.json"),
    *(f"${{output.secretsmanager.secret_arns.{NEEDLE}}}", f"cron({NEEDLE})", f"alias/{NEEDLE}"),
    *({NEEDLE: NEEDLE}, [NEEDLE], {"a": NEEDLE}, f'{{"a": "{NEEDLE}"', f'{{"{NEEDLE}": 1}}'),
]
_BLOCKS: list[dict[str, Any]] = [
    {"policy": json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": NEEDLE}]})},
    {"policy": {"template": NEEDLE, "principals": [NEEDLE]}},
    {"policy": {"template": "cross-account-secret-policy", "principals": ["111122223333"]}},
    {"import": NEEDLE, "owner": "operator"},
    {"renamed_from": NEEDLE},
    {"replicas": [{"region": NEEDLE, "kms_key_id": NEEDLE}]},
    {"on_rotate": [{"lambda": NEEDLE}, {"ecs": {"cluster": NEEDLE}}]},
    {"rotation_automatically": True, "rotation": {"function": "postgres-single-user"}},
    {"rotation_automatically": True, "rotation_schedule": NEEDLE},
    {"random": {"a": {"length": NEEDLE, "keepers": {NEEDLE: NEEDLE}}}},
]
"""Fields that only mean something together."""


def damaged(seed: int) -> str:
    """Return the map of a seed, as YAML text."""
    chosen = random.Random(seed)  # noqa: S311 # damage, not secrets
    data = yaml.safe_load(chosen.choice(_texts()))
    for _ in range(chosen.randint(1, 4)):
        places = list(_places(data))
        if places:
            _damage(chosen, *chosen.choice(places))

    text: str = yaml.dump(data, sort_keys=False, allow_unicode=True, width=10**6)
    if chosen.random() < 0.2:
        start = chosen.randrange(len(text))
        text = (
            text[:start]
            + chosen.choice(["{", "}", "&a ", "*a", "!b ", "\n", ""])
            + text[start + 1 :]
        )

    return text


def damaged_template(seed: int) -> str:
    """Return the policy template of a seed, as JSON text."""
    chosen = random.Random(seed)  # noqa: S311 # damage, not secrets
    text = chosen.choice(sorted((ROOT / "policies").glob("*.tpl"))).read_text("utf-8")
    for _ in range(chosen.randint(1, 3)):
        start = chosen.randrange(len(text))
        end = start + chosen.randint(0, 20)
        put = chosen.choice([*(one for one in _ODD if isinstance(one, str)), text[start:end] * 2])
        text = text[:start] + put + text[end:]

    return text


@cache
def _texts() -> list[str]:
    texts = [path.read_text("utf-8") for path in sorted(_MAPS)]
    return [text for text in texts if _is_mapping(text)]


def _is_mapping(text: str) -> bool:
    try:
        return isinstance(yaml.safe_load(text), dict)
    except yaml.YAMLError:
        return False


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each container of the data with each of its keys or indexes."""
    steps: list[Any] = []
    if isinstance(node, dict):
        steps = list(node)
    elif isinstance(node, list):
        steps = list(range(len(node)))

    for step in steps:
        yield node, step
        yield from _places(node[step])


def _damage(chosen: random.Random, container: Any, step: Any) -> None:
    """Change one place: its value, its key, or what is beside it."""
    value = container[step]
    how = chosen.random()
    if isinstance(value, dict) and how < 0.3:
        value.update(deepcopy(chosen.choice(_BLOCKS)))
    elif isinstance(container, dict) and how < 0.45:
        del container[step]
        container[chosen.choice([NEEDLE, "a.b", "", "name", "policy", "secrets", f"{step}s"])] = (
            value
        )
    elif isinstance(container, dict) and how < 0.55:
        container[chosen.choice(["a", "name", "owner", NEEDLE])] = deepcopy(chosen.choice(_ODD))
    else:
        container[step] = deepcopy(chosen.choice(_ODD))
