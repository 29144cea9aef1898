"""Write the snapshots: `python -m tests.snapshots`, then review the diff."""

from tests import snapshots

for name in snapshots.SCENARIOS:
    snapshots.path_of(name).write_text(snapshots.text_of(name), "utf-8")
