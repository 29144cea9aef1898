"""The table of detections in docs/monitoring.md: `python -m tests.monitoring` rewrites it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from secrets_component.planning.detections import CATALOGUE, THRESHOLD_MINUTES
from secrets_component.secret_map.model import Detections

PAGE = Path(__file__).parent.parent / "docs" / "monitoring.md"
BEGIN, END = "<!-- detections -->\n", "<!-- /detections -->"
DEFAULTS = {True: "on", None: "on, if the map names anyone"}


def written(text: str) -> str:
    """Return the page with the table of today's detections."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n".join(_rows()) + "\n" + END + after


def _rows() -> Iterator[str]:
    yield "| detection | what has happened | default | needs read events | what to do |"
    yield "| --- | --- | --- | --- | --- |"
    for name, detection in CATALOGUE.items():
        title = detection.title
        if detection.threshold:
            title += f" ({detection.threshold} times in {THRESHOLD_MINUTES} minutes)"

        default = Detections.model_fields[name].default
        is_on = default is True or default is None
        cells = (
            f"`{name}`",
            title,
            DEFAULTS[default] if is_on else "off",
            "yes" if detection.is_read else "",
            "; ".join(detection.advice),
        )
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
