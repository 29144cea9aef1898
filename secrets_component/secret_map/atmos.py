"""Atmos's functions and templates: a map has neither, so each is reported with what to write.

Functions: https://atmos.tools/functions/yaml. Templates: https://atmos.tools/core-concepts/stacks/templates
"""

from __future__ import annotations

import re

DESCRIBE = "`atmos describe component {component} -s <stack>`"
"""The command whose output has every import, inheritance, function and template resolved."""

_OUTPUT = "write `${output.<component>.<name>}`"
_CONFIG = "write `${config.<key>}`"
_RESOLVED = "write what " + DESCRIBE.format(component="<component>") + " prints for it"
_INSTEAD = {
    "append": _RESOLVED,
    "aws": _RESOLVED,
    "cwd": _RESOLVED,
    "emulator": _RESOLVED,
    "env": "write `${env.<NAME>}`",
    "exec": _CONFIG,
    "git": _RESOLVED,
    "include": _RESOLVED,
    "labels": _RESOLVED,
    "literal": "write the text without it",
    "random": "write `generate_random_password: true` or `${random.<name>}`",
    "repo-root": _RESOLVED,
    "secret": _CONFIG,
    "store": f"{_OUTPUT} or `${{config.<key>}}`",
    "tags": _RESOLVED,
    "template": _RESOLVED,
    "terraform": _OUTPUT,
    "unset": "remove the key",
}
"""What to write instead of a function, by the first word of its name."""

# Compiled at first use, by `re` itself: most maps have neither, and `validate` must start fast.
_FUNCTION = rf"!((?:{'|'.join(_INSTEAD)})(?:\.[a-z._-]+)?)(?:\s|\Z)"
_TEMPLATE = r"(?s)\{\{.*?\}\}"

TEMPLATE_PROBLEM = (
    "templates (`{{ … }}`) are not rendered here, so this is stored as it is written; " + _RESOLVED
)


def function_problem(text: str) -> str | None:
    """Return what to write where a text begins with a function of Atmos's; None for other texts."""
    if not text.startswith("!"):
        return None

    found = re.match(_FUNCTION, text)
    if found is None:
        return None

    name = found[1]
    instead = _INSTEAD[name.partition(".")[0]]
    return f"Atmos's function `!{name}` is not run here; {instead}"


def has_template(text: str) -> bool:
    """Return whether a text contains a template of Atmos's."""
    return "{{" in text and re.search(_TEMPLATE, text) is not None
