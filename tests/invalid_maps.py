"""Maps with one user's mistake each, and what `validate` reports: `tests/maps/invalid/`.

`python -m tests.invalid_maps` writes the reports (`<mistake>.txt`) beside the maps
(`<mistake>.yaml`); a changed message is reviewed as a diff.
"""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from secrets_component.cli.command import main
from secrets_component.cli.verb import FINDINGS

FOLDER = Path(__file__).parent / "maps" / "invalid"
COMMAND = "python -m tests.invalid_maps"


def maps() -> list[Path]:
    """Return the invalid maps."""
    return sorted(FOLDER.glob("*.yaml"))


def report_of(path: Path) -> str:
    """Return what `validate` prints about a map, which it names without its folder."""
    printed = io.StringIO()
    with contextlib.chdir(path.parent), contextlib.redirect_stderr(printed):
        code = main(["validate", path.name, "--environment", "dev"])
    assert code == FINDINGS, f"{path.name} is not refused: exit code {code}"
    return printed.getvalue()


if __name__ == "__main__":
    for path in maps():
        path.with_suffix(".txt").write_text(report_of(path), "utf-8")
