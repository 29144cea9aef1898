"""What a run must do with the map, or the template, of any seed."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from secrets_component.errors import SecretMapError
from secrets_component.planning.planner import plans
from secrets_component.secret_map.yaml_text import parse_yaml
from tests.fuzz.mutations import TELLTALE, damaged, damaged_template

MAX_SECONDS = 10
_MAP = """\
context_name: app
secrets: {a: {secret_data: v, policy: {template: own.json, principals: ["111122223333"]}}}
"""


def finding(seed: int) -> str | None:
    """Return what is wrong with how a seed is met, or None.

    Every third seed is a policy template.
    """
    begun = time.monotonic()
    try:
        said = _answer(seed)
    except Exception as error:  # noqa: BLE001 # whatever a user would see as a traceback
        return f"seed {seed}: {type(error).__name__}"

    if TELLTALE in said:
        return f"seed {seed}: a message holds a value"

    if time.monotonic() - begun > MAX_SECONDS:
        return f"seed {seed}: took over {MAX_SECONDS} s"

    return None


def _answer(seed: int) -> str:
    """Return all errors and warnings about the map of a seed."""
    if seed % 3:
        return _messages(damaged(seed), "map.yaml")

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "own.json").write_text(damaged_template(seed), "utf-8")
        return _messages(_MAP, f"{folder}/map.yaml")


def _messages(text: str, file: str) -> str:
    try:
        made = plans(parse_yaml(text, file))
    except SecretMapError as error:
        return str(error)

    return "\n".join(str(warning) for plan in made.values() for warning in plan.warnings)
