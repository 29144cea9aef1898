"""`secretsmap audit`: who can do what with which secret, and whether the map says so."""

from __future__ import annotations

import argparse

from secrets_component.audit.command import add_audit_arguments, run_audit
from secrets_component.cli.verb import Verb, add_environment


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_audit_arguments(parser)
    add_environment(parser)


AUDIT = Verb(
    description="Show who can do what with which secret, by which statement, and whether the map "
    "says so.",
    examples="""\
  secretsmap audit shop.yaml --environment prod
      lists findings first: access that the map does not grant
  secretsmap audit shop.yaml --environment prod --format html > audit.html
      writes a page with a matrix and filters
  secretsmap audit shop.yaml --environment prod --save answers
      saves AWS's answers; `--from answers` uses them again without AWS""",
    add_arguments=_add_arguments,
    run=run_audit,
)
