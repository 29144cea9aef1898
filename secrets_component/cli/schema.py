"""`secretsmap schema`: the JSON Schema of a map, for editors."""

from __future__ import annotations

import argparse
import json

from secrets_component.cli.verb import OK, Verb
from secrets_component.secret_map.schema import map_schema


def _print_schema(_: argparse.Namespace) -> int:
    print(json.dumps(map_schema(), indent=2, ensure_ascii=False))
    return OK


def _no_arguments(_: argparse.ArgumentParser) -> None:
    """Add nothing: the verb has no arguments."""


SCHEMA = Verb(
    description="Print the JSON Schema of a map, flat or Atmos, for completion in editors.",
    examples="""\
  secretsmap schema > secret-map.schema.json
      then, in a map's first line: # yaml-language-server: $schema=secret-map.schema.json""",
    add_arguments=_no_arguments,
    run=_print_schema,
)
