"""Colours are for terminals only."""

import io

import pytest

from secrets_component.cli.terminal import coloured, has_colours


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "variables", "expected"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
    ],
)
def test_colours_are_shown_on_a_terminal_unless_refused(
    stream: io.StringIO, variables: dict[str, str], expected: bool
) -> None:
    assert has_colours(stream, variables) is expected


def test_text_without_colours_is_unchanged() -> None:
    assert coloured("a", "red", on=False) == "a"
    assert coloured("a", "red", on=True) == "\x1b[31ma\x1b[0m"
