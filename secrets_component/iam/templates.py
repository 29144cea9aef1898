"""Policy templates: JSON with `${variable}`s, from `policies/` or from a custom file."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from secrets_component.errors import MapSyntaxError, Position, Problem, did_you_mean, shown
from secrets_component.iam import linter
from secrets_component.iam.grants import Kind
from secrets_component.iam.json_text import JsonTextError, parse_json
from secrets_component.secret_map import yaml_text
from secrets_component.shipped import folder

VARIABLES = (
    "dns_suffix",
    "kms_key_arns",
    "organization_id",
    "principal_arns",
    "principals",
    "region",
    "secret_arns",
)
RESOURCE_POLICY_VARIABLES = ("organization_id", "principal_arns", "principals", "secret_arns")
"""Those that have a value in the resource policy of a secret, where a map names a template."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_AWS_OWN = re.compile(r"[*?$]|[A-Za-z0-9-]+:.*")
"""IAM's own policy variables (`${aws:PrincipalTag/team}`, `${*}`), which a template keeps.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html"""

_READING_ACTIONS = frozenset(
    ("secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue")
)
_WRITING_ACTIONS = frozenset(("secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret"))
"""The actions that decrypt and encrypt with the caller's right to use the key.
https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html"""

_ESSENTIAL = frozenset(("Action", "NotAction", "Resource", "NotResource"))


class TemplateError(ValueError):
    """A template that cannot be filled in; the message names the variable."""


@functools.cache
def shipped(name: str) -> str:
    """Return a template of `policies/`, by its name without `.json.tpl`."""
    found = folder("policies")
    if found is None:
        msg = "the policy templates (`policies/`) are not installed; reinstall secretsmap"
        raise FileNotFoundError(msg)

    return (found / f"{name}.json.tpl").read_text("utf-8")


def fill(text: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Fill in a template and return its statements.

    A string that is one variable becomes its value; where a list is only a part of a string, the
    string becomes a list of strings. What names a variable whose value is None is left out: a
    condition, or, with its resource or action, the whole statement.

    Args:
        text: the template.
        values: a value for each variable that the template names.

    Raises:
        TemplateError: the template names a variable that is unknown or has no value here.
    """
    found: list[dict[str, Any]] = []
    for statement in _statements(text):
        filled = _filled_block(statement, values)
        if _ESSENTIAL.isdisjoint(statement.keys() - filled.keys()):
            found.append(filled)

    return found


def _statements(text: str) -> list[Any]:
    return listed(parse_json(text)["Statement"])


def listed(statements: Any) -> list[Any]:  # noqa: ANN401 # any JSON value
    """Return the statements of a document, where a single one needs no list around it."""
    if isinstance(statements, list):
        return statements

    return [statements]


def _filled_node(node: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 # any JSON value
    if isinstance(node, str):
        return _filled_text(node, values)

    if isinstance(node, list):
        return _filled_list(node, values)

    if isinstance(node, dict):
        return _filled_block(node, values)

    return node


def _filled_block(block: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with its values filled in, without those of which nothing is left.

    What a template itself leaves empty stays: a condition without values allows nothing.
    """
    found: dict[str, Any] = {}
    for key, node in block.items():
        filled = _filled_node(node, values)
        if filled in (None, {}, []) and filled != node:
            continue

        found[key] = filled

    return found


def _filled_list(nodes: list[Any], values: Mapping[str, Any]) -> list[Any]:
    """Return a list with its items filled in; a variable's list joins the list that it is in."""
    found: list[Any] = []
    for node in nodes:
        filled = _filled_node(node, values)
        if isinstance(filled, list):
            found += filled
        elif filled is not None:
            found.append(filled)

    return found


def _filled_text(text: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 # the value of a variable
    for name in _variables(text):
        if name not in values:
            raise TemplateError(_unknown(name, values))

        value, written = values[name], f"${{{name}}}"
        if text == written or value is None:
            return value

        if isinstance(value, list):
            return [_filled_text(text.replace(written, one), values) for one in value]

        text = text.replace(written, str(value))

    return text


def _variables(text: str) -> list[str]:
    variables: list[str] = []
    for name in _VARIABLE.findall(text):
        is_of_aws = _AWS_OWN.fullmatch(name) is not None
        if not is_of_aws:
            variables.append(name)

    return variables


def _unknown(name: str, known: Iterable[str]) -> str:
    if name in VARIABLES:
        return f"the template's variable `${{{name}}}` has no value here"

    names = ", ".join(f"`${{{one}}}`" for one in sorted(known))
    hint = did_you_mean(name, known)
    written = f" `${{{name}}}`" if shown(name) else ""
    return f"the template has an unknown variable{written}; known are {names}{hint}"


def names_variable(text: str, name: str) -> bool:
    """Return whether a template names a variable."""
    return name in _variables(text)


def needs_principals(text: str) -> bool:
    """Return whether a template leaves it to the map to name principals."""
    if names_variable(text, "principals") or names_variable(text, "principal_arns"):
        return True

    return any(not has_principal(statement) for statement in _statements(text))


def use_of_values(text: str) -> Kind | None:
    """Return whether a template lets the map's principals read values, or also write them.

    Returns:
        `read`, `admin` for writing, or None where it allows neither.
    """
    actions: set[str] = set()
    for statement in _statements(text):
        if statement.get("Effect") == "Allow" and _is_for_the_maps_principals(statement):
            actions.update(listed(statement.get("Action", [])))

    if not _WRITING_ACTIONS.isdisjoint(actions):
        return "admin"

    if not _READING_ACTIONS.isdisjoint(actions):
        return "read"

    return None


def _is_for_the_maps_principals(statement: Mapping[str, Any]) -> bool:
    if not has_principal(statement):
        return True

    texts = json.dumps(statement)
    return "${principals}" in texts or "${principal_arns}" in texts


def has_principal(statement: Mapping[str, Any]) -> bool:
    """Return whether a statement itself names who it applies to."""
    return "Principal" in statement or "NotPrincipal" in statement


def file_problems(path: Path, text: str) -> Iterator[Problem]:
    """Yield what is wrong with a custom template, at its place in that file."""
    file = str(path)
    try:
        document = parse_json(text)
    except JsonTextError as error:
        place = Position(file, error.line, error.column)
        yield Problem(place, f"the template is not JSON: {error}")
        return

    yield from _unknown_variables(file, text)
    try:
        positions: yaml_text.Document | None = yaml_text.parse_yaml(text, file)  # JSON is YAML
    except MapSyntaxError:  # except in a few corner cases, which only cost the place
        positions = None

    for inner, message in linter.findings(document, is_template=True):
        place = Position(file, 1, 1)
        if positions:
            place = positions.position(inner)

        yield Problem(place, message)


def _unknown_variables(file: str, text: str) -> Iterator[Problem]:
    for found in _VARIABLE.finditer(text):
        name = found[1]
        if name in RESOURCE_POLICY_VARIABLES or _AWS_OWN.fullmatch(name):
            continue

        message = _unknown(name, RESOURCE_POLICY_VARIABLES)
        if name in VARIABLES:
            message = (
                f"`${{{name}}}` has no value in the resource policy of a secret, so that the "
                "condition with it would not hold; write its value here"
            )

        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        yield Problem(Position(file, line, column), message)
