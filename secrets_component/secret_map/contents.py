"""What the strings and numbers of a map would not become: found before anything is stored.

The fields' types know what a field may be. This module looks at what people write into one and
mean otherwise: a reference where none is filled in, a function or template of Atmos's, a number
that JSON spells differently.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from secrets_component.errors import KeyPath, Report
from secrets_component.secret_map.atmos import TEMPLATE_PROBLEM, function_problem, has_template
from secrets_component.secret_map.forms import Instance
from secrets_component.secret_map.plain_text import warn_of_plain_text
from secrets_component.secret_map.walk import nodes
from secrets_component.secret_map.yaml_text import Data

_TAKES_REFERENCES = frozenset(
    {
        "admins",
        "default_kms_key_id",
        "ecs_service",
        "kms_key_id",
        "lambda",
        "principals",
        "readers",
        "rotation_lambda_arn",
        "secret_binary",
        "secret_data",
        "security_group_ids",
        "subnet_ids",
        "superuser_secret_arn",
        "topic_arn",
    }
)
"""Fields whose references are filled in, wherever they are in a map."""

_FREE_TEXT = frozenset({"Statement", "description", "keepers", "override_special", "tags"})
"""Fields that may hold any other `${…}`, such as a policy variable of IAM's."""

_STORED_AS_TEXT = frozenset({"keepers", "secret_data", "tags"})
"""Fields whose numbers are stored in a text."""

_WITH_LABELS = ("paths", "random", "stacks")
"""Fields whose keys are no fields, but names that the map chooses."""

_BLOCKS = ("defaults", "secrets")
_REFERENCE = r"(?<!\$)\$\{(?:output|random|config|env|file)\."  # compiled at first use
_NO_REFERENCES = "takes no references, so `${…}` would stay as it is; write the value itself"
_RESPELLED = (
    "is a number that JSON would write differently; write it in quotes (`'…'`) to "
    "store it exactly as it is"
)


def check_contents(instance: Instance, report: Report) -> None:
    """Report what the strings and numbers of a map would not become.

    Secrets in plain text are a warning in a file only: a program may have them from elsewhere.
    """
    is_text = instance.document.is_text
    blocks: dict[KeyPath, Data] = {(): instance.data}
    blocks["defaults",] = instance.data.get("defaults")
    entries = instance.data.get("secrets")
    if isinstance(entries, dict):
        blocks |= {("secrets", key): entry for key, entry in entries.items()}

    for path, block in blocks.items():
        if not isinstance(block, dict):
            continue

        _check_block(instance, block, path, report)
        if path and is_text:
            warn_of_plain_text(str(path[-1]), block, path, report)


def _check_block(
    instance: Instance, block: Mapping[str, Data], path: KeyPath, report: Report
) -> None:
    """Check the fields of an entry, of the defaults or of the map."""
    if path and "${" in str(path[-1]):
        report.error(path, _NO_REFERENCES)

    for field, value in block.items():
        place = (*path, field)
        if isinstance(value, str):
            may_refer = "{" in value or value.startswith("!")
            if may_refer:
                _check_string(value, place, report)

            continue

        is_nested = isinstance(value, (dict, list))
        if is_nested and field not in _BLOCKS:
            _check_inside(instance, value, place, report)


def _check_inside(instance: Instance, value: Data, path: KeyPath, report: Report) -> None:
    for place, inner in nodes(value, path):
        key = place[-1]
        if isinstance(inner, str):
            _check_string(inner, place, report)
        elif isinstance(inner, int | float):
            _check_number(instance, place, report)

        if not isinstance(key, str):
            continue

        if _is_unwanted_reference(key, place[:-1]):
            report.error(place, _NO_REFERENCES)


def _check_string(text: str, path: KeyPath, report: Report) -> None:
    problem = function_problem(text)
    if problem:
        report.error(path, problem, at_value=True)

    if has_template(text):
        report.warn(path, TEMPLATE_PROBLEM, at_value=True)

    if _is_unwanted_reference(text, path):
        report.error(path, _NO_REFERENCES, at_value=True)


def _check_number(instance: Instance, path: KeyPath, report: Report) -> None:
    is_stored = not _STORED_AS_TEXT.isdisjoint(_fields(path))
    if is_stored and instance.is_respelled(path):
        report.warn(path, _RESPELLED, at_value=True)


def _is_unwanted_reference(text: str, path: KeyPath) -> bool:
    """Return whether a text at a path has a reference that is not filled in."""
    if "${" not in text:
        return False

    fields = _fields(path)
    if not _TAKES_REFERENCES.isdisjoint(fields):
        return False

    is_policy = fields == ["policy"]
    if is_policy or not _FREE_TEXT.isdisjoint(fields):
        return re.search(_REFERENCE, text) is not None

    return True


def _fields(path: KeyPath) -> list[str]:
    """Return the names of the fields that something at a path is in; other keys are left out."""
    if path[:1] == ("secrets",):
        path = path[2:]

    fields: list[str] = []
    is_label = False
    for step in path:
        if is_label or isinstance(step, int):
            is_label = False
            continue

        fields.append(step)
        if step in _FREE_TEXT:
            break

        is_label = step in _WITH_LABELS

    return fields
