"""The map's strings → templates; what cannot be read is reported at its place."""

from __future__ import annotations

from collections.abc import Iterable, Set

from secrets_component.errors import KeyPath, Report
from secrets_component.secret_map import references
from secrets_component.secret_map.references import BadReference, Json, Structure, Template


class TemplateParser:
    """Parses the strings of one map."""

    def __init__(self, report: Report, own: Set[str]) -> None:
        """Report to `report`; `own` are the map's own component names."""
        self._report = report
        self._own = own

    def field(self, text: str, path: KeyPath) -> Template:
        """Parse a field such as a key or an ARN."""
        bad: list[BadReference] = []
        template = references.parse(text, bad, self._own)
        self._report_bad(bad, path)
        return template

    def optional(self, text: str | None, path: KeyPath) -> Template | None:
        """Parse a field that may be absent."""
        return None if text is None else self.field(text, path)

    def fields(self, texts: Iterable[str], path: KeyPath) -> tuple[Template, ...]:
        """Parse the items of a list."""
        return tuple(self.field(text, (*path, index)) for index, text in enumerate(texts))

    def value(self, text: str, path: KeyPath) -> Template:
        """Parse a secret's value, with the escaping that the place of each reference needs."""
        bad: list[BadReference] = []
        template = references.parse_value(text, bad, self._own)
        self._report_bad(bad, path)
        return template

    def structure(self, data: dict[str, Json], path: KeyPath) -> Structure:
        """Parse all strings of a mapping that is stored as JSON."""
        bad: list[BadReference] = []
        structure = references.parse_structure(data, bad, self._own)
        self._report_bad(bad, path)
        return structure

    def _report_bad(self, bad: Iterable[BadReference], path: KeyPath) -> None:
        for one in bad:
            self._report.error_at_text(path, one.text, one.message)
