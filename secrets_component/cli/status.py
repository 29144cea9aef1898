"""`secretsmap status`: what the account holds beside what the map says."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from secrets_component.cli.maps import open_account, plans_of, require_environment
from secrets_component.cli.terminal import coloured, has_colours
from secrets_component.cli.verb import FINDINGS, OK, Verb, add_environment
from secrets_component.status.entries import Clock
from secrets_component.status.look import MapStatus, look_at
from secrets_component.status.table import status_data, status_lines

_UNREAD_DAYS = 90
_COLOURS = {"finding:": "red", "note:": "dim"}


def _show_status(options: argparse.Namespace) -> int:
    plans = plans_of(options.file, options.environment)
    require_environment(options.file, plans)
    clock = Clock(datetime.now(UTC), options.unread_days)
    found = look_at(plans, open_account(), clock)
    if options.json:
        _print_json_status(found)
    else:
        _print_status(found)

    has_findings = any(status.findings for status in found.values())
    return FINDINGS if has_findings else OK


def _print_json_status(found: Mapping[str, MapStatus]) -> None:
    """Print the status of a single map as it is, of several maps by instance name."""
    data = {name: status_data(status) for name, status in found.items()}
    if len(data) == 1:
        (data,) = data.values()

    print(json.dumps(data, indent=2, ensure_ascii=False))


def _print_status(found: Mapping[str, MapStatus]) -> None:
    in_colour = has_colours(sys.stdout)
    for index, status in enumerate(found.values()):
        if index:
            print()

        for line in status_lines(status):
            word, space, rest = line.partition(" ")
            if word in _COLOURS:
                word = coloured(word, _COLOURS[word], on=in_colour)

            print(f"{word}{space}{rest}")


def _add_status_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a map's file, or `-` for standard input")
    add_environment(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--unread-days",
        type=int,
        default=_UNREAD_DAYS,
        metavar="N",
        help=f"report secrets that nothing has read for N days (default: {_UNREAD_DAYS})",
    )


STATUS = Verb(
    description="Compare a map with the AWS account. No value of a secret is read.",
    examples="""\
  secretsmap status stacks/prod.yaml
  secretsmap status shop.yaml --environment prod   a map that sets no environment
  secretsmap status stacks/prod.yaml --json | jq '.secrets[] | select(.state != "filled")'""",
    add_arguments=_add_status_arguments,
    run=_show_status,
)
