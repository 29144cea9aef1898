"""Every secret map that the repository shows or deploys, by where it is."""

from __future__ import annotations

import re
from pathlib import Path

from secrets_component.errors import SecretMapError
from secrets_component.planning.planner import plans
from secrets_component.secret_map.yaml_text import parse_yaml

ROOT = Path(__file__).parent.parent
_FILES = ("stacks/*.yaml", "tests/maps/*.yaml", "tests/map_examples/*.yaml", "tests/conformance/maps/*.yaml")  # fmt: skip
_PAGES = ("README.md", "docs/*.md", "examples/**/README.md")
_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_MAP = re.compile(r"^(?:context_name|components):", re.MULTILINE)


def valid_maps() -> dict[str, str]:
    """Return the texts of the maps that `validate` accepts; those of pages with a number."""
    found = {}
    for pattern in _FILES:
        for path in sorted(ROOT.glob(pattern)):
            found[str(path.relative_to(ROOT))] = path.read_text("utf-8")

    for pattern in _PAGES:
        for path in sorted(ROOT.glob(pattern)):
            for number, block in enumerate(_BLOCK.findall(path.read_text("utf-8")), 1):
                if _MAP.search(block):
                    found[f"{path.relative_to(ROOT)}#{number}"] = block

    return {name: text for name, text in found.items() if is_valid(text)}


def is_valid(text: str) -> bool:
    """Return whether `validate` accepts a map."""
    try:
        plans(parse_yaml(text, "map.yaml"), "dev")
    except SecretMapError:
        return False
    return True
