"""Policy templates: JSON with `${variable}`s, from `policies/` or from a user's own file."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from secrets_component.errors import MapSyntaxError, Position, Problem, did_you_mean
from secrets_component.iam import linter
from secrets_component.secret_map import yaml_text
from secrets_component.shipped import folder

VARIABLES = (
    "kms_key_arns",
    "organization_id",
    "principal_arns",
    "principals",
    "region",
    "secret_arns",
)
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_AWS_OWN = re.compile(r"[*?$]|[A-Za-z0-9-]+:.*")
"""IAM's own policy variables (`${aws:PrincipalTag/team}`, `${*}`) are no variables of a template.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html"""


class TemplateError(ValueError):
    """A template that cannot be filled in; the message names the variable."""


@functools.cache
def shipped(name: str) -> str:
    """Read a template of `policies/`, by its name without `.json.tpl`."""
    found = folder("policies")
    if found is None:
        msg = "the policy templates (`policies/`) are not installed; reinstall secretsmap"
        raise FileNotFoundError(msg)
    return (found / f"{name}.json.tpl").read_text("utf-8")


def fill(text: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Fill in a template and give its statements.

    A text that is one variable becomes its value; a list around which more text stands becomes a
    list of texts. What names a variable whose value is None is left out: a condition, or, with its
    resource, the whole statement.

    Args:
        text: the template.
        values: a value for each variable that the template names.

    Raises:
        TemplateError: the template names a variable that is unknown or has no value here.
    """
    statements = json.loads(text)["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    filled = (_filled(statement, values) for statement in listed)
    return [statement for statement in filled if "Resource" in statement and "Action" in statement]


def _filled(node: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 # any JSON value
    if isinstance(node, dict):
        filled = {key: _filled(value, values) for key, value in node.items()}
        return {key: value for key, value in filled.items() if value not in (None, {})}
    if isinstance(node, list):
        items = [_filled(item, values) for item in node]
        return [item for item in items if item is not None]
    return _text(node, values) if isinstance(node, str) else node


def _text(text: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 # the value of a variable
    for name in _variables(text):
        if name not in values:
            raise TemplateError(_unknown(name, values))
        value, written = values[name], f"${{{name}}}"
        if text == written or value is None:
            return value
        if isinstance(value, list):
            return [_text(text.replace(written, one), values) for one in value]
        text = text.replace(written, str(value))
    return text


def _variables(text: str) -> list[str]:
    return [name for name in _VARIABLE.findall(text) if not _AWS_OWN.fullmatch(name)]


def _unknown(name: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    if name in VARIABLES:
        return f"the template's variable `${{{name}}}` has no value here"
    names = ", ".join(f"`${{{one}}}`" for one in sorted(known))
    return (
        f"the template has an unknown variable `${{{name}}}`; known are {names}"
        f"{did_you_mean(name, known)}"
    )


def names_variable(text: str, name: str) -> bool:
    """Tell whether a template names a variable."""
    return name in _variables(text)


def needs_principals(text: str) -> bool:
    """Tell whether a template leaves it to the map to name principals."""
    statements = json.loads(text)["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    return names_variable(text, "principals") or any("Principal" not in one for one in listed)


def file_problems(path: Path, text: str) -> Iterator[Problem]:
    """Yield what is wrong with a template of a user's own, at its place in that file."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        place = Position(str(path), error.lineno, error.colno)
        yield Problem(place, f"the template is not JSON: {error.msg.lower()}")
        return
    for found in _VARIABLE.finditer(text):
        name = found[1]
        if name not in VARIABLES and not _AWS_OWN.fullmatch(name):
            line = text.count("\n", 0, found.start()) + 1
            column = found.start() - text.rfind("\n", 0, found.start())
            yield Problem(Position(str(path), line, column), _unknown(name, VARIABLES))
    try:
        positions: yaml_text.Document | None = yaml_text.parse(text, str(path))  # JSON is YAML
    except MapSyntaxError:  # but for a few corners, which only cost the place
        positions = None
    for inner, message in linter.findings(document, is_template=True):
        place = positions.position(inner) if positions else Position(str(path), 1, 1)
        yield Problem(place, message)
